"""Agents, who see their own leads and deals only; and keys that may only send leads."""

from __future__ import annotations

from django.db import migrations, models

ROLES = {
    "owner": "Owner",
    "admin": "Administrator",
    "operator": "Operator",
    "success": "Customer success",
    "sales": "Sales",
    "analyst": "Analyst",
    "viewer": "Viewer",
    "agent": "Agent",
}
KEY_ROLES = {**ROLES, "sender": "Sender of events", "capturer": "Sender of leads"}


def _allowed(model: str, name: str, roles: dict[str, str]) -> list[migrations.operations.base.Operation]:
    constraint = models.CheckConstraint(condition=models.Q(role__in=list(roles)), name=name)
    field = models.CharField("role", max_length=20, choices=list(roles.items())) if model == "member" else None
    return [
        migrations.RemoveConstraint(model, name),
        migrations.AlterField(model, "role", field or models.CharField(choices=list(roles.items()), max_length=20)),
        migrations.AddConstraint(model, constraint),
    ]


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0011_custom_fields")]

    operations = [
        *_allowed("member", "workspaces_member_role", ROLES),
        *_allowed("apikey", "workspaces_apikey_role", KEY_ROLES),
    ]
