"""Store and lake agree: after a flush, after a replay, after a replaced store."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from django.db import connection

from tenure.apps.subscriptions import services
from tenure.apps.workspaces.models import OutboxEntry
from tenure.apps.workspaces.services import lake
from tenure.core.errors import TenureError

from .conftest import line

pytestmark = pytest.mark.django_db


def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables, in one order; the batch a row came with does not matter."""
    here = lake.lake()
    return {name: sorted(here.read(name).to_pylist(), key=str) for name in here.versions()}


@pytest.fixture
def busy_store(import_rows: Any) -> None:
    """Imported, changed, edited, withdrawn and undone rows."""
    import_rows([line(n) for n in range(20)])
    run, _counts = import_rows([line(n, amount=Decimal(n)) for n in range(5, 25)])
    services.edit("subscriptions", "a/s1/main/2024-01-01", {"cancelled_at": "2024-02-01T10:00:00Z"}, by="test")
    services.withdraw("subscriptions", "a/s2/main/2024-01-01", by="test")
    services.undo_import(run, "test")
    steps = [{"from": "2024-01-01", "to": "2024-07-01", "amount": "600"}]
    contract = {"contract_id": "c", "account_id": "a", "start": "2024-01-01", "schedule": steps, "renews": ["b"]}
    services.add("contracts", contract, by="test")
    services.close_month("2024-01", by="Olga")


@pytest.mark.usefixtures("busy_store")
def test_a_flush_empties_the_outbox_and_store_and_lake_agree() -> None:
    assert lake.differences()
    assert lake.flush() > 0
    assert not OutboxEntry.objects.exists()
    assert lake.differences() == {}
    assert lake.flush() == 0


@pytest.mark.usefixtures("busy_store")
def test_a_replay_gives_the_same_tables() -> None:
    lake.flush()
    before = everything()
    lake.replay(by="test")
    after = everything()
    assert {n: rows for n, rows in after.items() if rows} == {n: rows for n, rows in before.items() if rows}
    assert lake.replay(by="test")["subscriptions"] == len(before["subscriptions"])


@pytest.mark.usefixtures("busy_store")
def test_a_replay_takes_in_what_was_waiting_and_the_mirror_goes_on() -> None:
    lake.replay(by="test")
    assert not OutboxEntry.objects.exists()
    assert lake.differences() == {}
    services.edit("subscriptions", "a/s3/main/2024-01-01", {"plan": "x"}, by="test")
    assert lake.flush() > 0
    assert lake.differences() == {}


@pytest.mark.usefixtures("busy_store")
def test_a_replay_leaves_rows_that_were_loaded_straight_into_the_lake(home: Any) -> None:
    import tenure

    row = {"account_id": "z", "subscription_id": "loaded", "amount": "1", "start": "2024-01-01"}
    tenure.open(home).load("subscriptions", [row])
    lake.flush()
    lake.replay(by="test")
    origins = lake.lake().read("subscriptions")["origin"].to_pylist()
    assert origins.count("load") == 1
    assert lake.differences() == {}


@pytest.mark.usefixtures("busy_store")
def test_a_store_older_than_the_lake_is_noticed_and_replayed(known: Any) -> None:
    lake.flush()
    forget_positions()
    services.edit("subscriptions", "a/s3/main/2024-01-01", {"plan": "x"}, by="test")
    with pytest.raises(TenureError) as refused:
        lake.flush()
    assert refused.value.code == "mirror.store_older_than_lake"
    lake.replay(by="test")
    services.edit("subscriptions", "a/s3/main/2024-01-01", {"plan": "y"}, by="test")
    assert ("s3", "y") in known("subscriptions", "subscription_id", "plan")
    assert lake.differences() == {}


def forget_positions() -> None:
    """As after a restore: the outbox counts from the beginning again."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER SEQUENCE workspaces_outboxentry_position_seq RESTART")
        else:
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = 'workspaces_outboxentry'")


def test_the_lake_hears_of_a_change_in_the_transaction_that_makes_it(home: Any) -> None:
    from tenure.apps.workspaces.services.writing import writing

    waiting = []

    def break_off() -> None:
        with writing("test"):
            services.add("products", {"product": "p"}, by="test")
            waiting.append(OutboxEntry.objects.count())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert [*waiting, OutboxEntry.objects.count()] == [1, 0]


def test_rows_without_a_currency_are_in_the_workspaces_own(home: Any, settings: Any, known: Any) -> None:
    settings.TENURE_REPORTING_CURRENCY = "CNY"
    lake.prepare()
    row = {"account_id": "a", "subscription_id": "s", "amount": "10", "start": "2024-01-01"}
    services.add("subscriptions", row, by="test")
    assert known("subscriptions", "currency") == [("CNY",)]


def test_tidying_merges_files_and_changes_no_row(home: Any) -> None:
    for number in range(6):
        services.add("products", {"product": f"p{number}"}, by="test")
        lake.flush()
    before = everything()
    assert lake.tidy()["products"]["merged"] == 6
    assert everything() == before
    assert len(lake.lake().files("products")) == 1
    assert isinstance(lake.lake().read("products"), pa.Table)
