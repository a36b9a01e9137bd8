"""Tables of the collector: what it is for and who signed that, where it may go, who does not want it, what it did."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class CollectorSetting(models.Model):
    """The one row that says whether the collector may run: only with a purpose that a person signed."""

    purpose = models.TextField(blank=True)
    contact = models.URLField(max_length=300, blank=True)
    """the page that the collector names itself by, where site owners find whom to ask"""
    signature = models.CharField(max_length=200, blank=True)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    signed_at = models.DateTimeField(null=True)
    """none: it is off"""

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(pk=1), name="acquisition_collector_one_row"),
            models.CheckConstraint(
                condition=models.Q(signed_at=None)
                | (
                    ~models.Q(purpose="")
                    & ~models.Q(contact="")
                    & ~models.Q(signature="")
                    & models.Q(signed_by__isnull=False)
                ),
                name="acquisition_collector_signed",
            ),
        )

    def __str__(self) -> str:
        return "on" if self.is_on else "off"

    @property
    def is_on(self) -> bool:
        """Whether somebody signed what it is for."""
        return self.signed_at is not None


class Site(models.Model):
    """A company's site that is to be looked at."""

    domain = models.CharField(max_length=253, unique=True)
    terms = models.CharField(max_length=200, blank=True)
    """what whoever added it noted of its terms of use"""
    added_at = models.DateTimeField()
    visited_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("domain",)

    def __str__(self) -> str:
        return self.domain


class OptOut(models.Model):
    """A domain whose owner does not want us to look, with everything below it."""

    domain = models.CharField(max_length=253, unique=True)
    note = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ("domain",)

    def __str__(self) -> str:
        return self.domain


class RunState(models.TextChoices):
    RUNNING = "running", _("Running")
    STOPPING = "stopping", _("Stopping")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")


class Collection(models.Model):
    """One walk through the list of sites. At most one is under way."""

    purpose = models.TextField()
    """as it was signed when the walk began"""
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.RUNNING)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(state__in=RunState.values), name="acquisition_collection_state"),
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(state__in=["running", "stopping"]),
                name="acquisition_collection_one_under_way",
            ),
        )

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M} {self.state}"


class Visit(models.Model):
    """What became of one site in one walk; `verdict` is empty until it was its turn."""

    collection = models.ForeignKey(Collection, models.CASCADE, related_name="visits")
    domain = models.CharField(max_length=253)
    verdict = models.CharField(max_length=20, blank=True)
    pages = models.PositiveIntegerField(default=0)
    requests = models.PositiveIntegerField(default=0)
    dropped = models.JSONField(default=dict)
    """kind of personal data -> how often it was dropped"""
    skipped = models.JSONField(default=dict)
    """why pages were not read -> how many"""
    at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["collection", "domain"], name="acquisition_visit_once"),)

    def __str__(self) -> str:
        return f"{self.domain}: {self.verdict}"
