"""Merging and its undo: nothing is lost, one audit entry, and what changed since stays; and the search for pairs."""

from __future__ import annotations

from typing import Any

import pytest

from tenure.apps.crm import duplicates, merging, selectors
from tenure.apps.crm import services as crm
from tenure.apps.crm.models import (
    AccountVersion,
    ActivityVersion,
    CommitteeMemberVersion,
    ContactVersion,
    DuplicatePair,
)
from tenure.apps.workspaces.models import AuditEntry, Member, OutboxEntry
from tenure.apps.workspaces.services import records
from tenure.apps.workspaces.services.writing import writing
from tenure.core.errors import TenureError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]
CHILDREN = 1_000


def content(model: Any) -> dict[str, Any]:
    return {one.version_key: one.as_row() for one in model.objects.live()}


def accounts(**named: dict[str, Any]) -> None:
    for account_id, values in named.items():
        crm.add("accounts", {"account_id": account_id, **values}, by="test")


def test_a_thousand_children_each_are_all_there_after_a_merge_and_after_its_undo() -> None:
    accounts(a={"name": "甲科技", "owner": "ann", "tier": "A"}, b={"name": "甲", "owner": "ben"})
    with writing("test") as write:
        for model, name, values in (
            (ContactVersion, "contact_id", {}),
            (ActivityVersion, "activity_id", {"kind": "note", "subject": "x"}),
        ):
            model.objects.bulk_create(
                model(version_key=f"{of}{n}", row_id=f"{of}{n}", recorded_at=write.now, account_id=of,
                      **{name: f"{of}{n}"}, **values)
                for of in "ab" for n in range(CHILDREN // 2)
            )  # fmt: skip
    before = {model: content(model) for model in (AccountVersion, ContactVersion, ActivityVersion)}
    entries = AuditEntry.objects.count()
    entry = crm.merge_account("a", "b", by="test", take=["tier"])
    assert AuditEntry.objects.count() == entries + 1
    assert selectors.family("b") == ("b", "a")
    theirs = ContactVersion.objects.live().filter(account_id__in=selectors.family("b"))
    assert theirs.count() == CHILDREN
    merged = content(AccountVersion)
    assert (merged["b"]["tier"], merged["b"]["owner"]) == ("A", "ben")
    assert (merged["a"]["merged_into"], merged["a"]["owner"]) == ("b", "ben")
    assert merging.undo(entry.pk, by="test").kept == ()
    assert {model: content(model) for model in before} == before
    assert AuditEntry.objects.count() == entries + 2


def test_what_changed_since_the_merge_stays_and_is_told() -> None:
    accounts(a={"tier": "A", "region": "华东"}, b={"tier": "B"})
    entry = crm.merge_account("a", "b", by="test", take=["tier", "region"])
    crm.edit("accounts", "b", {"tier": "C", "industry": "it"}, by="test")
    assert merging.undo(entry.pk, by="test").kept == (("accounts", "b", "tier"),)
    b = records.live(AccountVersion, "b")
    assert (b.tier, b.region, b.industry) == ("C", None, "it")
    with pytest.raises(TenureError, match="taken back already"):
        merging.undo(entry.pk, by="test")


def test_a_merged_account_follows_the_owner_and_the_usual_undo_takes_the_merge_back() -> None:
    accounts(a={"owner": "ann"}, b={"owner": "ben", "tier": "B"})
    crm.merge_account("a", "b", by="test")
    crm.edit("accounts", "b", {"owner": "eve"}, by="test")
    crm.edit_accounts(["b"], {"owner": "fay"}, by="test")
    assert {one.owner for one in AccountVersion.objects.live()} == {"fay"}
    accounts(c={}, d={})
    crm.merge_account("c", "d", by="test", take=["tier"])
    crm.undo("accounts", "c", by="test", seen=records.live(AccountVersion, "c").row_id)
    assert records.live(AccountVersion, "c").merged_into is None


@pytest.mark.parametrize(
    ("away", "stays", "take", "code"),
    [
        pytest.param("a", "a", (), "merge.itself", id="itself"),
        pytest.param("a", "x", (), "record.unknown", id="nowhere"),
        pytest.param("m", "a", (), "merge.already", id="merged before"),
        pytest.param("b", "m", (), "merge.already", id="into one that went"),
        pytest.param("a", "b", ("merged_into",), "merge.column", id="a column of ours"),
    ],
)
def test_merges_that_are_refused(away: str, stays: str, take: tuple[str, ...], code: str) -> None:
    accounts(a={}, b={}, m={})
    crm.merge_account("m", "b", by="test")
    with pytest.raises(TenureError) as refused:
        crm.merge_account(away, stays, by="test", take=take)
    assert refused.value.code == code


def test_who_sees_one_side_merges_nothing_and_sees_no_pair() -> None:
    ann = Member.objects.create(email="ann@example.com", display_name="Ann", role="sales", scope="own", owns_as="ann")
    accounts(a={"name": "甲科技", "owner": "ann"}, b={"name": "甲科技", "owner": "ben"}, c={"owner": "ann"})
    duplicates.find(duplicates.begin())
    assert DuplicatePair.objects.count() == 1
    assert list(selectors.pairs(ann, "accounts")) == []
    with pytest.raises(TenureError):
        selectors.pair(ann, DuplicatePair.objects.get().pk)
    for pair in (("a", "b"), ("b", "a")):
        with pytest.raises(TenureError) as refused:
            crm.merge_account(*pair, by=ann)
        assert refused.value.code == "account.unknown"
    crm.merge_account("c", "a", by=ann)


def test_contacts_become_one_and_come_apart_again() -> None:
    accounts(a={})
    for key, values in (("x", {"phone": "13800138000"}), ("y", {"email": "w@a.cn"}), ("z", {"reports_to": "x"})):
        crm.add("contacts", {"contact_id": key, "account_id": "a", "name": key, **values}, by="test")
    for deal in "de":
        crm.add("deals", {"deal_id": deal, "account_id": "a"}, by="test")
    for deal, contact, more in (("d", "x", {"roles": ["champion"], "stance": 2}), ("d", "y", {"roles": ["legal"]}),
                                ("e", "x", {"influences": ["y", "z"]})):  # fmt: skip
        crm.add("committee_members", {"deal_id": deal, "contact_id": contact, **more}, by="test")
    crm.add(
        "activities",
        {"activity_id": "t", "account_id": "a", "kind": "call", "subject": "s", "contacts": ["x", "y"]},
        by="test",
    )
    models = (ContactVersion, CommitteeMemberVersion, ActivityVersion)
    before, entries = {model: content(model) for model in models}, AuditEntry.objects.count()
    entry = merging.merge("contacts", "x", "y", ["phone"], by="test")
    assert AuditEntry.objects.count() == entries + 1
    now = content(ContactVersion)
    assert set(now) == {"y", "z"}
    assert now["y"]["phone"] == "13800138000"
    assert now["z"]["reports_to"] == "y"
    seats = content(CommitteeMemberVersion)
    assert set(seats) == {"d/y", "e/y"}
    assert seats["d/y"]["stance"] == 2
    assert seats["e/y"]["influences"] == '["z"]'
    assert seats["d/y"]["roles"] == '["legal","champion"]'
    assert content(ActivityVersion)["t"]["contacts"] == '["y"]'
    merging.undo(entry.pk, by="test")
    assert {model: content(model) for model in models} == before


def test_a_search_keeps_what_was_decided_and_forgets_what_is_none_any_more() -> None:
    accounts(
        a={"name": "北京字节跳动科技有限公司"}, b={"name": "字节跳动科技(北京)有限公司"},
        c={"name": "云梯科技", "domain": "yt.cn"}, d={"name": "云梯科技公司", "domain": "www.yt.cn"}, e={"name": "无"},
    )  # fmt: skip
    for key, of in (("x", "c"), ("y", "d")):
        crm.add("contacts", {"contact_id": key, "account_id": of, "email": "W@yt.cn"}, by="test")
    search = duplicates.find(duplicates.begin())
    found = {(one.left, one.right): one.verdict for one in DuplicatePair.objects.all()}
    assert found == {("a", "b"): "review", ("c", "d"): "same"}
    assert search.found == 2
    merging.tell_apart(DuplicatePair.objects.get(left="a").pk, by="test")
    crm.merge_account("d", "c", by="test")
    assert {(one.kind, one.left, one.right, one.state) for one in DuplicatePair.objects.exclude(left="a")} == {
        ("accounts", "c", "d", "merged"), ("contacts", "x", "y", "open")
    }  # fmt: skip
    crm.edit("contacts", "y", {"email": "other@yt.cn"}, by="test")
    assert duplicates.find(duplicates.begin()).found == 0
    assert {one.state for one in DuplicatePair.objects.all()} == {"merged", "distinct"}
    assert OutboxEntry.objects.exists()


def test_what_is_like_a_new_record_is_shown_before_it_is_written() -> None:
    owner = Member.objects.create(email="o@example.com", display_name="O", role="owner")
    accounts(a={"name": "上海云梯科技有限公司", "domain": "yt.cn"}, b={"name": "云图"})
    crm.add("contacts", {"contact_id": "x", "account_id": "a", "email": "w@yt.cn"}, by="test")
    [near] = duplicates.like(owner, "accounts", {"name": "云梯科技", "domain": "https://yt.cn"})
    assert (near.record.account_id, near.match.verdict) == ("a", "same")
    [person] = duplicates.like(owner, "contacts", {"account_id": "a", "email": "W@YT.cn"})
    assert person.match.verdict == "same"
    assert duplicates.like(owner, "accounts", {"name": None}) == duplicates.like(owner, "contacts", {}) == []
