"""The sending of deliveries: due ones are claimed, sent, and tried again by the schedule. Hides claims and failures.

A claim ends by itself, so what a killed worker was at is sent again, under the same message id.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpcore
from django.conf import settings
from django.core.mail import send_mail
from django.db import close_old_connections, connection
from django.db.models import F, Min, Q
from django.db.utils import Error as DatabaseError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from tenure.apps.connectors.internet import Pinned, PrivateAddress, resolve
from tenure.apps.connectors.models import DeliveryState, Stopped, WebhookDelivery, WebhookEndpoint
from tenure.apps.connectors.webhooks import addresses, events, signing
from tenure.apps.workspaces.permissions import may
from tenure.apps.workspaces.services.writing import writing
from tenure.core.errors import TenureError
from tenure.version import __version__

log = logging.getLogger(__name__)
SCHEDULE = (0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
"""Seconds before each attempt: the first at once."""
JITTER = 0.1
"""So large a part of a pause is added by chance, so that what failed together is not sent together again."""
FAILING_FOR = timedelta(days=5)
"""An endpoint at which nothing arrived for so long is stopped."""
KEPT = timedelta(days=30)
"""Deliveries are kept so long."""
SECONDS = 15
"""A receiver must have answered by then."""
EXCERPT = 500
CLAIM = timedelta(minutes=2)
AT_ONCE = 8
AT_A_TURN = AT_ONCE * 4
"""However slow the receivers are, what a turn claimed is answered or given up before its claims end."""
_READ = 4_096
_PAUSE = 1.0
_PAUSE_AFTER_FAILURE = 30.0
_GONE = 410
_PATIENCE = {"timeout": {"connect": 5.0, "read": float(SECONDS), "write": float(SECONDS), "pool": 5.0}}
_FAILED = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol)
_NEXT_TEND_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt: the status, if there was one, and the beginning of the answer or what went wrong."""

    status: int | None
    text: str
    wait: float = 0.0
    """seconds for which the receiver asked not to be asked"""

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def send(delivery: WebhookDelivery, endpoint: WebhookEndpoint, now: datetime) -> Outcome:
    """Send a delivery once, within SECONDS in all.

    No proxy is asked, no redirect followed, no connection kept, and no more of an answer read than is shown.
    """
    body = delivery.body.encode()
    keys = signing.secrets_in_force(endpoint.uid, endpoint.secret_round, endpoint.rotated_at, now)
    try:
        url = addresses.checked(endpoint.url)
        headers = {
            "Host": url.netloc.decode("ascii"),
            "User-Agent": f"Tenure/{__version__}",
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "Connection": "close",
            **signing.headers(delivery.message_id, now, body, keys),
        }
        place = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        backend = Pinned(resolve, addresses.is_allowed, time.monotonic() + SECONDS)
        with (
            httpcore.ConnectionPool(network_backend=backend, max_keepalive_connections=0) as pool,
            pool.stream("POST", place, headers=headers, content=body, extensions=_PATIENCE) as answer,
        ):
            read = b""
            for piece in answer.iter_stream():
                read += piece
                if len(read) >= _READ:
                    break
    except PrivateAddress:
        problem = addresses.private(endpoint.url)
        return Outcome(None, " ".join((problem.message, problem.fix))[:EXCERPT])
    except TenureError as problem:
        return Outcome(None, " ".join((problem.message, problem.fix))[:EXCERPT])
    except (*_FAILED, OSError, ValueError) as problem:
        return Outcome(None, f"{type(problem).__name__}: {problem}"[:EXCERPT])
    told = read.decode("utf-8", "replace").replace("\x00", "")[:EXCERPT]
    return Outcome(answer.status, told, _asked_to_wait(answer))


def _asked_to_wait(answer: httpcore.Response) -> float:
    """The seconds of Retry-After, at most a day."""
    asked = next((value for name, value in answer.headers if name.lower() == b"retry-after"), b"")
    return float(min(int(asked), SCHEDULE[-1])) if asked.isdigit() and len(asked) < 10 else 0.0


def turn() -> int:
    """Queue what was written, send what is due; how many were sent, in whichever way it ended."""
    events.queue()
    now = timezone.now()
    claimed: list[WebhookDelivery] = []
    for endpoint in _ready(now):
        claimed += _claim(endpoint, now, AT_A_TURN - len(claimed))
    if not claimed:
        return 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(lambda one: send(one, one.endpoint, now), claimed))
    for delivery, outcome in zip(claimed, outcomes, strict=True):
        note(delivery, outcome, timezone.now())
    return len(claimed)


def _ready(now: datetime) -> Sequence[WebhookEndpoint]:
    """The endpoints with something due, whose makers may still tell others of everything; who waits longest first."""
    due = Q(deliveries__state=DeliveryState.WAITING, deliveries__due_at__lte=now)
    found = WebhookEndpoint.objects.filter(due, stopped="").select_related("made_by", "made_by_key")
    ready = []
    for endpoint in found.annotate(waits_since=Min("deliveries__due_at")).order_by("waits_since", "pk"):
        makers = [maker for maker in (endpoint.made_by, endpoint.made_by_key) if maker is not None]
        if all(may(maker, "manage_webhooks") for maker in makers):
            ready.append(endpoint)
        else:
            stop(endpoint, Stopped.MAKER, now)
    return ready


def _claim(endpoint: WebhookEndpoint, now: datetime, most: int) -> list[WebhookDelivery]:
    """Due deliveries that nobody else is at, `most` or fewer; of an endpoint that fails, one to see how it is."""
    free = Q(taken_until=None) | Q(taken_until__lt=now)
    due = endpoint.deliveries.filter(free, state=DeliveryState.WAITING, due_at__lte=now).order_by("due_at", "pk")
    return [
        one
        for one in due[: min(most, AT_ONCE if endpoint.failing_since is None else 1)]
        if WebhookDelivery.objects.filter(free, pk=one.pk, state=DeliveryState.WAITING).update(taken_until=now + CLAIM)
    ]


def note(delivery: WebhookDelivery, outcome: Outcome, now: datetime) -> None:
    """Keep what became of an attempt, and say when the next is due."""
    endpoint = delivery.endpoint
    delivery.attempts += 1
    delivery.tries += 1
    delivery.last_at, delivery.last_status, delivery.last_answer = now, outcome.status, outcome.text
    delivery.taken_until = None
    if outcome.is_good:
        delivery.state = DeliveryState.SENT
    elif delivery.tries >= len(SCHEDULE):
        delivery.state = DeliveryState.FAILED
    else:
        pause = SCHEDULE[delivery.tries] * (1 + JITTER * random.random())
        delivery.due_at = now + timedelta(seconds=max(pause, outcome.wait))
    delivery.save()
    if outcome.is_good:
        WebhookEndpoint.objects.filter(pk=endpoint.pk).exclude(failing_since=None).update(failing_since=None)
        return
    WebhookEndpoint.objects.filter(pk=endpoint.pk, failing_since=None).update(failing_since=now)
    endpoint.refresh_from_db(fields=["failing_since", "stopped"])
    if outcome.status == _GONE:
        stop(endpoint, Stopped.GONE, now)
    elif endpoint.failing_since is not None and now - endpoint.failing_since >= FAILING_FOR:
        stop(endpoint, Stopped.FAILING, now)


def stop(endpoint: WebhookEndpoint, why: Stopped, now: datetime) -> None:
    """Send nothing to an endpoint any more, and tell who made it."""
    with writing("tenure") as write:
        if not WebhookEndpoint.objects.filter(pk=endpoint.pk, stopped="").update(stopped=why, stopped_at=now):
            return
        write.audit("stopped", "webhook", str(endpoint.pk), reason=str(why.value), after={"url": endpoint.url})
    endpoint.stopped = why
    maker = endpoint.made_by
    if maker is None or not maker.is_active or not settings.MAIL:
        return
    with translation.override(maker.language or settings.LANGUAGE_CODE):
        subject = _("Tenure stopped a webhook")
        text = _(
            "Hello %(name)s,\n\n"
            "nothing is sent to %(url)s any more. The reason: %(reason)s.\n\n"
            "What waits is kept for 30 days. Start it again under Settings, Webhooks, when the receiver is in order."
        )
        body = text % {"name": maker.display_name, "url": endpoint.url, "reason": why.label}
        try:
            send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [maker.email])
        except OSError:
            log.exception("The notice about webhook %s could not be mailed.", endpoint.pk)


def forget_old(now: datetime) -> int:
    """Delete the deliveries that are older than they are kept."""
    return WebhookDelivery.objects.filter(made_at__lt=now - KEPT).delete()[0]


def send_again(delivery: WebhookDelivery, now: datetime) -> None:
    """Let a delivery be sent from the beginning of the schedule, under the same message id."""
    WebhookDelivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.WAITING, tries=0, due_at=now)


def resume(endpoint: WebhookEndpoint, now: datetime) -> None:
    """Let what waits for an endpoint be sent at once, from the beginning of the schedule."""
    waiting = endpoint.deliveries.filter(state=DeliveryState.WAITING)
    waiting.update(due_at=now, tries=0, taken_until=None, attempts=F("attempts"))


class SendingThread(threading.Thread):
    """Sends what is due about every second, beside the worker's jobs."""

    def __init__(self) -> None:
        super().__init__(name="webhooks", daemon=True)
        self._stopping = threading.Event()
        self._next_tend = 0.0

    def run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            pause = self.turn()
        connection.close()

    def turn(self) -> float:
        """One look at what is due; returns the seconds until the next."""
        close_old_connections()
        try:
            if time.monotonic() >= self._next_tend:
                self._next_tend = time.monotonic() + _NEXT_TEND_SECONDS
                forget_old(timezone.now())
            return 0.0 if turn() else _PAUSE
        except (TenureError, DatabaseError, OSError):
            log.exception("Webhooks could not be sent; trying again in %s s.", _PAUSE_AFTER_FAILURE)
            return _PAUSE_AFTER_FAILURE

    def stop(self) -> None:
        self._stopping.set()
        self.join(timeout=SECONDS)
