"""Questions about events, asked of rows: who is who, attributes, cuts, and that whoever is counted can be named."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

import tenure
from tenure.core.errors import QuestionRefused

START = datetime(2024, 1, 1, tzinfo=UTC)
MONTHS = {"period": "month", "first_interval": "2024-01-01", "intervals": 3}


def at(day: float) -> str:
    return (START + timedelta(days=day)).isoformat()


def opened(events: list[dict[str, Any]], settings: dict[str, Any] | None = None, **tables: Any) -> Any:
    workspace = tenure.open(settings=settings or {})
    workspace.load("events", [{"event": "a", "ts": at(0), **row} for row in events])
    for name, rows in tables.items():
        workspace.load(name, rows)
    return workspace


def users(workspace: Any, unit: str = "user") -> list[str]:
    asked = {"question": "funnel", "steps": [{"event": None}], "unit": unit}
    return sorted(workspace.ask(asked).actors(1)["unit"].to_pylist())


# Who is who ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "identities", "expected"),
    [
        pytest.param([{"user_id": "u"}, {"anonymous_id": "d"}], [], ["d", "u"], id="an unknown device is somebody"),
        pytest.param(
            [{"anonymous_id": "d"}, {"user_id": "u", "ts": at(2)}],
            [{"anonymous_id": "d", "user_id": "u", "valid_from": at(1)}], ["u"], id="before signing up too",
        ),
        pytest.param(
            [{"anonymous_id": "d", "ts": at(0)}, {"anonymous_id": "d", "ts": at(3)}],
            [{"anonymous_id": "d", "user_id": "u", "valid_from": at(1)},
             {"anonymous_id": "d", "user_id": "v", "valid_from": at(2)}], ["u", "v"], id="a device changes hands",
        ),
        pytest.param(
            [{"anonymous_id": "d"}, {"user_id": "old"}, {"user_id": "new"}],
            [{"anonymous_id": "d", "user_id": "old"}, {"anonymous_id": "old", "user_id": "mid"},
             {"anonymous_id": "mid", "user_id": "new"}], ["new"], id="a chain of merges",
        ),
        pytest.param(
            [{"user_id": "x"}, {"user_id": "y"}],
            [{"anonymous_id": "x", "user_id": "y"}, {"anonymous_id": "y", "user_id": "x"}], None, id="a circle is one",
        ),
        pytest.param([{"event": "a"}], [], [], id="nobody did it"),
    ],
)  # fmt: skip
def test_users_are_resolved(events: Any, identities: Any, expected: list[str] | None) -> None:
    found = users(opened(events, identities=identities) if identities else opened(events))
    assert len(found) == 1 if expected is None else found == expected


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        pytest.param({}, ["own"], id="only the event's own"),
        pytest.param({"identities": [{"user_id": "u", "account_id": "one"}]}, ["one", "own"], id="the user's account"),
        pytest.param(
            {"identities": [{"user_id": "u", "account_id": "one"},
                            {"user_id": "u", "account_id": "two", "valid_from": at(4)}]},
            ["one", "own", "two"], id="as it was then",
        ),
        pytest.param(
            {"contacts": [{"contact_id": "c", "user_id": "u", "account_id": "k"}]}, ["k", "own"], id="the contact's"
        ),
        pytest.param(
            {"identities": [{"anonymous_id": "d", "user_id": "u"}, {"anonymous_id": "d", "account_id": "one"}],
             "contacts": [{"contact_id": "c", "user_id": "u", "account_id": "k"}]},
            ["one", "own"], id="what is said goes before the contact",
        ),
        pytest.param(
            {"accounts": [{"account_id": "own", "merged_into": "root"}, {"account_id": "root"}]}, ["root"], id="merged"
        ),
    ],
)  # fmt: skip
def test_accounts_are_those_of_the_event_or_its_user(tables: Any, expected: list[str]) -> None:
    events = [{"user_id": "u"}, {"user_id": "u", "ts": at(5)}, {"user_id": "u", "account_id": "own", "ts": at(6)}]
    assert users(opened(events, **tables), "account") == expected


def test_a_merged_account_is_the_other_one_for_conditions_too() -> None:
    accounts = [{"account_id": "child", "owner": "ann", "merged_into": "root"}, {"account_id": "root", "owner": "ben"}]
    events = [{"user_id": "u", "account_id": "child"}, {"user_id": "v", "account_id": "root", "ts": at(1)}]
    workspace = opened(events, accounts=accounts)

    def counted(**where: str) -> int:
        asked = {"question": "trend", "from": "2024-01", "to": "2024-01", "period": "month", "where": where}
        return workspace.ask(asked).table["value"].to_pylist()[0]

    assert (counted(owner="ben"), counted(owner="ann")) == (2, 0)
    assert (counted(account_id="root"), counted(account_id="child")) == (2, 0)
    cut = workspace.ask({"question": "funnel", "steps": [{"event": "a"}], "breakdown": "account_id"})
    assert [(row["account_id"], row["units"]) for row in cut.to_dicts()] == [("root", 2)]


def test_an_event_sent_twice_counts_once_and_one_without_a_unit_is_said() -> None:
    workspace = opened([{"event_id": "e", "user_id": "u"}] * 2 + [{"event_id": "f"}])
    answer = workspace.ask({"question": "trend", "from": "2024-01", "to": "2024-01", "period": "month"})
    assert answer.table["value"].to_pylist() == [2]
    answer = workspace.ask({"question": "funnel", "steps": [{"event": "a"}]})
    assert answer.notes == [{"code": "without_unit", "count": 1}]


def test_what_is_said_of_a_user_is_no_activity() -> None:
    workspace = opened([{"user_id": "u", "event": name} for name in ("$identify", "$group", "$alias", "$pageview")])
    answer = workspace.ask({"question": "trend", "from": "2024-01", "to": "2024-01", "period": "month"})
    assert answer.table["value"].to_pylist() == [1]
    features = workspace.ask({"question": "feature_retention", **MONTHS, "unit": "user"})
    assert features.table["feature"].to_pylist() == ["$pageview"]
    named = workspace.ask({"question": "funnel", "steps": [{"event": "$identify"}]})
    assert named.table["units"].to_pylist() == [1]


# Matchers -----------------------------------------------------------------------------------------------------------

PROPERTIES = [
    {"n": 3, "flag": True, "plan": "Pro", 'a"b/c~d': "x"}, {"n": "3.0", "flag": "true", "plan": "Pro Max"},
    {"n": 10, "flag": False, "plan": ""}, {"n": None}, {"n": "many"},
]  # fmt: skip


@pytest.fixture(scope="module")
def various() -> Any:
    """One user for each of the properties; two of an account of a tier, one with roles."""
    events = [
        {"user_id": f"u{i}", "account_id": "s" if i < 2 else "t", "properties": properties}
        for i, properties in enumerate(PROPERTIES)
    ]
    return opened(
        events, accounts=[{"account_id": "s", "tier": "S"}, {"account_id": "t"}],
        contacts=[{"contact_id": "c", "user_id": "u1", "roles": ["champion", "payer"]}],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"prop": "n", "op": "eq", "value": 3}, [0, 1]),
        ({"prop": "n", "op": "eq", "value": "3"}, [0]),
        ({"prop": "n", "op": "ne", "value": 3}, [2, 3, 4]),
        ({"prop": "n", "op": "in", "value": [10, "many"]}, [2, 4]),
        ({"prop": "n", "op": "gt", "value": 3}, [2]),
        ({"prop": "n", "op": "lt", "value": 4}, [0, 1]),
        ({"prop": "n", "op": "set"}, [0, 1, 2, 4]),
        ({"prop": "n", "op": "not_set"}, [3]),
        ({"prop": "flag", "op": "eq", "value": True}, [0, 1]),
        ({"prop": "flag", "op": "eq", "value": False}, [2]),
        ({"prop": "plan", "op": "contains", "value": "Pro"}, [0, 1]),
        ({"prop": "plan", "op": "eq", "value": ""}, [2]),
        ({"prop": "plan", "op": "eq", "value": None}, [3, 4]),
        ({"prop": "plan", "op": "eq", "value": "'; DROP TABLE events; --"}, []),
        ({"prop": 'a"b/c~d', "op": "eq", "value": "x"}, [0]),
        ({"prop": "tier", "op": "eq", "value": "S"}, [0, 1]),
        ({"prop": "tier", "op": "not_set"}, [2, 3, 4]),
        ({"prop": "roles", "op": "contains", "value": "champion"}, [1]),
    ],
)
def test_conditions_on_properties(various: Any, condition: dict[str, Any], expected: list[int]) -> None:
    asked = {"question": "funnel", "steps": [{"event": None, "where": [condition]}]}
    assert sorted(various.ask(asked).actors(1)["unit"].to_pylist()) == [f"u{i}" for i in expected]


def test_a_role_is_one_of_the_committee() -> None:
    events = [{"user_id": u, "account_id": "k", "event": e, "ts": at(d)}
              for u, e, d in (("u", "view", 0), ("w", "sign", 1), ("v", "view", 2), ("v", "sign", 3))]  # fmt: skip
    contacts = [{"contact_id": u, "user_id": u, "roles": [role]} for u, role in (("v", "decider"), ("w", "executor"))]
    workspace = opened(events, contacts=contacts)

    def units(second: dict[str, Any]) -> list[int]:
        steps = [{"event": "view"}, {"event": "sign", **second}]
        answer = workspace.ask({"question": "funnel", "steps": steps, "unit": "account"})
        return answer.table["units"].to_pylist()

    assert units({"role": "decider"}) == [1, 1]
    assert units({"role": "decide"}) == [1, 0]
    assert units({"min_users": 2}) == [1, 1]
    assert units({"min_users": 3}) == [1, 0]


# Whoever is counted can be named ------------------------------------------------------------------------------------


def crowd(seed: int) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    return [
        {"user_id": f"u{chance.randrange(12)}", "account_id": f"k{chance.randrange(4)}", "event": chance.choice("abc"),
         "ts": at(chance.randrange(0, 900) / 10), "properties": {"page": chance.choice("xyz")}}
        for _ in range(150)
    ]  # fmt: skip


def cells(question: dict[str, Any], rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], int]]:
    """(cell, what the answer counts in it) of every cell of an answer."""
    name = question["question"]
    if name == "funnel":
        keys = [k for k in ("step", "page") if k in rows[0]]
        return [({k: row[k] for k in keys}, row["units"]) for row in rows]
    if name == "retention":
        keys = [k for k in ("cohort", "page") if k in rows[0]]
        return [({**{k: r[k] for k in keys}, "column": c}, n) for r in rows for c, n in enumerate(r["values"])]
    if name == "feature_retention":
        return [({"feature": row["feature"]}, row["reach"]) for row in rows]
    if name == "lifecycle":
        states = ("active", "new", "returning", "resurrecting", "dormant", "asleep")
        return [({"interval": row["interval"], "state": s}, row[s]) for row in rows for s in states]
    if name == "stickiness":
        return [({"k": row["k"]}, row["units"]) for row in rows]
    return [({"interval": row["interval"]}, row["value"]) for row in rows]


@pytest.mark.parametrize("unit", ["user", "prop:page"])
@pytest.mark.parametrize(
    "question",
    [
        {"question": "funnel", "steps": [{"event": "a"}, {"event": "b"}, {"event": "a"}], "trend": "week"},
        {"question": "funnel", "steps": [{"event": "a"}, {"event": "b"}], "breakdown": "page", "order": "unordered"},
        {"question": "funnel", "steps": [{"event": "a"}, {"event": "b", "optional": True}, {"event": "c"}],
         "breakdown": {"prop": "page", "attribution": "last_touch"}, "window": "same_day"},
        {"question": "retention", **MONTHS, "start": {"event": "a"}, "return": {"event": "b"}, "breakdown": "page"},
        {"question": "retention", **MONTHS, "period": "week", "mode": "first_time", "unbounded": True},
        {"question": "retention", **MONTHS, "period": "week", "intervals": 4, "basis": "rolling", "columns": 3},
        {"question": "feature_retention", **MONTHS, "features": {"ab": {"event_in": ["a", "b"]}, "c": {"event": "c"}}},
        {"question": "feature_retention", **MONTHS, "return": "any"},
        {"question": "lifecycle", **MONTHS, "period": "week", "intervals": 4},
        {"question": "stickiness", **MONTHS, "period": "week", "intervals": 6, "criteria": {"op": "gte", "value": 2}},
        {"question": "stickiness", **MONTHS, "interval_count": 1, "cumulative": True},
    ],
)  # fmt: skip
def test_the_actors_of_a_cell_are_as_many_as_it_counts(question: dict[str, Any], unit: str) -> None:
    workspace = opened(crowd(7))
    asked = {**question, "unit": unit, "now": "2025-01-01"}
    answer = workspace.ask(asked)
    assert all(check["ok"] for check in answer.checks)
    found = cells(asked, answer.to_dicts())
    assert sum(count for _cell, count in found) > 2
    for cell, count in found:
        actors = workspace.ask({"question": "actors", "of": asked, "cell": cell}).to_dicts()
        assert len(actors) == count, cell
        assert len({row["unit"] for row in actors}) == count
        name = {"user": "user_id", "account": "account_id"}.get(unit)
        assert name is None or all(row["unit"] == row[name] for row in actors)
        assert answer.rows_behind(cell).num_rows >= count


def test_the_actors_of_an_edge_of_paths() -> None:
    workspace = opened(crowd(8))
    asked = {"question": "paths", "node": "prop:page", "session_gap_seconds": 86_400 * 5, "max_steps": 3}
    rows = workspace.ask(asked).to_dicts()
    assert {row["to"] for row in rows} >= {"2_drop-off"}
    for row in rows:
        cell = {"from": row["from"], "to": row["to"]}
        actors = workspace.ask({"question": "actors", "of": asked, "cell": cell}).to_dicts()
        assert 1 <= len(actors) <= row["count"]


@pytest.mark.parametrize(
    ("reuse", "expected"), [pytest.param(False, [1, 0], id="once"), pytest.param(True, [1, 1], id="again")]
)
def test_an_event_is_several_steps_where_asked(reuse: bool, expected: list[int]) -> None:
    asked = {"question": "funnel", "steps": [{"event": "a"}, {"event": None}], "event_reuse": reuse}
    answer = opened([{"user_id": "u"}]).ask(asked)
    assert [row["units"] for row in answer.to_dicts()] == expected


def test_the_trend_without_an_order_begins_with_any_step() -> None:
    events = [{"user_id": "u", "event": "b"}, {"user_id": "u", "event": "a", "ts": at(1)}]
    asked = {"question": "funnel", "steps": [{"event": "a"}, {"event": "b"}], "order": "unordered", "trend": "day"}
    rows = opened(events).ask(asked).trend.to_pylist()
    assert [(row["period"], row["entered"], row["converted"]) for row in rows] == [
        ("2024-01-01", 1, 1),
        ("2024-01-02", 1, 0),
    ]


def test_without_an_order_no_event_is_several_steps() -> None:
    asked = {"question": "funnel", "steps": [{"event": "a"}], "order": "unordered", "event_reuse": True}
    with pytest.raises(QuestionRefused) as refused:
        opened([{"user_id": "u"}]).ask(asked)
    assert refused.value.where["field"] == "event_reuse"


# Cuts and trends ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attribution", ["first_touch", "last_touch", "step 1", "all"])
def test_slices_of_a_funnel(attribution: str) -> None:
    workspace = opened(crowd(9))
    funnel = {"question": "funnel", "steps": [{"event": "a"}, {"event": "b"}]}
    whole = workspace.ask(funnel).table["units"].to_pylist()
    cut = {"prop": "page", "attribution": attribution}
    rows = workspace.ask({**funnel, "breakdown": cut}).to_dicts()
    few = workspace.ask({**funnel, "breakdown": {**cut, "limit": 1}}).to_dicts()
    assert [row["page"] for row in few][::2][1:] == ["Other"]
    for found in (rows, few):
        first = sum(row["units"] for row in found if row["step"] == 1)
        assert first == whole[0] if attribution != "all" else first >= whole[0]


def test_a_trend_counts_adds_and_divides() -> None:
    events = [
        {"user_id": "u", "event": "search", "properties": {"n": "0.1"}}, {"user_id": "v", "event": "search"},
        {"user_id": "u", "event": "search", "ts": at(1), "properties": {"n": 0.2}},
        {"user_id": "u", "event": "pay", "ts": at(1), "properties": {"n": "much"}},
    ]  # fmt: skip
    workspace = opened(events)
    span = {"question": "trend", "from": "2024-01-01", "to": "2024-01-04"}

    def values(**asked: Any) -> list[Any]:
        return workspace.ask({**span, **asked}).table["value"].to_pylist()

    assert values() == [2, 2, 0]
    assert values(measure="users") == [2, 1, 0]
    assert values(measure="sum:n") == [Decimal("0.1"), Decimal("0.2"), Decimal(0)]
    assert values(measure="avg:n") == [Decimal("0.1"), Decimal("0.2"), None]
    assert workspace.ask({**span, "measure": "sum:n"}).notes == [{"code": "not_a_number", "property": "n", "count": 1}]
    series = {"pays": {"event": "pay"}, "searches": {"event": "search"}}
    assert values(series=series, formula="pays / searches * 100") == [Decimal(0), Decimal(100), None]
    rows = workspace.ask({**span, "series": series, "breakdown": "event"}).to_dicts()
    assert sum(row["value"] for row in rows) == 4
    for formula in ("pays + nothing", "__import__('os')", "pays.real", "pays ** searches", "", "x" * 2_000, "(" * 500):
        with pytest.raises(QuestionRefused):
            values(series=series, formula=formula)


def test_percentiles_are_interpolated() -> None:
    workspace = opened([{"user_id": "u", "properties": {"n": n}} for n in range(1, 12)])
    asked = {"question": "trend", "from": "2024-01", "to": "2024-01", "period": "month", "measure": "p90:n"}
    assert workspace.ask(asked).table["value"].to_pylist() == [Decimal(10)]


def test_intervals_are_those_of_the_workspace() -> None:
    events = [{"user_id": "u", "ts": "2024-03-30T23:30:00Z"}, {"user_id": "u", "ts": "2024-03-31T21:30:00Z"}]
    workspace = opened(events, {"timezone": "Europe/Berlin"})
    asked = {"question": "trend", "from": "2024-03-30", "to": "2024-04-02"}
    assert workspace.ask(asked).table["value"].to_pylist() == [0, 2, 0]
    hours = workspace.ask({**asked, "from": "2024-03-31", "to": "2024-04-01", "period": "hour"})
    assert hours.table["interval"].to_pylist()[:4] == [f"2024-03-31T{h}:00" for h in ("00", "01", "03", "04")]
    assert sum(hours.table["value"].to_pylist()) == 2


def test_what_is_not_over_is_not_zero() -> None:
    workspace = opened([{"user_id": "u"}, {"user_id": "u", "ts": at(32)}])
    answer = workspace.ask({"question": "retention", **MONTHS, "now": "2024-02-15"})
    rows = answer.to_dicts()
    assert [row["values"] for row in rows] == [[1, None, None], [None, None], [None]]
    assert [row["complete"] for row in rows] == [False] * 3
    assert answer.average["rate"].to_pylist() == [Decimal(1), None, None]
    funnel = {"question": "funnel", "steps": [{"event": "a"}], "trend": "month", "now": "2024-02-15"}
    trend = workspace.ask(funnel).trend.to_pylist()
    assert [(row["period"], row["entered"], row["mature"]) for row in trend] == [
        ("2024-01", 1, True),
        ("2024-02", 1, False),
    ]


def test_an_answer_holds_for_the_hour() -> None:
    workspace = opened([{"user_id": "u"}])
    asked = {"question": "trend", "from": "2024-01-01", "to": "2024-01-02", "period": "hour"}
    over = [
        sum(workspace.ask(asked, now=START + timedelta(hours=hour, minutes=30)).table["complete"].to_pylist())
        for hour in (3, 3, 4)
    ]
    assert over == [3, 3, 4]


def test_an_empty_lake_answers() -> None:
    workspace = tenure.open()
    for asked in (
        {"question": "funnel", "steps": [{"event": "a"}], "trend": "day", "breakdown": "p"},
        {"question": "retention", **MONTHS}, {"question": "feature_retention", **MONTHS},
        {"question": "lifecycle", **MONTHS}, {"question": "stickiness", **MONTHS}, {"question": "paths"},
        {"question": "trend", "from": "2024-01", "to": "2024-02"},
    ):  # fmt: skip
        assert all(not row.get("units") for row in workspace.ask(asked).to_dicts())


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"question": "funnel"}, "steps"),
        ({"question": "funnel", "steps": []}, "steps"),
        ({"question": "funnel", "steps": [{"event": "a", "optional": True}]}, "steps"),
        ({"question": "funnel", "steps": [{"evnt": "a"}]}, "steps"),
        ({"question": "funnel", "steps": [{"event": "a", "event_in": ["a"]}]}, "steps[0]"),
        ({"question": "funnel", "steps": [{"event": "a", "where": [{"prop": "p", "op": "like"}]}]}, "steps[0]"),
        ({"question": "funnel", "steps": [{"event": "a"}], "window_seconds": -1}, "window_seconds"),
        (
            {
                "question": "funnel",
                "steps": [{"event": "a"}],
                "exclusions": [{"event": "x", "from_step": 0, "to_step": 1}],
            },
            "exclusions",
        ),
        (
            {"question": "funnel", "steps": [{"event": "a"}], "breakdown": {"prop": "p", "attribution": "step 2"}},
            "breakdown",
        ),
        ({"question": "funnel", "steps": [{"event": "a"}], "from": "2024-03", "to": "2024-01"}, "from"),
        ({"question": "funnel", "steps": [{"event": "a"}], "unit": "person"}, "unit"),
        ({"question": "funnel", "steps": [{"event": "a"}], "where": {"plan": "Pro"}}, "where"),
        ({"question": "retention", **MONTHS, "first_interval": "2024-01-15"}, "first_interval"),
        ({"question": "retention", **MONTHS, "mode": "often"}, "mode"),
        ({"question": "stickiness", **MONTHS, "criteria": {"op": "gt", "value": 1}}, "criteria"),
        ({"question": "paths", "node": "page"}, "node"),
        ({"question": "trend", "measure": "sum"}, "measure"),
        ({"question": "actors", "of": {"question": "movements"}, "cell": {}}, "of"),
        ({"question": "feature_retention", "features": {}}, "features"),
    ],
)
def test_a_refusal_names_its_field(various: Any, question: dict[str, Any], field: str) -> None:
    with pytest.raises(QuestionRefused) as refused:
        various.ask(question)
    assert refused.value.where["field"] == field
    assert refused.value.fix
