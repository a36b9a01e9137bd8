"""The walk through one site: which pages are asked for, in which order, how slowly, and when it is enough."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urljoin, urlsplit

from tenure.apps.connectors.crawler import manners, reading
from tenure.apps.connectors.crawler.port import Clock, Fetched, NotFetched, Web

_GO_AWAY = frozenset({401, 403, 407, 429, 451, 503})
"""Answers after which a site is left alone: a wall, or a server that has too much to do."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a walk ends, whatever the site offers."""

    pages: int = 20
    requests: int = 60
    depth: int = 2
    page_bytes: int = 2_000_000
    page_seconds: float = 20.0
    site_seconds: float = 600.0
    redirects: int = 5
    queries: int = 3
    """addresses that differ in their query alone: a calendar has endlessly many"""
    parts: int = 8
    """parts of a path"""


@dataclass(slots=True)
class Found:
    """What was found on one site."""

    verdict: str = "visited"
    robots: str = ""
    name: str = ""
    facts: dict[tuple[str, str], str] = field(default_factory=dict)
    """subject and value -> the address of the first page that said so"""
    addresses: dict[tuple[str, str], str] = field(default_factory=dict)
    pages: int = 0
    requests: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)


class _Over(Exception):
    """The site is left, and why."""


def site_of(host: str) -> str:
    """The name of a site: its host, without the `www.` in front."""
    return host.lower().rstrip(".").removeprefix("www.")


def walk(
    starts: Sequence[str],
    words: Mapping[str, Sequence[str]],
    *,
    web: Web,
    clock: Clock,
    now: Callable[[], datetime],
    check: Callable[[], None] = lambda: None,
    limits: Limits | None = None,
) -> Found:
    """Walk through a site from the first of its addresses that answers; what `check` raises ends it."""
    one = _Walk(words, web, clock, now, check, limits or Limits())
    return one.through(starts)


class _Walk:
    def __init__(
        self,
        words: Mapping[str, Sequence[str]],
        web: Web,
        clock: Clock,
        now: Callable[[], datetime],
        check: Callable[[], None],
        limits: Limits,
    ) -> None:
        self._words, self._web, self._clock, self._now = words, web, clock, now
        self._check, self._limits = check, limits
        self._found = Found()
        self._robots: dict[str, manners.Rules] = {}
        self._reserved: dict[str, tuple[str, ...]] = {}
        self._next_at = clock.monotonic()
        self._until = clock.monotonic() + limits.site_seconds
        self._seen: set[str] = set()
        self._queries: Counter[str] = Counter()

    def through(self, starts: Sequence[str]) -> Found:
        found = self._found
        self._site = site_of(urlsplit(starts[0]).hostname or "")
        try:
            for start in starts:
                try:
                    self._from(start)
                    break
                except NotFetched as problem:
                    found.verdict = problem.why
        except _Over as over:
            found.verdict = str(over)
        if found.verdict in ("visited", "enough") and not found.pages:
            found.verdict = next(iter(found.skipped), "too_slow" if found.verdict == "enough" else "nothing_read")
        return found

    def _from(self, start: str) -> None:
        """Breadth first, the promising links of a page first; the first page must come."""
        waiting: deque[tuple[str, int]] = deque([(start, 0)])
        self._seen.add(start)
        first = True
        while waiting:
            if self._found.pages >= self._limits.pages or self._clock.monotonic() >= self._until:
                self._found.verdict = "enough"
                return
            url, depth = waiting.popleft()
            try:
                links = self._page(url)
            except NotFetched as problem:
                if first and problem.why in ("unreachable", "slow"):
                    raise
                self._found.skipped[problem.why] += 1
                links = []
            self._found.verdict = "visited"
            first = False
            if depth < self._limits.depth:
                waiting += [(link, depth + 1) for link in links if self._is_new(link)]

    def _page(self, url: str) -> list[str]:
        """Read one page; gives its links."""
        url, answer = self._followed(url)
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if answer.status != 200 or kind not in ("text/html", "application/xhtml+xml"):
            raise NotFetched("no_page")
        if answer.is_cut:
            raise NotFetched("too_large")
        if manners.is_reserved(answer.headers):
            raise NotFetched("reserved")
        said = reading.read(url, answer.headers, answer.body, self._site, self._words)
        if said.is_reserved:
            raise NotFetched("reserved")
        self._found.pages += 1
        self._found.dropped.update(said.dropped)
        for subject, value in said.facts:
            if subject == "name":
                self._found.name = self._found.name or value
            else:
                self._found.facts.setdefault((subject, value[:300]), url)
        for address in said.addresses:
            self._found.addresses.setdefault(address, url)
        return said.links

    def _followed(self, url: str) -> tuple[str, Fetched]:
        """The answer at the end of the redirects; every step is looked at like a link."""
        for _step in range(self._limits.redirects + 1):
            self._allowed(url)
            answer = self._get(url, self._limits.page_bytes, self._robots[_origin(url)].delay())
            if answer.status in _GO_AWAY:
                raise _Over("turned_away")
            target = answer.headers.get("location", "").partition("\n")[0]
            if not 300 <= answer.status < 400 or not target:
                return url, answer
            url = _tidy(urljoin(url, target))
            if site_of(urlsplit(url).hostname or "") != self._site:
                raise NotFetched("elsewhere")
            if url in self._seen:  # read already, or about to be
                raise NotFetched("redirects")
            self._seen.add(url)
        raise NotFetched("redirects")

    def _allowed(self, url: str) -> None:
        """Refuse what the site does not want read, or what is about people."""
        if reading.is_about_people(url):
            raise NotFetched("about_people")
        rules = self._rules(url)
        self._found.robots = self._found.robots or rules.verdict
        if not rules.is_open(self._now()):
            raise _Over("closed_now")
        if rules.verdict == "unreachable":
            raise _Over("robots_unreachable")
        if not rules.may_read(url):
            raise NotFetched("robots")
        if manners.is_under(url, self._reserved[_origin(url)]):
            raise NotFetched("reserved")

    def _rules(self, url: str) -> manners.Rules:
        """What robots.txt of the host says, read once a day at most, before anything else of the host is asked for."""
        origin = _origin(url)
        rules = self._robots.get(origin)
        if rules is not None and not rules.is_old(self._clock.monotonic()):
            return rules
        try:
            status, body = self._file(f"{origin}/robots.txt", manners.ROBOTS_BYTES, manners.SLOWEST_ASKED)
            rules = manners.rules_of(status, body, self._clock.monotonic())
        except NotFetched as problem:
            if problem.why != "slow" and origin not in self._robots:
                raise
            rules = manners.nothing(self._clock.monotonic())
        self._robots[origin] = rules
        self._next_at = max(self._next_at, self._clock.monotonic() + rules.delay())
        if rules.verdict != "unreachable":
            try:
                found = self._file(f"{origin}/.well-known/tdmrep.json", 200_000, rules.delay())
            except NotFetched:
                found = (404, b"")
            self._reserved[origin] = manners.reserved_paths(*found)
        return rules

    def _file(self, url: str, most: int, delay: float) -> tuple[int, bytes]:
        """A file that speaks for a host, through redirects (RFC 9309, 2.3.1.2: five)."""
        for _step in range(self._limits.redirects + 1):
            answer = self._get(url, most, delay)
            target = answer.headers.get("location", "").partition("\n")[0]
            if not 300 <= answer.status < 400 or not target:
                return answer.status, answer.body
            url = _tidy(urljoin(url, target))
            if site_of(urlsplit(url).hostname or "") != self._site:
                break
        return 404, b""

    def _get(self, url: str, most: int, delay: float) -> Fetched:
        """Ask for one address when it is time; everything else of the site waits for it."""
        if self._found.requests >= self._limits.requests:
            raise _Over("enough")
        if self._next_at > self._until:
            raise _Over("enough")
        wait = self._next_at - self._clock.monotonic()
        while wait > 0:
            self._check()
            self._clock.sleep(min(wait, 1.0))
            wait = self._next_at - self._clock.monotonic()
        self._check()
        self._found.requests += 1
        try:
            return self._web.get(url, most=most, seconds=self._limits.page_seconds)
        finally:
            self._next_at = self._clock.monotonic() + delay

    def _is_new(self, link: str) -> bool:
        """Whether a link is worth asking for, and is not one of endlessly many."""
        try:
            parts = urlsplit(link)
            host = parts.hostname or ""
        except ValueError:
            return False
        link = _tidy(link)
        if link in self._seen or site_of(host) != self._site:
            return False
        steps = [step for step in parts.path.split("/") if step]
        if len(steps) > self._limits.parts or len(steps) - len({*steps}) > 1:
            self._found.skipped["endless"] += 1
            return False
        if parts.query:
            self._queries[parts.path] += 1
            if self._queries[parts.path] > self._limits.queries:
                self._found.skipped["endless"] += 1
                return False
        self._seen.add(link)
        return True


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _tidy(url: str) -> str:
    """An address with its other characters escaped, as a browser sends it."""
    return quote(url.partition("#")[0], safe="%/:=&?~+!$,;'@()*[]")
