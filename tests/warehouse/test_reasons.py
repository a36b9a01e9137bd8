"""Why MRR moved: each movement of the ledger carries the reason of the largest change among its lines."""

from __future__ import annotations

from typing import Any

import pytest

import tenure

ROW = {"account_id": "a", "subscription_id": "s", "plan": "basic", "amount": "100", "start": "2023-05-01"}
CUT = "2024-01-10"


def before(**fields: Any) -> dict[str, Any]:
    return {**ROW, "end": CUT, "row_id": "before", **fields}


def after(**fields: Any) -> dict[str, Any]:
    return {**ROW, "start": CUT, "row_id": "after", **fields}


@pytest.mark.parametrize(
    ("rows", "discounts", "expected"),
    [
        pytest.param([{**ROW, "start": CUT}], [], ("new", "started"), id="first line"),
        pytest.param([{**ROW, "trial_end": CUT}], [], ("new", "trial"), id="a trial was taken up"),
        pytest.param([before()], [], ("churn", "ended"), id="ended"),
        pytest.param([{**ROW, "unpaid_at": CUT}], [], ("churn", "involuntary"), id="given up unpaid"),
        pytest.param([{**ROW, "pauses": [[CUT, "2024-03-01"]]}], [], ("churn", "paused"), id="paused"),
        pytest.param([{**ROW, "pauses": [["2023-09-01", CUT]]}], [], ("reactivation", "resumed"), id="resumed"),
        pytest.param([before(), after(amount="120")], [], ("expansion", "price"), id="a higher price"),
        pytest.param([before(), after(quantity="3")], [], ("expansion", "quantity"), id="more seats"),
        pytest.param([before(), after(plan="pro", amount="150")], [], ("expansion", "plan"), id="another plan"),
        pytest.param(
            [before(), after(interval="year", amount="1080")], [], ("contraction", "term"), id="a longer term"
        ),
        pytest.param(
            [ROW], [{"value": "20", "start": CUT}], ("contraction", "discount"), id="a discount begins"
        ),
        pytest.param(
            [ROW], [{"value": "20", "start": "2023-06-01", "end": CUT}], ("expansion", "discount"), id="a discount ends"
        ),
        pytest.param(
            [ROW, {**ROW, "subscription_id": "t", "start": CUT}], [], ("expansion", "started"), id="a second line"
        ),
        pytest.param(
            [before(), after(amount="110"), {**ROW, "subscription_id": "t", "amount": "500", "start": CUT}],
            [], ("expansion", "started"), id="of several the largest",
        ),
    ],
)  # fmt: skip
def test_reason(rows: list[dict[str, Any]], discounts: list[dict[str, Any]], expected: tuple[str, str]) -> None:
    workspace = tenure.open()
    workspace.load("subscriptions", rows)
    if discounts:
        workspace.load("discounts", [{"subscription_id": "s", "kind": "percent", **row} for row in discounts])
    found = workspace.ask({"question": "ledger", "from": "2024-01", "to": "2024-01"}).to_dicts()
    assert [(row["kind"], row["reason"]) for row in found] == [expected]


def test_a_movement_names_the_rows_that_caused_it() -> None:
    workspace = tenure.open()
    workspace.load("subscriptions", [before(), after(amount="120"), {**ROW, "subscription_id": "t", "row_id": "still"}])
    answer = workspace.ask({"question": "ledger", "from": "2024-01", "to": "2024-01"})
    behind = answer.rows_behind({"date": CUT, "account_id": "a"})
    assert set(behind.column("row_id").to_pylist()) == {"before", "after"}
