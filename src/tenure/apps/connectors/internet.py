"""What belongs to the public internet: the one rule for everything that is fetched or sent at somebody's word.

A host's name is resolved once, every address it has must be allowed, and the connection is made to one of those same
addresses: a name that answers otherwise the second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpcore

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port -> the addresses the name has."""
Allow = Callable[[str], bool]
"""Whether an address may be connected to."""

_PREFIXES = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
"""In which IPv6 carries an IPv4 address in its last four bytes."""


def is_public(address: str) -> bool:
    """Whether an address is somewhere on the internet: not here, not in a local network, not a cloud's metadata."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inside = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
        inside += [ipaddress.IPv4Address(found.packed[-4:]) for prefix in _PREFIXES if found in prefix]
        if any(one is not None and not _is_global(one) for one in inside):
            return False
        if any(one is not None for one in inside):
            return True
    return _is_global(found)


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as the system knows them."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def _is_global(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


class PrivateAddress(OSError):
    """A name leads to an address that may not be connected to."""


class Pinned(httpcore.NetworkBackend):
    """Connects to the address that was looked at, and ends whatever lasts beyond `until` of the monotonic clock.

    Raises (while connecting): PrivateAddress; OSError or UnicodeError for a name without an address;
    httpcore.ReadTimeout once the time is over.
    """

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
        found = self._resolve(host, port)
        if not found:
            raise OSError("the name has no address")
        if not all(self._allow(address) for address in found):
            raise PrivateAddress(host)
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
