"""Whose accounts somebody sees: own, the team's, or all; the same through every question, page and key."""

from __future__ import annotations

import html
import importlib.util
import io
import json
import re
import shutil
import zipfile
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.test import Client

import tenure
from tenure.apps.crm import selectors as crm
from tenure.apps.subscriptions import selectors as subscriptions
from tenure.apps.workspaces.models import Member
from tenure.apps.workspaces.permissions import NotAllowed, may, owners_visible_to, require
from tenure.apps.workspaces.services import keys, members, teams
from tenure.core.errors import TenureError
from tenure.warehouse.questions import FAMILIES
from tenure.warehouse.questions.base import Question
from tenure.web import asking

ACCOUNTS = [
    {"account_id": "acme", "name": "Acme Works", "owner": "Sally Wang", "region": "north"},
    {"account_id": "birch", "name": "Birch Mill", "owner": "ＳＡＬＬＹ wang", "region": "south"},
    {"account_id": "cedar", "name": "Cedar House", "owner": "tom@example.com", "region": "north"},
    {"account_id": "dune", "name": "Dune Foods", "owner": "Una", "region": "south"},
    {"account_id": "elmwood", "name": "Elm Nobody", "owner": None, "region": "north"},
    {"account_id": "figtree", "name": "Fir Odd", "owner": "(none)", "region": "north"},
]
OWNED = {"own": ("acme", "birch"), "team": ("acme", "birch", "cedar"), "all": tuple(a["account_id"] for a in ACCOUNTS)}
SUBSCRIPTIONS = [
    {
        "account_id": a["account_id"],
        "subscription_id": f"sub-{a['account_id']}-{part}",
        "plan": plan,
        "amount": str(amount + 10 * i),
        "quantity": 1,
        "start": start,
        "end": end,
    }
    for i, a in enumerate(ACCOUNTS)
    for part, plan, amount, start, end in (
        ("one", "team", 100, f"2024-01-{i + 3:02}", None),
        ("two", "solo", 50, "2024-02-10", f"2024-03-{i + 3:02}"),
    )
]
SUBSCRIPTIONS += [
    {**SUBSCRIPTIONS[2 * i], "row_id": f"{a['account_id']}-twice", "end": "2023-01-01"} for i, a in enumerate(ACCOUNTS)
]
CONTRACTS = [
    {
        "contract_id": f"deal-{a['account_id']}-{part}",
        "account_id": a["account_id"],
        "currency": "USD",
        "total": str(1200 + 12 * i),
        "start": start,
        "end": end,
        "renews": renews,
        "plan": "team",
        "notice_days": 30,
    }
    for i, a in enumerate(ACCOUNTS)
    # each first contract is renewed by the next account's as well: what is shown behind it stays with its own account
    for part, start, end, renews in (
        ("old", "2023-04-01", "2024-04-01", []),
        (
            "new",
            "2024-04-01",
            "2025-04-01",
            [f"deal-{a['account_id']}-old", f"deal-{ACCOUNTS[i - 1]['account_id']}-old"],
        ),
    )
]
INVOICES = [
    {
        "line_id": f"line-{a['account_id']}",
        "account_id": a["account_id"],
        "type": "subscription",
        "plan": "team",
        "amount": "30",
        "currency": "USD",
        "interval": "month",
        "period_start": "2024-02-01",
        "period_end": "2024-03-01",
    }
    for a in ACCOUNTS
]
DID = (("signup", 1, "/"), ("search", 1, "/s"), ("search", 2, "/s"), ("pay", 3, "/p"))
"""What every account did; one event more is of each alone, by whose name an answer would tell of others."""
EVENTS = [
    {
        "event_id": f"event-{a['account_id']}-{n}",
        "account_id": a["account_id"],
        "user_id": f"user-{a['account_id']}",
        "event": event,
        "ts": f"2024-0{month}-{i + 3:02}T08:00:00Z",
        "properties": {"page": page, "seats": i},
    }
    for i, a in enumerate(ACCOUNTS)
    for n, (event, month, page) in enumerate((*DID, (f"of {a['account_id']}", 3, "/")))
]
CLOSES = [{"month": "2024-02", "closed_at": "2024-03-01T00:00:00+00:00", "closed_by": "Olga", "note": None}]
TOUCHES = [
    {"touch_id": f"touch-{a['account_id']}-{n}", "account_id": a["account_id"], "contact_id": f"who-{a['account_id']}",
     "ts": f"2024-01-{n + 3:02}T08:00:00Z", "channel": channel}
    for a in ACCOUNTS
    for n, channel in enumerate(("SEM", f"of {a['account_id']}", "Call"))
]  # fmt: skip
DEALS = [
    {"deal_id": f"sale-{a['account_id']}", "account_id": a["account_id"], "amount": 100 + i, "currency": "USD",
     "created_at": "2024-01-10T08:00:00Z", "won_at": "2024-02-10T08:00:00Z"}
    for i, a in enumerate(ACCOUNTS)
]  # fmt: skip
TABLES = {
    "accounts": ACCOUNTS,
    "subscriptions": SUBSCRIPTIONS,
    "contracts": CONTRACTS,
    "invoice_lines": INVOICES,
    "closes": CLOSES,
    "events": EVENTS,
    "touches": TOUCHES,
    "deals": DEALS,
}
RECORDED = datetime(2024, 2, 15, tzinfo=UTC)
AFTER_THE_CLOSE = datetime(2024, 4, 15, tzinfo=UTC)
SPAN = {"from": "2024-01", "to": "2024-05"}
MONTHLY = {"period": "month", "first_interval": "2024-01-01", "intervals": 3}
QUESTIONS = {
    "movements": ({**SPAN, "by": ["owner"]}, {"period": "2024-02", "kind": "new"}),
    "ledger": (SPAN, {"date": "2024-01-06", "account_id": "{foreign}"}),
    "revenue_metrics": ({**SPAN, "by": ["account_id"]}, {"period": "2024-03", "metric": "mrr"}),
    "accounts": ({"as_of": "2024-02-20"}, {"account_id": "{foreign}"}),
    "cohorts": ({"from": "2023-01", "to": "2024-05", "by": ["owner"]}, {"cohort": "2023-04"}),
    "renewals": ({**SPAN, "as_of": "2024-04-10", "by": ["owner"]}, {"period": "2024-03", "kind": "expiring"}),
    "contracts_due": ({"as_of": "2024-02-01"}, {"contract_id": "deal-{foreign}-old"}),
    "committed_mrr": ({"as_of": "2024-02-20"}, {"kind": "mrr"}),
    "ltv": ({"as_of": "2024-03-31", "by": ["owner"]}, {"slice": str(ACCOUNTS[0]["owner"])}),
    "definition_diff": ({**SPAN, "definitions": ["default", "chartmogul-like"]}, None),
    "invoiced": ({**SPAN, "by": ["account_id"]}, {"period": "2024-02"}),
    "reconcile": ({"totals": [{"period": "2024-02", "amount": "1"}], "compare": "invoiced"}, {"period": "2024-02"}),
    "anomalies": ({}, {"row": "{foreign}-twice"}),
    "funnel": (
        {
            "steps": [{"event": "signup"}, {"event": "search"}],
            "unit": "account",
            "breakdown": {"prop": "owner"},
            "trend": "month",
        },
        {"step": "2"},
    ),
    "retention": (
        {**MONTHLY, "unit": "account", "breakdown": {"prop": "region"}},
        {"cohort": "2024-01", "column": "1"},
    ),
    "feature_retention": ({**MONTHLY, "revenue": True}, {"feature": "search"}),
    "lifecycle_contracts": (
        {"period": "month", "now": "2024-04-02", "due_days": 400},
        {"state": "dormant", "contract": "due"},
    ),
    "account_stickiness": ({"as_of": "2024-03-20"}, {"account_id": "{foreign}"}),
    "lifecycle": (MONTHLY, {"interval": "2024-02", "state": "returning"}),
    "stickiness": ({**MONTHLY, "cumulative": True}, {"k": "2"}),
    "paths": ({"node": "prop:page", "session_gap_seconds": 31_536_000}, {"from": "1_/", "to": "2_/s"}),
    "trend": (
        {"from": "2024-01", "to": "2024-03", "period": "month", "measure": "sum:seats", "breakdown": {"prop": "name"}},
        {"interval": "2024-02"},
    ),
    "actors": (
        {"of": {"question": "lifecycle", **MONTHLY}, "cell": {"interval": "2024-01", "state": "new"}},
        None,
    ),
    "attribution": ({"bootstrap": 20}, {"channel": "of {foreign}"}),
    "event_catalogue": ({"to": "2024-03-31"}, None),
    "event_properties": ({"event": "search", "to": "2024-03-31"}, None),
    "restatements": (SPAN, {"month": "2024-02", "account_id": "{foreign}"}),
}
"""Every question that can be limited, with a cell; `{foreign}` names an account, of others or of one's own."""
OF_NO_ACCOUNT = {"closes"}
OF_THE_FIRM = {"channels", "cac"}  # spend is nobody's: who sees some accounts is refused
CASES = [pytest.param(scope, name, id=f"{scope} {name}") for scope in OWNED for name in QUESTIONS]


def test_every_question_is_listed():
    assert {*QUESTIONS, *OF_NO_ACCOUNT, *OF_THE_FIRM} == set(FAMILIES)
    assert {name for name, family in FAMILIES.items() if not family.of_accounts} == OF_NO_ACCOUNT
    limited = {name for name, family in FAMILIES.items() if "where" in {f.name for f in fields(family)}}
    assert limited == set(QUESTIONS)


@pytest.fixture(scope="module")
def lakes(tmp_path_factory):
    """The whole workspace, and by scope one in which nothing else ever was."""

    def filled(keep):
        folder = tmp_path_factory.mktemp("lake")
        opened = tenure.open(folder, settings={"reporting_currency": "USD", "timezone": "UTC"})
        for table, rows in TABLES.items():
            kept = [row for row in rows if "account_id" not in row or row["account_id"] in keep]
            opened.load(table, kept, recorded_at=RECORDED)
        late = [{**row, "subscription_id": f"late-{row['account_id']}"} for row in SUBSCRIPTIONS[::2]]
        opened.load("subscriptions", [row for row in late if row["account_id"] in keep], recorded_at=AFTER_THE_CLOSE)
        return folder

    return {scope: filled(keep) for scope, keep in OWNED.items()}


@pytest.fixture
def cast(db, lakes, settings):
    """Sally, who sees her own accounts; Tess, her team's; Ann, all; and the accounts in the store."""
    from tenure.apps.crm import services

    settings.TENURE_HOME = lakes["all"]
    for account in ACCOUNTS:
        services.add("accounts", account, by="the test")
    from tenure.apps.workspaces.models import OutboxEntry

    OutboxEntry.objects.all().delete()  # the lake has them already
    north = teams.create_team("North", by="the test")

    def made(email, role, scope, team=None, owns_as=""):
        member = members.create_member(email, email, role, by="the test")
        return teams.set_scope(member, scope=scope, team=team, owns_as=owns_as, by="the test")

    tom = made("tom@example.com", "sales", "own", north)
    return {
        "own": made("sally@example.com", "sales", "own", north, "sally WANG"),
        "team": made("tess@example.com", "success", "team", north),
        "all": made("ann@example.com", "operator", "all"),
        "tom": tom,
        "north": north,
    }


def _foreign(scope):
    return [a for a in OWNED["all"] if a not in OWNED[scope]]


@pytest.mark.parametrize(("scope", "name"), CASES)
def test_an_answer_is_as_if_nothing_else_were_there(cast, lakes, scope, name):
    question, _cell = QUESTIONS[name]
    answer = asking.workspace(cast[scope]).ask({"question": name, **question})
    alone = tenure.open(lakes[scope]).ask({"question": name, **question})
    shown, expected = answer.to_json(), alone.to_json()
    if name in ("renewals", "contracts_due"):  # what renews a contract from another account counts for the contract
        shown, expected = ({**j, "rows": [_without_successors(r) for r in j["rows"]]} for j in (shown, expected))
    if name in ("ledger", "restatements"):  # ids of rows are given when they are loaded
        shown, expected = ({**j, "rows": [{**r, "rows": len(r["rows"])} for r in j["rows"]]} for j in (shown, expected))
    assert shown["rows"] == expected["rows"] != []
    if name != "accounts":  # its one check is for who sees all
        assert shown["checks"] == expected["checks"]
    assert shown["notes"] == expected["notes"]


def _without_successors(row):
    return {k: v for k, v in row.items() if not k.startswith(("new_mrr", "net_", "gross_"))}


@pytest.mark.parametrize(("scope", "name"), CASES)
def test_no_answer_or_proof_names_an_account_of_others(cast, client, scope, name):
    question, cell = QUESTIONS[name]
    client.force_login(cast[scope])
    hidden = _foreign(scope)
    texts = [_post(client, "/api/ask", {"question": name, **question})]
    cells = [] if cell is None else [{k: v.format(foreign=a) for k, v in cell.items()} for a in OWNED["all"]]
    for there in [one for i, one in enumerate(cells) if one not in cells[:i]]:
        texts.append(_post(client, "/api/rows-behind", {"question": {"question": name, **question}, "cell": there}))
    for said in [json.loads(text) for text in texts if "file" in json.loads(text)]:
        whole = pq.read_table(io.BytesIO(b"".join(client.get(said["file"]).streaming_content)))
        assert whole.num_rows == said["count"]
        assert not [one for one in hidden if one in str(whole.to_pylist()).lower()]
    for account in hidden:
        for text in texts:
            if not text.startswith('{"error"'):
                body = json.loads(text)
                for own in ("cell", "file"):  # what the caller said comes back
                    body.pop(own, None)
                said = json.dumps({k: v for k, v in body.items() if k != "sql"}).lower()
                assert account not in said, said[:800]
    assert not texts[0].startswith('{"error"'), texts[0]


def _post(client, address, body):
    return client.post(address, json.dumps(body), content_type="application/json").content.decode()


@dataclass(frozen=True)
class Everything(Question):
    name = "everything"


@pytest.mark.parametrize("scope", ["own", "team"])
def test_what_cannot_be_limited_is_refused(cast, scope):
    for asked in (Everything(), *({"question": name} for name in sorted(OF_THE_FIRM))):
        with pytest.raises(NotAllowed) as refused:
            asking.workspace(cast[scope]).ask(asked)
        assert refused.value.code == "permission.scope"
    with pytest.raises(NotAllowed):
        _ = asking.workspace(cast[scope]).whole
    assert asking.workspace(cast["all"]).whole.read("accounts").num_rows == len(ACCOUNTS)
    closes = asking.workspace(cast[scope]).ask({"question": "closes", **SPAN}).to_dicts()
    assert [row["month"] for row in closes] == ["2024-02"]


@pytest.mark.parametrize(
    "where",
    [
        pytest.param({"owner": "Una"}, id="asks for somebody else"),
        pytest.param([{"prop": "owner", "op": "ne", "value": "x"}], id="asks for everybody"),
        pytest.param([{"prop": "owner", "op": "not_set"}], id="asks for nobody's"),
        pytest.param({"account_id": "dune"}, id="asks for an account"),
    ],
)
def test_a_condition_of_ones_own_narrows_and_never_widens(cast, where):
    answer = asking.workspace(cast["own"]).ask({"question": "accounts", "as_of": "2024-02-20", "where": where})
    assert {row["account_id"] for row in answer.to_dicts()} <= set(OWNED["own"])


def test_what_was_once_answered_is_not_answered_to_others(cast):
    question = {"question": "accounts", "as_of": "2024-02-20"}
    seen = {}
    for scope in ("all", "own", "team", "own", "all"):
        rows = asking.workspace(cast[scope]).ask(question).to_dicts()
        assert seen.setdefault(scope, rows) == rows
        assert sorted(row["account_id"] for row in rows) == sorted(OWNED[scope])


@pytest.mark.parametrize("scope", OWNED)
def test_records(cast, scope):
    caller = cast[scope]
    assert {a.account_id for a in crm.accounts_visible_to(caller)} == set(OWNED[scope])
    assert set(crm.names(caller, OWNED["all"])) == set(OWNED[scope])
    for account in OWNED["all"]:
        if account in OWNED[scope]:
            assert crm.account_for(caller, account).account_id == account
        else:
            with pytest.raises(TenureError) as refused:
                crm.account_for(caller, account)
            assert refused.value.code == "account.unknown"


@pytest.mark.parametrize("scope", OWNED)
def test_contracts_and_subscriptions_follow_their_account(cast, scope):
    from tenure.apps.subscriptions import services

    for account in OWNED["all"]:
        services.add("contracts", {"contract_id": f"k-{account}", "account_id": account, "total": "1",
                                   "start": "2024-01-01", "end": "2025-01-01"}, by="the test")  # fmt: skip
        services.add("subscriptions", {"subscription_id": f"s-{account}", "account_id": account, "amount": "1",
                                       "start": "2024-01-01"}, by="the test")  # fmt: skip
    caller = cast[scope]
    assert {c.account_id for c in subscriptions.contracts_visible_to(caller)} == set(OWNED[scope])
    lines = list(subscriptions.subscriptions_visible_to(caller))
    assert {s.account_id for s in lines} == set(OWNED[scope])
    assert subscriptions.contract_for(caller, "k-acme").account_id == "acme"
    assert subscriptions.subscription_for(caller, lines[0].version_key) == lines[0]
    if scope != "all":
        with pytest.raises(TenureError) as refused:
            subscriptions.contract_for(caller, "k-dune")
        assert refused.value.code == "contract.unknown"
        foreign = subscriptions.subscriptions_visible_to(cast["all"]).get(account_id="dune")
        with pytest.raises(TenureError) as refused:
            subscriptions.subscription_for(caller, foreign.version_key)
        assert refused.value.code == "subscription.unknown"


def test_the_source_recorded_last_names_the_owner(cast):
    from tenure.apps.crm.models import AccountVersion

    former = AccountVersion.objects.live().get(account_id="acme")
    AccountVersion.objects.create(
        version_key="row:/crm/77", row_id="77", given_id="77", source="crm", account_id="acme", owner="Una",
        recorded_at=former.recorded_at,
    )  # fmt: skip
    assert "acme" not in {a.account_id for a in crm.accounts_visible_to(cast["own"])}
    assert "acme" in {a.account_id for a in crm.accounts_visible_to(cast["all"])}


def test_keys_see_a_team_or_everything(cast):
    limited, _text = keys.create_key("for a program", "analyst", by="the test", team=cast["north"])
    whole, _text = keys.create_key("for another", "analyst", by="the test")
    assert owners_visible_to(whole) is None
    assert owners_visible_to(limited) == {"sally@example.com", "sally wang", "tess@example.com", "tom@example.com"}
    assert {a.account_id for a in crm.accounts_visible_to(limited)} == set(OWNED["team"])


def test_nobodys_accounts_are_nobodys_whatever_a_member_is_called(cast):
    Member.objects.filter(pk=cast["own"].pk).update(owns_as="(none)")
    sally = Member.objects.get(pk=cast["own"].pk)
    assert list(crm.accounts_visible_to(sally)) == []
    assert asking.workspace(sally).ask({"question": "accounts", "as_of": "2024-02-20"}).to_dicts() == []


def test_a_colleague_who_left_leaves_their_accounts_to_the_team(cast):
    members.deactivate(cast["tom"], by="the test")
    assert "cedar" in {a.account_id for a in crm.accounts_visible_to(cast["team"])}


@pytest.mark.parametrize("permission", ["import", "close_month", "manage_members", "erase", "export_all", "read_audit"])
def test_what_touches_every_account_needs_to_see_every_account(cast, permission):
    admin = members.create_member("ada@example.com", "Ada", "admin", by="the test")
    members.set_role(admin, "admin", by="the test")
    assert may(admin, permission)
    teams.set_scope(admin, scope="own", by="the test")
    assert not may(admin, permission)
    with pytest.raises(NotAllowed) as refused:
        require(admin, permission)
    assert refused.value.code == "permission.scope"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        pytest.param({"scope": "galaxy"}, "member.bad_scope", id="no such scope"),
        pytest.param({"scope": "team"}, "member.no_team", id="a team's, without a team"),
        pytest.param({"scope": "own", "owns_as": "Tom@Example.com"}, "member.owns_as_taken", id="their address"),
        pytest.param({"scope": "own", "owns_as": "SALLY Wang"}, "member.owns_as_taken", id="theirs"),
        pytest.param({"scope": "own", "owns_as": "(None)"}, "member.owns_as_taken", id="nobody's accounts"),
    ],
)
def test_scopes_that_cannot_be(cast, given, code):
    with pytest.raises(TenureError) as refused:
        teams.set_scope(cast["all"], by="the test", **given)
    assert refused.value.code == code


def test_an_owner_sees_all(cast):
    olga = members.create_member("olga@example.com", "Olga", "owner", by="the test")
    with pytest.raises(TenureError) as refused:
        teams.set_scope(olga, scope="own", by="the test")
    assert refused.value.code == "member.owner_sees_all"
    members.set_role(cast["own"], "owner", by="the test")
    assert Member.objects.get(pk=cast["own"].pk).scope == "all"


def test_teams_are_named_once_and_stay_while_in_use(cast):
    for name, code in ((" ", "team.bad_name"), ("ｎｏｒｔｈ", "team.exists")):
        with pytest.raises(TenureError) as refused:
            teams.create_team(name, by="the test")
        assert refused.value.code == code
    with pytest.raises(TenureError) as refused:
        teams.delete_team(cast["north"], by="the test")
    assert refused.value.code == "team.in_use"
    assert teams.rename_team(cast["north"], "Far North", by="the test").name == "Far North"
    empty = teams.create_team("South", by="the test")
    teams.delete_team(empty, by="the test")
    with pytest.raises(TenureError) as refused:
        teams.team("South")
    assert refused.value.code == "team.unknown"


@pytest.mark.parametrize(("scope", "said"), [("own", "My accounts only"), ("team", "My team"), ("all", None)])
def test_pages_say_that_they_show_some_accounts_only(cast, scope, said):
    browser = Client()
    browser.force_login(cast[scope])
    page = browser.get("/retain/movements/?from=2024-01&to=2024-05").content.decode()
    assert ('class="limit"' in page) is (said is not None)
    assert said is None or said in page
    for account in ACCOUNTS:
        if account["account_id"] in _foreign(scope):
            assert account["name"] not in page


def test_an_admin_makes_no_key_of_an_owner(cast):
    admin = members.create_member("ada@example.com", "Ada", "admin", by="the test")
    with pytest.raises(TenureError) as refused:
        keys.create_key("mine", "owner", by=admin)
    assert refused.value.code == "member.owners_only"
    key, _text = keys.create_key("mine", "admin", by=admin)
    with pytest.raises(TenureError) as refused:
        members.create_member("eve@example.com", "Eve", "owner", by=key)
    assert refused.value.code == "member.owners_only"


@pytest.fixture
def of_others(cast, lakes, settings, tmp_path):
    """A record of every kind that belongs to an account, at one that the limited members do not see; in a lake of the
    test's own, as what is asked after a change writes it there."""
    settings.TENURE_HOME = shutil.copytree(lakes["all"], tmp_path / "home")
    from tenure.apps.crm import services as crm_services
    from tenure.apps.subscriptions import services

    crm_services.add("contacts", {"contact_id": "p-dune", "account_id": "dune", "name": "Di"}, by="the test")
    for kind, values in (
        ("contracts", {"contract_id": "k-dune", "total": "1", "start": "2024-01-01", "end": "2025-01-01"}),
        ("subscriptions", {"subscription_id": "s-dune", "amount": "1", "start": "2024-01-01"}),
        ("trials", {"trial_id": "t-dune", "start": "2024-01-01"}),
        ("invoice_lines", {"line_id": "i-dune", "amount": "1"}),
    ):
        services.add(kind, {**values, "account_id": "dune"}, by="the test")
    made = services.add(
        "discounts", {"subscription_id": "s-dune", "kind": "percent", "value": "10", "start": "2024-01-01"},
        by="the test",
    )  # fmt: skip
    line = subscriptions.subscriptions_visible_to(cast["all"]).get(subscription_id="s-dune")
    return {
        "discounts": made.version_key, "subscriptions": line.version_key, "accounts": "dune", "contacts": "p-dune",
        "contracts": "k-dune", "trials": "t-dune", "invoice_lines": "i-dune",
    }  # fmt: skip


KINDS = ["accounts", "contacts", "contracts", "subscriptions", "trials", "invoice_lines", "discounts"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_of_others_is_not_there(cast, of_others, client, kind):
    from tenure.web.records.kinds import token

    address = f"/api/records/{kind}/{token(of_others[kind])}"
    everybody = Client()
    everybody.force_login(cast["all"])
    found = everybody.get(address)
    assert found.status_code == 200
    version = found.json()["version"]
    client.force_login(cast["own"])
    calls = [
        client.get(address),
        client.get(f"{address}/history"),
        client.patch(address, json.dumps({"values": {}}), content_type="application/json"),
        client.post(f"{address}/withdraw", "{}", content_type="application/json"),
        client.post(f"{address}/end", json.dumps({"day": "2024-02-01"}), content_type="application/json"),
        client.post(f"{address}/undo", json.dumps({"version": version}), content_type="application/json"),
    ]
    assert [response.status_code for response in calls] == [404] * 6
    listed = client.get(f"/api/records/{kind}").json()["records"]
    assert of_others[kind] not in [record["key"] for record in listed]
    assert of_others[kind] in [r["key"] for r in everybody.get(f"/api/records/{kind}").json()["records"]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_of_others_that_was_withdrawn_is_not_there(cast, of_others, client, kind):
    from tenure.web.records.kinds import KINDS as ALL
    from tenure.web.records.kinds import token

    ALL[kind].services.withdraw(kind, of_others[kind], by="the test")
    client.force_login(cast["own"])
    assert client.get(f"/api/records/{kind}/{token(of_others[kind])}/history").status_code == 404
    client.force_login(cast["all"])
    assert client.get(f"/api/records/{kind}/{token(of_others[kind])}/history").status_code == 200


def test_the_page_of_a_withdrawn_account_of_others_is_that_of_none(cast, of_others, client):
    from tenure.apps.crm.services import withdraw

    withdraw("accounts", of_others["accounts"], by="the test")
    client.force_login(cast["own"])
    pages = [client.get(f"/customers/accounts/{one}/") for one in (of_others["accounts"], "nowhere")]
    assert [page.status_code for page in pages] == [404, 404]
    told = [re.findall(r"There is no [^<]*", html.unescape(page.content.decode())) for page in pages]
    assert told[0]
    assert [one.replace(of_others["accounts"], "nowhere") for one in told[0]] == told[1]


@pytest.mark.parametrize(
    ("kind", "values", "status"),
    [
        pytest.param("contracts", {"contract_id": "n", "account_id": "acme"}, 201, id="at one's own account"),
        pytest.param("contracts", {"contract_id": "n", "account_id": "dune"}, 404, id="at the account of others"),
        pytest.param("contracts", {"contract_id": "n", "account_id": "elmwood"}, 404, id="at nobody's account"),
        pytest.param("accounts", {"account_id": "new", "owner": "Sally Wang"}, 201, id="an account of one's own"),
        pytest.param("accounts", {"account_id": "new", "owner": "Una"}, 422, id="an account for somebody else"),
        pytest.param("accounts", {"account_id": "new"}, 422, id="an account for nobody"),
        pytest.param("discounts", {"subscription_id": "s-dune"}, 404, id="a discount for others"),
        pytest.param("fx_rates", {"day": "2024-01-01", "currency": "EUR", "rate": "1"}, 403, id="what all share"),
        pytest.param("plans", {"plan": "p"}, 403, id="a plan"),
    ],
)
def test_one_writes_to_the_accounts_one_sees(cast, of_others, client, kind, values, status):
    client.force_login(cast["own"])
    given = {**({"total": "1", "start": "2024-01-01", "end": "2025-01-01"} if kind == "contracts" else {}),
             **({"kind": "percent", "value": "1"} if kind == "discounts" else {}), **values}  # fmt: skip
    made = client.post(f"/api/records/{kind}", json.dumps({"values": given}), content_type="application/json")
    assert made.status_code == status, made.content


def test_one_moves_nothing_to_an_account_of_others(cast, of_others, client):
    client.force_login(cast["own"])
    for address, values in (
        ("/api/records/accounts/acme", {"merged_into": "dune"}),
        ("/api/records/contracts/mine", {"account_id": "dune"}),
    ):
        if "contracts" in address:
            mine = {
                "contract_id": "mine",
                "account_id": "acme",
                "total": "1",
                "start": "2024-01-01",
                "end": "2025-01-01",
            }
            _post(client, "/api/records/contracts", {"values": mine})
        moved = client.patch(address, json.dumps({"values": values}), content_type="application/json")
        assert moved.status_code == 404, moved.content
    given_away = client.patch(
        "/api/records/accounts/acme", json.dumps({"values": {"owner": "Una"}}), content_type="application/json"
    )
    assert given_away.status_code == 200
    assert client.get("/api/records/accounts/acme").status_code == 404


def test_what_all_share_is_taken_back_by_who_sees_all(cast, client):
    from tenure.apps.subscriptions import services

    services.add("plans", {"plan": "p"}, by="the test")
    client.force_login(cast["own"])
    key = client.get("/api/records/plans").json()["records"][0]
    for step, body in (("withdraw", {}), ("undo", {"version": key["version"]})):
        done = client.post(f"{key['address']}/{step}", json.dumps(body), content_type="application/json")
        assert done.status_code == 403, done.content


FOREIGN = [
    ("/customers/accounts/dune/", "dune"),
    ("/customers/accounts/elmwood/", "elmwood"),
    ("/customers/accounts/summary/?account=dune", "dune"),
    ("/customers/contracts/k-dune/", "dune"),
    ("/customers/edit/contracts/k-dune/", "dune"),
    ("/customers/end/contracts/k-dune/", "dune"),
    ("/customers/withdraw/contracts/k-dune/", "dune"),
    ("/customers/edit/accounts/dune/tier/", "dune"),
    ("/customers/contacts/p-dune/", "dune"),
    ("/retain/renewals/contract/?account=dune&contract=deal-dune-old", "deal-dune"),
    ("/retain/movements/rows/?grain=month&period=2024-02&kind=new&account=dune", "dune"),
    ("/retain/movements/rows/?grain=month&period=2024-01&kind=churn&account=dune", "dune"),
    ("/retain/closing/rows/?month=2024-02&account=dune", "dune"),
    ("/retain/health/row/?kind=end_before_start&row=dune-twice", "dune"),
]
"""Addresses that name what others own, and the name in them."""


def _words(response):
    """All that a response says: pages and JSON as they are, workbooks as their texts."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            content = b"".join(book.read(name) for name in book.namelist())
    return content.decode("utf-8", "replace").lower()


HIDDEN = ("dune foods", "deal-dune", "k-dune", "s-dune", "p-dune", "elm nobody", "deal-elm", "fir odd", "deal-figtree")


def test_no_page_file_or_answer_says_a_word_of_others(cast, of_others, client):
    """Every address of the table, and every list, search and palette asked for what others own."""
    spec = importlib.util.spec_from_file_location("tables", Path(__file__).with_name("test_access.py"))
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    addresses = [address for table in (tables.PAGES, tables.OWN) for _name, address, *_rest in table]
    addresses += [address for _name, method, address, *_rest in tables.API if method == "get"]
    searched = [address for name, address, *_rest in tables.PAGES if "?" not in address and "customers" in address]
    addresses += [f"{address}?q=dune" for address in searched]
    addresses += ["/palette/?q=dune", "/palette/?q=df", "/customers/accounts/?f=account_id~eq~dune"]
    addresses += [f"/api/records/{kind}" for kind in KINDS] + ["/api/records/contracts?account=dune"]
    for scope in ("own", "team"):
        client.force_login(cast[scope])
        said = {address: _words(client.get(address)).replace("q=dune", "") for address in addresses}
        assert [(scope, a, word) for a, text in said.items() for word in HIDDEN if word in text] == []
    everybody = Client()
    everybody.force_login(cast["all"])
    assert "dune foods" in _words(everybody.get("/palette/?q=dune"))
    assert "dune foods" in _words(everybody.get("/customers/accounts/"))
    assert "k-dune" in _words(everybody.get("/customers/contracts/"))


@pytest.mark.parametrize(("address", "name"), FOREIGN)
def test_what_others_own_is_not_there(cast, of_others, client, address, name):
    """And the refusal is the one of what is nowhere, word for word."""
    client.force_login(cast["all"])
    assert client.get(address).status_code == 200
    for scope in ("own", "team"):
        client.force_login(cast[scope])
        there, nowhere = (client.get(place) for place in (address, address.replace(name, "nowhere")))
        assert (there.status_code, nowhere.status_code) == (404, 404), scope
        said, of_none = (re.sub('name="csrfmiddlewaretoken" value="[^"]+"', "", _words(r)) for r in (there, nowhere))
        assert said.replace(name, "nowhere") == of_none, scope


@pytest.mark.parametrize("scope", ["own", "team"])
@pytest.mark.parametrize("name", [n for n, (_asked, cell) in QUESTIONS.items() if "{foreign}" in str(cell)])
def test_the_rows_of_what_others_own_are_not_there(cast, client, scope, name):
    question, cell = QUESTIONS[name]

    def called(caller, account):
        client.force_login(cast[caller])
        there = {key: value.format(foreign=account) for key, value in cell.items()}
        body = {"question": {"question": name, **question}, "cell": there}
        return client.post("/api/rows-behind", json.dumps(body), content_type="application/json")

    assert called("all", "dune").json()["count"] > 0
    refused, nowhere = called(scope, "dune"), called(scope, "nowhere")
    assert (refused.status_code, nowhere.status_code) == (404, 404)
    assert refused.json()["error"]["code"] == "question.not_in_answer"
    assert refused.content.replace(b"dune", b"nowhere") == nowhere.content
