"""Where may be sent to: what an address must be like, and whether it may lead inside."""

from __future__ import annotations

import httpx
from django.conf import settings
from django.utils.translation import gettext as _

from tenure.apps.connectors.internet import is_public, resolve
from tenure.core.errors import TenureError

LONGEST = 2_000


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


def is_allowed(address: str) -> bool:
    """Whether something may be sent to an address, by the setting of this installation."""
    return settings.TENURE_WEBHOOKS_PRIVATE or is_public(address)


def require_allowed(text: str) -> None:
    """Refuse an address that nothing may be sent to as it is known now; each sending looks anew.

    Raises: TenureError webhook.bad_url, also where one of the addresses behind the name is not of the public internet.
    """
    url = checked(text)
    try:
        found = resolve(url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80))
    except OSError:  # a name that is not known today may be tomorrow
        return
    if not all(is_allowed(address) for address in found):
        raise private(text)


def private(text: str) -> TenureError:
    """The error for an address that leads inside."""
    return refused(
        text,
        _("It leads into a private network or to this machine. Whoever runs Tenure can allow that by %(setting)s.")
        % {"setting": "TENURE_WEBHOOKS_PRIVATE"},
    )
