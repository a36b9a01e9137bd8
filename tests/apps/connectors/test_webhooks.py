"""Webhooks: what is told, to whom, how it is signed, when it is tried again, and where nothing is ever sent."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpcore
import pytest
from django.core import mail
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from tenure.apps.connectors.internet import is_public
from tenure.apps.connectors.models import WebhookDelivery, WebhookEndpoint
from tenure.apps.connectors.webhooks import endpoints, events, sending, signing
from tenure.apps.crm import services as crm
from tenure.apps.workspaces.services.keys import create_key
from tenure.core.errors import TenureError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]
PUBLIC = "93.184.215.14"


class Receiver:
    """A server of this machine that keeps what it is sent and answers what a test says."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                read = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((dict(self.headers.items()), read))
                status, more = outer.answers.pop(0) if outer.answers else (204, {})
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.end_headers()
                if status != 204:
                    self.wfile.write(b"heard " * 2_000)

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?a=1"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@pytest.fixture
def receiver(settings: Any) -> Any:
    settings.TENURE_WEBHOOKS_PRIVATE = True
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def turn() -> Any:
    """One look of the worker."""
    return sending.turn


@pytest.fixture
def public_names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names and the addresses behind them, in place of the network."""
    known = {"example.com": [PUBLIC]}

    def found(host: str, port: int, **more: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror("unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return known


def told(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(body) for _headers, body in receiver.got]


def test_a_change_is_told_signed_and_without_values(receiver: Receiver, turn: Any, owner: Any) -> None:
    crm.add("accounts", {"account_id": "old"}, by=owner)
    _endpoint, secret = endpoints.make(receiver.url, by=owner)
    crm.add("accounts", {"account_id": "a/1", "name": "Acme Secret"}, by=owner)
    version = crm.edit("accounts", "a%2F1", {"tier": "S"}, by=owner)
    assert turn() == 2
    by_type = {json.loads(body)["type"]: body for _headers, body in receiver.got}  # they are sent side by side
    added, edited = by_type["account.added"], by_type["account.edited"]
    assert json.loads(edited) == {
        "type": "account.edited",
        "timestamp": version.recorded_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": {
            "kind": "accounts", "verb": "edited", "key": "a%2F1", "ids": {"account_id": "a/1"}, "changed": ["tier"],
            "version": version.row_id, "former": json.loads(added)["data"]["version"],
        },
    }  # fmt: skip
    assert json.loads(added)["data"]["changed"] == ["account_id", "name"]
    assert b"Secret" not in added
    for headers, body in receiver.got:
        Webhook(secret).verify(body, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body + b" ", headers)
    assert turn() == 0


def test_what_was_not_committed_is_not_told_and_a_killed_worker_loses_nothing(
    receiver: Receiver, turn: Any, owner: Any
) -> None:
    endpoint, _secret = endpoints.make(receiver.url, by=owner)
    with pytest.raises(TenureError):
        crm.add("accounts", {"account_id": "a", "employees": "many"}, by=owner)
    crm.add("accounts", {"account_id": "a"}, by=owner)
    assert events.queue() == 1  # and is killed before anything is sent
    now = timezone.now()
    claimed = sending._claim(endpoint, now, 8)
    assert [len(claimed), len(sending._claim(endpoint, now, 8))] == [1, 0]  # another worker leaves it; killed again
    assert turn() == 0
    WebhookDelivery.objects.update(taken_until=now - timedelta(seconds=1))
    assert [turn(), turn()] == [1, 0]
    assert receiver.got[0][0]["webhook-id"] == claimed[0].message_id


def test_a_failure_is_tried_again_under_the_same_id(receiver: Receiver, turn: Any, owner: Any) -> None:
    endpoint, _secret = endpoints.make(receiver.url, by=owner)
    receiver.answers = [(500, {}), (302, {"Location": receiver.url}), (503, {"Retry-After": "7000"})]
    endpoints.test(endpoint, by=owner)
    waits = []
    for _attempt in range(3):
        assert turn() == 1
        found = WebhookDelivery.objects.get()
        waits.append((found.due_at - found.last_at).total_seconds())
        WebhookDelivery.objects.update(due_at=timezone.now())
    assert [5 <= waits[0] <= 5.5, 300 <= waits[1] <= 330, waits[2]] == [True, True, 7000]
    assert (found.last_status, found.last_answer[:12], len(found.last_answer)) == (503, "heard heard ", 500)
    assert WebhookEndpoint.objects.get().failing_since is not None
    assert turn() == 1
    found.refresh_from_db()
    assert (found.state, found.attempts, WebhookEndpoint.objects.get().failing_since) == ("sent", 4, None)
    endpoints.again(found, by=owner)
    assert turn() == 1
    assert {headers["webhook-id"] for headers, _body in receiver.got} == {found.message_id}


def test_the_schedule_ends(owner: Any, receiver: Receiver) -> None:
    endpoint, _secret = endpoints.make(receiver.url, by=owner)
    delivery = endpoints.test(endpoint, by=owner)
    for pause in (*sending.SCHEDULE[1:], None):
        now = timezone.now()
        sending.note(delivery, sending.Outcome(None, "refused"), now)
        wait = (delivery.due_at - now).total_seconds()
        assert delivery.state == "failed" if pause is None else pause <= wait <= pause * 1.1
    assert delivery.attempts == 10


@pytest.mark.parametrize(
    ("answer", "failing_for", "why"),
    [
        pytest.param((410, {}), timedelta(0), "gone", id="the receiver is gone"),
        pytest.param((500, {}), timedelta(days=5), "failing", id="nothing arrived for five days"),
        pytest.param((500, {}), timedelta(days=4), "", id="nothing arrived for four days"),
        pytest.param(None, timedelta(0), "maker", id="the maker is no keeper any more"),
    ],
)
def test_what_stops_an_endpoint(
    receiver: Receiver, turn: Any, owner: Any, settings: Any, answer: Any, failing_for: timedelta, why: str
) -> None:
    settings.MAIL = True
    endpoint, _secret = endpoints.make(receiver.url, by=owner)
    receiver.answers = [answer] if answer else []
    endpoints.test(endpoint, by=owner)
    WebhookEndpoint.objects.update(failing_since=timezone.now() - failing_for if failing_for else None)
    if why == "maker":
        type(owner).objects.update(role="viewer")
    turn()
    assert WebhookEndpoint.objects.get().stopped == why
    assert [message.to for message in mail.outbox] == ([[owner.email]] if why else [])
    if not why:
        return
    with pytest.raises(TenureError) as refused:
        endpoints.test(endpoints.one(endpoint.pk), by=create_key("p", "admin", by=owner)[0])
    assert refused.value.code == "webhook.stopped"
    type(owner).objects.update(role="owner")
    owner.refresh_from_db()
    crm.add("accounts", {"account_id": "meanwhile"}, by=owner)
    assert turn() == 0
    endpoints.start(endpoint, by=owner)
    assert turn() == 2


def test_who_hears_of_what(receiver: Receiver, turn: Any, owner: Any, operator: Any, import_rows: Any) -> None:
    key, _text = create_key("sync", "sales", by=owner)
    endpoints.make(receiver.url, by=owner, kinds=["contacts", "accounts"], verbs=["added", "imported"],
                   leaves_out=f"key:{key.prefix}")  # fmt: skip
    endpoints.make(receiver.url, by=owner, kinds=["contacts"], leaves_out=f"member:{operator.pk}")
    crm.add("accounts", {"account_id": "a"}, by=key)
    crm.add("contacts", {"contact_id": "c", "account_id": "a", "email": "ann@example.com"}, by=owner)
    crm.edit("contacts", "c", {"title": "CTO"}, by=operator)
    crm.withdraw("contacts", "c", by=owner)
    import_rows([{"account_id": "b"}, {"account_id": "d"}], "accounts", by=owner)
    assert turn() == 4
    assert sorted(one["type"] for one in told(receiver)) == [
        "account.imported", "contact.added", "contact.added", "contact.withdrawn",
    ]  # fmt: skip
    imported = next(one["data"] for one in told(receiver) if one["type"] == "account.imported")
    assert (imported["created"], imported["kind"]) == (2, "accounts")
    assert not any(b"ann@" in body for _headers, body in receiver.got)


def test_for_a_day_both_secrets_sign(owner: Any, receiver: Receiver) -> None:
    endpoint, first = endpoints.make(receiver.url, by=owner)
    second = endpoints.rotate(endpoint, by=owner)
    assert first != second
    now = timezone.now()
    for at, works in ((now, True), (now + timedelta(hours=25), False)):
        keys = signing.secrets_in_force(endpoint.uid, endpoint.secret_round, endpoint.rotated_at, at)
        headers = signing.headers("msg_1", now, b"{}", keys)
        Webhook(second).verify("{}", headers)
        if works:
            Webhook(first).verify("{}", headers)
        else:
            with pytest.raises(WebhookVerificationError):
                Webhook(first).verify("{}", headers)


@pytest.mark.parametrize("role", ["operator", "success", "sales", "analyst", "viewer"])
def test_keepers_alone_make_webhooks(role: str, owner: Any) -> None:
    key, _text = create_key("p", role, by=owner)
    with pytest.raises(TenureError, match="manage_webhooks"):
        endpoints.make("https://example.com/", by=key)
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize(
    "url",
    ["", "example.com", "ftp://example.com/", "http://example.com/", "https://", "https://a:b@example.com/",
     "https://example.com/#x", "https://example.com:0/", "https://example.com:99999/", "https://[::1]/",
     "https://exa mple.com/", "https://exam\nple.com/", "file:///etc/passwd", "https://" + "a" * 3000 + ".com/",
     "https://inside.example.com/", "https://both.example.com/", "https://\ud800.com/", "https://[fe80::1%25eth0]/"],
)  # fmt: skip
def test_hostile_addresses_are_refused(url: str, owner: Any, public_names: dict[str, list[str]]) -> None:
    public_names |= {"inside.example.com": ["10.0.0.7"], "both.example.com": [PUBLIC, "127.0.0.1"], "::1": ["::1"]}
    public_names |= {"fe80::1%25eth0": ["fe80::1"]}
    with pytest.raises(TenureError) as refused:
        endpoints.make(url, by=owner)
    assert refused.value.code == "webhook.bad_url"


@pytest.mark.parametrize(
    ("address", "public"),
    [(PUBLIC, True), ("2606:4700::1111", True), ("127.0.0.1", False), ("10.1.2.3", False), ("169.254.169.254", False),
     ("100.64.0.1", False), ("0.0.0.0", False), ("255.255.255.255", False), ("224.0.0.1", False), ("::1", False),
     ("::", False), ("fd00::1", False), ("fe80::1", False), ("ff02::1", False), ("::ffff:10.0.0.1", False),
     ("2002:7f00:1::", False), ("64:ff9b::a00:1", False), ("64:ff9b::5db8:d70e", True)],
)  # fmt: skip
def test_what_belongs_to_the_public_internet(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_name_that_moves_inside_is_not_followed(
    owner: Any, public_names: dict[str, list[str]], turn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, _secret = endpoints.make("https://example.com:8443/hook", by=owner)
    public_names["example.com"] = ["127.0.0.1"]
    monkeypatch.setattr("httpcore.SyncBackend.connect_tcp", lambda *_a, **_n: pytest.fail("something was sent"))
    endpoints.test(endpoint, by=owner)
    assert turn() == 1
    found = WebhookDelivery.objects.get()
    assert (found.state, found.last_status, "TENURE_WEBHOOKS_PRIVATE" in found.last_answer) == ("waiting", None, True)


def test_what_is_connected_to_is_what_was_looked_at(
    owner: Any, public_names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[tuple[str, int]] = []

    def connect(_self: Any, host: str, port: int, *_more: Any) -> Any:
        tried.append((host, port))
        raise httpcore.ConnectError("closed")

    monkeypatch.setattr("httpcore.SyncBackend.connect_tcp", connect)
    endpoint, _secret = endpoints.make("https://example.com:8443/hook", by=owner)
    outcome = sending.send(endpoints.test(endpoint, by=owner), endpoint, timezone.now())
    assert (tried, outcome.status, outcome.text) == ([(PUBLIC, 8443)], None, "ConnectError: closed")


def test_a_receiver_that_drips_is_given_up_in_time(owner: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TENURE_WEBHOOKS_PRIVATE = True
    monkeypatch.setattr(sending, "SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _address = listening.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while True:
                    connection.sendall(b"x")
                    time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        endpoint, _secret = endpoints.make(f"http://127.0.0.1:{listening.getsockname()[1]}/", by=owner)
        began = time.monotonic()
        outcome = sending.send(endpoints.test(endpoint, by=owner), endpoint, timezone.now())
    assert (outcome.status, outcome.text.partition(":")[0]) == (None, "ReadTimeout")
    assert time.monotonic() - began < 5


def test_a_turn_takes_no_more_than_it_can_send(receiver: Receiver, turn: Any, owner: Any) -> None:
    for number in range(6):
        endpoint, _secret = endpoints.make(f"{receiver.url}&of={number}", by=owner)
        for _time in range(8):
            endpoints.test(endpoint, by=owner)
    assert [turn(), turn(), turn()] == [32, 16, 0]


@pytest.mark.parametrize(
    "given",
    [{"kinds": ["passwords"]}, {"verbs": ["stolen"]}, {"leaves_out": "nobody"}, {"leaves_out": "member:x"},
     {"note": "\x00"}],
)  # fmt: skip
def test_broken_choices_are_refused(given: dict[str, Any], owner: Any, public_names: dict[str, list[str]]) -> None:
    with pytest.raises(TenureError):
        endpoints.make("https://example.com/", by=owner, **given)
