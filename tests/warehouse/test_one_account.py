"""What is due of one account is what the answer about all says of it, however contracts and accounts are entangled."""

from __future__ import annotations

from typing import Any

import pytest

import tenure

EVERY = {"question": "contracts_due", "from": "2000-01-01", "to": "2040-01-01", "as_of": "2025-06-01"}
TERM = {"currency": "USD", "total": "1200"}
CONTRACTS = [
    {**TERM, "contract_id": "a1", "account_id": "ash", "start": "2023-01-01", "end": "2024-01-01"},
    {**TERM, "contract_id": "a2", "account_id": "ash", "start": "2024-01-01", "end": "2025-01-01", "renews": ["a1"]},
    {**TERM, "contract_id": "b1", "account_id": "birch", "start": "2023-01-01", "end": "2024-01-01"},
    {**TERM, "contract_id": "c1", "account_id": "cedar", "start": "2024-01-01", "end": "2025-06-15",
     "renews": ["b1", "d1"]},
    {**TERM, "contract_id": "d1", "account_id": "dune", "start": "2022-01-01", "end": "2024-01-01", "total": "9600"},
    {**TERM, "contract_id": "e1", "account_id": "elm", "start": "2023-01-01", "end": "2025-05-28"},
    {**TERM, "contract_id": "f1", "account_id": "fir", "start": "2024-01-01", "end": "2026-01-01"},
]  # fmt: skip


@pytest.fixture(scope="module")
def entangled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A successor that renews contracts of two other accounts at once, and an account merged into another."""
    opened = tenure.open(tmp_path_factory.mktemp("entangled"), settings={"reporting_currency": "USD"})
    opened.load("accounts", [{"account_id": "elm", "merged_into": "fir"}, {"account_id": "fir"}])
    opened.load("contracts", CONTRACTS)
    return opened


@pytest.mark.parametrize("account", ["ash", "birch", "cedar", "dune", "elm", "fir", "nobody"])
def test_one_account_is_answered_as_the_whole_is(entangled: Any, account: str) -> None:
    whole = entangled.ask(EVERY).to_dicts()
    one = entangled.ask({**EVERY, "where": {"account_id": account}}).to_dicts()
    assert one == [row for row in whole if row["account_id"] == account]


def test_several_accounts_too(entangled: Any) -> None:
    whole = entangled.ask(EVERY).to_dicts()
    some = entangled.ask({**EVERY, "where": {"account_id": ["birch", "fir"]}}).to_dicts()
    assert some == [row for row in whole if row["account_id"] in ("birch", "fir")]
    assert {row["state"] for row in whole} >= {"renewed", "running", "lost"}
