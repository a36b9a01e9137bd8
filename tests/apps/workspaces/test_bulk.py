"""A file becomes versions: what is new, what replaces, what says nothing new, and how it is taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tenure.apps.subscriptions.models import ContractVersion, SubscriptionVersion
from tenure.apps.workspaces.models import AuditEntry, OutboxEntry
from tenure.apps.workspaces.services import lake
from tenure.apps.workspaces.services.bulk import Counts, Undone
from tenure.core.errors import TenureError

from .conftest import line

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("first", "second", "counts"),
    [
        pytest.param([], [line(1), line(2)], Counts(2, 0, 0), id="all new"),
        pytest.param([line(1)], [line(1)], Counts(0, 0, 1), id="the same file again"),
        pytest.param([line(1)], [line(1, amount=Decimal(11))], Counts(0, 1, 0), id="another price"),
        pytest.param([line(1)], [line(1, quantity=Decimal(1))], Counts(0, 1, 0), id="a value where there was none"),
        pytest.param([line(1, plan="x")], [line(1)], Counts(0, 1, 0), id="no value where there was one"),
        pytest.param(
            [line(1)], [line(1, item="main")], Counts(0, 1, 0), id="the default written out is the same record"
        ),
        pytest.param(
            [line(1)], [line(1, start=date(2024, 2, 1))], Counts(1, 0, 0), id="another start is another record"
        ),
        pytest.param([line(1)], [line(1, source="erp")], Counts(0, 0, 1), id="where it came from changes nothing"),
        pytest.param([line(1)], [line(2), line(1), line(3)], Counts(2, 0, 1), id="mixed"),
        pytest.param([], [line(1), line(1, amount=Decimal(12))], Counts(1, 0, 0), id="twice in one file"),
        pytest.param([], [], Counts(0, 0, 0), id="no rows"),
    ],
)
def test_counts_say_what_a_file_did(import_rows: Any, first: Any, second: Any, counts: Counts) -> None:
    import_rows(first)
    run, done = import_rows(second)
    assert done == counts
    assert (run.state, run.created, run.changed, run.unchanged) == ("applied", *vars_of(counts))


def vars_of(counts: Counts) -> tuple[int, int, int]:
    return counts.created, counts.changed, counts.unchanged


def test_of_several_rows_with_one_key_the_last_holds(import_rows: Any, known: Any) -> None:
    import_rows([line(1), line(2), line(1, amount=Decimal(12))])
    assert known("subscriptions", "subscription_id", "amount") == [("s1", Decimal(12)), ("s2", Decimal(10))]


def test_a_row_of_its_own_id_is_known_by_it(import_rows: Any, known: Any) -> None:
    discount = {"subscription_id": "s1", "kind": "percent", "value": Decimal(10), "row_id": "d1"}
    import_rows([discount, {**discount, "row_id": "d2"}], "discounts")
    _run, counts = import_rows([{**discount, "value": Decimal(20)}], "discounts")
    assert counts == Counts(created=0, changed=1, unchanged=0)
    assert known("discounts", "value") == [(Decimal(10),), (Decimal(20),)]


def test_values_survive_exactly(import_rows: Any, known: Any) -> None:
    large = Decimal("12345678901234567.123456789012")
    row = line(
        1,
        amount=large,
        quantity=Decimal("0.000000000001"),
        pauses=[{"from": date(2024, 2, 1), "to": date(2024, 3, 1)}],
        attributes='{"城市": "上海", "a": 1}',
        plan='"quoted", /slashed/ %20 \\ \n',
    )
    import_rows([row])
    version = SubscriptionVersion.objects.get()
    assert (version.amount, version.quantity) == (large, Decimal("0.000000000001"))
    assert version.plan == row["plan"]
    (found,) = known("subscriptions", "amount", "quantity", "pauses", "attributes")
    assert found[:3] == (large, Decimal("0.000000000001"), row["pauses"])
    assert "上海" in found[3]


def test_lists_and_moments_reach_the_lake_as_they_came(import_rows: Any, known: Any) -> None:
    steps = [{"from": date(2024, 1, 1), "to": date(2024, 7, 1), "amount": Decimal(600), "mrr": None}]
    contract = {"contract_id": "c1", "account_id": "a", "start": date(2024, 1, 1), "end": date(2024, 7, 1)}
    import_rows([{**contract, "schedule": steps, "renews": ["c0"], "auto_renew": True}], "contracts")
    created = datetime(2023, 5, 1, 12, 30, tzinfo=UTC)
    import_rows([{"account_id": "a", "created_at": created, "employees": 7}], "accounts")
    assert known("contracts", "renews", "auto_renew") == [(["c0"], True)]
    assert known("contracts", "schedule")[0][0][0]["amount"] == Decimal(600)
    assert known("accounts", "created_at", "employees") == [(created, 7)]
    assert ContractVersion.objects.get().renews == '["c0"]'


def test_a_change_supersedes_and_both_stay_known(import_rows: Any, known: Any) -> None:
    import_rows([line(1)])
    import_rows([line(1, amount=Decimal(20))])
    old, new = SubscriptionVersion.objects.order_by("pk")
    assert old.superseded_at == new.recorded_at
    assert new.superseded_at is None
    assert known("subscriptions", "amount") == [(Decimal(20),)]
    assert lake.lake().read("subscriptions").num_rows == 2


def test_versions_name_their_import_and_row(import_rows: Any) -> None:
    run, _counts = import_rows([line(1), line(2)])
    assert set(SubscriptionVersion.objects.values_list("row_id", flat=True)) == {
        f"import-{run.pk}-2",
        f"import-{run.pk}-3",
    }


def test_an_import_is_one_audit_entry(import_rows: Any, operator: Any) -> None:
    run, _counts = import_rows([line(1)], by=operator)
    (entry,) = AuditEntry.objects.filter(kind="subscriptions")
    assert (entry.member, entry.verb, entry.key) == (operator, "imported", str(run.pk))


def test_undo_restores_what_was_replaced_and_withdraws_what_was_new(import_rows: Any, known: Any) -> None:
    from tenure.apps.subscriptions import services

    import_rows([line(1), line(2)])
    run, _counts = import_rows([line(1, amount=Decimal(20)), line(3)])
    assert services.undo_import(run, "test") == Undone(withdrawn=2, restored=1, kept=0)
    assert run.state == "undone"
    assert known("subscriptions", "subscription_id", "amount") == [("s1", Decimal(10)), ("s2", Decimal(10))]


def test_undo_keeps_what_changed_since(import_rows: Any, known: Any) -> None:
    from tenure.apps.subscriptions import services

    run, _counts = import_rows([line(1), line(2)])
    import_rows([line(1, amount=Decimal(30))])
    assert services.undo_import(run, "test") == Undone(withdrawn=1, restored=0, kept=1)
    assert known("subscriptions", "subscription_id", "amount") == [("s1", Decimal(30))]


def test_an_import_is_undone_once(import_rows: Any) -> None:
    from tenure.apps.subscriptions import services

    run, _counts = import_rows([line(1)])
    services.undo_import(run, "test")
    with pytest.raises(TenureError) as refused:
        services.undo_import(run, "test")
    assert refused.value.code == "import.not_applied"


def test_a_run_is_applied_once(import_rows: Any, tmp_path: Any) -> None:
    from tenure.apps.subscriptions import services

    run, _counts = import_rows([line(1)])
    with pytest.raises(TenureError) as refused:
        services.apply_import("subscriptions", tmp_path / f"{run.pk}.parquet", run, "test")
    assert refused.value.code == "import.not_staged"


def test_a_file_that_breaks_in_the_middle_leaves_nothing(import_rows: Any, monkeypatch: Any) -> None:
    from tenure.apps.workspaces.services import outbox

    def fail(*_arguments: Any) -> None:
        raise OSError("disk full")

    import_rows([line(1)])
    before = list(SubscriptionVersion.objects.values_list("pk", "superseded_at")), OutboxEntry.objects.count()
    monkeypatch.setattr(outbox, "send", fail)
    with pytest.raises(OSError, match="disk full"):
        import_rows([line(1, amount=Decimal(20)), line(2)])
    assert before == (
        list(SubscriptionVersion.objects.values_list("pk", "superseded_at")),
        OutboxEntry.objects.count(),
    )


def test_many_chunks_are_one_import(import_rows: Any, known: Any, monkeypatch: Any) -> None:
    from tenure.apps.workspaces.services import rows

    monkeypatch.setattr(rows, "CHUNK", 7)
    import_rows([line(n) for n in range(50)])
    _run, counts = import_rows([line(n, amount=Decimal(10 + (n % 3 == 0))) for n in range(60)])
    assert counts == Counts(created=10, changed=17, unchanged=33)
    assert sum(amount for (amount,) in known("subscriptions", "amount")) == 60 * 10 + 20
