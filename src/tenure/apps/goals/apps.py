"""How Django knows this app."""

from django.apps import AppConfig


class GoalsConfig(AppConfig):
    name = "tenure.apps.goals"
    default_auto_field = "django.db.models.BigAutoField"
