"""Tables of what is told to other systems: webhook endpoints and the deliveries to them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Stopped(models.TextChoices):
    """Why nothing is sent to an endpoint."""

    BY_HAND = "by_hand", _("Stopped by hand")
    GONE = "gone", _("The receiver answered 410: it is gone")
    FAILING = "failing", _("Nothing arrived for five days")
    MAKER = "maker", _("Who made it may not do so any more")


class WebhookEndpoint(models.Model):
    """An address that is told of changes. Its secret is derived, never kept: see `webhooks.signing`."""

    uid = models.CharField(max_length=32, unique=True)
    """what its secrets are derived of"""
    url = models.TextField()
    note = models.CharField(max_length=200, blank=True)
    kinds = models.JSONField(default=list)
    """tables whose records it hears of; none: all"""
    verbs = models.JSONField(default=list)
    """what must have been done with them; none: anything"""
    leaves_out = models.CharField(max_length=100, blank=True)
    """whose changes it does not hear of: `member:NUMBER` or `key:PREFIX`"""
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    made_by_key = models.ForeignKey("workspaces.ApiKey", models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()
    secret_round = models.IntegerField(default=1)
    rotated_at = models.DateTimeField(null=True)
    heard_up_to = models.BigIntegerField()
    """the newest entry of the audit trail from which its deliveries were made"""
    stopped = models.CharField(max_length=10, choices=Stopped.choices, blank=True)
    stopped_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    """the first failure since something arrived"""

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(stopped__in=["", *Stopped.values]), name="connectors_webhookendpoint_stopped"
            ),
        )

    def __str__(self) -> str:
        return self.note or self.url


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Arrived")
    FAILED = "failed", _("Given up")


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint; its message id stays the same however often it is sent."""

    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="deliveries")
    message_id = models.CharField(max_length=40, unique=True)
    type = models.CharField(max_length=100)
    body = models.TextField()
    made_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    attempts = models.IntegerField(default=0)
    tries = models.IntegerField(default=0)
    """attempts of this round of the schedule"""
    due_at = models.DateTimeField()
    taken_until = models.DateTimeField(null=True)
    """until when a worker is at it; one that was killed gives it free by that"""
    last_at = models.DateTimeField(null=True)
    last_status = models.IntegerField(null=True)
    last_answer = models.TextField(blank=True)
    """the beginning of what the receiver answered, or why nothing was sent"""

    class Meta:
        indexes = (
            models.Index(
                fields=["endpoint", "due_at"],
                condition=models.Q(state=DeliveryState.WAITING),
                name="connectors_delivery_due",
            ),
            models.Index(fields=["made_at"], name="connectors_delivery_made"),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state__in=DeliveryState.values), name="connectors_webhookdelivery_state"
            ),
        )

    def __str__(self) -> str:
        return f"{self.message_id}: {self.type}"
