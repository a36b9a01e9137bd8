"""Write keys: keys that may only send events."""

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
    "sender": "Sender of events",
}


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0008_appearance")]

    operations = [
        migrations.RemoveConstraint("apikey", "workspaces_apikey_role"),
        migrations.AlterField("apikey", "role", models.CharField(choices=list(ROLES.items()), max_length=20)),
        migrations.AddConstraint(
            "apikey",
            models.CheckConstraint(condition=models.Q(role__in=list(ROLES)), name="workspaces_apikey_role"),
        ),
    ]
