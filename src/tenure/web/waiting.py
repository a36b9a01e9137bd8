"""What a page shows while the cluster computes its answer: how far it is, a way to stop it, and the answer before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core import signing
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from tenure.web import formatting as f
from tenure.web.asking import AGAIN, LAST, Computing

SALT = "tenure.web.waiting"


def ways(request: HttpRequest, last: str | None) -> dict[str, str]:
    """Where to go on from an answer that did not come: trying again, and the last one with its date."""
    found = {"again": address_of(request, AGAIN)}
    if last is not None:
        found |= {"last": address_of(request, LAST), "of": f.moment(datetime.fromisoformat(last).astimezone())}
    return found


def panel(at: Computing, address: str, *, whole: bool) -> dict[str, Any]:
    """What is shown of an answer on its way; a whole page looks at `computing`, a part of one at its own address."""
    asked = signing.dumps({"series": at.series, "next": address}, salt=SALT)
    done = {"done": f.exact(at.done), "known": f.exact(at.known)}
    return {
        "run": "computing",
        "address": f"{reverse('computing')}?asked={asked}" if whole else address,
        "cancel": reverse("stop_computing"),
        "asked": asked,
        "next": address,
        "title": _("The cluster computes this"),
        "said": _("%(done)s of %(known)s tasks so far") % done if at.known else _("Waiting for the cluster"),
        "percent": round(100 * at.done / at.known) if at.known else 0,
        "is_known": at.known > 0,
        "note": _("It goes on if you leave this page; the answer is kept."),
    }


def address_of(request: HttpRequest, wish: str = "") -> str:
    """The address of the page that was asked for, with another wish about its answer."""
    query = request.GET.copy()
    query.pop("answer", None)
    if wish:
        query["answer"] = wish
    return f"{request.path}?{query.urlencode()}" if query else request.path


def read(signed: str) -> dict[str, Any] | None:
    """What a panel is of: the key of the question and the page's address; None where nobody of ours wrote it."""
    try:
        found: dict[str, Any] = signing.loads(signed, salt=SALT)
    except signing.BadSignature:
        return None
    return found
