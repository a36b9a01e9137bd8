"""Questions that cannot be answered are refused by the field's name and its allowed values, not with a stack trace."""

from __future__ import annotations

import json
from typing import Any

import pytest

import tenure
from tenure.core.errors import QuestionRefused, TenureError

MONTHS = {"question": "movements", "from": "2024-01", "to": "2024-03"}
OPS = ["eq", "ne", "in", "contains", "gt", "lt", "set", "not_set"]
GRAINS = ["day", "week", "month", "quarter", "year"]


@pytest.fixture(scope="module")
def workspace() -> Any:
    made = tenure.open()
    made.load("subscriptions", [{"account_id": "a", "subscription_id": "s", "amount": "10", "start": "2024-01-01"}])
    return made


@pytest.mark.parametrize("asked", [None, [], "movements", 3, b"{}"], ids=repr)
def test_what_is_no_object(workspace: Any, asked: Any) -> None:
    with pytest.raises(QuestionRefused) as refused:
        workspace.ask(asked)
    assert refused.value.as_dict()["field"] == "question"
    assert "movements" in refused.value.fix


@pytest.mark.parametrize("name", [None, "", "moves", "MOVEMENTS", ["movements"], {}, 0], ids=repr)
def test_unknown_question(workspace: Any, name: Any) -> None:
    with pytest.raises(QuestionRefused) as refused:
        workspace.ask({"question": name})
    shape = refused.value.as_dict()
    assert shape["field"] == "question"
    assert {"movements", "ledger", "revenue_metrics", "cohorts", "renewals"} <= set(shape["allowed"])


@pytest.mark.parametrize(
    ("asked", "field", "allowed"),
    [
        pytest.param({**MONTHS, "form": "2024-01"}, "form", ["from"], id="a slip in a name"),
        pytest.param({**MONTHS, "grain": "fortnight"}, "grain", GRAINS, id="an unknown grain"),
        pytest.param({**MONTHS, "grain": ["month"]}, "grain", GRAINS, id="a list for one value"),
        pytest.param({**MONTHS, "by": "colour"}, "by", ["plan", "industry"], id="an unknown field to slice by"),
        pytest.param({**MONTHS, "by": ["plan", "colour"]}, "by", ["plan"], id="one of two is unknown"),
        pytest.param({**MONTHS, "by": "'; DROP TABLE x"}, "by", ["plan"], id="SQL for a field"),
        pytest.param({**MONTHS, "by": "attributes."}, "by", ["attributes.NAME"], id="an attribute without a name"),
        pytest.param({**MONTHS, "where": {"colour": "red"}}, "where", ["plan"], id="an unknown field in where"),
        pytest.param({**MONTHS, "where": {1: 2}}, "where", ["plan"], id="a number for a field"),
        pytest.param(
            {**MONTHS, "where": [{"prop": "plan", "op": "like", "value": "x"}]}, "where", OPS, id="an unknown operator"
        ),
        pytest.param({"question": "cohorts", "value": "euros"}, "value", ["customers", "mrr"], id="cohorts of euros"),
        pytest.param({"question": "cohorts", "grain": "week"}, "grain", ["month"], id="weekly cohorts"),
        pytest.param({"question": "ltv", "method": "magic"}, "method", ["auto", "simple", "margin"], id="LTV by magic"),
        pytest.param({"question": "ledger", "by": ["plan"]}, "by", ["from", "to", "where"], id="a sliced ledger"),
        pytest.param(
            {"question": "reconcile", "totals": [{"period": "2024-01", "amount": "1"}], "compare": "bank"},
            "compare",
            ["mrr", "invoiced"],
            id="compared with what nobody knows",
        ),
        pytest.param({**MONTHS, "definition": "nobody's"}, "definition", ["tenure"], id="an unknown definition"),
    ],
)
def test_unknown_names_and_values_name_the_allowed(
    workspace: Any, asked: dict[str, Any], field: str, allowed: list[str]
) -> None:
    with pytest.raises(QuestionRefused) as refused:
        workspace.ask(asked)
    shape = refused.value.as_dict()
    assert shape["field"] == field
    assert set(allowed) <= set(shape["allowed"])
    assert shape["message"]
    assert shape["fix"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        *(
            pytest.param({**MONTHS, "from": given}, "from", id=f"from {given!r:.24}")
            for given in (
                "yesterday", "2024-13", "2024-00", "2024-Q5", "2024-02-30", "2024-1", "0000", "", " ", 20.5, True, [],
                {}, "2024-01\x00", "2024-01-01T25:00:00", "2024-01-01T10:00:00+99:00", -5, 10**400, "31/12/2024",
            )
        ),
        pytest.param({**MONTHS, "to": "99999-01"}, "to", id="a year of five digits"),
        pytest.param({**MONTHS, "to": "9999-12"}, "to", id="the last month of all"),
        pytest.param({**MONTHS, "from": "2024-05"}, "from", id="backwards"),
        pytest.param({**MONTHS, "from": "1000", "to": "2999", "grain": "day"}, "grain", id="two thousand years"),
        pytest.param({**MONTHS, "where": "plan = 1"}, "where", id="where as text"),
        pytest.param({**MONTHS, "where": [1]}, "where", id="a condition that is a number"),
        pytest.param({**MONTHS, "where": [{"op": "eq", "value": 1}]}, "where", id="a condition on nothing"),
        pytest.param({**MONTHS, "where": {"plan": {"a": 1}}}, "where", id="an object for a value"),
        pytest.param({**MONTHS, "where": {"plan": ["a", ["b"]]}}, "where", id="a list in a list"),
        pytest.param({**MONTHS, "where": [{"prop": "plan", "value": "x", "more": 1}]}, "where", id="a key too many"),
        pytest.param({**MONTHS, "by": [1]}, "by", id="a number to slice by"),
        pytest.param({**MONTHS, "by": {"plan": 1}}, "by", id="an object to slice by"),
        pytest.param({**MONTHS, "as_known_on": "soon"}, "as_known_on", id="known soon"),
        pytest.param({**MONTHS, "as_known_on": "2024-02-30"}, "as_known_on", id="known on no day"),
        pytest.param({**MONTHS, "definition": 7}, "definition", id="a number for a definition"),
        pytest.param({"question": "renewals", "as_of": "x"}, "as_of", id="as of x"),
        pytest.param({"question": "committed_mrr", "as_of": "31/12/2024"}, "as_of", id="a day in another notation"),
        pytest.param({"question": "definition_diff"}, "definitions", id="no definitions"),
        pytest.param({"question": "definition_diff", "definitions": []}, "definitions", id="an empty list of them"),
        pytest.param({"question": "definition_diff", "definitions": "tenure"}, "definitions", id="one as text"),
        pytest.param({"question": "reconcile"}, "totals", id="nothing to compare with"),
        pytest.param({"question": "reconcile", "totals": [{"period": "2024-01"}]}, "totals", id="no amount"),
        *(
            pytest.param({"question": "reconcile", "totals": [{"period": p, "amount": a}]}, "totals", id=f"{p}: {a}")
            for p, a in (("x", "1"), ("2024-01", "NaN"), ("2024-01", "1e30"), ("2024-01", "ten"), (None, "1"))
        ),
        pytest.param({"question": "closes", "from": "x"}, "from", id="closes from x"),
        pytest.param({"question": "restatements", "to": "2024-99"}, "to", id="restatements to no month"),
        pytest.param({"question": "invoiced", "grain": "decade"}, "grain", id="invoiced by decade"),
    ],
)  # fmt: skip
def test_values_that_cannot_be_read_name_the_field_and_the_remedy(
    workspace: Any, asked: dict[str, Any], field: str
) -> None:
    with pytest.raises(TenureError) as refused:
        workspace.ask(asked)
    shape = refused.value.as_dict()
    assert shape["field"] == field
    assert shape["fix"]
    json.dumps(shape)


@pytest.mark.parametrize("table", ["subscription", "", "events; DROP", None])
def test_unknown_table(table: Any) -> None:
    with pytest.raises(TenureError) as refused:
        tenure.open().load(table, [{"account_id": "a"}])
    assert refused.value.fix


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timezone", "Mars/Olympus"), ("timezone", ""), ("reporting_currency", "dollars"), ("discount_policy", "some"),
        ("churn_recognition", True), ("pause_policy", None), ("reactivation_window_days", -1),
        ("grace_gap_days", "a week"), ("renewal_grace_days", 1.5), ("revenue_source", "bank"),
        ("gross_margin", 80), ("gross_margin", "much"),
        ("week_start", "someday"), ("colour", "red"),
    ],
)  # fmt: skip
def test_settings_out_of_bounds(name: str, value: Any) -> None:
    with pytest.raises(TenureError) as refused:
        tenure.open(settings={name: value}).ask(MONTHS)
    shape = refused.value.as_dict()
    assert shape["field"] == name
    assert shape["fix"]


def test_nothing_loaded_is_zeros_or_no_rows() -> None:
    empty = tenure.open()
    for name in ("movements", "revenue_metrics", "renewals", "invoiced"):
        rows = empty.ask({"question": name, "from": "2024-01", "to": "2024-03"}).to_dicts()
        assert [row["period"] for row in rows] in (["2024-01", "2024-02", "2024-03"], [])
        for row in rows:
            assert not any(value for key, value in row.items() if key not in {"period", "complete"}), (name, row)
    for name in ("ledger", "cohorts", "contracts_due", "anomalies", "closes", "restatements"):
        rows = empty.ask({"question": name}).to_dicts()
        assert not any(row.get("size") or row.get("amount") for row in rows), name
    assert empty.ask({"question": "committed_mrr"}).to_dicts()[0]["cmrr"] == 0
