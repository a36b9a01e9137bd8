"""Tables of leads: the leads themselves as versions, what they did, forms, the policy by which they are worked."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenure.apps.workspaces.versions import Version
from tenure.core.leads import SIGNALS


class LeadVersion(Version):
    """One version of a lead: a person or company that asked, or was asked."""

    KIND = "leads"
    PERSONAL = ("person_name", "title", "email", "phone", "wechat", "message", "consent", "capture", "attributes")

    lead_id = models.TextField()
    account_id = models.TextField(null=True)
    contact_id = models.TextField(null=True)
    deal_id = models.TextField(null=True)
    company_name = models.TextField(null=True)
    person_name = models.TextField(null=True)
    title = models.TextField(null=True)
    email = models.TextField(null=True)
    phone = models.TextField(null=True)
    wechat = models.TextField(null=True)
    industry = models.TextField(null=True)
    region = models.TextField(null=True)
    employees = models.IntegerField(null=True)
    message = models.TextField(null=True)
    channel = models.TextField(null=True)
    utm_source = models.TextField(null=True)
    medium = models.TextField(null=True)
    campaign = models.TextField(null=True)
    keyword = models.TextField(null=True)
    landing = models.TextField(null=True)
    referrer = models.TextField(null=True)
    heard_from = models.TextField(null=True)
    created_at = models.DateTimeField()
    status = models.TextField(null=True)
    fit_score = models.IntegerField(null=True)
    engagement_score = models.IntegerField(null=True)
    grade = models.TextField(null=True)
    mql_at = models.DateTimeField(null=True)
    respond_by = models.DateTimeField(null=True)
    responded_at = models.DateTimeField(null=True)
    sql_at = models.DateTimeField(null=True)
    opportunity_at = models.DateTimeField(null=True)
    won_at = models.DateTimeField(null=True)
    lost_at = models.DateTimeField(null=True)
    reason = models.TextField(null=True)
    owner = models.TextField(null=True)
    consent = models.TextField(null=True)
    capture = models.TextField(null=True)

    class Meta(Version.Meta):
        indexes = (
            models.Index(
                fields=["status", "respond_by"], condition=models.Q(superseded_at=None), name="acquisition_lead_status"
            ),
            models.Index(fields=["email"], condition=models.Q(superseded_at=None), name="acquisition_lead_email"),
            models.Index(fields=["phone"], condition=models.Q(superseded_at=None), name="acquisition_lead_phone"),
            models.Index(fields=["owner"], condition=models.Q(superseded_at=None), name="acquisition_lead_owner"),
        )


class LeadSignal(models.Model):
    """One thing a lead did that counts."""

    lead_id = models.TextField()
    kind = models.CharField(max_length=20)
    at = models.DateTimeField()
    by = models.CharField(max_length=300)
    """who noted it, or the form it came by"""

    class Meta:
        indexes = (models.Index(fields=["lead_id", "at"], name="acquisition_signal_of"),)
        constraints = (models.CheckConstraint(condition=models.Q(kind__in=SIGNALS), name="acquisition_signal_kind"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.lead_id}"


class LeadForm(models.Model):
    """A form that people outside fill in: what it asks, and what is known of whoever comes by it."""

    token = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=100, unique=True)
    title = models.CharField(max_length=200)
    intro = models.TextField(blank=True)
    fields = models.JSONField(default=list)
    """names of columns, in the order in which they are asked"""
    required = models.JSONField(default=list)
    channel = models.CharField(max_length=200, blank=True)
    campaign = models.CharField(max_length=200, blank=True)
    owner = models.CharField(max_length=200, blank=True)
    """who gets its leads"""
    signal = models.CharField(max_length=20, default="form")
    consent = models.TextField(blank=True)
    """what people agree to; empty: they are not asked"""
    consent_version = models.PositiveIntegerField(default=1)
    thanks = models.TextField(blank=True)
    embedded_in = models.TextField(blank=True)
    """origins of the sites that may show it in a frame, with spaces between them"""
    is_open = models.BooleanField(default=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(signal__in=SIGNALS), name="acquisition_leadform_signal"),
        )

    def __str__(self) -> str:
        return self.name


class Submission(models.Model):
    """That a form was sent from an address, kept for an hour as a hash: so that nobody sends it without end."""

    form = models.ForeignKey(LeadForm, models.CASCADE, related_name="submissions")
    sender = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["form", "sender", "at"], name="acquisition_submission_of"),)

    def __str__(self) -> str:
        return f"{self.form_id} {self.at}"


class LeadPolicy(models.Model):
    """One version of how leads are scored and by when they are answered: append-only, the newest is in force."""

    rules = models.JSONField(default=list)
    points = models.JSONField(default=dict)
    half_life_days = models.PositiveIntegerField()
    fit_line = models.PositiveSmallIntegerField()
    engagement_line = models.PositiveSmallIntegerField()
    respond_minutes = models.PositiveIntegerField()
    week = models.JSONField(default=dict)
    """weekday (0 is Monday) -> working hours as people write them"""
    country = models.CharField(max_length=2, blank=True)
    """whose public holidays are days off; empty: none"""
    made_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(fit_line__lte=100, engagement_line__lte=100, half_life_days__gte=1),
                name="acquisition_leadpolicy_lines",
            ),
        )

    def __str__(self) -> str:
        return f"policy {self.pk}"


class DayKind(models.TextChoices):
    OFF = "off", _("Day off")
    WORKED = "worked", _("Working day")


class OwnDay(models.Model):
    """A day on which work differs from what the public calendar says."""

    day = models.DateField(unique=True)
    kind = models.CharField(max_length=10, choices=DayKind.choices)
    name = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(kind__in=DayKind.values), name="acquisition_ownday_kind"),
        )

    def __str__(self) -> str:
        return f"{self.day} {self.kind}"
