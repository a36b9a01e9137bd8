"""How Django knows this app."""

from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "tenure.apps.subscriptions"
    default_auto_field = "django.db.models.BigAutoField"
