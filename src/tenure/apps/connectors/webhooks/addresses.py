"""Where may be sent to. Hides how a name is resolved, and what makes an address one of ours or of nobody.

A name is resolved once for each attempt, every address behind it is looked at, and the connection goes to the very
address that was looked at: a name that answers otherwise a moment later leads nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import httpx
from django.conf import settings
from django.utils.translation import gettext as _

from tenure.apps.connectors.internet import is_public, resolve
from tenure.core.errors import TenureError

LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """A checked address: what to connect to, and how the receiver is named there."""

    url: httpx.URL
    host: str
    netloc: str


def refused(url: str, fix: str) -> TenureError:
    """The error for an address that nothing is sent to."""
    return TenureError(
        "webhook.bad_url", _("Nothing can be sent to this address."), fix=fix, field="url", value=url[:200]
    )


def checked(text: str) -> httpx.URL:
    """An address that may be asked for, before it is resolved.

    Raises: TenureError webhook.bad_url.
    """
    text = text.strip()
    try:
        url = httpx.URL(text)
        if len(text) > LONGEST or not text.isprintable() or " " in text:
            raise httpx.InvalidURL(text)
        if not url.host or (url.port is not None and not 0 < url.port < 65536):
            raise httpx.InvalidURL(text)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise refused(text, _("Write an address such as https://example.com/hooks.")) from error
    if url.userinfo or url.fragment:
        raise refused(text, _("Leave name, password and what follows a # out of the address."))
    if url.scheme != "https" and not (url.scheme == "http" and settings.TENURE_WEBHOOKS_PRIVATE):
        raise refused(text, _("Write an address that begins with https://."))
    return url


def resolved(text: str) -> Place:
    """An address with its name resolved.

    Raises: TenureError webhook.bad_url, also where one of the addresses behind the name is not of the public internet;
    OSError where the name has none.
    """
    url = checked(text)
    port = url.port or (443 if url.scheme == "https" else 80)
    host = url.raw_host.decode("ascii").strip("[]")
    addresses = [address.partition("%")[0] for address in resolve(host, port)]
    if not addresses:
        raise OSError("no address")
    if not settings.TENURE_WEBHOOKS_PRIVATE and not all(is_public(address) for address in addresses):
        raise refused(
            text,
            _("It leads into a private network or to this machine. Whoever runs Tenure can allow that by %(setting)s.")
            % {"setting": "TENURE_WEBHOOKS_PRIVATE"},
        )
    return Place(url.copy_with(host=addresses[0]), host, url.netloc.decode("ascii"))
