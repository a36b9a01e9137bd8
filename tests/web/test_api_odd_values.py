"""Questions and cells with values no answer has: each is refused, none is a fault of ours."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields

import pytest

from tenure.warehouse.questions import FAMILIES
from tenure.warehouse.questions.base import json_name

DAYS = ["", "0000-00-00", "0001-01-01", "9999-12-31"]
ODD = [None, [], {}, ["x"], {"a": 1}, True, -1, 10**40, "\x00", "\ud800", "1e400", *DAYS]
NEEDED = {
    "totals": [{"period": "2024-02", "amount": "1"}],
    "definitions": ["default", "chartmogul-like"],
    "steps": [{"event": "login"}, {"event": "search"}],
    "of": {"question": "lifecycle", "match": {"event": "login"}},
    "cell": {"interval": "2024-01-01", "state": "new"},
    "event": "login",
}
CELL = {
    "period": "2024-02", "cohort": "2024-01", "month": "2024-02", "date": "2024-02-10", "account_id": "acme",
    "contract_id": "c1", "row": "s1", "kind": "mrr", "metric": "mrr", "k": 0, "cause": "tax", "slice": "x", "step": 1,
    "column": 0, "feature": "login", "interval": "2024-01-01", "state": "new", "from": "1_login", "to": "2_login",
    "contract": "due", "channel": "SEM", "model": "first",
}  # fmt: skip
COLUMNS = {
    "ledger": ("date", "account_id"), "accounts": ("account_id",), "cohorts": ("cohort", "k"),
    "contracts_due": ("contract_id",), "anomalies": ("row",), "restatements": ("month", "account_id"),
    "revenue_metrics": ("period", "metric"), "reconcile": ("period", "cause"), "ltv": ("slice",),
    "committed_mrr": ("kind",), "funnel": ("step",), "retention": ("cohort", "column"),
    "feature_retention": ("feature",), "lifecycle": ("interval", "state"), "stickiness": ("k",),
    "lifecycle_contracts": ("state", "contract"), "account_stickiness": ("account_id",),
    "paths": ("from", "to"), "trend": ("interval",), "attribution": ("channel", "model"),
    "channels": ("channel",), "cac": ("slice",),
}  # fmt: skip


def _asked(name):
    family = FAMILIES[name]
    named = {json_name(f.name): f for f in fields(family)}
    span = {"from": "2024-01", "to": "2024-03"} if {"from", "to"} <= named.keys() else {}
    return named, {
        "question": name,
        **span,
        **{field: NEEDED[field] for field, f in named.items() if f.default is MISSING},
    }


def _faults(client, key, address, bodies):
    headers = key("viewer")
    faults = []
    for body in bodies:
        response = client.post(address, json.dumps(body), content_type="application/json", headers=headers)
        if response.status_code not in (200, 404, 422):
            faults.append((body, response.status_code, response.content[:200]))
    return faults


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_odd_values_in_a_question(client, key, sample, name):
    named, asked = _asked(name)
    bodies = [{**asked, field: value} for field in named for value in ODD]
    bodies += [{**asked, "where": [{"prop": "owner", "op": "eq", "value": value}]} for value in ODD if "where" in named]
    assert _faults(client, key, "/api/ask", bodies) == []


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_odd_values_in_a_cell(client, key, sample, name):
    _named, asked = _asked(name)
    whole = {column: CELL[column] for column in COLUMNS.get(name, ("period", "kind"))}
    cells = [{**whole, column: value} for column in whole for value in ODD]
    assert _faults(client, key, "/api/rows-behind", [{"question": asked, "cell": cell} for cell in cells]) == []
