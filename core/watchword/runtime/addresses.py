"""Which addresses belong to everybody: only to those go requests that strangers had a hand in.

Everything else is this machine, its network, a cloud's metadata service, or nobody's (RFC 6890).
IPv6 that carries an IPv4 address inside is judged by that one.
"""

from __future__ import annotations

import ipaddress

_GLOBAL = ipaddress.IPv6Network("2000::/3")  # the only unicast addresses given out so far
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NEVER = tuple(
    map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20"))  # RFC 6890, 9637
)
_PRIVATE_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "onion")


def is_public(address: str) -> bool:
    """Whether an address, as a resolver gives it, is one of the public internet."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return _is_public(found)


def is_private_name(host: str) -> bool:
    """Whether a host of a URL is certain not to be public, before anybody resolves it."""
    if host.startswith("["):
        return not is_public(host[1:-1])
    try:
        return not _is_public(ipaddress.IPv4Address(host))
    except ValueError:
        name = host.rstrip(".").lower()
        return any(name == one or name.endswith(f".{one}") for one in _PRIVATE_NAMES)


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast and not address.is_reserved
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return _is_public(inner)
    return address in _GLOBAL and not any(address in one for one in _NEVER)
