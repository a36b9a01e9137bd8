"""Reading what programs send: JSON objects and files, each within its bounds."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from tenure.core.errors import TenureError

MEGABYTE = 1024 * 1024
MOST_JSON = MEGABYTE
MOST_FILE = settings.TENURE_UPLOAD_MB * MEGABYTE


def too_large(limit: int = MOST_JSON) -> TenureError:
    return TenureError(
        "request.too_large",
        f"The request is larger than {limit // MEGABYTE} MB.",
        fix="Send less at once; large files are imported by the command `tenure import`.",
        megabytes=limit // MEGABYTE,
    )


def is_larger(request: HttpRequest, limit: int) -> bool:
    """Whether a body says that it is larger than `limit` bytes, or says nothing that can be meant; it is not read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return not length.isdecimal() or int(length[:20]) > limit


def bounded(request: HttpRequest, limit: int) -> None:
    """Refuse a body that says it is larger than `limit` bytes, before it is read.

    Raises: TenureError request.too_large.
    """
    if is_larger(request, limit):
        raise too_large(limit)


def json_object(request: HttpRequest) -> dict[str, Any]:
    """The body as a JSON object.

    Raises: TenureError request.too_large or request.not_json.
    """
    bounded(request, MOST_JSON)
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise TenureError(
            "request.not_json",
            "The body is not a JSON object.",
            fix='Send a JSON object in UTF-8, such as {"question": "movements"}.',
        )
    return body


def object_in(body: dict[str, Any], field: str) -> dict[str, Any]:
    """A field of the body that must be an object.

    Raises: TenureError request.invalid.
    """
    return _object(body.get(field), field)


def object_of(text: str, field: str) -> dict[str, Any]:
    """A field of the query that must be an object written as JSON.

    Raises: TenureError request.invalid.
    """
    try:
        return _object(json.loads(text), field)
    except (ValueError, RecursionError):
        return _object(None, field)


def _object(value: Any, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TenureError(
            "request.invalid",
            f"`{field}` must be a JSON object.",
            fix="Compare the request with /api/docs.",
            field=field,
        )
    return value
