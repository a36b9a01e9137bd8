"""Events of old months leave the lake: whole local months, other files untouched, and all else stays."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import tenure
from tenure.apps.workspaces.models import AuditEntry
from tenure.apps.workspaces.services import lake

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def filled(home: Path) -> Any:
    """A file with old and new events, one with old ones alone, one with new ones alone; months begin in Shanghai."""
    opened = tenure.open(home, settings={"timezone": "Asia/Shanghai", "reporting_currency": "CNY"})
    for moments in (
        ["2026-08-31T15:59:59Z", "2026-08-31T16:00:00Z", "2026-11-01T00:00:00Z"],
        ["2025-01-01T00:00:00Z", "2026-07-01T00:00:00Z"],
        ["2026-10-01T00:00:00Z", "2026-11-22T00:00:00Z"],
    ):
        opened.load("events", [{"event": "a", "ts": moment, "user_id": "u"} for moment in moments])
    opened.load("accounts", [{"account_id": "a", "created_at": "2020-01-01"}])
    return opened


def moments() -> list[str]:
    return sorted(f"{at:%Y-%m-%dT%H:%M}" for at in lake.lake().read("events")["ts"].to_pylist())


def test_whole_months_are_forgotten(filled: Any, settings: Any) -> None:
    settings.TENURE_KEEP_MONTHS = {"events": 2, "refused_events": 0}
    before = lake.lake().files("events")
    assert lake.forget_old(NOW) == {"events": 3}
    assert moments() == ["2026-08-31T16:00", "2026-10-01T00:00", "2026-11-01T00:00", "2026-11-22T00:00"]
    assert len({*before} & {*lake.lake().files("events")}) == 1
    version = lake.lake().version("events")
    assert lake.forget_old(NOW) == {"events": 0}
    assert lake.lake().version("events") == version
    assert lake.lake().count("accounts") == 1
    assert [entry.detail["rows"] for entry in AuditEntry.objects.filter(verb="forgot")] == [3]


def test_without_the_setting_all_is_kept(filled: Any, settings: Any) -> None:
    settings.TENURE_KEEP_MONTHS = {"events": 0, "refused_events": 0}
    assert lake.forget_old(NOW) == {}
    assert len(moments()) == 7


def test_the_hourly_job_forgets(filled: Any, settings: Any) -> None:
    settings.TENURE_KEEP_MONTHS = {"events": 1, "refused_events": 1}
    assert lake.tidy()["events"]["forgotten"] >= 4
    question = {"question": "event_catalogue", "to": "2026-11-22"}
    (row,) = tenure.open(filled.path).ask(question).to_dicts()
    assert row["first_seen"] >= datetime(2026, 9, 30, 16, tzinfo=UTC)
