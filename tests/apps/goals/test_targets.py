"""Targets and annotations: versions with an audit entry, mirrored in the lake; what is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tenure.apps.goals import selectors, services
from tenure.apps.workspaces.models import AuditEntry
from tenure.apps.workspaces.services import lake
from tenure.core.errors import TenureError

pytestmark = pytest.mark.django_db


def test_a_target_is_set_changed_and_taken_back(home):
    services.set_target("mrr", "2026-12", "3200000", by="Ada")
    services.set_target("mrr", "2026-12", "3300000.50", by="Ben")
    services.set_target("nrr", "FY2027", "1.05", by="Ben")
    assert selectors.values("mrr") == {"2026-12": Decimal("3300000.50")}
    assert [row.metric for row in selectors.targets()] == ["mrr", "nrr"]
    services.drop_target("mrr", "2026-12", by="Ada")
    assert selectors.values("mrr") == {}
    verbs = AuditEntry.objects.filter(kind="targets", key="mrr/2026-12").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["set", "set", "withdrew"]


def test_they_are_mirrored(home):
    services.set_target("mrr", "2026-12", "10", by="Ada")
    services.set_target("mrr", "2026-12", "20", by="Ada")
    services.annotate("2026-07-01", "New prices", "price", by="Ada")
    lake.flush()
    assert sorted(lake.lake().read("targets")["value"].to_pylist()) == [Decimal(10), Decimal(20)]
    assert lake.lake().read("annotations")["text"].to_pylist() == ["New prices"]


@pytest.mark.parametrize(
    ("metric", "period", "value", "field"),
    [
        ("luck", "2026-12", "1", "metric"),
        ("mrr", "soon", "1", "period"),
        ("mrr", "FY0001", "1", "period"),
        ("mrr", "2026-12", "much", "value"),
        ("mrr", "2026-12", "", "value"),
    ],
)
def test_what_is_no_target(home, metric, period, value, field):
    with pytest.raises(TenureError) as refused:
        services.set_target(metric, period, value, by="Ada")
    assert refused.value.where["field"] == field
    assert not selectors.targets().exists()


def test_what_happened_is_found_by_its_day(home):
    services.annotate("2026-07-01", "New prices", "price", by="Ada")
    gone = services.annotate("2026-07-31", "3.0", "release", by="Ada")
    services.annotate("2026-08-01", "Later", by="Ada")
    services.drop_annotation(gone.annotation_id, by="Ada")
    found = selectors.annotations(date(2026, 7, 1), date(2026, 7, 31))
    assert [(one.day.isoformat(), one.kind, one.text) for one in found] == [("2026-07-01", "price", "New prices")]


@pytest.mark.parametrize(
    ("day", "text", "kind", "field"),
    [("soon", "x", "other", "day"), ("2026-07-01", "", "other", "text"), ("2026-07-01", "x", "party", "kind"),
     ("2026-07-01", "x" * 121, "other", "text")],
)  # fmt: skip
def test_what_is_no_annotation(home, day, text, kind, field):
    with pytest.raises(TenureError) as refused:
        services.annotate(day, text, kind, by="Ada")
    assert refused.value.where["field"] == field
