"""The worked funnels of the public contract, straight through the kernels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from reference.cases import SHARED
from tenure.core.metrics import funnel as figures
from tenure.core.sequences import funnel

CASES = SHARED / "cases" / "behaviour_examples.json"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the worked examples are not here (set TENURE_SHARED)")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Row = dict[str, Any]


def examples() -> Iterator[Any]:
    if CASES.exists():
        for case in json.loads(CASES.read_text(encoding="utf-8"))["cases"]:
            if case["kind"] == "funnel":
                yield pytest.param(case["events"], case["query"], case["expect"], id=case["id"])


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def meets(event: Row, matcher: Row) -> bool:
    """Does an event meet a matcher of the contract?"""
    if matcher.get("event") not in {None, event["event"]}:
        return False
    if "event_in" in matcher and event["event"] not in matcher["event_in"]:
        return False
    for rule in matcher.get("where", ()):
        value = event["props"].get(rule["prop"])
        holds = {
            "eq": value == rule["value"],
            "ne": value != rule["value"],
            "in": isinstance(rule["value"], list) and value in rule["value"],
            "contains": value is not None and str(rule["value"]) in str(value),
            "set": value is not None,
            "not_set": value is None,
        }
        if not holds[rule["op"]]:
            return False
    return True


def unit_of(event: Row, unit: str) -> str | None:
    return event["props"].get(unit[5:]) if unit.startswith("prop:") else event[unit]


class Asked:
    """One example, walked: the names of its units, their events, and what the kernels found."""

    def __init__(self, told: list[Row], query: Row) -> None:
        matchers = [*query["steps"], *query.get("exclusions", ())]
        self.units = list(dict.fromkeys(unit_of(e, query["unit"]) for e in told))
        self.units = [unit for unit in self.units if unit is not None]
        self.zone = ZoneInfo(query.get("timezone", "UTC"))
        moment = {id(e): micros(datetime.fromisoformat(e["ts"])) for e in told}
        rows = [
            sorted((e for e in told if unit_of(e, query["unit"]) == u), key=lambda e: moment[id(e)]) for u in self.units
        ]
        self.rows = [e for row in rows for e in row]
        bits = [sum(1 << k for k, m in enumerate(matchers) if meets(e, m)) for e in self.rows]
        at = np.array([moment[id(e)] for e in self.rows], np.int64)
        self.events = funnel.Events(np.cumsum([0, *map(len, rows)]), at, np.array(bits, np.uint64))
        steps = len(query["steps"])
        self.optional = [step.get("optional", False) for step in query["steps"]]
        self.funnel = funnel.Funnel(
            steps=tuple(funnel.Step(k, optional) for k, optional in enumerate(self.optional)),
            window=query["window_seconds"] * 1_000_000,
            order=query["order"],
            exclusions=tuple(
                funnel.Exclusion(steps + k, x["from_step"], x["to_step"])
                for k, x in enumerate(query.get("exclusions", ()))
            ),
            strict_time=query.get("strict_time", False),
            event_reuse=query.get("event_reuse", False),
            reentry=query.get("reentry", "latest"),
            enters_from=self.opening(query["date_from"]) if "date_from" in query else funnel.EARLIEST,
            enters_to=self.opening(query["date_to"]) if "date_to" in query else funnel.LATEST,
        )
        self.chains = funnel.walk(self.funnel, self.events)

    def opening(self, day: str) -> int:
        return micros(datetime.fromisoformat(day).replace(tzinfo=self.zone))

    def actors(self, rows: Any) -> list[str]:
        return sorted(self.units[u] for u in rows)

    def waits(self, rows: Any) -> list[float | None]:
        waited = figures.waited(self.chains.event[rows], self.events.at)
        return [figures.waits(column).mean for column in waited.T]


def edges_of(asked: Asked, period: str) -> tuple[list[str], list[int]]:
    """The local periods that have an entry of the example, and their edges."""
    local = [(EPOCH + timedelta(microseconds=int(t))).astimezone(asked.zone).date() for t in asked.events.at]
    day, last = min(local), max(local)
    opens = {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[period]
    days = [opens]
    while days[-1] <= last:
        step = {"day": 1, "week": 7, "month": 31}[period]
        following = days[-1] + timedelta(days=step)
        days.append(following.replace(day=1) if period == "month" else following)
    return [day.isoformat() for day in days], [asked.opening(day.isoformat()) for day in days]


@pytest.mark.parametrize(("told", "query", "expect"), list(examples()))
def test_worked_funnel(told: list[Row], query: Row, expect: Row) -> None:
    asked = Asked(told, query)
    everybody = np.arange(len(asked.units))
    shown = {
        "counts": lambda: figures.reached(asked.chains.event).tolist(),
        "depth": lambda: dict(zip(asked.units, asked.chains.depth.tolist(), strict=True)),
        "actors": lambda: {
            k: asked.actors(np.flatnonzero(asked.chains.event[:, int(k) - 1] >= 0)) for k in expect["actors"]
        },
        "excluded": lambda: asked.actors(np.flatnonzero(asked.chains.excluded)),
        "avg_seconds": lambda: asked.waits(everybody),
        "median_seconds": lambda: [
            figures.waits(column).median for column in figures.waited(asked.chains.event, asked.events.at).T
        ],
        "trend": lambda: trend(asked, query["trend"], expect["trend"]),
        "breakdown": lambda: breakdown(asked, query["breakdown"], expect["breakdown"]),
    }
    known = {name: value for name, value in expect.items() if name in shown}
    assert known, f"nothing of this example is checked: {list(expect)}"
    for name, value in known.items():
        expected = {k: sorted(v) for k, v in value.items()} if name == "actors" else value
        assert shown[name]() == (sorted(expected) if name == "excluded" else expected), name


def trend(asked: Asked, period: str, expect: Row) -> Row:
    days, edges = edges_of(asked, period)
    counts = funnel.by_entry(asked.funnel, asked.events, np.array(edges))
    found = dict(zip(days, counts.tolist(), strict=False))
    assert all(not any(count) for day, count in found.items() if day not in expect)
    assert all(date.fromisoformat(day) for day in expect)
    return {day: found[day] for day in expect}


def breakdown(asked: Asked, query: Row, expect: Row) -> Row:
    values = [e["props"].get(query["prop"]) for e in asked.rows]
    names = list(dict.fromkeys(v for v in values if v is not None))
    codes = np.array([-1 if v is None else names.index(v) for v in values], np.int32)
    found = figures.attributed(asked.chains.event, codes, query["attribution"])
    assert {str(names[code]) for code in found if code >= 0} == set(expect) - {"(none)"}
    answer = {}
    for name, figure in expect.items():
        rows = np.flatnonzero(found == (-1 if name == "(none)" else [str(n) for n in names].index(name)))
        answer[name] = {"counts": figures.reached(asked.chains.event[rows]).tolist()}
        if "avg_seconds" in figure:
            answer[name]["avg_seconds"] = asked.waits(rows)
        if "actors" in figure:
            answer[name]["actors"] = {
                k: asked.actors(rows[asked.chains.event[rows, int(k) - 1] >= 0]) for k in figure["actors"]
            }
    return answer
