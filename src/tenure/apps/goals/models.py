"""Tables of what is aimed at, and of what happened that explains a figure, as versions."""

from __future__ import annotations

from django.db import models

from tenure.apps.workspaces.fields import ExactDecimalField
from tenure.apps.workspaces.versions import Version


class TargetVersion(Version):
    """One version of a target: the value a metric should have at the close of a period."""

    KIND = "targets"

    metric = models.TextField()
    period = models.TextField()
    value = ExactDecimalField()


class AnnotationVersion(Version):
    """One version of an annotation: what happened on a day, for the charts over time."""

    KIND = "annotations"

    annotation_id = models.TextField()
    day = models.DateField()
    day_at = models.DateTimeField(null=True)
    kind = models.TextField()
    text = models.TextField()

    class Meta(Version.Meta):
        indexes = (models.Index(fields=["day"], name="goals_annotation_day"),)
