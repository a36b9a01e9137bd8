"""The page of an account, and the small forms of its facts."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tenure.apps.crm import selectors as crm
from tenure.apps.workspaces.permissions import may
from tenure.apps.workspaces.services.records import RecordChanged
from tenure.core.errors import TenureError
from tenure.web import asking, errors
from tenure.web.goals import annotations
from tenure.web.pages import Action, is_fragment, page, requires, undoable
from tenure.web.records import account, effect, forms, lists, said, timeline, usage, views, words
from tenure.web.records.kinds import KINDS, history_for, key_of, record_for, seen_version, token


@require_GET
@requires("ask")
def account_record(request: HttpRequest, account_id: str) -> HttpResponse:
    """One account: its answers, facts, MRR, what happened, and who and what belongs to it."""
    try:
        found = account.opened(request.user, account_id)
    except TenureError:
        withdrawn = crm.withdrawn_account(request.user, account_id)
        if withdrawn is None:
            raise
        return views.record(request, "accounts", token(withdrawn))
    tab = account.tab_of(request.GET)
    context: dict[str, Any] = account.head(found, tab)
    context["restated"] = effect.restated(request.GET, request.user)
    if tab == "overview":
        happened = account.happened(found)
        context |= account.overview(found, happened)
        context |= annotations.tools(request, asking.today(found.opened), happened)
        context["timeline"] = timeline.shown(found, request.GET)
    elif tab == "history":
        kind = KINDS["accounts"]
        steps = [] if found.record is None else history_for(kind, found.record.version_key, request.user)
        context |= said.history(kind, steps, request.user)
    else:
        listing = lists.of_account(found, tab)
        moved = listing.moved(request)
        if moved is not None:
            return moved
        source = lists.source(KINDS[tab], request.user, account_id__in=crm.family(account_id))
        context["listing"] = listing.shown(source, listing.state(request, asking.today(found.opened)))
    return page(request, f"records/account_{_template(tab)}.html", actions=_actions(found), **context)


@require_GET
@requires("ask")
def account_usage(request: HttpRequest) -> HttpResponse:
    """What the people of an account do, as a part of its page that comes when the page is there."""
    found = account.opened(request.user, request.GET.get("account", ""))
    return page(request, "records/_usage.html", **usage.usage(found))


def _template(tab: str) -> str:
    return tab if tab in ("overview", "history") else "list"


def _actions(found: account.Account) -> list[Action]:
    if found.record is None or not may(found.caller, "edit_records"):
        return []
    named = ["accounts", token(found.record.version_key)]
    return said.actions(
        (_("Withdraw"), reverse("record_withdraw", args=named)), (_("Edit"), reverse("record_edit", args=named))
    )


@require_http_methods(["GET", "POST"])
@requires("edit_records")
def record_fact(request: HttpRequest, kind: str, key: str, column: str) -> HttpResponse:
    """One fact of an account as a form in its place; without script, as a page."""
    chosen = KINDS["accounts"]
    version = record_for(chosen, key_of(key), request.user)
    if kind != chosen.name or column not in account.EDITED:
        raise TenureError(
            "record.unknown_field",
            _("There is no field %(field)s.") % {"field": repr(column)},
            fix=_("Use one of: %(allowed)s.") % {"allowed": ", ".join(account.EDITED)},
            field=column,
        )
    if request.method == "GET" and request.GET.get("show"):
        return _fact(request, version, column)
    seen = seen_version(chosen, key_of(key), request.user, request.POST.get("version", ""))
    known = said.known_values(chosen, request.user)
    form = forms.RecordForm(
        chosen, request.POST if request.method == "POST" else None, seen=seen, only=[column], suggested=known
    )
    status = 200 if request.method == "GET" else 422
    if form.is_valid():
        try:
            written = chosen.services.edit(
                kind,
                key_of(key),
                form.changes(),
                by=request.user,
                seen=seen.row_id,
                reason=form.cleaned_data["reason"],
            )
        except RecordChanged as problem:
            status = errors.status(problem)
            theirs = said.value_text(chosen, chosen.table.by_name[column], version)
            typed = form.cleaned_data[column]
            form = forms.RecordForm(chosen, seen=version, only=[column], suggested=known)
            form.initial[column] = typed
            form.theirs = _("%(said)s It is now: %(value)s.") % {"said": problem.message, "value": theirs}
        except TenureError as problem:
            form.refuse(problem)
        else:
            if written.row_id != seen.row_id:
                label = words.label(kind, column)
                undoable(request, _("Saved: %(field)s.") % {"field": label}, said.undo_address(chosen, written))
            if not is_fragment(request):
                return HttpResponseRedirect(said.address(chosen, written))
            return _fact(request, written, column)
    return page(
        request,
        "records/_fact_form.html" if is_fragment(request) else "records/fact.html",
        status=status,
        heading=_("Edit %(name)s") % {"name": said.name(chosen, version, ())},
        form=form,
        field=form[column],
        known=known.get(column, []),
        here=reverse("record_fact", args=[kind, key, column]),
        back=said.address(chosen, version),
    )


def _fact(request: HttpRequest, version: Any, column: str) -> HttpResponse:
    """The fact as the page shows it."""
    found = account.Account(request.user, version.account_id, version, asking.workspace(request.user))
    shown = account.fact(found, KINDS["accounts"].table.by_name[column])
    if not is_fragment(request):
        return HttpResponseRedirect(said.address(KINDS["accounts"], version))
    return page(request, "records/_fact.html", fact=shown)
