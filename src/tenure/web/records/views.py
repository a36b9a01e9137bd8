"""Pages of records: one with its history, the forms that add, edit, end and withdraw it, and the undoing of a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.apps.crm import selectors as crm
from tenure.apps.workspaces.permissions import may
from tenure.apps.workspaces.services.records import RecordChanged
from tenure.core.errors import TenureError
from tenure.web import asking
from tenure.web.crm.duplicates import KEYS, alike_rows
from tenure.web.pages import Action, next_address, page, requires, undoable
from tenure.web.records import effect, forms, own, said, words
from tenure.web.records.kinds import (
    Kind,
    hidden,
    history_for,
    key_of,
    kind_of,
    record_for,
    seen_version,
    steps_to_undo,
    token,
)


@require_GET
@requires("ask")
def record(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """One record: what is known of it now, and everything that became of it."""
    chosen = kind_of(kind)
    steps = history_for(chosen, key_of(key), request.user)
    unseen = hidden(chosen, request.user)
    newest = steps[0]
    version = newest.version
    shown = version or newest.former
    return page(
        request,
        "records/record.html",
        crumbs=said.crumbs(chosen, shown, request.user),
        heading=said.name(chosen, shown, unseen),
        actions=[] if version is None else _actions(chosen, version, request.user),
        note=said.known(steps),
        restated=effect.restated(request.GET, request.user),
        is_gone=version is None,
        facts=said.facts(chosen, shown, unseen, request.user),
        proof=said.proof(chosen, shown),
        group=said.discounts(shown, request.user) if kind == "subscriptions" else None,
        **said.history(chosen, steps, request.user),
    )


def _actions(kind: Kind, version: Any, member: Any) -> list[Action]:
    named = [kind.name, token(version.version_key)]
    found = []
    if kind.name == "contacts" and may(member, "erase"):
        found.append((_("Erase this person"), reverse("person_erase", args=named[1:])))
    if may(member, "edit_records"):
        found.append((_("Withdraw"), reverse("record_withdraw", args=named)))
        if kind.end and getattr(version, kind.end) is None:
            found.append((said.ending(kind.name), reverse("record_end", args=named)))
        found.append((_("Edit"), reverse("record_edit", args=named)))
    return said.actions(*found)


@require_http_methods(["GET", "POST"])
@requires("edit_records")
def record_new(request: HttpRequest, kind: str) -> HttpResponse:
    """The form of a new record; the address may say values, such as the account."""
    chosen = _with_pages(kind)
    given = {column.name: request.GET[column.name] for column in chosen.fields if request.GET.get(column.name)}
    known = said.known_values(chosen, request.user)
    form = forms.RecordForm(chosen, request.POST if request.method == "POST" else None, given=given, suggested=known)
    alike = []
    if form.is_valid() and kind in KEYS and request.POST.get("looked") != "yes":
        alike = alike_rows(request.user, kind, form.given())
    if form.is_valid() and not alike:
        try:
            values = form.given()
            before = _before(request, chosen, values)
            version = chosen.services.add(kind, values, by=request.user, reason=form.cleaned_data["reason"])
        except TenureError as problem:
            form.refuse(problem)
        else:
            return _saved(request, chosen, version, before)
    return _form(request, chosen, form, heading=str(words.KINDS[kind].new), known=known, submit=_("Add"), alike=alike)


@require_http_methods(["GET", "POST"])
@requires("edit_records")
def record_edit(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """The form of a record as it is now; the next version is written if nobody wrote one meanwhile."""
    chosen = _with_pages(kind)
    if request.method == "GET":
        version = record_for(chosen, key_of(key), request.user)
        form = forms.RecordForm(chosen, seen=version, suggested=(known := said.known_values(chosen, request.user)))
        return _edit_form(request, chosen, form, known)
    seen = seen_version(chosen, key_of(key), request.user, request.POST.get("version", ""))
    known = said.known_values(chosen, request.user)
    form = forms.RecordForm(chosen, request.POST, seen=seen, suggested=known)
    if not form.is_valid():
        return _edit_form(request, chosen, form, known, status=422)
    taken = {name.removeprefix("take-") for name, value in request.POST.items() if value == "theirs"}
    changes = {name: value for name, value in form.changes().items() if name not in taken}
    try:
        before = _before(request, chosen, {**seen.as_row(), **changes}, seen.as_row())
        version = chosen.services.edit(
            kind, key_of(key), changes, by=request.user, seen=seen.row_id, reason=form.cleaned_data["reason"]
        )
    except RecordChanged as problem:
        return _both(request, chosen, form, problem, changes)
    except TenureError as problem:
        form.refuse(problem)
        return _edit_form(request, chosen, form, known, status=422)
    if version.row_id == seen.row_id:
        return HttpResponseRedirect(said.address(chosen, version))
    return _saved(request, chosen, version, before)


@require_http_methods(["GET", "POST"])
@requires("edit_records")
def record_end(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Ask for the first day without, and set it."""
    chosen = _with_pages(kind)
    if not chosen.end:
        chosen.services.end(kind, key_of(key), "", by=request.user)
    version = record_for(chosen, key_of(key), request.user)
    form = forms.RecordForm(chosen, request.POST if request.method == "POST" else None, seen=version, only=[chosen.end])
    form.fields[chosen.end].required = True
    if form.is_valid():
        try:
            before = _before(request, chosen, version.as_row())
            ended = chosen.services.end(
                kind,
                key_of(key),
                form.cleaned_data[chosen.end],
                by=request.user,
                seen=form.cleaned_data["version"] or None,
                reason=form.cleaned_data["reason"],
            )
        except TenureError as problem:
            form.refuse(problem)
        else:
            return _saved(request, chosen, ended, before)
    return _form(
        request,
        chosen,
        form,
        heading=said.ending(kind),
        known={},
        submit=said.ending(kind),
        crumbs=said.crumbs(chosen, version, request.user, itself=True),
        back=said.address(chosen, version),
    )


@require_http_methods(["GET", "POST"])
@requires("edit_records")
def record_withdraw(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Ask why a record should never have been there, and withdraw it."""
    chosen = _with_pages(kind)
    version = record_for(chosen, key_of(key), request.user)
    form = forms.RecordForm(chosen, request.POST if request.method == "POST" else None, seen=version, only=["-"])
    if form.is_valid():
        try:
            before = _before(request, chosen, version.as_row())
            gone = chosen.services.withdraw(
                kind,
                key_of(key),
                by=request.user,
                reason=form.cleaned_data["reason"],
                seen=form.cleaned_data["version"] or None,
            )
        except TenureError as problem:
            form.refuse(problem)
        else:
            return _saved(request, chosen, gone, before)
    return _form(
        request,
        chosen,
        form,
        heading=_("Withdraw %(name)s") % {"name": said.name(chosen, version, ())},
        known={},
        submit=_("Withdraw"),
        crumbs=said.crumbs(chosen, version, request.user, itself=True),
        back=said.address(chosen, version),
        lead=_(
            "Withdraw what should never have been there: a test order, a record entered twice. What ended is given its"
            " last day instead. Its versions stay known, and figures leave it out."
        ),
    )


@require_POST
@requires("edit_records")
def record_undo(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Take the newest step of a record back."""
    chosen = _with_pages(kind)
    steps = steps_to_undo(chosen, key_of(key), request.user)
    touched = steps[0].version or steps[0].former
    before = _before(request, chosen, touched.as_row())
    version = chosen.services.undo(kind, key_of(key), by=request.user, seen=request.GET.get("version", ""))
    _tell(request, before, undo="")
    wanted = next_address(request).partition("?restated=")[0]
    return HttpResponseRedirect(wanted if request.POST.get("next") else _onward(request, chosen, version or touched))


def _with_pages(kind: str) -> Kind:
    """A kind that has pages; the others are as unknown here as what does not exist."""
    return kind_of(kind if kind in words.KINDS else repr(kind))


def _form(
    request: HttpRequest,
    kind: Kind,
    form: forms.RecordForm,
    *,
    heading: str,
    known: Mapping[str, Any],
    submit: str,
    **more: Any,
) -> HttpResponse:
    crumbs = more.pop("crumbs", None) or said.crumbs(kind, None, request.user)
    more.setdefault("back", crumbs[-1][1])
    status = more.pop("status", 422 if form.is_bound else 200)
    return page(
        request,
        "records/form.html",
        status=status,
        crumbs=crumbs,
        heading=heading,
        form=form,
        known=known,
        submit=submit,
        **more,
    )


def _edit_form(
    request: HttpRequest, kind: Kind, form: forms.RecordForm, known: Mapping[str, Any], status: int = 200, **more: Any
) -> HttpResponse:
    named = said.name(kind, form.seen, ())
    return _form(
        request,
        kind,
        form,
        heading=_("Edit %(name)s") % {"name": named},
        known=known,
        submit=_("Save"),
        crumbs=said.crumbs(kind, form.seen, request.user, itself=True),
        back=said.address(kind, form.seen),
        status=status,
        **more,
    )


def _both(
    request: HttpRequest, kind: Kind, form: forms.RecordForm, problem: RecordChanged, mine: Mapping[str, Any]
) -> HttpResponse:
    """The form again, with what somebody else wrote meanwhile beside what was typed; the reader says what stands."""
    live = kind.model.objects.live().filter(row_id=problem.where["version"] or "").first()
    if live is None:
        form.refuse(problem)
        return _edit_form(request, kind, form, said.known_values(kind, request.user), status=409)
    theirs = forms.texts(kind, live) | own.texts(form.custom, live)
    typed = {**theirs, **{name: form.cleaned_data[name] for name in mine}}
    fresh = forms.RecordForm(kind, seen=live, suggested=said.known_values(kind, request.user))
    fresh.initial = {**fresh.initial, **typed, "reason": form.cleaned_data["reason"]}
    known = said.known_values(kind, request.user)
    both = said.both(kind, form.seen, live, mine, form.cleaned_data)
    return _edit_form(request, kind, fresh, known, status=409, both=both, changed=problem.message)


def _before(request: HttpRequest, kind: Kind, *rows: Any) -> tuple[set[str], effect.Closes] | None:
    """The accounts a write touches and their figures before it; None for kinds that are in no figure."""
    if kind.name not in effect.COUNTED:
        return None
    accounts = set().union(*(effect.accounts_of(row) for row in rows))
    return accounts, effect.closes(asking.workspace(request.user), accounts)


def _tell(request: HttpRequest, before: Any, undo: str) -> str:
    """Say on the next page what was saved and what it did to the figures; gives what its address says of that."""
    text, restated = _("Saved."), ()
    if before is not None:
        opened = asking.workspace(request.user)
        done = effect.between(before[1], effect.closes(opened, before[0]), opened)
        text, restated = done.text, done.restated
    if undo:
        undoable(request, text, undo)
    else:
        messages.success(request, text)
    return f"?restated={','.join(restated)}" if restated else ""


def _saved(request: HttpRequest, kind: Kind, version: Any, before: Any) -> HttpResponse:
    """On to the record, with what the write did and a way to take it back."""
    told = _tell(request, before, said.undo_address(kind, version))
    return HttpResponseRedirect(f"{_onward(request, kind, version)}{told}")


def _onward(request: HttpRequest, kind: Kind, version: Any) -> str:
    """The page of what was written; of an account that was given to others, the list."""
    if kind.name == "accounts" and not crm.sees(request.user, version):
        return reverse("accounts")
    return said.address(kind, version)
