"""The secrets of endpoints and the signatures made with them. Hides how both are made.

A secret is derived from the installation's own key: no store and no backup of the store holds one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings

BOTH_FOR = timedelta(hours=24)
"""So long after a change of the secret the former one signs, too."""
_MARK = "whsec_"


def secret(uid: str, number: int) -> bytes:
    """The number-th secret of an endpoint."""
    told = f"tenure webhook {uid} {number}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), told, hashlib.sha256).digest()


def secret_text(uid: str, number: int) -> str:
    """A secret as receivers' libraries take it: whsec_ and base64."""
    return _MARK + base64.b64encode(secret(uid, number)).decode()


def secrets_in_force(uid: str, number: int, rotated_at: datetime | None, now: datetime) -> list[bytes]:
    """The secrets that sign at a moment, the newest first."""
    also_former = number > 1 and rotated_at is not None and now < rotated_at + BOTH_FOR
    return [secret(uid, n) for n in ([number, number - 1] if also_former else [number])]


def headers(message_id: str, at: datetime, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The three headers of a message; a signature for each key."""
    stamp = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), stamp.encode(), body))
    signatures = (base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
