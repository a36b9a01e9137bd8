"""The tracking port in OpenAPI: what may be posted, and what is answered. Hides the shape of the document."""

from __future__ import annotations

from typing import Any

from tenure.core.tracking import CALLS, KINDS, LONGEST_ID, LONGEST_NAME
from tenure.version import __version__

_ID = {"anyOf": [{"type": "string", "maxLength": LONGEST_ID}, {"type": "integer"}]}
_OBJECT: dict[str, Any] = {"type": "object"}
_MOMENT = {"type": "string", "format": "date-time"}
_SHARED: dict[str, Any] = {
    "messageId": _ID,
    "userId": _ID,
    "anonymousId": _ID,
    "context": _OBJECT,
    "timestamp": _MOMENT,
    "sentAt": _MOMENT,
}
_OWN: dict[str, dict[str, Any]] = {
    "track": {"event": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}, "properties": _OBJECT},
    "page": {"name": {"type": "string"}, "category": {"type": "string"}, "properties": _OBJECT},
    "screen": {"name": {"type": "string"}, "category": {"type": "string"}, "properties": _OBJECT},
    "identify": {"traits": _OBJECT},
    "group": {"groupId": _ID, "traits": _OBJECT},
    "alias": {"previousId": _ID},
}
_NEEDED = {"track": ["event"], "group": ["groupId"], "alias": ["previousId", "userId"]}
_REFUSED = "Nothing was taken; `code`, `message` and `fix` say why."
_STATUSES = {
    "200": "At least one event was taken, and is on disk.",
    **dict.fromkeys(("400", "401", "403", "413", "415", "429", "503"), _REFUSED),
}


def document() -> dict[str, Any]:
    """The document, as /openapi.json gives it."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tenure: the port for events", "version": __version__},
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "basic"}}},
        "security": [{"key": []}],
        "paths": {f"/v1/{call}": {"post": _operation(call)} for call in CALLS},
    }


def _operation(call: str) -> dict[str, Any]:
    content = {"application/json": {"schema": _call(call) if call in KINDS else _batch()}}
    answer = {"application/json": {"schema": {"type": "object", "required": ["success"]}}}
    return {
        "operationId": call,
        "requestBody": {"required": True, "content": content},
        "responses": {status: {"description": said, "content": answer} for status, said in _STATUSES.items()},
    }


def _call(kind: str, *, typed: bool = False) -> dict[str, Any]:
    own = {"type": {"const": kind}} if typed else {}
    needed = [*own, *_NEEDED.get(kind, [])]
    known = {"type": "object", "properties": {**own, **_SHARED, **_OWN[kind]}, "required": needed}
    return {**known, "anyOf": [{"required": ["userId"]}, {"required": ["anonymousId"]}]}


def _batch() -> dict[str, Any]:
    events = {"type": "array", "items": {"anyOf": [_call(kind, typed=True) for kind in KINDS]}}
    shared = {"context": _OBJECT, "sentAt": _MOMENT}
    return {"type": "object", "properties": {"batch": events, **shared}, "required": ["batch"]}
