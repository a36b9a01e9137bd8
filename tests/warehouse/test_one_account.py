"""Contracts of one account or one month are answered as in the answer about all, however they are entangled."""

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
    {**TERM, "contract_id": "g1", "account_id": "gorse", "start": "2022-01-01", "end": "2023-01-01"},
    {**TERM, "contract_id": "g1", "account_id": "gorse", "start": "2023-01-01", "end": "2025-01-01", "notice_days": 90},
    {**TERM, "contract_id": "h1", "account_id": "hazel", "start": "2025-03-01", "end": "2026-03-01", "renews": ["g1"]},
    {**TERM, "contract_id": "h1", "account_id": "hazel", "start": "2025-01-15", "end": "2025-03-01", "total": "900"},
    {**TERM, "contract_id": "i1", "account_id": "ilex", "start": "2025-03-20", "end": "2025-04-01", "notice_days": 60},
]  # fmt: skip


@pytest.fixture(scope="module")
def entangled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A successor of contracts of two other accounts, an account merged into another, contracts in several rows."""
    opened = tenure.open(tmp_path_factory.mktemp("entangled"), settings={"reporting_currency": "USD"})
    opened.load("accounts", [{"account_id": "elm", "merged_into": "fir"}, {"account_id": "fir"}])
    opened.load("contracts", CONTRACTS)
    return opened


@pytest.mark.parametrize("account", ["ash", "birch", "cedar", "dune", "elm", "fir", "gorse", "hazel", "nobody"])
def test_one_account_is_answered_as_the_whole_is(entangled: Any, account: str) -> None:
    whole = entangled.ask(EVERY).to_dicts()
    one = entangled.ask({**EVERY, "where": {"account_id": account}}).to_dicts()
    assert one == [row for row in whole if row["account_id"] == account]


def test_several_accounts_too(entangled: Any) -> None:
    whole = entangled.ask(EVERY).to_dicts()
    some = entangled.ask({**EVERY, "where": {"account_id": ["birch", "fir"]}}).to_dicts()
    assert some == [row for row in whole if row["account_id"] in ("birch", "fir")]
    assert {row["state"] for row in whole} >= {"renewed", "running", "lost"}


MONTHS = [f"{year}-{month:02d}" for year in range(2022, 2027) for month in range(1, 13)][11:-9]
"""From the month before the first contract ends to that in which the last one does."""
RENEWALS = {"question": "renewals", "from": MONTHS[0], "to": MONTHS[-1], "as_of": "2025-06-01"}


def test_a_month_is_answered_as_in_a_long_stretch(entangled: Any) -> None:
    whole = entangled.ask(EVERY).to_dicts()
    months = [entangled.ask({**EVERY, "from": month, "to": month}).to_dicts() for month in MONTHS]
    assert [row for rows in months for row in rows] == whole
    renewed = entangled.ask(RENEWALS)
    single = [entangled.ask({**RENEWALS, "from": month, "to": month}) for month in MONTHS]
    assert [row for one in single for row in one.to_dicts()] == renewed.to_dicts()
    for month, one in zip(MONTHS, single, strict=True):
        cell = {"period": month, "kind": "renewed"}
        assert one.rows_behind(cell).to_pylist() == renewed.rows_behind(cell).to_pylist()


def test_the_rows_of_a_contract_are_all_its_own_and_those_of_what_renews_it(entangled: Any) -> None:
    rows = entangled.ask(EVERY).rows_behind({"contract_id": "g1"}).to_pylist()
    assert sorted(row["line"] for row in rows) == ["g1", "g1", "h1", "h1"]
