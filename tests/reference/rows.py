"""Rows as they are given: days, numbers, time zones, what was known when. The first step of the slow reference.

The reference is the definition written out day by day, in exact fractions, without regard to speed. It shares no code
with the product. `World` holds the tables and the settings; everything else in this folder asks it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]

ONE_DAY = timedelta(days=1)
ALWAYS = datetime(1, 1, 2, tzinfo=UTC)

DEFAULTS: dict[str, Any] = {
    "reporting_currency": "USD",
    "timezone": "UTC",
    "week_start": "monday",
    "discount_policy": "active",
    "churn_recognition": "service_end",
    "pause_policy": "zero",
    "reactivation_window_days": None,
    "grace_gap_days": None,
    "renewal_grace_days": 30,
    "revenue_source": "subscriptions",
    "gross_margin": None,
}


def number(value: Any, default: int | None = None) -> Fraction | None:
    if value is None or value == "":
        return None if default is None else Fraction(default)
    return Fraction(str(value))


def is_moment(value: Any) -> bool:
    return isinstance(value, datetime) or (isinstance(value, str) and len(value) > len("2024-01-01"))


@lru_cache(maxsize=100_000)
def moment(value: Any, zone: ZoneInfo) -> datetime:
    """A given moment in the local zone; a day means its midnight, a stamp without offset is local."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value.replace(tzinfo=zone) if value.tzinfo is None else value.astimezone(zone)


def day(value: Any, zone: ZoneInfo) -> date | None:
    """The local day of a day or a moment."""
    return None if value is None else moment(value, zone).date()


def end_day(value: Any, zone: ZoneInfo) -> date | None:
    """The first local day without service: a stamp in the last second of a day means the next midnight."""
    if value is None:
        return None
    local = moment(value, zone)
    last_second = is_moment(value) and (local.hour, local.minute, local.second) == (23, 59, 59)
    return local.date() + ONE_DAY if last_second else local.date()


@dataclass
class World:
    """All rows and the settings in force."""

    tables: dict[str, list[Row]]
    settings: dict[str, Any] = field(default_factory=dict)
    as_known_on: date | None = None
    read: dict[str, list[Row]] = field(default_factory=dict, repr=False)

    def setting(self, name: str) -> Any:
        return self.settings.get(name, DEFAULTS[name])

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.setting("timezone"))

    def rows(self, table: str) -> list[Row]:
        """Each row once (the first recorded of those with one source and id), and only what is known."""
        if table not in self.read:
            self.read[table] = self.read_rows(table)
        return self.read[table]

    def read_rows(self, table: str) -> list[Row]:
        """Accounts and rates are taken as they are now, whatever `as_known_on` says."""
        as_known_on = None if table in {"accounts", "fx_rates"} else self.as_known_on
        known = sorted(self.tables.get(table, []), key=self.recorded)
        seen: set[Any] = set()
        kept = []
        for row in known:
            own_id = row.get("line_id", row.get("row_id"))
            if own_id is not None:
                if (row.get("source"), own_id) in seen:
                    continue
                seen.add((row.get("source"), own_id))
            if self.is_known(row, as_known_on):
                kept.append(row)
        return kept

    def recorded(self, row: Row) -> datetime:
        given = row.get("recorded_at")
        return ALWAYS if given is None else moment(given, self.zone)

    def is_known(self, row: Row, on: date | None) -> bool:
        superseded = row.get("superseded_at")
        if on is None:
            return superseded is None
        end_of_day = datetime.combine(on + ONE_DAY, time(), tzinfo=self.zone)
        if self.recorded(row) >= end_of_day:
            return False
        return superseded is None or moment(superseded, self.zone) >= end_of_day

    @cached_property
    def merges(self) -> dict[str, str | None]:
        return {r["account_id"]: r.get("merged_into") for r in self.rows("accounts")}

    def customer(self, account: str) -> str:
        """The account that `account` was merged into in the end; a circle of merges is one customer."""
        path = [account]
        while (following := self.merges.get(path[-1])) is not None:
            if following in path:
                return min(path[path.index(following) :])
            path.append(following)
        return path[-1]
