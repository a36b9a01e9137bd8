"""What belongs to the public internet: the one rule for everything that is fetched or sent at somebody's word."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

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
