"""Tables of what reaching people cost, and of the moments at which accounts were reached, as versions."""

from __future__ import annotations

from django.db import models

from tenure.apps.workspaces.fields import ExactDecimalField
from tenure.apps.workspaces.versions import Version


class SpendVersion(Version):
    """One version of what a channel, campaign or keyword cost on a day."""

    KIND = "spend"

    day = models.DateField()
    channel = models.TextField(null=True)
    campaign = models.TextField(null=True)
    keyword = models.TextField(null=True)
    impressions = models.IntegerField(null=True)
    clicks = models.IntegerField(null=True)
    cost = ExactDecimalField()
    currency = models.TextField(null=True)
    kind = models.TextField(null=True)

    class Meta(Version.Meta):
        indexes = (
            models.Index(fields=["-day", "version_key"], condition=models.Q(superseded_at=None), name="acq_spend_day"),
        )


class TouchVersion(Version):
    """One version of a moment at which an account was reached."""

    KIND = "touches"

    touch_id = models.TextField()
    account_id = models.TextField(null=True)
    contact_id = models.TextField(null=True)
    ts = models.DateTimeField()
    channel = models.TextField()
    campaign = models.TextField(null=True)
    keyword = models.TextField(null=True)
    kind = models.TextField(null=True)
    role = models.TextField(null=True)

    class Meta(Version.Meta):
        indexes = (
            models.Index(fields=["account_id"], condition=models.Q(superseded_at=None), name="acq_touch_account"),
            models.Index(fields=["-ts", "version_key"], condition=models.Q(superseded_at=None), name="acq_touch_ts"),
        )
