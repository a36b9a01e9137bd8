from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0002_account_by_owner"),
        ("workspaces", "0008_appearance"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="accountversion",
            index=models.Index(
                condition=models.Q(("superseded_at", None)), fields=["parent_id"], name="crm_account_parent"
            ),
        ),
        migrations.AddIndex(
            model_name="accountversion",
            index=models.Index(
                condition=models.Q(("superseded_at", None)), fields=["merged_into"], name="crm_account_merged"
            ),
        ),
    ]
