"""How Django knows this app."""

from django.apps import AppConfig


class BehaviourConfig(AppConfig):
    name = "tenure.apps.behaviour"
    default_auto_field = "django.db.models.BigAutoField"
