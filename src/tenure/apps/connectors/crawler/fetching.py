"""One page over the network, from an address that was checked. Hides names, sockets, limits and packed answers.

The connection is one of `internet.Pinned`. No proxy is asked, no cookie or connection is kept, nothing is followed.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable
from urllib.parse import urlsplit

import httpcore

from tenure.apps.connectors.crawler.port import Fetched, NotFetched
from tenure.apps.connectors.internet import Allow, Pinned, PrivateAddress, Resolve, is_public, resolve

LONGEST_URL = 2_000
PORTS = frozenset({80, 443})
_CONNECT_SECONDS = 10.0
_READ_SECONDS = 10.0
_CHUNK = 65_536


class PinnedWeb:
    """The real network."""

    def __init__(
        self,
        agent: str,
        *,
        resolve: Resolve = resolve,
        allow: Allow = is_public,
        ports: frozenset[int] = PORTS,
    ) -> None:
        self._agent = agent
        self._resolve, self._allow, self._ports = resolve, allow, ports

    def get(self, url: str, *, most: int, seconds: float) -> Fetched:
        self._check(url)
        until = time.monotonic() + seconds
        headers = {
            "Host": urlsplit(url).netloc,
            "User-Agent": self._agent,
            "Accept": "text/html,application/xhtml+xml,text/plain;q=0.8",
            "Accept-Encoding": "gzip",
            "Connection": "close",
        }
        backend = Pinned(self._resolve, self._allow, until)
        limits = {"connect": _CONNECT_SECONDS, "read": _READ_SECONDS, "write": _READ_SECONDS, "pool": _READ_SECONDS}
        try:
            with (
                httpcore.ConnectionPool(network_backend=backend, max_keepalive_connections=0) as pool,
                pool.stream("GET", url, headers=headers, extensions={"timeout": limits}) as answer,
            ):
                kept = _headers(answer.headers)
                body, is_cut = _body(answer.iter_stream(), kept.get("content-encoding", ""), most)
                return Fetched(answer.status, kept, body, is_cut)
        except PrivateAddress:
            raise NotFetched("private_address") from None
        except NotFetched:
            raise
        except httpcore.TimeoutException:
            raise NotFetched("slow") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError, ValueError):
            raise NotFetched("unreachable") from None

    def _check(self, url: str) -> None:
        """Refuse an address that is no page of a site; what host it names is looked at when it is resolved."""
        if len(url) > LONGEST_URL or not url.isascii() or any(sign <= " " for sign in url):
            raise NotFetched("bad_address")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise NotFetched("bad_address") from None
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise NotFetched("bad_address")
        if (port or {"http": 80, "https": 443}[parts.scheme]) not in self._ports:
            raise NotFetched("bad_address")


def _body(chunks: Iterable[bytes], encoding: str, most: int) -> tuple[bytes, bool]:
    """The body unpacked, never more than `most` of it in memory, and whether there was more."""
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise NotFetched("bad_answer")
    unpack = zlib.decompressobj(47) if encoding not in ("", "identity") else None
    out, packed = bytearray(), 0
    for chunk in chunks:
        packed += len(chunk)
        try:
            out += chunk if unpack is None else unpack.decompress(chunk, most + 1 - len(out))
        except zlib.error:
            raise NotFetched("bad_answer") from None
        if len(out) > most or packed > most:
            return bytes(out[:most]), True
    return bytes(out), False


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower name; what was said twice has a line for each time."""
    kept: dict[str, str] = {}
    for name, value in raw:
        key = _text(name).lower()
        kept[key] = f"{kept[key]}\n{_text(value)}" if key in kept else _text(value)
    return kept


def _text(raw: bytes) -> str:
    return raw.decode("latin-1")
