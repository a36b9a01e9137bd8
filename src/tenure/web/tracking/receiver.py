"""The tracking protocol over HTTP, as an ASGI application: who may send, what is answered, and when. Hides ASGI.

An answer of 200 means that the body is on disk. What cannot be kept is answered with 429 or 503 and Retry-After, and a
client sends it again.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol

import msgspec

from tenure.core import tracking
from tenure.core.errors import TenureError
from tenure.core.tracking import CALLS, LARGEST_BODY, REASONS, Arrivals, BodyRefused, Refusal
from tenure.warehouse.arrivals.journal import GroupCommit, Journal, JournalUnwritable, Record
from tenure.web.tracking.document import document
from tenure.web.tracking.gauges import Gauges

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = Mapping[bytes, bytes]

CALL_OF = {f"/v1/{call}": call for call in CALLS} | {f"/v1/{call[0]}": call for call in CALLS if call != "import"}
"""Path -> call. Browsers use the first letter alone; a slash at the end is allowed."""
_MOST_SHOWN = 100
_encode = msgspec.json.Encoder().encode


class Keys(Protocol):
    """The write keys: each sends for a source."""

    def source_of(self, key: str) -> str | None:
        """The source of a key; None if there is no such key."""

    def refresh(self) -> None:
        """Look whether keys were made or revoked; may wait for the store."""


class Answered(Exception):
    """The request is answered with this refusal."""

    def __init__(self, status: int, refusal: TenureError, *, seconds: int | None = None) -> None:
        super().__init__(refusal.code)
        self.status = status
        self.refusal = refusal
        self.seconds = seconds


class Receiver:
    """The ASGI application of one process: takes the journal's writing end when it starts, and lets go of it after."""

    def __init__(
        self, keys: Keys, gauges: Gauges, journal: Callable[[], Journal], *, origins: Iterable[str] = ()
    ) -> None:
        self.keys = keys
        self.gauges = gauges
        self._journal = journal
        self._origins = frozenset(origins)
        self._commit: GroupCommit[asyncio.Future[None]] | None = None
        self._refreshing: asyncio.Future[None] | None = None
        self._refreshed = float("-inf")

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    # ------------------------------------------------------------------ from start to end

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            said = await receive()
            if said["type"] == "lifespan.startup":
                await self.start()
                await send({"type": "lifespan.startup.complete"})
            elif said["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def start(self) -> None:
        """Take the journal, which a former process may still be about to leave."""
        loop = asyncio.get_running_loop()
        journal = await asyncio.to_thread(self._journal)

        def settle(tickets: list[asyncio.Future[None]], refused: JournalUnwritable | None) -> None:
            loop.call_soon_threadsafe(_settle, tickets, refused)

        self._commit = GroupCommit(journal, settle)
        self.gauges.waiting = lambda: self._commit.waiting_bytes if self._commit is not None else 0
        self._commit.start()

    async def stop(self) -> None:
        """Write what waits, and let go of the journal."""
        if self._commit is not None:
            await asyncio.to_thread(self._commit.stop)

    # ------------------------------------------------------------------ one request

    async def _answer(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        path, method = scope["path"].rstrip("/"), scope["method"]
        call = CALL_OF.get(path)
        status, body, more = 200, b"", self._cross_origin(headers)
        try:
            if method == "GET" and path == "/health":
                well, said = self.gauges.health()
                status, body = 200 if well else 503, _encode(said)
            elif method == "GET" and path == "/metrics":
                body = self.gauges.text().encode()
                more["content-type"] = "text/plain; version=0.0.4"
            elif method == "GET" and path == "/openapi.json":
                body = _encode(document())
            elif call is None:
                raise Answered(
                    404, _refusal("tracking.no_such_path", "There is nothing at this path.", "Post to /v1/batch.")
                )
            elif method == "OPTIONS":
                status = 204
            elif method != "POST":
                more["allow"] = "POST, OPTIONS"
                raise Answered(405, _refusal("tracking.not_posted", "Events are posted.", "Use the method POST."))
            else:
                status, body = await self._take(call, headers, receive)
        except Answered as answered:
            status, body = answered.status, _encode({"success": False, **answered.refusal.as_dict()})
            if answered.seconds is not None:
                more["retry-after"] = str(answered.seconds)
            if call is not None:
                self.gauges.refusals[answered.refusal.code] += 1
        if call is not None:
            self.gauges.answers[call, status] += 1
        listed = {"content-type": "application/json", "content-length": str(len(body)), **more}
        head = [(name.encode(), value.encode("latin-1")) for name, value in listed.items()]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})

    async def _take(self, call: str, headers: Headers, receive: Receive) -> tuple[int, bytes]:
        """Read, judge and keep a body; the status and what is answered.

        Raises: Answered.
        """
        origin = headers.get(b"origin")
        if origin is not None and not self._allows(origin):
            raise Answered(
                403,
                _refusal(
                    "tracking.foreign_origin",
                    "Pages of this address may not send events.",
                    "Add the address to TENURE_TRACKING_ORIGINS.",
                ),
            )
        pressure = self.gauges.pressure()
        if pressure is not None:
            raise Answered(
                pressure.status,
                _refusal(pressure.code, pressure.message, "Send it again later."),
                seconds=pressure.seconds,
            )
        key = _basic(headers)
        source = None if key is None else await self._source(key)
        body = _unpacked(await _whole(headers, receive), headers.get(b"content-encoding", b""))
        if key is None:
            key = tracking.write_key(body)
            source = None if key is None else await self._source(key)
        if source is None:
            raise Answered(
                401,
                _refusal(
                    "tracking.unknown_key",
                    "There is no such write key." if key else "The request has no write key.",
                    "Send a write key as the user name of basic authentication, or as writeKey in the body.",
                ),
            )
        received_at = time.time_ns() // 1000
        self.gauges.bytes += len(body)
        arrivals = Arrivals()
        try:
            refused = tracking.read(body, call, received_at=received_at, source=source, place="", into=arrivals)
        except BodyRefused as whole:
            if whole.code == "tracking.body_too_large":
                raise Answered(413, whole) from whole
            await self._keep(Record(received_at, call, source, body))
            raise Answered(400, whole) from whole
        if len(arrivals) or refused:
            await self._keep(Record(received_at, call, source, body))
        self.gauges.accepted += len(arrivals)
        self.gauges.refusals.update(one.code for one in refused)
        return _verdict(len(arrivals), refused)

    async def _keep(self, record: Record) -> None:
        """Wait until the record is on disk."""
        if self._commit is None:  # a server that does not tell when it starts
            await self.start()
        assert self._commit is not None
        ticket = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        self._commit.submit(record.packed(), ticket)
        try:
            await ticket
        except JournalUnwritable as error:
            raise Answered(503, error, seconds=30) from error
        self.gauges.commits += 1
        self.gauges.commit_seconds += time.perf_counter() - began

    # ------------------------------------------------------------------ who may

    async def _source(self, key: str) -> str | None:
        """The source of a key; one that is not known is looked up anew, at most once a second for all who ask."""
        found = self.keys.source_of(key)
        if found is not None:
            return found
        if self._refreshing is None and time.monotonic() - self._refreshed >= 1:
            self._refreshing = asyncio.ensure_future(asyncio.to_thread(self.keys.refresh))
        if self._refreshing is not None:
            try:
                await asyncio.shield(self._refreshing)
            finally:
                self._refreshing = None
                self._refreshed = time.monotonic()
        return self.keys.source_of(key)

    def _allows(self, origin: bytes) -> bool:
        return "*" in self._origins or origin.decode("latin-1") in self._origins

    def _cross_origin(self, headers: Headers) -> dict[str, str]:
        """What tells a browser that a page of another address may send here."""
        origin = headers.get(b"origin")
        if origin is None or not self._allows(origin):
            return {}
        return {
            "access-control-allow-origin": origin.decode("latin-1"),
            "access-control-allow-methods": "POST",
            "access-control-allow-headers": "authorization, content-type, content-encoding",
            "access-control-max-age": "86400",
            "vary": "Origin",
        }


def _settle(tickets: list[asyncio.Future[None]], refused: JournalUnwritable | None) -> None:
    for ticket in tickets:
        if ticket.done():  # its client has gone
            continue
        if refused is None:
            ticket.set_result(None)
        else:
            ticket.set_exception(refused)


def _refusal(code: str, message: str, fix: str) -> TenureError:
    return TenureError(code, message, fix=fix)


def _verdict(accepted: int, refused: list[Refusal]) -> tuple[int, bytes]:
    """What is answered: 200 if anything was accepted, with what was not; 400 if nothing was."""
    if not refused:
        return 200, b'{"success":true}'
    listed = [
        {
            "index": one.index,
            "code": one.code,
            "message": REASONS[one.code][0],
            "fix": REASONS[one.code][1],
            "field": one.field,
        }
        for one in refused[:_MOST_SHOWN]
    ]
    said = {"success": accepted > 0, "accepted": accepted, "refused_count": len(refused), "refused": listed}
    if accepted:
        return 200, _encode(said)
    return 400, _encode({**said, **{name: listed[0][name] for name in ("code", "message", "fix")}})


def _basic(headers: Headers) -> str | None:
    """The user name of basic authentication; None without it."""
    scheme, _space, content = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        return base64.b64decode(content, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


async def _whole(headers: Headers, receive: Receive) -> bytes:
    """The body; refused as soon as it is seen to be too large."""
    told = headers.get(b"content-length", b"0")
    if told.isdigit() and int(told) > LARGEST_BODY:
        raise _too_large()
    parts, size = [], 0
    while True:
        said = await receive()
        if said["type"] == "http.disconnect":
            raise Answered(400, _refusal("tracking.broken_off", "The body broke off.", "Send it again."))
        part = said.get("body", b"")
        size += len(part)
        if size > LARGEST_BODY:
            raise _too_large()
        parts.append(part)
        if not said.get("more_body"):
            return b"".join(parts)


def _unpacked(body: bytes, encoding: bytes) -> bytes:
    """The body as it was before it was packed; never more than a body may have."""
    if encoding in (b"", b"identity"):
        return body
    if encoding != b"gzip":
        raise Answered(
            415, _refusal("tracking.unknown_encoding", "The body is packed in an unknown way.", "Pack it with gzip.")
        )
    unpacking = zlib.decompressobj(wbits=31)
    try:
        whole = unpacking.decompress(body, LARGEST_BODY + 1)
    except zlib.error as error:
        raise _bad_gzip() from error
    if len(whole) > LARGEST_BODY:
        raise _too_large()
    if not unpacking.eof:
        raise _bad_gzip()
    return whole


def _bad_gzip() -> Answered:
    return Answered(400, _refusal("tracking.bad_gzip", "The body is not whole as gzip.", "Pack it anew."))


def _too_large() -> Answered:
    refusal = _refusal(
        "tracking.body_too_large",
        "The body has more than 500 kB.",
        "Send fewer events at once; a batch may have 500 kB, one event 32 kB.",
    )
    return Answered(413, refusal)
