"""Metric definitions and closed months."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tenure.apps.subscriptions import selectors, services
from tenure.apps.subscriptions.models import MetricDefinition
from tenure.apps.workspaces.models import AuditEntry
from tenure.core.errors import SettingRefused, TenureError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]


def test_a_changed_definition_is_its_next_version(known: Any) -> None:
    services.define("ours", {"pause_policy": "keep"}, by="test")
    services.define("ours", {"pause_policy": "keep"}, by="test")
    services.define("ours", {"pause_policy": "zero"}, by="test")
    assert [(d.name, d.version) for d in selectors.definitions()] == [("ours", 1), ("ours", 2)]
    assert known("metric_definitions", "version", "author") == [(1, "test"), (2, "test")]
    assert MetricDefinition.objects.filter(superseded_at=None).count() == 2


def test_a_definition_with_an_unknown_setting_is_refused() -> None:
    with pytest.raises(SettingRefused):
        services.define("ours", {"pause_policy": "sometimes"}, by="test")


def test_a_month_is_closed_by_a_person_and_opened_again(known: Any, owner: Any) -> None:
    closed = services.close_month("2024-03", by=owner, note="audited")
    assert closed.closed_by == "Olga <olga@example.com>"
    assert known("closes", "month", "note") == [("2024-03", "audited")]
    services.reopen_month("2024-03", by=owner, note="a late contract")
    assert known("closes", "month") == []
    services.close_month("2024-03", by=owner, name="Li Lei")
    assert known("closes", "closed_by") == [("Li Lei",)]
    assert [e.verb for e in AuditEntry.objects.filter(kind="closes").order_by("pk")] == ["closed", "reopened", "closed"]


@pytest.mark.parametrize(
    ("month", "code"),
    [
        pytest.param("2024-13", "record.bad_value", id="no month"),
        pytest.param("2999-01", "close.month_not_over", id="not over"),
        pytest.param("2024-01", "close.already_closed", id="closed already"),
    ],
)
def test_months_that_cannot_be_closed(month: str, code: str) -> None:
    services.close_month("2024-01", by="test")
    with pytest.raises(TenureError) as refused:
        services.close_month(month, by="test")
    assert refused.value.code == code


def test_a_rate_is_added_by_hand_and_changed(known: Any) -> None:
    added = services.add("fx_rates", {"day": "2024-03-31", "currency": "EUR", "rate": "7.81"}, by="test")
    services.edit("fx_rates", added.version_key, {"rate": "7.80"}, by="test")
    assert known("fx_rates", "currency", "rate") == [("EUR", Decimal("7.80"))]
