"""The sites the collector is to look at, those it must not, and what names a site."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.models import OptOut, Site
from tenure.apps.acquisition.services.prospects import forget_domain
from tenure.apps.workspaces.services.writing import Actor, writing
from tenure.core.errors import TenureError

MOST_SITES = 10_000
LONGEST_TERMS = 200
_LABEL = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")
_NOT_OUTSIDE = ("local", "localhost", "internal", "lan", "home", "corp", "intranet", "arpa", "onion", "invalid")
"""Last parts of names that no company's site has."""


def domain_of(text: str) -> str | None:
    """The domain that an address or a name stands for, without `www.`; None where it is none of the internet."""
    text = text.strip()
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        host = (parts.hostname or "").rstrip(".").encode("idna").decode("ascii").lower()
    except (ValueError, UnicodeError):
        return None
    host = host.removeprefix("www.")
    labels = host.split(".")
    if len(host) > 253 or len(labels) < 2 or labels[-1] in _NOT_OUTSIDE or labels[-1].isdigit():
        return None
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host if all(_LABEL.match(label) for label in labels) else None
    return None


def _line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:LONGEST_TERMS]


def add_sites(lines: Iterable[str], *, by: Actor) -> tuple[int, list[str]]:
    """Add sites to the list, one in a line, a note on its terms of use after a comma or tab.

    Gives how many are new, and the lines that name no site or one whose owner does not want it.
    Raises: TenureError (site.too_many).
    """
    wanted: dict[str, str] = {}
    left: list[str] = []
    for line in lines:
        if not line.strip():
            continue
        address, _sign, note = line.strip().replace("\t", ",").replace("，", ",").partition(",")
        domain = domain_of(address)
        if domain is None or selectors.is_opted_out(domain):
            left.append(line.strip()[:100])
        else:
            wanted[domain] = _line(note)
        if len(wanted) > MOST_SITES:
            break
    with writing(by) as write:
        known = set(Site.objects.values_list("domain", flat=True))
        new = {domain: terms for domain, terms in wanted.items() if domain not in known}
        if len(known) + len(new) > MOST_SITES:
            raise TenureError(
                "site.too_many",
                _("The list has at most %(most)s sites.") % {"most": MOST_SITES},
                fix=_("Remove sites that need not be looked at again."),
                most=MOST_SITES,
            )
        Site.objects.bulk_create(Site(domain=one, terms=terms, added_at=write.now) for one, terms in new.items())
        if new:
            write.audit("added", "site", next(iter(new)) if len(new) == 1 else "", sites=len(new))
    return len(new), left


def remove_site(domain: str, *, by: Actor) -> None:
    """Take a site from the list; what was collected of it stays until its day."""
    with writing(by) as write:
        if Site.objects.filter(domain=domain).delete()[0]:
            write.audit("deleted", "site", domain)


def opt_out(text: str, note: str = "", *, by: Actor) -> OptOut:
    """Never look at a domain and those below it again, and empty what was collected of them.

    Raises: TenureError (site.bad_domain).
    """
    domain = domain_of(text)
    if domain is None:
        raise TenureError(
            "site.bad_domain",
            _("%(value)s names no site.") % {"value": repr(text[:80])},
            fix=_("Write a domain such as example.com."),
            field="domain",
            value=text[:80],
        )
    with writing(by) as write:
        made, is_new = OptOut.objects.get_or_create(
            domain=domain, defaults={"note": _line(note), "asked_at": write.now}
        )
        below = Site.objects.filter(domain=domain) | Site.objects.filter(domain__endswith=f".{domain}")
        below.delete()
        emptied = forget_domain(write, domain)
        if is_new:
            write.audit("opted out", "site", domain, emptied=emptied)
    return made


def drop_opt_out(domain: str, *, by: Actor) -> None:
    """Take an owner's no back, because the owner took it back."""
    with writing(by) as write:
        if OptOut.objects.filter(domain=domain).delete()[0]:
            write.audit("restored", "site", domain)
