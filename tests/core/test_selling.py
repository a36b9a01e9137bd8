"""Tenders and demands: when a bid is ready, what is next, and what hangs on a demand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tenure.core import demands, tenders
from tenure.core.demands import Remark
from tenure.core.localtime import zone
from tenure.core.tenders import EXPIRES, NO_DAY, OPEN, Item, Lack

SUBMIT = datetime(2026, 3, 9, 17, tzinfo=UTC)
"""In Shanghai it is 10 March, 01:00."""


@pytest.mark.parametrize(
    ("item", "why"),
    [
        pytest.param(Item("x"), OPEN, id="open"),
        pytest.param(Item("x", mandatory=False), None, id="open, not mandatory"),
        pytest.param(Item("x", state="waived", valid_until=date(2020, 1, 1)), None, id="waived"),
        pytest.param(Item("x", state="done"), None, id="done"),
        pytest.param(Item("x", state="done", valid_until=date(2026, 3, 9)), EXPIRES, id="ends the day before, there"),
        pytest.param(Item("x", state="done", valid_until=date(2026, 3, 10)), None, id="ends on the day"),
    ],
)
def test_what_keeps_a_bid_from_being_ready(item: Item, why: str | None) -> None:
    found = tenders.lacking([item], SUBMIT, zone("Asia/Shanghai"))
    assert found == ([Lack("x", why)] if why else [])


def test_a_certificate_needs_a_day_of_submission() -> None:
    assert tenders.lacking([Item("x", state="done", valid_until=date(2030, 1, 1))], None, UTC) == [Lack("x", NO_DAY)]


def test_the_next_deadline_is_the_first_that_is_ahead() -> None:
    tender = {"sign_up_by": SUBMIT - timedelta(9), "opening_at": SUBMIT + timedelta(1), "submit_by": SUBMIT}
    assert tenders.next_deadline(tender, SUBMIT - timedelta(1)) == "submit_by"
    assert tenders.next_deadline(tender, SUBMIT + timedelta(2)) is None


def test_accounts_and_deals_count_once_however_often_they_ask() -> None:
    said = [Remark("sso", "acme", need, "d1") for need in ("nice", "deal_breaker", "must")]
    said += [Remark("saml", "elm", "important", "lost")]
    found = demands.stakes(
        said, {"acme": Decimal(100), "elm": Decimal("0.5")}, {"d1": Decimal(300)}, {"acme": "A"}, {"saml": "sso"}
    )
    assert list(found) == ["sso"]
    stake = found["sso"]
    assert (stake.accounts, stake.deals, stake.remarks) == ({"acme", "elm"}, {"d1"}, 4)
    assert (stake.recurring, stake.pipeline, stake.revenue) == (Decimal("1206"), Decimal(300), Decimal("1506"))
    assert stake.rank == 5 * 3 + 2 * 1


@pytest.mark.parametrize(
    ("merged", "last"), [({}, "a"), ({"a": "b", "b": "c"}, "c"), ({"a": "b", "b": "a"}, "a"), ({"a": "a"}, "a")]
)
def test_a_demand_is_what_it_was_merged_into(merged: dict[str, str], last: str) -> None:
    assert demands.whole("a", merged) == last
