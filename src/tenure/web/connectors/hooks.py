"""Webhooks: made (the secret is shown once), changed, stopped and started; what was sent, and sending it again."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.apps.connectors.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from tenure.apps.connectors.webhooks import endpoints
from tenure.core.errors import TenureError
from tenure.web import formatting as f
from tenure.web.connectors import hook_forms
from tenure.web.listing import Column, Empty, Listing, StoreRows
from tenure.web.pages import page, requires
from tenure.web.workspaces.forms import refused

_LONGEST = 40


@require_http_methods(["GET", "POST"])
@requires("manage_webhooks")
def hook_list(request: HttpRequest) -> HttpResponse:
    """Every webhook; POST makes one and shows its secret, this once."""
    form = hook_forms.Hook(request.POST if request.method == "POST" else None, by=request.user)
    if form.is_valid():
        try:
            made, secret = endpoints.make(by=request.user, **form.cleaned_data)
        except TenureError as problem:
            refused(form, problem)
        else:
            return _secret(request, made, secret, _("Its secret"))
    rows = [_row(endpoint) for endpoint in endpoints.every()]
    status = 422 if form.is_bound else 200
    return page(request, "connectors/hooks.html", status=status, heading=_("Webhooks"), form=form, rows=rows)


@require_http_methods(["GET", "POST"])
@requires("manage_webhooks")
def hook(request: HttpRequest, number: int) -> HttpResponse:
    """One webhook: what it hears, how it is, and what was sent; POST changes it."""
    endpoint = endpoints.one(number)
    form = hook_forms.Hook.of(endpoint, request.POST if request.method == "POST" else None, by=request.user)
    if form.is_valid():
        try:
            endpoints.change(endpoint, by=request.user, **form.cleaned_data)
        except TenureError as problem:
            refused(form, problem)
        else:
            messages.success(request, _("Saved."))
            return redirect("webhook", number)
    listing = _listing(endpoint)
    moved = listing.moved(request)
    if moved is not None and not form.is_bound:
        return moved
    rows = StoreRows(endpoints.deliveries(endpoint), "message_id", {"message_id": "message_id"})
    return page(
        request,
        "connectors/hook.html",
        status=422 if form.is_bound else 200,
        heading=_short(str(endpoint)),
        note=endpoint.url,
        form=form,
        row=_row(endpoint),
        number=number,
        listing=listing.shown(rows, listing.state(request, timezone.localdate())),
    )


@require_POST
@requires("manage_webhooks")
def hook_do(request: HttpRequest, number: str, act: str) -> HttpResponse:
    """One act on a webhook: a test, another secret, stop, start, delete."""
    endpoint = endpoints.one(int(number))
    if act == "secret":
        return _secret(request, endpoint, endpoints.rotate(endpoint, by=request.user), _("Its new secret"))
    if act == "test":
        made = endpoints.test(endpoint, by=request.user)
        messages.success(request, _("A test is on its way."))
        return redirect("webhook_delivery", number, made.message_id)
    if act == "delete":
        endpoints.delete(endpoint, by=request.user)
        messages.success(request, _("The webhook is deleted."))
        return redirect("webhooks")
    (endpoints.start if act == "start" else endpoints.stop)(endpoint, by=request.user)
    messages.success(request, _("The webhook is started.") if act == "start" else _("The webhook is stopped."))
    return redirect("webhook", number)


@require_GET
@requires("manage_webhooks")
def hook_delivery(request: HttpRequest, number: int, message_id: str) -> HttpResponse:
    """One delivery: what was sent, how often, and what came back."""
    endpoint = endpoints.one(number)
    found = endpoints.delivery(endpoint, message_id)
    return page(
        request,
        "connectors/hook_delivery.html",
        crumbs=[(_short(str(endpoint)), reverse("webhook", args=[number]))],
        heading=found.type,
        note=found.message_id,
        facts=_facts(found),
        body=json.dumps(json.loads(found.body), ensure_ascii=False, indent=2),
        answer=found.last_answer,
        again="" if endpoint.stopped else reverse("webhook_again", args=[number, message_id]),
    )


@require_POST
@requires("manage_webhooks")
def hook_again(request: HttpRequest, number: int, message_id: str) -> HttpResponse:
    """Send a delivery once more, under the same message id."""
    endpoints.again(endpoints.delivery(endpoints.one(number), message_id), by=request.user)
    messages.success(request, _("It is sent again."))
    return redirect("webhook_delivery", number, message_id)


def _secret(request: HttpRequest, endpoint: WebhookEndpoint, secret: str, heading: str) -> HttpResponse:
    crumbs = [(_short(str(endpoint)), reverse("webhook", args=[endpoint.pk]))]
    return page(request, "connectors/hook_secret.html", heading=heading, crumbs=crumbs, text=secret, number=endpoint.pk)


def _row(endpoint: WebhookEndpoint) -> dict[str, Any]:
    kinds = hook_forms.kinds()
    waiting: int = getattr(endpoint, "waiting", 0)
    arrived = getattr(endpoint, "arrived", None)
    return {
        "number": endpoint.pk,
        "name": _short(str(endpoint)),
        "url": endpoint.url,
        "kinds": f.listed(kinds.get(kind, kind) for kind in endpoint.kinds) or _("All records"),
        "verbs": f.listed(str(hook_forms.SAID.get(verb, verb)) for verb in endpoint.verbs) or _("Whatever is done"),
        "by": str(endpoint.made_by or endpoint.made_by_key or "") or f.NOTHING,
        "made": f.moment(localtime(endpoint.made_at)),
        "waiting": ngettext("%(count)s waits", "%(count)s wait", waiting) % {"count": f.exact(waiting)},
        "arrived": f.moment(localtime(arrived)) if arrived else _("Never"),
        "stopped": endpoint.get_stopped_display() if endpoint.stopped else "",
        "failing": f.moment(localtime(endpoint.failing_since)) if endpoint.failing_since else "",
    }


def _short(name: str) -> str:
    """A webhook's name as a cell or a crumb has room for it."""
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"


def _facts(found: WebhookDelivery) -> list[tuple[str, str]]:
    facts = [
        (_("State"), found.get_state_display()),
        (_("Attempts"), f.exact(found.attempts)),
        (_("Written"), f.moment(localtime(found.made_at))),
    ]
    if found.last_at is not None:
        facts.append((_("Last attempt"), f.moment(localtime(found.last_at))))
        facts.append((_("Answer"), f.NOTHING if found.last_status is None else str(found.last_status)))
    if found.state == DeliveryState.WAITING:
        facts.append((_("Next attempt"), f.moment(localtime(found.due_at))))
    return facts


def _listing(endpoint: WebhookEndpoint) -> Listing:
    return Listing(
        name="deliveries",
        label=_("What was sent"),
        columns=(
            Column("type", _("Event"), "link", card="start", href=lambda row: _address(endpoint, row["message_id"])),
            Column("state", _("State"), "choice", choices=dict(DeliveryState.choices), card="end"),
            Column("attempts", _("Attempts"), "number"),
            Column("last_status", _("Answer"), "number"),
            Column("made_at", _("Written"), "moment"),
            Column("last_at", _("Last attempt"), "moment"),
            Column("due_at", _("Next attempt"), "moment", shown=False),
            Column("message_id", _("Message id"), shown=False),
        ),
        key="message_id",
        sort="-made_at",
        search=("type", "message_id"),
        counted=lambda count: ngettext("%(count)s delivery", "%(count)s deliveries", count) % {"count": f.exact(count)},
        empty=Empty(_("Nothing was sent yet"), _("Send a test, or change a record that it hears of.")),
        row=lambda row: _address(endpoint, row["message_id"]),
    )


def _address(endpoint: WebhookEndpoint, message_id: str) -> str:
    return reverse("webhook_delivery", args=[endpoint.pk, message_id])


ACTS = ("test", "secret", "stop", "start", "delete")
"""What can be done with a webhook, as its addresses say it."""
