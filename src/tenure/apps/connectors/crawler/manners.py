"""What a site allows: robots.txt as RFC 9309 says, headers and tags that reserve a page, and how fast one may ask.

Pure: it reads what was fetched and asks for nothing itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from protego import Protego

NAME = "TenureCollector"
"""What robots.txt files call us."""
ROBOTS_BYTES = 512_000
"""RFC 9309, 2.5: at least 500 KiB of a file are read."""
ROBOTS_SECONDS = 24 * 3600.0
"""RFC 9309, 2.4: a file is read again after a day at most."""
SLOWEST_ASKED = 1.0
"""Seconds between two requests to one host, where it does not ask for more."""

_RESERVED = frozenset({"noindex", "none", "nosnippet", "noai", "noimageai", "notrain"})
"""Words of robots headers and tags by which a page is not for us."""
_WITH_VALUE = frozenset({"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"})
"""Words that have a value after a colon; before any other colon stands whom the words are for."""
_LONGEST_WAIT = 3600.0


def agent(version: str, contact: str) -> str:
    """How we name ourselves to servers: who asks, and where to complain."""
    return f"{NAME}/{version} (+{contact})"


@dataclass(frozen=True, slots=True)
class Rules:
    """What robots.txt of a host says, as it was read at a moment."""

    verdict: str
    """allowed (there is a file), no_file (4xx: everything may be read), unreachable (5xx, no answer: nothing may)"""
    read_at: float
    parsed: Any = None

    def is_old(self, now: float) -> bool:
        """Whether the file has to be read again."""
        return now - self.read_at >= ROBOTS_SECONDS

    def may_read(self, url: str) -> bool:
        """Whether we may ask for an address."""
        if self.verdict == "unreachable":
            return False
        return self.parsed is None or bool(self.parsed.can_fetch(url, NAME))

    def delay(self) -> float:
        """Seconds to wait between two requests: what the file asks for, and never less than one."""
        if self.parsed is None:
            return SLOWEST_ASKED
        asked = [SLOWEST_ASKED, self.parsed.crawl_delay(NAME) or 0.0]
        rate = self.parsed.request_rate(NAME)
        if rate is not None and rate.requests:
            asked.append(rate.seconds / rate.requests)
        return min(max(asked), _LONGEST_WAIT)

    def is_open(self, at: datetime) -> bool:
        """Whether the host wants to be visited at this time of the day (UTC)."""
        hours = self.parsed.visit_time(NAME) if self.parsed is not None else None
        if hours is None:
            return True
        begin, end, now = hours.start_time, hours.end_time, at.time()
        return begin <= now <= end if begin <= end else now >= begin or now <= end


def rules_of(status: int, body: bytes, now: float) -> Rules:
    """The rules of an answer to a request for robots.txt.

    RFC 9309, 2.3.1: 4xx means there are none, 5xx that nothing may be read. We read 429 as the latter: a server that
    asks us to go away should not be walked through.
    """
    if 200 <= status < 300:
        return Rules("allowed", now, Protego.parse(body[:ROBOTS_BYTES].decode("utf-8", "replace")))
    if 400 <= status < 500 and status != 429:
        return Rules("no_file", now)
    return nothing(now)


def nothing(now: float) -> Rules:
    """The rules of a host that did not answer: nothing may be read."""
    return Rules("unreachable", now)


def is_reserved(headers: Mapping[str, str]) -> bool:
    """Whether the headers of an answer keep its page from being collected or mined."""
    return headers.get("tdm-reservation", "").strip() == "1" or is_reserving(headers.get("x-robots-tag", ""))


def is_reserving(text: str) -> bool:
    """Whether the words of a robots header or tag are for us and say that a page is not."""
    for line in text.lower().splitlines():
        speaks_of = NAME.lower()
        for part in line.split(","):
            who, colon, words = part.rpartition(":")
            if colon and who.strip() not in _WITH_VALUE:
                speaks_of = who.strip()
            if words.strip() in _RESERVED and speaks_of == NAME.lower():
                return True
    return False


def reserved_paths(status: int, body: bytes) -> tuple[str, ...]:
    """The paths that `/.well-known/tdmrep.json` reserves (TDM Reservation Protocol); each may end with `*`."""
    if status != 200:
        return ()
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    entries = found if isinstance(found, list) else []
    return tuple(
        str(one.get("location") or "/*")[:500]
        for one in entries[:500]
        if isinstance(one, dict) and str(one.get("tdm-reservation")) == "1"
    )


def is_under(url: str, paths: Iterable[str]) -> bool:
    """Whether an address lies under one of the reserved paths."""
    path = urlsplit(url).path or "/"
    return any(path.startswith(one[:-1]) if one.endswith("*") else path == one for one in paths)
