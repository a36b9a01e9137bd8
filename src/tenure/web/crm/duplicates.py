"""Pages of duplicates: the open pairs, one pair side by side with the choice of what stands, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from tenure.apps.crm import duplicates as search
from tenure.apps.crm import merging, selectors, tasks
from tenure.apps.crm.models import DuplicatePair
from tenure.apps.workspaces.permissions import may
from tenure.core.errors import TenureError
from tenure.web import formatting as f
from tenure.web.choices import one_of
from tenure.web.pages import page, requires, undoable
from tenure.web.records import said, words
from tenure.web.records.kinds import KINDS

SHOWN = 100
"""So many pairs stand in the list; deciding on them brings up the next."""
KEYS = {"accounts": "account_id", "contacts": "contact_id"}
VERDICTS: Mapping[str, Any] = {"same": gettext_lazy("the same"), "review": gettext_lazy("to be looked at")}
REASONS: Mapping[str, Any] = {
    "uscc": gettext_lazy("same credit code"),
    "domain": gettext_lazy("same domain"),
    "name": gettext_lazy("names alike"),
    "part": gettext_lazy("one name is a part of the other"),
    "email": gettext_lazy("same e-mail address"),
    "phone": gettext_lazy("same number"),
}
STEPS: Mapping[str, Any] = {
    "waiting": gettext_lazy("The search waits for the worker."),
    "accounts": gettext_lazy("Accounts are being compared: %(found)s pairs so far."),
    "contacts": gettext_lazy("Contacts are being compared: %(found)s pairs so far."),
}


@require_GET
@requires("edit_records")
def duplicates(request: HttpRequest) -> HttpResponse:
    """The pairs nobody has decided on, of accounts or of contacts."""
    kind = one_of(request.GET, "kind", KEYS, "accounts")
    counts = {name: selectors.pairs(request.user, name).count() for name in KEYS}
    return page(
        request,
        "crm/duplicates.html",
        heading=_("Duplicates"),
        tabs=[
            {"label": words.KINDS[name].many, "count": f.exact(counts[name]), "href": f"?kind={name}",
             "current": name == kind}
            for name in KEYS
        ],
        rows=[_row(request.user, pair) for pair in selectors.pairs(request.user, kind)[:SHOWN]],
        more=f.exact(counts[kind] - SHOWN) if counts[kind] > SHOWN else "",
        search=_search(),
        may_search=may(request.user, "import"),
    )  # fmt: skip


def _search() -> dict[str, Any] | None:
    last = selectors.last_search()
    if last is None:
        return None
    if last.finished_at is None:
        text = str(STEPS.get(last.step, STEPS["waiting"])) % {"found": f.exact(last.found)}
    elif last.failed:
        text = _("The last search did not come to an end.")
    else:
        text = _("Last searched %(when)s.") % {"when": f.moment(localtime(last.finished_at))}
    return {"text": text, "is_running": last.finished_at is None}


def reasons(codes: Any, score: int) -> str:
    """Why two records may be one, in words."""
    told = [str(REASONS[code]) for code in codes if code in REASONS]
    return _("%(reasons)s · names %(score)s of 100") % {"reasons": f.listed(told), "score": score}


def alike_rows(caller: Any, kind: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records that are like one that somebody is about to write, for its form."""
    return [
        {
            "name": said.name(KINDS[kind], one.record, ()),
            "href": said.address(KINDS[kind], one.record),
            "why": reasons(one.match.reasons, one.match.score),
        }
        for one in search.like(caller, kind, values)
    ]


def _row(caller: Any, pair: DuplicatePair) -> dict[str, Any]:
    sides = selectors.sides(caller, pair)
    return {
        "href": reverse("duplicate", args=[pair.pk]),
        "names": [said.name(KINDS[pair.kind], one, ()) for one in sides],
        "verdict": VERDICTS[pair.verdict],
        "badge": "badge--better" if pair.verdict == "same" else "badge--line",
        "why": reasons(pair.reasons, pair.score),
    }


@require_GET
@requires("edit_records")
def duplicate(request: HttpRequest, number: int) -> HttpResponse:
    """One pair side by side."""
    return _pair(request, selectors.pair(request.user, number))


def _pair(request: HttpRequest, pair: DuplicatePair, problem: TenureError | None = None) -> HttpResponse:
    kind, sides = KINDS[pair.kind], selectors.sides(request.user, pair)
    names = [said.name(kind, one, ()) for one in sides]
    rows = []
    for column in kind.fields:
        texts = [said.value_text(kind, column, one) for one in sides]
        raw = [getattr(one, column.name) for one in sides]
        if raw == [None, None] or column.name in merging.KEPT[pair.kind] - {KEYS[pair.kind]}:
            continue
        choice = column.name in merging.columns(pair.kind) and raw[0] != raw[1]
        best = "left" if raw[0] is not None else "right"
        rows.append(
            {
                "name": column.name,
                "label": words.label(pair.kind, column.name),
                "is_choice": choice,
                "sides": [
                    {"value": side, "text": text, "checked": choice and side == best}
                    for side, text in zip(("left", "right"), texts, strict=True)
                ],
            }
        )
    return page(
        request,
        "crm/duplicate.html",
        status=200 if problem is None else 422,
        heading=_("%(left)s and %(right)s") % {"left": names[0], "right": names[1]},
        pair=pair,
        problem=problem,
        why=reasons(pair.reasons, pair.score),
        verdict=VERDICTS[pair.verdict],
        is_open=pair.state == "open",
        sides=[
            {"value": side, "name": name, "href": said.address(kind, one), "checked": side == "left"}
            for side, name, one in zip(("left", "right"), names, sides, strict=True)
        ],
        rows=rows,
    )


@require_POST
@requires("edit_records")
def decide_duplicate(request: HttpRequest, number: int) -> HttpResponse:
    """Merge the two of a pair, or say that they are different."""
    pair = selectors.pair(request.user, number)
    back = HttpResponseRedirect(f"{reverse('duplicates')}?kind={pair.kind}")
    if request.POST.get("do") == "different":
        merging.tell_apart(pair.pk, by=request.user)
        messages.success(request, _("Noted: they are different. No search brings them up again."))
        return back
    stays = one_of(request.POST, "stays", ("left", "right"), "left")
    away = "right" if stays == "left" else "left"
    take = [name for name in merging.columns(pair.kind) if request.POST.get(f"take-{name}") == away]
    try:
        entry = merging.merge(pair.kind, getattr(pair, away), getattr(pair, stays), take, by=request.user)
    except TenureError as problem:
        return _pair(request, pair, problem)
    undoable(request, _("Merged: nothing of either is lost."), reverse("undo_merge", args=[entry.pk]))
    return back


@require_POST
@requires("edit_records")
def undo_merge(request: HttpRequest, number: int) -> HttpResponse:
    """Take a merge back, and say what was changed since."""
    done = merging.undo(number, by=request.user)
    if done.kept:
        columns = f.listed([str(words.label(kind, name)) for kind, _key, name in done.kept if name != "*"][:8])
        count = len(done.kept)
        text = ngettext(
            "The merge is taken back; %(count)s value was changed since and stays: %(columns)s.",
            "The merge is taken back; %(count)s values were changed since and stay: %(columns)s.",
            count,
        )
        messages.success(request, text % {"count": f.exact(count), "columns": columns})
    else:
        messages.success(request, _("The merge is taken back: everything is as it was."))
    return HttpResponseRedirect(reverse("duplicates"))


@require_POST
@requires("import")
def search_duplicates(request: HttpRequest) -> HttpResponse:
    """Let the worker compare everything."""
    tasks.queue_search()
    messages.success(request, _("The search has begun. It goes on if you leave this page."))
    return HttpResponseRedirect(reverse("duplicates"))
