"""A behaviour question in the words of the contract, answered by the kernels over a list of plain events.

For the worked examples; the product asks the same of the lake.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import numpy as np

from reference.behaviour import Arrays, Event, arrays, micros
from reference.cases import SHARED
from tenure.core.localtime import moment, zone
from tenure.core.sequences.edges import interval_edges
from tenure.core.sequences.features import exposed, feature_retention
from tenure.core.sequences.lifecycle import lifecycle
from tenure.core.sequences.paths import DROP_OFF, paths
from tenure.core.sequences.paths import Rule as PathRule
from tenure.core.sequences.retention import Rule, appearances, layout, retention
from tenure.core.sequences.stickiness import active_intervals, stickiness

EXAMPLES = SHARED / "cases" / "behaviour_examples.json"
CONTRACT = {"date_from": "from", "date_to": "to", "rolling": "unbounded"}
"""Fields that the examples call otherwise."""

Row = dict[str, Any]
WEEK_STARTS = {"monday": 0, "sunday": 6}
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda found, value: found == value,
    "ne": lambda found, value: found != value,
    "in": lambda found, value: found in value,
    "contains": lambda found, value: found is not None and value in found,
    "set": lambda found, _: found is not None,
    "not_set": lambda found, _: found is None,
}


def examples(kinds: set[str]) -> list[Row]:
    """The worked examples of some kinds; none where the file is missing."""
    if not EXAMPLES.exists():
        return []
    return [case for case in json.loads(EXAMPLES.read_text(encoding="utf-8"))["cases"] if case["kind"] in kinds]


def contract(case: Row) -> tuple[Row, list[Row]]:
    """The question and the events of an example in the words of the contract."""
    question = {CONTRACT.get(name, name): value for name, value in case["query"].items()}
    question |= {"question": case["kind"], "unit": question["unit"].replace("actor", "user")}
    if "by_feature" in question:
        question |= {
            "question": "feature_retention",
            "features": question["by_feature"],
            "return": question["feature_return"],
        }
    names = {"actor": "user_id", "account": "account_id", "props": "properties"}
    return question, [{names.get(name, name): value for name, value in event.items()} for event in case["events"]]


def meets(event: Row, matcher: Row) -> bool:
    if matcher.get("event") is not None and event["event"] != matcher["event"]:
        return False
    if "event_in" in matcher and event["event"] not in matcher["event_in"]:
        return False
    properties = event.get("properties") or {}
    return all(OPERATORS[c["op"]](properties.get(c["prop"]), c.get("value")) for c in matcher.get("where", []))


def local(text: str) -> date:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def value_of(event: Row, name: str) -> Any:
    if name.startswith("prop:"):
        return (event.get("properties") or {}).get(name.removeprefix("prop:"))
    return event.get({"user": "user_id", "account": "account_id"}.get(name, name))


class Asked:
    """The events of a question as arrays, and its intervals."""

    def __init__(self, question: Row, events: list[Row], matchers: list[Row]) -> None:
        self.question = question
        self.timezone = question.get("timezone", "UTC")
        named = [(value_of(event, question.get("unit", "user")), event) for event in events]
        known = [(name, event) for name, event in named if name is not None]
        self.names = sorted({name for name, _ in known})
        nodes = [value_of(event, question.get("node", "event")) for _, event in known]
        self.nodes = sorted({node for node in nodes if node is not None})
        built = [
            Event(
                self.names.index(name),
                micros(datetime.fromisoformat(e["ts"])),
                frozenset(k for k, matcher in enumerate(matchers) if meets(e, matcher)),
                -1 if node is None else self.nodes.index(node),
            )
            for (name, e), node in zip(known, nodes, strict=True)
        ]
        self.arrays: Arrays = arrays(built, list(range(len(self.names))))
        self.events = (self.arrays.first, self.arrays.at, self.arrays.bits)
        self.calendar = {
            "timezone_name": self.timezone,
            "week_start": WEEK_STARTS[question.get("week_start", "monday")],
        }
        now = question.get("now")
        self.now = None if now is None else micros(datetime.fromisoformat(now))

    def labels(self, count: int) -> list[str]:
        first, period = local(self.question["first_interval"]), self.question["period"]
        edges = interval_edges(first, period, count, "UTC", week_start=self.calendar["week_start"])
        width = "h" if period == "hour" else "D"
        return [str(label) for label in edges[:-1].astype("datetime64[us]").astype(f"datetime64[{width}]")]

    def layout(self) -> Any:
        q = self.question
        return layout(
            local(q["first_interval"]), q["period"], q["intervals"], columns=q.get("columns"),
            basis=q.get("basis", "calendar"), **self.calendar,
        )  # fmt: skip

    def edges(self, **more: int) -> np.ndarray:
        q = self.question
        return interval_edges(local(q["first_interval"]), q["period"], q["intervals"], **self.calendar, **more)


def ask_retention(question: Row, events: list[Row]) -> list[Row]:
    bare = {key: value for key, value in question["start"].items() if key != "where"}
    asked = Asked(question, events, [question["start"], question["return"], bare])
    table = asked.layout()
    once = {"recurring": None, "first_time": 0, "first_ever": 2}[question.get("mode", "recurring")]
    rule = Rule(0, 1, once, question.get("unbounded", False), question.get("min_returns", 1))
    found = retention(*asked.events, table, rule)
    complete = table.complete(asked.now)
    out = []
    for row, label in enumerate(asked.labels(table.rows)):
        there = appearances(*asked.events, table, rule, row)
        cells = [
            int(n) if complete[row, c] else None for c, n in enumerate(found.retained[-1, row, : table.widths[row]])
        ]
        people = {asked.names[u]: np.flatnonzero(there[u]).tolist() for u in np.flatnonzero(there[:, 0])}
        out.append({"cohort": label, "size": int(found.size[-1, row]), "values": cells, "appearances": people})
    return out


def ask_features(question: Row, events: list[Row]) -> list[Row]:
    features = question["features"]
    asked = Asked(question, events, [*features.values(), {"event": None}])
    table = asked.layout()
    same = question.get("return", "same") == "same"
    counts = feature_retention(*asked.events, table, len(features), len(features), same=same, now=asked.now)
    of = exposed(counts, table, asked.now)
    return [
        {
            "feature": name,
            "reach": int(counts.reach[f]),
            "share_of_active": counts.reach[f] / counts.active[0] if counts.active[0] else None,
            "size": int(of[f, 0]),
            "rate": [float(n) / float(m) if m else None for n, m in zip(counts.retained[f], of[f], strict=True)],
        }
        for f, name in enumerate(features)
    ]


def ask_lifecycle(question: Row, events: list[Row]) -> list[Row]:
    asked = Asked(question, events, [question["match"]])
    found = lifecycle(*asked.events, 0, asked.edges(before=1))
    labels = asked.labels(question["intervals"])
    return [
        {"interval": label, **{name: int(getattr(found, name)[i]) for name in found._fields}}
        for i, label in enumerate(labels, 1)
    ]


def ask_stickiness(question: Row, events: list[Row]) -> list[Row]:
    asked = Asked(question, events, [question["match"]])
    criteria = question.get("criteria") or {"op": "gte", "value": 1}
    edges = asked.edges(every=question.get("interval_count", 1))
    active = active_intervals(*asked.events, 0, edges, criteria=(criteria["op"], criteria["value"]))
    units = stickiness(active, question["intervals"], cumulative=question.get("cumulative", False))
    return [{"k": k, "units": int(n)} for k, n in enumerate(units, 1)]


def ask_paths(question: Row, events: list[Row]) -> list[Row]:
    asked = Asked(question, events, [question["match"]])
    begin, end = (moment(datetime.fromisoformat(question[name]), zone(asked.timezone)) for name in ("from", "to"))
    anchor = question.get("to_anchor") or question.get("from_anchor")
    code = None if anchor is None else asked.nodes.index(anchor)
    gap = question["session_gap_seconds"] * 1_000_000
    rule = PathRule(0, gap, question["max_steps"], begin, end, code, "to_anchor" in question)
    found = paths(*asked.events, asked.arrays.node, rule)
    return [
        {
            "from": f"{k}_{asked.nodes[a]}",
            "to": f"{k + 1}_{'drop-off' if b == DROP_OFF else asked.nodes[b]}",
            "count": int(n),
        }
        for k, a, b, n in zip(*found, strict=True)
    ]


ASK = {
    "retention": ask_retention,
    "feature_retention": ask_features,
    "lifecycle": ask_lifecycle,
    "stickiness": ask_stickiness,
    "paths": ask_paths,
}


def ask(question: Row, events: list[Row]) -> list[Row]:
    """The rows of the answer."""
    return ASK[question["question"]](question, events)


def expected(case: Row) -> Iterator[tuple[str, Any]]:
    """What an example expects, by the names of `found`."""
    for name, value in case["expect"].items():
        if name == "appearances":
            yield name, {unit: {int(row): columns for row, columns in rows.items()} for unit, rows in value.items()}
        elif name != "count":
            yield name, value


def found(question: Row, rows: list[Row], name: str, expect: Any) -> Any:
    """The part of an answer that an example speaks of."""
    if name == "table":
        return [row["values"] for row in rows]
    if name == "dates":
        return [row["cohort"] for row in rows]
    if name == "appearances":
        return {unit: {r: rows[r]["appearances"].get(unit, []) for r in wanted} for unit, wanted in expect.items()}
    if name == "features":
        return {row["feature"]: {"rate": row["rate"], "reach": row["reach"]} for row in rows}
    if name == "data":
        return [row["units"] for row in rows]
    if name == "edges":
        return sorted([row["from"], row["to"], row["count"]] for row in rows if not row["to"].endswith("_drop-off"))
    return [row[name] for row in rows]
