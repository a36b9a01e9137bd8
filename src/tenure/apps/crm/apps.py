"""How Django knows this app."""

from django.apps import AppConfig


class CrmConfig(AppConfig):
    name = "tenure.apps.crm"
    default_auto_field = "django.db.models.BigAutoField"
