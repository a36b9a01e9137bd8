"""Bodies of the tracking protocol into events, each accepted or refused with its reason. Hides JSON, clocks and calls.

What a call means stands in docs/reference/tracking.md. A body is read alike when it arrives, to answer, and when it is
written into the lake; nothing depends on anything but the body and when, by whom and where it was received.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import msgspec

from tenure.core.errors import TenureError

LARGEST_BODY = 500 * 1024
"""Bytes of a batch, unpacked."""
LARGEST_EVENT = 32 * 1024
"""Bytes of one event, and of the body of a call that is not a batch."""
LONGEST_ID = 256
LONGEST_NAME = 200
DEEPEST = 32
"""Objects and lists inside each other."""

KINDS = ("track", "identify", "group", "page", "screen", "alias")
CALLS = ("batch", "import", *KINDS)
"""What may be posted; `batch` and `import` carry a list of the others."""

NAMED = MappingProxyType(
    {"page": "page", "screen": "screen", "identify": "$identify", "group": "$group", "alias": "$alias"}
)
"""Kind of call -> name of its event."""
SAID = tuple(name for name in NAMED.values() if name.startswith("$"))
"""The names of calls that say something of a user, and are no activity of theirs."""

REASONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "tracking.not_an_object": ("The event is not a JSON object.", "Send an object with the fields of the call."),
        "tracking.unreadable": (
            "The event cannot be read: it is no JSON, no UTF-8, or has a number beyond every range.",
            "Send JSON in UTF-8, with numbers as programs keep them.",
        ),
        "tracking.unknown_type": (
            "The event's type is none of the calls.",
            "Set type to track, identify, group, page, screen or alias.",
        ),
        "tracking.event_too_large": ("The event has more than 32 kB.", "Send less in its properties or context."),
        "tracking.too_deep": ("Objects and lists are nested too deeply.", "Nest at most 32 of them."),
        "tracking.no_event_name": ("A track call has no event name.", "Set event to a text that is not empty."),
        "tracking.bad_event_name": (
            "The event's name is no text, longer than 200 characters, or has a NUL in it.",
            "Name it in a few words; what differs from event to event belongs in the properties.",
        ),
        "tracking.no_identity": (
            "The event has neither a userId nor an anonymousId.",
            "Set at least one of them.",
        ),
        "tracking.no_group": ("A group call has no groupId.", "Set groupId to the id of the account."),
        "tracking.no_previous": (
            "An alias call lacks its previousId or its userId.",
            "Set previousId to the former id and userId to the one that holds from now on.",
        ),
        "tracking.bad_id": (
            "An id is no text or whole number, longer than 256 characters, or has a NUL in it.",
            "Send ids as texts of at most 256 characters.",
        ),
        "tracking.bad_timestamp": (
            "The timestamp is no moment from 1970 on in ISO 8601.",
            "Write it as 2026-11-22T10:15:30.123Z, or leave it out.",
        ),
        "tracking.bad_properties": (
            "The properties, traits or context are not an object.",
            "Send an object, or leave them out.",
        ),
    }
)
"""Why one event is refused: what happened, and what to do. The others of its batch are not touched by it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUL = b"\\u0000"
_CONTENT = {kind: "traits" if kind in ("identify", "group") else "properties" for kind in KINDS}
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class BodyRefused(TenureError):
    """Nothing of a body can be read as events."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One event that is refused: its place in the body, the reason's code, the field it is about, and a body with it
    alone, which can be read again."""

    index: int
    code: str
    field: str
    body: bytes


@dataclass(slots=True)
class Arrivals:
    """What was accepted, as columns that go into the lake: events, and the links between ids that some of them make."""

    event_id: list[str] = field(default_factory=list)
    account_id: list[str | None] = field(default_factory=list)
    user_id: list[str | None] = field(default_factory=list)
    anonymous_id: list[str | None] = field(default_factory=list)
    event: list[str] = field(default_factory=list)
    ts: list[int] = field(default_factory=list)
    properties: list[str | None] = field(default_factory=list)
    attributes: list[str | None] = field(default_factory=list)
    received_at: list[int] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    links: list[tuple[int, str | None, str | None, str | None]] = field(default_factory=list)
    """(place of the event among these, anonymous_id, user_id, account_id)"""

    def __len__(self) -> int:
        return len(self.event_id)


class _Batch(msgspec.Struct):
    batch: list[msgspec.Raw]
    context: Any = None
    sent: Any = msgspec.field(default=None, name="sentAt")


class _Keyed(msgspec.Struct):
    key: Any = msgspec.field(default=None, name="writeKey")


_decode_batch = msgspec.json.Decoder(_Batch).decode
_decode_keyed = msgspec.json.Decoder(_Keyed).decode


class _Refused(Exception):
    def __init__(self, code: str, about: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.about = about


def write_key(body: bytes) -> str | None:
    """The write key that a body itself names, as browsers send it; None where there is none, or no JSON."""
    try:
        key = _decode_keyed(body).key
    except (ValueError, RecursionError):
        return None
    return key if isinstance(key, str) else None


def read(body: bytes, call: str, *, received_at: int, source: str, place: str, into: Arrivals) -> list[Refusal]:
    """Add a body's events to `into`; returns those that are refused, in their order.

    Units:   moments are microseconds since 1970 UTC.
    `place`  names the body among all that were received: an event without `messageId` is named by it and its index.
    Raises:  BodyRefused if the body is too large or no events can be seen in it.
    """
    if call in KINDS:
        if len(body) > LARGEST_EVENT:
            raise _too_large(LARGEST_EVENT)
        events, context, sent, kind = [body], None, None, call
    else:
        if len(body) > LARGEST_BODY:
            raise _too_large(LARGEST_BODY)
        whole = _envelope(body)
        events, context, sent, kind = [bytes(raw) for raw in whole.batch], whole.context, whole.sent, ""
    skew = None if call == "import" else _skew(sent, received_at)
    refused = []
    for index, text in enumerate(events):
        try:
            _take(text, kind, call == "import", context, sent, skew, received_at, source, f"{place}-{index}", into)
        except _Refused as found:
            alone = text if kind else _batch_of(text, context, sent)
            refused.append(Refusal(index, found.code, found.about, alone))
    return refused


def _batch_of(text: bytes, context: Any, sent: Any) -> bytes:
    """A batch of one event, with what its own batch said of all."""
    shared = {name: value for name, value in (("sentAt", sent), ("context", context)) if value is not None}
    try:
        return (_encode(shared)[:-1] + b"," if shared else b"{") + b'"batch":[' + text + b"]}"
    except ValueError:
        return b'{"batch":[' + text + b"]}"


def _envelope(body: bytes) -> _Batch:
    try:
        try:
            return _decode_batch(body)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            return _decode_batch(_mended(body))
    except msgspec.ValidationError as error:
        raise BodyRefused(
            "tracking.no_batch",
            "The body is not an object with a list of events.",
            fix='Send {"batch": [...]}, or one event to the path of its call.',
            found=str(error),
        ) from error
    except (ValueError, RecursionError) as error:
        raise BodyRefused(
            "tracking.bad_json",
            "The body is not JSON.",
            fix="Send JSON in UTF-8, whole.",
            found=str(error),
        ) from error


def _mended(text: bytes) -> bytes:
    """JSON in which halves of characters, as scripts cut them, are replaced by U+FFFD.

    Raises: ValueError, RecursionError if that is not all that is wrong with it.
    """
    halves = json.dumps(json.loads(text), ensure_ascii=False)
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _too_large(limit: int) -> BodyRefused:
    return BodyRefused(
        "tracking.body_too_large",
        f"The body has more than {limit >> 10} kB.",
        fix="Send fewer events at once; a batch may have 500 kB, one event 32 kB.",
        limit=limit,
    )


def _take(
    text: bytes,
    kind: str,
    imported: bool,
    shared: Any,
    sent: Any,
    skew: int | None,
    received_at: int,
    source: str,
    name: str,
    into: Arrivals,
) -> None:
    """Read one event and add it to the columns; nothing is added if it is refused."""
    if len(text) > LARGEST_EVENT:
        raise _Refused("tracking.event_too_large")
    try:
        try:
            said = _decode(text)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            said = _decode(_mended(text))
    except RecursionError as error:
        raise _Refused("tracking.too_deep") from error
    except ValueError as error:
        raise _Refused("tracking.unreadable") from error
    if type(said) is not dict:
        raise _Refused("tracking.not_an_object")
    if text.count(b"{") + text.count(b"[") > DEEPEST and _deeper(said, DEEPEST):
        raise _Refused("tracking.too_deep")
    if _NUL in text:
        _replace_nul(said)
    given = said.pop("type", None)
    kind = kind or (given if isinstance(given, str) else "")
    if kind not in KINDS:
        raise _Refused("tracking.unknown_type", "type")
    said.pop("writeKey", None)

    user, anonymous = _id(said.pop("userId", None), "userId"), _id(said.pop("anonymousId", None), "anonymousId")
    context = said.get("context")
    if context is not None and type(context) is not dict:
        raise _Refused("tracking.bad_properties", "context")
    if type(shared) is dict:
        said["context"] = context = {**shared, **(context or {})}
    account = _id(context.get("groupId"), "context.groupId") if context else None
    content = said.pop(_CONTENT[kind], None) if kind != "alias" else None
    if content is not None and type(content) is not dict:
        raise _Refused("tracking.bad_properties", _CONTENT[kind])
    link: tuple[str | None, str | None, str | None] | None = None
    if kind == "track":
        event = said.pop("event", None)
        if event is None or event == "":
            raise _Refused("tracking.no_event_name", "event")
        if type(event) is not str or len(event) > LONGEST_NAME or "\ufffd" in event or event.isspace():
            raise _Refused("tracking.bad_event_name", "event")
    else:
        event = NAMED[kind]
        if kind == "group":
            account = _id(said.pop("groupId", None), "groupId")
            if account is None:
                raise _Refused("tracking.no_group", "groupId")
            link = (anonymous, user, account)
        elif kind == "alias":
            former = _id(said.pop("previousId", None), "previousId")
            if former is None or user is None:
                raise _Refused("tracking.no_previous", "previousId")
            content = {"previousId": former}
            link = (former, user, account)
        elif kind == "identify":
            if (anonymous is None) + (user is None) + (account is None) < 2:
                link = (anonymous, user, account)
        else:
            own = {key: said.pop(key) for key in ("name", "category") if said.get(key) is not None}
            content = {**own, **(content or {})}
    if user is None and anonymous is None:
        raise _Refused("tracking.no_identity", "userId")

    own_sent = said.get("sentAt")
    if own_sent is not None and not imported:
        skew = _skew(own_sent, received_at)
    elif sent is not None:
        said["sentAt"] = sent
    at = _happened(said, skew, received_at)
    message = _id(said.pop("messageId", None), "messageId")
    try:
        properties = _encode(content).decode() if content else None
        attributes = _encode(said).decode() if said else None
    except (ValueError, OverflowError) as error:
        raise _Refused("tracking.unreadable") from error

    if link is not None:
        into.links.append((len(into.event_id), *link))
    into.event_id.append(message or name)
    into.account_id.append(account)
    into.user_id.append(user)
    into.anonymous_id.append(anonymous)
    into.event.append(event)
    into.ts.append(at)
    into.properties.append(properties)
    into.attributes.append(attributes)
    into.received_at.append(received_at)
    into.source.append(source)


def _id(value: Any, about: str) -> str | None:
    """An id as text; the empty text is none. U+FFFD is what a NUL or half a character has become."""
    if type(value) is int:
        value = str(value)
    if value is None or value == "":
        return None
    if type(value) is not str or len(value) > LONGEST_ID or "\ufffd" in value:
        raise _Refused("tracking.bad_id", about)
    return value


def _happened(said: dict[str, Any], skew: int | None, received_at: int) -> int:
    """When it happened by our clock: as told, moved by what the sender's clock is off, and never after its receipt."""
    told = said.get("originalTimestamp")
    if told is None:
        told = said.get("timestamp")
    if told is None:
        return received_at
    at = moment(told)
    if at is None:
        raise _Refused("tracking.bad_timestamp", "timestamp")
    at = min(at if skew is None else at + skew, received_at)
    if at < 0:
        raise _Refused("tracking.bad_timestamp", "timestamp")
    return at


def _skew(sent: Any, received_at: int) -> int | None:
    """How far our clock is ahead of the sender's; None if the sender does not tell when it sent."""
    at = None if sent is None else moment(sent)
    return None if at is None else received_at - at


def moment(value: Any) -> int | None:
    """Microseconds since 1970 UTC of a text in ISO 8601 (UTC where it names no zone); None if it is none."""
    if type(value) is not str:
        return None
    try:
        at = datetime.fromisoformat(value)
        since = (at if at.tzinfo is not None else at.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError):
        return None
    return since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds


def _deeper(value: Any, left: int) -> bool:
    """Whether more objects and lists are nested than are left."""
    if isinstance(value, dict):
        return left == 0 or any(_deeper(one, left - 1) for one in value.values())
    if isinstance(value, list):
        return left == 0 or any(_deeper(one, left - 1) for one in value)
    return False


def _replace_nul(said: dict[str, Any]) -> None:
    """Write U+FFFD for NUL everywhere: no engine that reads texts agrees with another on what a NUL means."""

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("\x00", "\ufffd")
        if isinstance(value, dict):
            return {clean(key): clean(one) for key, one in value.items()}
        return [clean(one) for one in value] if isinstance(value, list) else value

    cleaned = clean(said)
    said.clear()
    said.update(cleaned)
