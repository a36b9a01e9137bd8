from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0002_reconciliation"),
        ("workspaces", "0008_appearance"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="contractversion",
            index=models.Index(
                condition=models.Q(("superseded_at", None)),
                fields=["-start", "version_key"],
                name="subs_contract_start",
            ),
        ),
        migrations.AddIndex(
            model_name="subscriptionversion",
            index=models.Index(
                condition=models.Q(("superseded_at", None)),
                fields=["-start", "version_key"],
                name="subs_subscription_start",
            ),
        ),
    ]
