"""One page over the network, from an address that was checked. Hides names, sockets, limits and packed answers.

A host's name is resolved once, every address it has must be public, and the connection is made to one of those same
addresses: a name that answers otherwise the second time gains nothing. No proxy is asked, no cookie or connection is
kept, nothing is followed.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpcore

from tenure.apps.connectors.crawler.port import Fetched, NotFetched
from tenure.apps.connectors.internet import is_public, resolve

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port -> the addresses the name has."""
Allow = Callable[[str], bool]
"""Whether an address may be connected to."""

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
        backend = _Pinned(self._resolve, self._allow, until)
        limits = {"connect": _CONNECT_SECONDS, "read": _READ_SECONDS, "write": _READ_SECONDS, "pool": _READ_SECONDS}
        try:
            with (
                httpcore.ConnectionPool(network_backend=backend, max_keepalive_connections=0) as pool,
                pool.stream("GET", url, headers=headers, extensions={"timeout": limits}) as answer,
            ):
                kept = _headers(answer.headers)
                body, is_cut = _body(answer.iter_stream(), kept.get("content-encoding", ""), most)
                return Fetched(answer.status, kept, body, is_cut)
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


class _Pinned(httpcore.NetworkBackend):
    """Connects to the address that was checked, and ends whatever lasts too long."""

    def __init__(self, resolve: Resolve, allow: Allow, until: float) -> None:
        self._resolve, self._allow, self._until = resolve, allow, until
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError):
            raise NotFetched("unreachable") from None
        if not found:
            raise NotFetched("unreachable")
        if not all(self._allow(address) for address in found):
            raise NotFetched("private_address")
        left = _left(self._until, timeout)
        return _Bounded(self._plain.connect_tcp(found[0], port, left, local_address, socket_options or []), self._until)


class _Bounded(httpcore.NetworkStream):
    """A connection on which every wait ends when the whole time is over, however slowly something drips."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream, self._until = stream, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._until, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._until, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        wrapped = self._stream.start_tls(ssl_context, server_hostname, _left(self._until, timeout))
        return _Bounded(wrapped, self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(until: float, timeout: float | None) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left if timeout is None else min(left, timeout)


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
