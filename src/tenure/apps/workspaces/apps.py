"""How Django knows this app."""

from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    name = "tenure.apps.workspaces"
    default_auto_field = "django.db.models.BigAutoField"
