"""Totals of another system beside ours: give them as text, see each gap explained, and what was compared before."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Field, Router, Schema, Status

from tenure.apps.connectors.files.totals import read_totals
from tenure.apps.subscriptions import selectors, services
from tenure.apps.subscriptions.models import Reconciliation
from tenure.apps.workspaces.permissions import require_everything
from tenure.web import asking
from tenure.web.api.caller import Caller, allowed
from tenure.web.subscriptions import reconcile

router = Router(tags=["Reconciliations"])
LISTED = 100


class Given(Schema):
    """Totals as a table in text, such as CSV: a line per month, or per account and month."""

    text: str = Field(description="Columns separated by tabs, semicolons or commas; headings may be left out.")
    compare: str = Field(default="mrr", description="What they are totals of: mrr or invoiced.")
    definition: str = Field(default="", description="The metric definition of our figure; empty = your own.")
    name: str = Field(default="", description="What the list calls it, such as the name of a file.")


@router.get(
    "/reconciliations",
    summary=_("What was compared with other systems"),
    description=_("The newest first."),
    response={200: dict},
    url_name="reconciliation_list",
)
def listed(request: HttpRequest) -> dict[str, Any]:
    _whole(request, "ask")
    return {"reconciliations": [_head(kept) for kept in selectors.reconciliations()[:LISTED]]}


@router.post(
    "/reconciliations",
    summary=_("Compare totals of another system with ours"),
    description=_("Keeps the totals and answers with each gap explained; lines that cannot be read are named."),
    response={201: dict},
    url_name="reconcile",
)
def compare(request: HttpRequest, body: Given) -> Status[dict[str, Any]]:
    by = _whole(request, "close_month")
    asking.workspace(by).definition(body.definition or None)
    totals = read_totals(body.text, body.name or None)
    kept = services.keep_totals(
        [(line.period, line.account, line.amount) for line in totals.lines],
        compare=body.compare,
        by=by,
        left_out=[(line.number, line.why) for line in totals.bad],
        definition=body.definition,
        file_name=body.name,
    )
    return Status(201, _shown(by, kept))


@router.get(
    "/reconciliations/{int:number}",
    summary=_("One comparison, asked anew"),
    description=_("What was corrected since it was made shows."),
    response={200: dict},
    url_name="reconciliation",
)
def one(request: HttpRequest, number: int) -> dict[str, Any]:
    return _shown(_whole(request, "ask"), selectors.reconciliation(number))


def _whole(request: HttpRequest, permission: str) -> Caller:
    """The caller, if they see all accounts: totals are of all of them."""
    caller = allowed(request, permission)
    require_everything(caller, "reconcile")
    return caller


def _head(kept: Reconciliation) -> dict[str, Any]:
    return {
        "number": kept.pk,
        "made_at": kept.made_at,
        "by": kept.actor,
        "compare": kept.compare,
        "definition": kept.definition,
        "name": kept.file_name,
        "lines": len(kept.lines),
    }


def _shown(caller: Caller, kept: Reconciliation) -> dict[str, Any]:
    opened = asking.workspace(caller)
    answer = opened.ask(reconcile.question(kept)).to_json()
    return {
        **_head(kept),
        "periods": answer["rows"],
        "accounts": reconcile.apart(opened, kept),
        "left_out": [{"line": number, "why": why} for number, why in kept.left_out],
        "checks": answer["checks"],
    }
