"""Tables of prospects: companies found by us, what proves their score, and the calls made to them.

They are plain rows, not versions: what they hold is emptied on the day it expires, and no former version keeps it.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenure.core.icp import SUBJECTS
from tenure.core.personal_data import ROLES


class ProspectState(models.TextChoices):
    NEW = "new", _("New")
    KEPT = "kept", _("Kept")
    CALLED = "called", _("Telephoned")
    CONVERTED = "converted", _("Made an account")
    REFUSED = "refused", _("Refused")


class Outcome(models.TextChoices):
    """What came of a call."""

    NO_ANSWER = "no_answer", _("No answer")
    CALL_BACK = "call_back", _("Call again")
    INTERESTED = "interested", _("Interested")
    SOLD = "sold", _("Agreed")
    REFUSED = "refused", _("Not interested")
    NO_MORE = "no_more", _("Does not want to be called")
    WRONG = "wrong", _("Wrong number")


class ProfileVersion(models.Model):
    """One version of the ideal customer profile: append-only, the newest is in force."""

    name = models.CharField(max_length=100)
    rules = models.JSONField(default=list)
    made_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"


class CallList(models.Model):
    """A telephone list from elsewhere: which fields it may hold, on what ground, and until when."""

    name = models.CharField(max_length=100, unique=True)
    ground = models.TextField()
    """where it comes from, and why its companies may be called"""
    fields = models.JSONField(default=list)
    """of `FIELDS` of the services: nothing else of a file is kept"""
    expires_on = models.DateField()
    made_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = (models.CheckConstraint(condition=~models.Q(ground=""), name="acquisition_calllist_ground"),)

    def __str__(self) -> str:
        return self.name


class Prospect(models.Model):
    """A company that did not ask us yet."""

    name = models.CharField(max_length=200, blank=True)
    domain = models.CharField(max_length=253, null=True, unique=True)
    phone = models.CharField(max_length=40, blank=True)
    """only of a telephone list that may hold it"""
    call_list = models.ForeignKey(CallList, models.PROTECT, null=True, related_name="prospects")
    state = models.CharField(max_length=10, choices=ProspectState.choices, default=ProspectState.NEW)
    score = models.PositiveSmallIntegerField(null=True)
    profile = models.ForeignKey(ProfileVersion, models.PROTECT, null=True, related_name="+")
    """the version that gave the score"""
    who = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="prospects")
    """who works on it; nobody: free to take"""
    account_id = models.TextField(blank=True)
    found_at = models.DateTimeField()
    called_at = models.DateTimeField(null=True)
    next_on = models.DateField(null=True)
    expires_on = models.DateField()
    emptied_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["-score", "id"], name="acquisition_prospect_score"),
            models.Index(
                fields=["expires_on"],
                condition=models.Q(emptied_at=None),
                name="acquisition_prospect_expiring",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state__in=ProspectState.values), name="acquisition_prospect_state"
            ),
            models.CheckConstraint(
                condition=models.Q(score=None) | models.Q(score__range=(0, 100)),
                name="acquisition_prospect_score_range",
            ),
            models.CheckConstraint(
                condition=models.Q(emptied_at=None) | models.Q(name="", phone=""), name="acquisition_prospect_emptied"
            ),
            models.CheckConstraint(
                condition=~models.Q(state=ProspectState.CONVERTED) | ~models.Q(account_id=""),
                name="acquisition_prospect_account",
            ),
        )

    def __str__(self) -> str:
        return self.name or self.domain or f"#{self.pk}"


class ProspectFact(models.Model):
    """One thing known of a company: where it was read, when, and whether that was allowed."""

    prospect = models.ForeignKey(Prospect, models.CASCADE, related_name="facts")
    subject = models.CharField(max_length=20)
    value = models.CharField(max_length=300)
    url = models.TextField(blank=True)
    """empty: from a list, not from a page"""
    fetched_at = models.DateTimeField()
    robots = models.CharField(max_length=20, blank=True)
    """what robots.txt said: allowed, or no_file"""
    terms = models.CharField(max_length=200, blank=True)
    """what was noted of the site's terms of use, or of the list's"""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["prospect", "subject", "value"], name="acquisition_fact_once"),
            models.CheckConstraint(
                condition=models.Q(subject__in=["about", *SUBJECTS]), name="acquisition_fact_subject"
            ),
            models.CheckConstraint(
                condition=models.Q(url="") | models.Q(robots__in=["allowed", "no_file"]),
                name="acquisition_fact_allowed",
            ),
        )

    def __str__(self) -> str:
        return f"{self.subject}: {self.value}"


class CollectedAddress(models.Model):
    """The mail address of a desk, such as info@: shown to a person who writes by hand, and never sent to.

    The table cannot hold a person's address (`role` is one of a few words), nor one that may be sent to. What sends
    takes its recipients by a reference to rows that are `sendable`, which none of these can be.
    """

    prospect = models.ForeignKey(Prospect, models.CASCADE, related_name="addresses")
    role = models.CharField(max_length=20)
    domain = models.CharField(max_length=253)
    url = models.TextField()
    fetched_at = models.DateTimeField()
    sendable = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(sendable=False), name="acquisition_address_never_sent_to"),
            models.CheckConstraint(condition=models.Q(role__in=ROLES), name="acquisition_address_of_a_desk"),
            models.UniqueConstraint(fields=["prospect", "role", "domain"], name="acquisition_address_once"),
        )

    def __str__(self) -> str:
        return f"{self.role}@{self.domain}"


class Call(models.Model):
    """One call to a prospect and what came of it."""

    prospect = models.ForeignKey(Prospect, models.CASCADE, related_name="calls")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    note = models.TextField(blank=True)
    """emptied with the prospect"""

    class Meta:
        indexes = (models.Index(fields=["prospect", "-at"], name="acquisition_call_of"),)
        constraints = (
            models.CheckConstraint(condition=models.Q(outcome__in=Outcome.values), name="acquisition_call_outcome"),
        )

    def __str__(self) -> str:
        return f"{self.outcome} {self.at:%Y-%m-%d}"
