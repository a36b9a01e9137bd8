"""One record at a time: added, edited, ended, withdrawn; what is refused, and what stays known."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from tenure.apps.crm import services as crm
from tenure.apps.subscriptions import services
from tenure.apps.subscriptions.models import SubscriptionVersion
from tenure.apps.workspaces import history
from tenure.apps.workspaces.models import AuditEntry, OutboxEntry
from tenure.apps.workspaces.services.records import RecordChanged
from tenure.core.errors import TenureError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]
SUBSCRIPTION = {"account_id": "a", "subscription_id": "s", "amount": "10", "start": "2024-01-01"}
KEY = "a/s/main/2024-01-01"


def test_an_edit_is_a_new_version_and_the_former_stays_known(known: Any, operator: Any) -> None:
    services.add("subscriptions", SUBSCRIPTION, by=operator)
    services.edit("subscriptions", KEY, {"quantity": "3"}, by=operator)
    old, new = SubscriptionVersion.objects.order_by("pk")
    assert (old.quantity, new.quantity, old.superseded_at) == (None, Decimal(3), new.recorded_at)
    assert new.by == operator
    assert known("subscriptions", "quantity") == [(Decimal(3),)]


def test_an_edit_that_changes_nothing_writes_nothing() -> None:
    first = services.add("subscriptions", SUBSCRIPTION, by="test")
    waiting = OutboxEntry.objects.count(), AuditEntry.objects.count()
    assert services.edit("subscriptions", KEY, {"amount": "10.00"}, by="test") == first
    assert (OutboxEntry.objects.count(), AuditEntry.objects.count()) == waiting


def test_a_change_of_the_key_moves_the_record(known: Any) -> None:
    services.add("subscriptions", SUBSCRIPTION, by="test")
    services.edit("subscriptions", KEY, {"start": "2024-02-01"}, by="test")
    assert known("subscriptions", "start") == [(date(2024, 2, 1),)]
    assert SubscriptionVersion.objects.live().get().version_key == "a/s/main/2024-02-01"


def test_a_record_cannot_move_onto_another() -> None:
    services.add("subscriptions", SUBSCRIPTION, by="test")
    services.add("subscriptions", {**SUBSCRIPTION, "start": "2024-02-01"}, by="test")
    with pytest.raises(TenureError) as refused:
        services.edit("subscriptions", KEY, {"start": "2024-02-01"}, by="test")
    assert refused.value.code == "record.exists"


def test_end_and_withdraw(known: Any) -> None:
    services.add("subscriptions", SUBSCRIPTION, by="test")
    services.end("subscriptions", KEY, "2024-06-01", by="test")
    assert known("subscriptions", "end") == [(date(2024, 6, 1),)]
    services.withdraw("subscriptions", KEY, by="test", reason="a test order")
    assert known("subscriptions", "end") == []
    assert SubscriptionVersion.objects.count() == 2
    assert AuditEntry.objects.order_by("-pk")[0].detail["reason"] == "a test order"


def test_a_moment_is_kept_beside_its_local_day(known: Any, home: Any) -> None:
    (home / "workspace.json").write_text('{"settings": {}, "lake_timezone": "Asia/Shanghai"}', encoding="utf-8")
    services.add("subscriptions", {**SUBSCRIPTION, "cancelled_at": "2024-03-31T20:00:00Z"}, by="test")
    moment = datetime(2024, 3, 31, 20, tzinfo=UTC)
    assert known("subscriptions", "cancelled", "cancelled_at") == [(date(2024, 4, 1), moment)]


@pytest.mark.parametrize(
    ("kind", "values", "field"),
    [
        pytest.param("subscriptions", {**SUBSCRIPTION, "amount": "abc"}, "amount", id="not a number"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "amount": 0.1}, "amount", id="a binary float is not exact"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "amount": "1e30"}, "amount", id="too large"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "amount": "0.1234567890123"}, "amount", id="too fine"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "quantity": "-1"}, "quantity", id="negative seats"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "interval": "fortnight"}, "interval", id="unknown interval"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "interval_count": "0"}, "interval_count", id="no interval"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "currency": "dollars"}, "currency", id="not a currency"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "end": "2023-12-31"}, "end", id="ends before it starts"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "start": "31/02/2024"}, "start", id="not a day"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "start": ""}, "start", id="required, and empty"),
        pytest.param("subscriptions", {"subscription_id": "s", "start": "2024-01-01"}, "account_id", id="missing"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "colour": "red"}, "colour", id="unknown field"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "row_id": "1"}, "row_id", id="a field of the store's own"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "plan": "a\x00b"}, "plan", id="NUL"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "pauses": "[["}, "pauses", id="broken list"),
        pytest.param(
            "subscriptions", {**SUBSCRIPTION, "pauses": [["2024-03-01", "2024-02-01"]]}, "pauses", id="pause backwards"
        ),
        pytest.param(
            "discounts", {"subscription_id": "s", "kind": "percent", "value": "120"}, "value", id="over 100 %"
        ),
        pytest.param("fx_rates", {"day": "2024-01-31", "currency": "EUR", "rate": "0"}, "rate", id="rate of 0"),
        pytest.param(
            "contracts",
            {"contract_id": "c", "account_id": "a", "start": "2024-01-01", "schedule": [{}]},
            "schedule",
            id="a step without days",
        ),
        pytest.param("subscriptions", {**SUBSCRIPTION, "amount": "NaN"}, "amount", id="not even a number"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "amount": "1e400"}, "amount", id="beyond all bounds"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "amount": "1e20"}, "amount", id="too large to be added up"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "interval_count": "--3"}, "interval_count", id="two signs"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "interval_count": "9" * 5000}, "interval_count", id="endless"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "start": "0000-00-00"}, "start", id="a day of no calendar"),
        pytest.param(
            "subscriptions", {**SUBSCRIPTION, "start": "0001-01-01T00:00:00+14:00"}, "start", id="before all days"
        ),
        pytest.param("subscriptions", {**SUBSCRIPTION, "end": "9999-12-31T23:59:59-12:00"}, "end", id="after all days"),
        pytest.param("accounts", {"account_id": "a", "created_at": "0001-01-01T00:00:00+14:00"}, "created_at", id="BC"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "plan": "\ud800"}, "plan", id="half a character"),
        pytest.param("subscriptions", {**SUBSCRIPTION, "pauses": [5]}, "pauses", id="a pause that is a number"),
        pytest.param(
            "subscriptions", {**SUBSCRIPTION, "pauses": [["2024-02-01", "2024-03-01", "x"]]}, "pauses", id="three days"
        ),
        pytest.param("subscriptions", {**SUBSCRIPTION, "pauses": "[" * 9000}, "pauses", id="bottomless list"),
        pytest.param("contacts", {"contact_id": "p", "account_id": "a", "consent": "[" * 9000}, "consent", id="abyss"),
        pytest.param("contacts", {"contact_id": "p", "account_id": "a", "consent": "NaN"}, "consent", id="no JSON"),
    ],
)
def test_bad_values_are_refused_with_their_field(kind: str, values: dict[str, Any], field: str) -> None:
    with pytest.raises(TenureError) as refused:
        (crm if kind in crm.MODELS else services).add(kind, values, by="test")
    assert refused.value.where["field"] == field
    assert refused.value.fix
    assert len(str(refused.value)) < 500, "a refusal says no more of a value than a page can show"
    assert not OutboxEntry.objects.exists()


@pytest.mark.parametrize("write", ["edit", "end", "withdraw"])
def test_a_record_that_is_not_there_is_refused(write: str) -> None:
    arguments: dict[str, tuple[Any, ...]] = {"edit": ({"plan": "x"},), "end": ("2024-02-01",), "withdraw": ()}
    with pytest.raises(TenureError) as refused:
        getattr(services, write)("subscriptions", "no/such/main/key", *arguments[write], by="test")
    assert refused.value.code == "record.unknown"


def test_the_clock_never_goes_back(monkeypatch: Any) -> None:
    from tenure.apps.workspaces.services import writing

    first = crm.add("accounts", {"account_id": "a"}, by="test")
    monkeypatch.setattr(writing.timezone, "now", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    second = crm.edit("accounts", "a", {"name": "A"}, by="test")
    assert second.recorded_at >= first.recorded_at


def test_every_model_has_the_columns_of_its_table() -> None:
    from tenure.apps.workspaces.services import lake

    for model in lake.version_models():
        fields = {field.name for field in model._meta.get_fields()}
        assert set(model.content()) <= fields
        assert {c.name for c in model.table().inputs} - {"row_id", "recorded_at", "superseded_at"} <= set(
            model.content()
        )


def test_the_second_of_two_editors_is_told_and_nothing_is_overwritten(operator: Any, owner: Any) -> None:
    seen = services.add("subscriptions", SUBSCRIPTION, by=operator).row_id
    services.edit("subscriptions", KEY, {"quantity": "3"}, by=owner, seen=seen)
    for write in (
        lambda: services.edit("subscriptions", KEY, {"quantity": "5"}, by=operator, seen=seen),
        lambda: services.end("subscriptions", KEY, "2024-06-01", by=operator, seen=seen),
        lambda: services.withdraw("subscriptions", KEY, by=operator, seen=seen),
    ):
        with pytest.raises(RecordChanged) as refused:
            write()
        assert refused.value.code == "record.changed"
        assert refused.value.where["fields"] == ["quantity"]
        assert "Olga" in refused.value.where["by"]
        live = SubscriptionVersion.objects.live().get()
        assert (refused.value.where["version"], live.quantity) == (live.row_id, Decimal(3))
    services.edit("subscriptions", KEY, {"quantity": "5"}, by=operator, seen=live.row_id)
    assert SubscriptionVersion.objects.live().get().quantity == Decimal(5)


def test_an_editor_of_a_record_that_was_withdrawn_or_moved_is_told(operator: Any, owner: Any) -> None:
    seen = services.add("subscriptions", SUBSCRIPTION, by=operator).row_id
    services.edit("subscriptions", KEY, {"start": "2024-02-01"}, by=owner, seen=seen)
    with pytest.raises(RecordChanged) as refused:
        services.edit("subscriptions", KEY, {"quantity": "5"}, by=operator, seen=seen)
    assert refused.value.where["fields"] == ["start"]
    seen = SubscriptionVersion.objects.live().get().row_id
    services.withdraw("subscriptions", "a/s/main/2024-02-01", by=owner, reason="a test order")
    with pytest.raises(RecordChanged) as refused:
        services.edit("subscriptions", "a/s/main/2024-02-01", {"quantity": "5"}, by=operator, seen=seen)
    assert (refused.value.where["verb"], refused.value.where["version"]) == ("withdrew", None)


def test_a_version_of_another_record_is_no_leave_to_write(operator: Any, owner: Any) -> None:
    services.add("subscriptions", SUBSCRIPTION, by=operator)
    other = services.add("subscriptions", {**SUBSCRIPTION, "subscription_id": "t"}, by=owner).row_id
    for seen in (other, "made-up"):
        with pytest.raises(RecordChanged):
            services.edit("subscriptions", KEY, {"quantity": "5"}, by=operator, seen=seen)


@pytest.mark.parametrize("reason", ["a\x00b", "\ud800", "x" * 20_000])
def test_a_reason_is_text_that_both_stores_keep(reason: str) -> None:
    with pytest.raises(TenureError) as refused:
        services.add("subscriptions", SUBSCRIPTION, by="test", reason=reason)
    assert refused.value.where["field"] == "reason"


@pytest.mark.django_db(transaction=True)
def test_of_two_editors_at_the_same_moment_one_writes_and_one_is_told(home: Any) -> None:
    seen = services.add("subscriptions", SUBSCRIPTION, by="first").row_id
    together, said = threading.Barrier(2), []

    def save(quantity: str) -> None:
        together.wait()
        try:
            said.append(services.edit("subscriptions", KEY, {"quantity": quantity}, by=quantity, seen=seen).quantity)
        except RecordChanged as problem:
            said.append(problem.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(quantity,)) for quantity in ("7", "8")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    live = SubscriptionVersion.objects.live().get()
    assert sorted(map(str, said)) == sorted([str(live.quantity), "record.changed"])
    assert SubscriptionVersion.objects.count() == 2


def test_the_history_of_a_record_says_who_when_why_and_what(operator: Any, owner: Any, import_rows: Any) -> None:
    import_rows([{**SUBSCRIPTION, "amount": Decimal(10), "start": date(2024, 1, 1)}], by=operator)
    services.edit("subscriptions", KEY, {"quantity": "3"}, by=owner, reason="two more seats")
    services.edit("subscriptions", KEY, {"start": "2024-02-01"}, by=owner)
    moved = "a/s/main/2024-02-01"
    services.withdraw("subscriptions", moved, by=operator, reason="a test order")
    services.add("subscriptions", {**SUBSCRIPTION, "start": "2024-02-01"}, by=operator)
    told = [(s.verb, s.actor.split(" ")[0], s.reason, s.fields) for s in history.steps(SubscriptionVersion, moved)]
    assert told == [
        ("added", "Otto", "", ()),
        ("withdrew", "Otto", "a test order", ()),
        ("edited", "Olga", "", ("start",)),
        ("edited", "Olga", "two more seats", ("quantity",)),
        ("imported", "Otto", "", ()),
    ]


def test_the_newest_step_can_be_undone(known: Any) -> None:
    added = services.add("subscriptions", SUBSCRIPTION, by="test")
    edited = services.edit("subscriptions", KEY, {"quantity": "3", "start": "2024-02-01"}, by="test")
    with pytest.raises(RecordChanged):
        services.undo("subscriptions", KEY, by="test", seen=added.row_id)
    back = services.undo("subscriptions", edited.version_key, by="test", seen=edited.row_id)
    assert (back.quantity, back.version_key) == (None, KEY)
    services.withdraw("subscriptions", KEY, by="test")
    again = services.undo("subscriptions", KEY, by="test", seen=back.row_id)
    assert known("subscriptions", "start", "quantity") == [(date(2024, 1, 1), Decimal(1))]
    services.withdraw("subscriptions", KEY, by="test", seen=again.row_id)
    new = services.add("subscriptions", SUBSCRIPTION, by="test")
    assert services.undo("subscriptions", KEY, by="test", seen=new.row_id) is None
    assert known("subscriptions", "start") == []
