"""Custom fields: what they take, how exactly they keep it, who sees it, and what stays when one is removed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tenure.apps.crm import services as crm
from tenure.apps.crm.models import AccountVersion
from tenure.apps.workspaces.models import AuditEntry, CustomField
from tenure.apps.workspaces.services import custom, records
from tenure.apps.workspaces.services.keys import create_key
from tenure.core.errors import TenureError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]


def define(key: str, type: str = "text", kind: str = "accounts", **more: Any) -> CustomField:  # noqa: A002
    return custom.define(kind, key, type, by="test", label_en=more.pop("label_en", key.title()), **more)


def kept(**given: Any) -> Any:
    """An account with these custom values, and what its `attributes` hold."""
    version = crm.add("accounts", {"account_id": "a", "custom": given}, by="test")
    return json.loads(version.attributes) if version.attributes else {}


@pytest.mark.parametrize(
    ("type", "options", "given", "held"),
    [
        pytest.param("text", [], " 红色 ", "红色", id="text is trimmed"),
        pytest.param("number", [], "0.10000000000", "0.1", id="a number is exact"),
        pytest.param("number", [], 12, "12", id="a whole number"),
        pytest.param("number", [], "0", "0", id="0 is a value"),
        pytest.param("money", ["CNY"], "99999999999999999999.01", "99999999999999999999.01", id="money is exact"),
        pytest.param("date", [], "2028-02-29", "2028-02-29", id="a day"),
        pytest.param("boolean", [], False, False, id="no is a value"),
        pytest.param("boolean", [], "yes", True, id="yes as text"),
        pytest.param("choice", ["A", "乙"], "乙", "乙", id="one of a list"),
        pytest.param("multi", ["x", "y", "z"], "z、x", ["x", "z"], id="some of a list, in its order"),
        pytest.param("multi", ["x", "y"], ["y"], ["y"], id="some of a list as a list"),
        pytest.param("member", [], "OTTO@example.com", "otto@example.com", id="a member by address"),
        pytest.param("url", [], "https://例子.com/a?b=1", "https://例子.com/a?b=1", id="an address"),
    ],
)
def test_what_a_field_keeps(operator: Any, type: str, options: list[str], given: Any, held: Any) -> None:  # noqa: A002
    define("size", type, options=options)
    assert kept(size=given) == {"size": held}
    before = AuditEntry.objects.count()
    crm.edit("accounts", "a", {"custom": {"size": given}}, by="test")
    assert AuditEntry.objects.count() == before  # the same again is no version
    assert crm.edit("accounts", "a", {"custom.size": None}, by="test").attributes is None


@pytest.mark.parametrize(
    ("type", "options", "given"),
    [
        pytest.param("number", [], "many", id="no number"),
        pytest.param("number", [], 0.1, id="a binary fraction"),
        pytest.param("number", [], "NaN", id="not a number"),
        pytest.param("number", [], True, id="yes is no number"),
        pytest.param("money", ["CNY"], "1e30", id="too large"),
        pytest.param("date", [], "2027-02-29", id="no such day"),
        pytest.param("date", [], "31/12/2026", id="another order"),
        pytest.param("boolean", [], "maybe", id="neither yes nor no"),
        pytest.param("choice", ["A"], "a", id="not in the list"),
        pytest.param("choice", ["A"], ["A"], id="a list for one"),
        pytest.param("multi", ["x"], ["x", "w"], id="one not in the list"),
        pytest.param("multi", ["x"], [{"x": 1}], id="no texts"),
        pytest.param("member", [], "nobody@example.com", id="nobody"),
        pytest.param("url", [], "javascript:alert(1)", id="a script"),
        pytest.param("url", [], "https://", id="no host"),
        pytest.param("text", [], "a\x00b", id="a NUL"),
        pytest.param("text", [], {"a": 1}, id="an object"),
        pytest.param("text", [], "\ud800", id="half a character"),
    ],
)
def test_what_a_field_refuses(type: str, options: list[str], given: Any) -> None:  # noqa: A002
    define("size", type, options=options)
    with pytest.raises(TenureError) as refused:
        kept(size=given)
    assert (refused.value.code, refused.value.where["field"]) == ("record.bad_value", "custom.size")
    assert not AccountVersion.objects.exists()


@pytest.mark.parametrize(
    "key", ["", "Size", "a b", "a.b", "name", "tier", "attributes", "custom", "__proto__", "constructor", "1a",
            "a" * 41, "größe", "a\n", 'a"', "a'; drop table", "大小"],
)  # fmt: skip
def test_hostile_keys_are_refused(key: str) -> None:
    with pytest.raises(TenureError) as refused:
        define(key, label_en="Size")
    assert refused.value.code == "field.bad_key"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"type": "blob"}, id="no such type"),
        pytest.param({"kind": "passwords"}, id="no such kind"),
        pytest.param({"label_en": " "}, id="no label"),
        pytest.param({"label_en": "x" * 101}, id="a long label"),
        pytest.param({"type": "choice"}, id="nothing to choose"),
        pytest.param({"type": "choice", "options": [f"{n}" for n in range(201)]}, id="too much to choose"),
        pytest.param({"type": "multi", "options": ["a, b"]}, id="a comma in a choice"),
        pytest.param({"type": "money"}, id="money without currency"),
        pytest.param({"type": "money", "options": ["yuan"]}, id="no currency"),
        pytest.param({"options": ["\x00"]}, id="a NUL"),
    ],
)
def test_broken_definitions_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(TenureError):
        define("size", **given)
    assert not CustomField.objects.exists()


def test_a_required_field_is_asked_of_new_records_alone() -> None:
    crm.add("accounts", {"account_id": "old"}, by="test")
    define("size", required=True)
    with pytest.raises(TenureError) as refused:
        kept()
    assert (refused.value.code, refused.value.where["field"]) == ("record.missing_value", "custom.size")
    crm.edit("accounts", "old", {"tier": "S", "custom": {}}, by="test")
    crm.edit("accounts", "old", {"custom": {"size": "12"}}, by="test")
    with pytest.raises(TenureError):
        crm.edit("accounts", "old", {"custom": {"size": ""}}, by="test")
    crm.add("accounts", {"account_id": "made by a job"}, by="test")  # says nothing of custom fields


def test_a_removed_field_keeps_its_values_and_stays_personal(operator: Any) -> None:
    found = define("budget", "money", options=["CNY"], personal=True)
    crm.add("accounts", {"account_id": "a", "attributes": '{"Old heading":"x"}', "custom": {"budget": "5"}}, by="test")
    custom.remove(found, by=operator)
    version = crm.edit("accounts", "a", {"tier": "S"}, by="test")
    assert json.loads(version.attributes) == {"Old heading": "x", "budget": "5"}
    assert custom.without(version.attributes, {"custom.budget"}) == '{"Old heading":"x"}'
    assert custom.personal_keys("accounts") == {"budget"}
    with pytest.raises(TenureError) as refused:
        crm.edit("accounts", "a", {"custom": {"budget": "6"}}, by="test")
    assert refused.value.code == "record.unknown_field"
    define("budget", "number")
    assert [entry.verb for entry in AuditEntry.objects.filter(kind=custom.KIND)] == ["created", "deleted", "created"]


def test_a_definition_changes_with_what_it_was(operator: Any) -> None:
    found = define("stage", "choice", options=["a"])
    custom.change(found, by=operator, options=["a", "b"], label_zh="阶段", position=7)
    entry = AuditEntry.objects.get(kind=custom.KIND, verb="edited")
    assert entry.before == {"options": ["a"], "label_zh": "", "position": 0}
    assert entry.after == {"options": ["a", "b"], "label_zh": "阶段", "position": 7}


@pytest.mark.parametrize("role", ["success", "sales", "analyst", "viewer"])
def test_who_may_not_define(role: str, owner: Any) -> None:
    key, _text = create_key("p", role, by=owner)
    with pytest.raises(TenureError, match="define_fields"):
        custom.define("accounts", "size", "text", by=key, label_en="Size")


def test_custom_values_reach_the_lake_and_can_be_asked_for(known: Any) -> None:
    define("size", "number")
    crm.add("accounts", {"account_id": "a", "custom": {"size": "1.50"}}, by="test")
    assert known("accounts", "attributes") == [('{"size":"1.5"}',)]


def test_a_record_is_put_with_its_custom_fields() -> None:
    define("size", "number", required=True)

    def put(**own: Any) -> tuple[Any, bool]:
        return records.put(
            AccountVersion, "a", {"custom": own},
            add=lambda given: crm.add("accounts", given, by="test"),
            edit=lambda given: crm.edit("accounts", "a", given, by="test"),
        )  # fmt: skip

    with pytest.raises(TenureError):
        put()
    made, again = put(size="1"), put(size="1.0")
    assert (made[1], again[1], made[0].row_id) == (True, False, again[0].row_id)


def test_a_file_fills_custom_fields_by_key_or_label(tmp_path: Any, operator: Any) -> None:
    from tenure.apps.connectors import files

    define("group", "choice", options=["North", "South"], label_zh="集团")  # the heading 集团 could be the parent's
    define("shops", "number", label_en="Number of shops")
    given = tmp_path / "accounts.csv"
    given.write_text("account_id,集团,number of shops,Old heading\na,North,12.50,x\nb,East,7,\nc,,many,\nd,South,,\n")
    options = files.Options(skip_bad=True)
    outcome = files.run_import(given, "accounts", options, by=operator)
    held = {one.account_id: json.loads(one.attributes) for one in AccountVersion.objects.live()}
    assert held == {"a": {"group": "North", "shops": "12.5", "Old heading": "x"}, "d": {"group": "South"}}
    told = [(one.code, one.row, one.column) for one in outcome.outcome.problems]
    assert told == [("import.bad_custom", 3, "group"), ("import.bad_custom", 4, "shops")]
    assert AccountVersion.objects.live().get(account_id="a").parent_id is None
    again = files.run_import(given, "accounts", options, by=operator)
    assert (again.created, again.changed, again.unchanged) == (0, 0, 2)
