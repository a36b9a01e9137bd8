"""Records by program: read, add, change, end, withdraw, take back; and everything that became of one."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop as _
from ninja import Field, Query, Router, Schema, Status

from tenure.apps.connectors import erasure
from tenure.apps.workspaces.services import custom
from tenure.apps.workspaces.services.records import put as put_record
from tenure.core.errors import TenureError
from tenure.web.api.caller import Caller, allowed
from tenure.web.records import shape
from tenure.web.records.kinds import Kind, hidden, history_for, is_live, key_of, kind_of, record_for, visible

router = Router(tags=["Records"])
MOST_LISTED = 1000


class Record(Schema):
    """A record as it is now."""

    kind: str
    key: str = Field(description="The record's key, its parts joined by a slash.")
    version: str = Field(description="The name of this version: send it back with a change.")
    recorded_at: str
    superseded_at: str | None = Field(description="When it ceased to be what is known; null = it still is.")
    values: dict[str, Any] = Field(description="By column; numbers are exact texts, days 2026-03-31.")
    custom: dict[str, Any] = Field(description="Custom fields by key; null = no value.")
    address: str


class Records(Schema):
    """Records in the order of their keys."""

    records: list[Record]
    next: str | None = Field(description="Send it as `after` for the records that follow; null = there are no more.")


class Step(Schema):
    """One step of a record."""

    verb: str = Field(description="added, edited, ended, withdrew, restored, imported ...")
    at: str
    by: str
    reason: str
    version: str | None
    import_run: int | None = Field(None, alias="import", description="The number of the import it came by.")
    changes: dict[str, Any]


class Steps(Schema):
    """Everything that became of a record, the newest first."""

    key: str
    steps: list[Step]


class Listing(Schema):
    """Which records, and where in their order."""

    account: str = Field("", description="Only those of this account.")
    after: str = Field("", description="The key after which to go on, as `next` said.")
    limit: int = Field(100, ge=1, le=MOST_LISTED)


class New(Schema):
    """A record to add, and why."""

    values: dict[str, Any]
    custom: dict[str, Any] = Field({}, description="Custom fields by key.")
    reason: str = ""

    @property
    def given(self) -> dict[str, Any]:
        """The values as the services take them."""
        return {**self.values, custom.GIVEN: self.custom}


class Change(Schema):
    """Columns to change; null empties one. `version` is the one that was read, also as the header If-Match."""

    values: dict[str, Any] = Field({}, description="By column.")
    custom: dict[str, Any] = Field({}, description="Custom fields to change, by key; null empties one.")
    version: str = ""
    reason: str = ""

    @property
    def given(self) -> dict[str, Any]:
        """The values as the services take them."""
        return {**self.values, custom.GIVEN: self.custom}


class Ending(Schema):
    """The first day without it."""

    day: str
    version: str = ""
    reason: str = ""


class Seen(Schema):
    """The version that was read, and why."""

    version: str = ""
    reason: str = ""


class Taken(Schema):
    """The version whose writing is to be taken back."""

    version: str


@router.get(
    "/records/{kind}",
    summary=_("List records"),
    description=_(
        "Records of a kind (accounts, contacts, products, plans, subscriptions, discounts, contracts, invoice_lines,"
        " trials, fx_rates), as they are now, in the order of their keys."
    ),
    response=Records,
    url_name="records",
)
def listed(request: HttpRequest, kind: str, which: Query[Listing]) -> dict[str, Any]:
    caller = allowed(request, "ask")
    chosen = kind_of(kind)
    rows = visible(chosen, caller).filter(version_key__gt=which.after).order_by("version_key")
    if which.account:
        if "account_id" not in chosen.table.by_name:
            raise TenureError(
                "request.invalid",
                f"Records of the kind {kind} have no account.",
                fix="Leave `account` out.",
                field="account",
            )
        rows = rows.filter(account_id=which.account)
    found = list(rows[: which.limit + 1])
    shown = found[: which.limit]
    unseen, fields = hidden(chosen, caller), custom.fields(kind)
    return {
        "records": [shape.record(chosen, version, unseen, fields) for version in shown],
        "next": shown[-1].version_key if len(found) > which.limit else None,
    }


@router.post(
    "/records/{kind}",
    summary=_("Add a record"),
    description=_("`values` are by column; `reason` is kept in the record's history."),
    response={201: Record},
    url_name="records",
)
def add(request: HttpRequest, response: HttpResponse, kind: str, body: New) -> Status[dict[str, Any]]:
    caller = allowed(request, "edit_records")
    chosen = kind_of(kind)
    version = chosen.services.add(kind, body.given, by=caller, reason=body.reason)
    return Status(201, _record(response, chosen, version, caller))


@router.get(
    "/records/{kind}/{key}",
    summary=_("Read a record"),
    description=_(
        "`key` is the record's key; the slashes between its parts are written as ~. The header ETag has its version."
    ),
    response=Record,
    url_name="record",
)
def read(request: HttpRequest, response: HttpResponse, kind: str, key: str) -> dict[str, Any]:
    caller = allowed(request, "ask")
    chosen = kind_of(kind)
    return _record(response, chosen, record_for(chosen, key_of(key), caller), caller)


@router.patch(
    "/records/{kind}/{key}",
    summary=_("Change a record"),
    description=_(
        "Writes a new version; the former one stays known. With `version` (or the header If-Match) nothing is written"
        " if somebody changed the record since: status 409 says who, when and what."
    ),
    response=Record,
    url_name="record",
)
def edit(request: HttpRequest, response: HttpResponse, kind: str, key: str, body: Change) -> dict[str, Any]:
    caller, chosen, known = _writable(request, kind, key)
    seen = _seen(request, body.version)
    version = chosen.services.edit(kind, known, body.given, by=caller, seen=seen, reason=body.reason)
    return _record(response, chosen, version, caller)


@router.put(
    "/records/{kind}/{key}",
    summary=_("Create or change a record"),
    description=_(
        "Changes the columns that `values` names, or adds the record where there is none (status 201). To send the same"
        " twice writes one version. The columns of the key may be left out. With `version` (or the header If-Match)"
        " nothing is added, and nothing is written if somebody changed the record since (409); with If-None-Match: *"
        " nothing is changed."
    ),
    response={200: Record, 201: Record},
    url_name="record",
)
def put(request: HttpRequest, response: HttpResponse, kind: str, key: str, body: Change) -> Status[dict[str, Any]]:
    caller = allowed(request, "edit_records")
    chosen, known, seen = kind_of(kind), key_of(key), _seen(request, body.version)
    add = partial(chosen.services.add, kind, by=caller, reason=body.reason)
    edit = partial(chosen.services.edit, kind, known, by=caller, seen=seen, reason=body.reason)
    if request.headers.get("If-None-Match", "").strip() == "*":
        edit = None
    elif seen is not None or is_live(chosen, known):
        history_for(chosen, known, caller)
    version, made = put_record(chosen.model, known, body.given, add=add, edit=edit, seen=seen)
    return Status(201 if made else 200, _record(response, chosen, version, caller))


@router.post(
    "/records/{kind}/{key}/end",
    summary=_("End a record"),
    description=_("Sets the first day without service, or the day a contact left."),
    response=Record,
    url_name="record_end",
)
def end(request: HttpRequest, response: HttpResponse, kind: str, key: str, body: Ending) -> dict[str, Any]:
    caller, chosen, known = _writable(request, kind, key)
    seen = _seen(request, body.version)
    version = chosen.services.end(kind, known, body.day, by=caller, seen=seen, reason=body.reason)
    return _record(response, chosen, version, caller)


@router.post(
    "/records/{kind}/{key}/withdraw",
    summary=_("Withdraw a record"),
    description=_("Says that it should never have been there. Its versions stay known, figures leave it out."),
    response=Record,
    url_name="record_withdraw",
)
def withdraw(request: HttpRequest, response: HttpResponse, kind: str, key: str, body: Seen) -> dict[str, Any]:
    caller, chosen, known = _writable(request, kind, key)
    seen = _seen(request, body.version)
    version = chosen.services.withdraw(kind, known, by=caller, reason=body.reason, seen=seen)
    return _record(response, chosen, version, caller)


@router.post(
    "/records/{kind}/{key}/undo",
    summary=_("Take the newest step of a record back"),
    description=_(
        "`version` is the one that step wrote or withdrew. What it replaced is written anew; a record that was new is"
        " withdrawn, and the answer is null. If anything was written since, the status is 409."
    ),
    response=Record | None,
    url_name="record_undo",
)
def undo(request: HttpRequest, response: HttpResponse, kind: str, key: str, body: Taken) -> dict[str, Any] | None:
    caller = allowed(request, "edit_records")
    chosen = kind_of(kind)
    history_for(chosen, key_of(key), caller)
    version = chosen.services.undo(kind, key_of(key), by=caller, seen=body.version)
    return None if version is None else _record(response, chosen, version, caller)


@router.get(
    "/records/{kind}/{key}/history",
    summary=_("The history of a record"),
    description=_("Every step with who, when, why and what it changed, also of a record that was withdrawn."),
    response=Steps,
    by_alias=True,
    url_name="record_history",
)
def history(request: HttpRequest, kind: str, key: str) -> dict[str, Any]:
    caller = allowed(request, "ask")
    chosen = kind_of(kind)
    unseen = hidden(chosen, caller)
    steps = history_for(chosen, key_of(key), caller)
    return {"key": key_of(key), "steps": [shape.step(chosen, step, unseen) for step in steps]}


class Person(Schema):
    """Who is to be erased: a contact's id, or an e-mail address."""

    who: str


@router.post(
    "/erasures",
    summary=_("Erase a person"),
    description=_(
        "Takes who a contact is out of store, lake, audit trail and reports, in every version; figures stay. It cannot"
        " be undone. The answer is the proof, without what was erased."
    ),
    response={201: dict[str, Any]},
    url_name="erasures",
)
def erase(request: HttpRequest, body: Person) -> Status[dict[str, Any]]:
    by = allowed(request, "erase")
    return Status(201, erasure.erase_person(body.who, by=by))


def _writable(request: HttpRequest, kind: str, key: str) -> tuple[Caller, Kind, str]:
    """The caller, if they may write records and see this one or what became of it."""
    caller = allowed(request, "edit_records")
    chosen = kind_of(kind)
    history_for(chosen, key_of(key), caller)
    return caller, chosen, key_of(key)


def _seen(request: HttpRequest, version: str) -> str | None:
    """The version the caller read: in the body, or in the header If-Match."""
    return version or request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"').strip("*") or None


def _record(response: HttpResponse, kind: Kind, version: Any, caller: Caller) -> dict[str, Any]:
    response["ETag"] = f'"{version.row_id}"'
    return shape.record(kind, version, hidden(kind, caller))
