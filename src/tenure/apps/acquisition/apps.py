"""How Django knows this app."""

from django.apps import AppConfig


class AcquisitionConfig(AppConfig):
    name = "tenure.apps.acquisition"
    default_auto_field = "django.db.models.BigAutoField"
