"""The client's address, from headers that the deployment trusts (spec: HTTP, client IP)."""

from __future__ import annotations

import ipaddress
import logging
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from .headers import Headers

_log = logging.getLogger("watchword")

_LONGEST = 4096
"""Characters of a list of addresses that are read."""


def normalize_ip(text: str, ipv6_subnet: int = 64) -> str | None:
    """One spelling per client: IPv4 as it is, IPv6 in full and masked to a subnet; None if odd."""
    address = _address(text)
    if address is None:
        return None
    if isinstance(address, IPv4Address):
        return str(address)
    bits = min(max(ipv6_subnet, 0), 128)
    masked = int(address) >> (128 - bits) << (128 - bits)
    return IPv6Address(masked).exploded


class AddressFinder:
    """Finds the client of a request. Wrong proxy entries are ignored with a warning."""

    def __init__(
        self,
        *,
        headers: tuple[str, ...] = ("x-forwarded-for",),
        trusted_proxies: tuple[str, ...] = (),
        ipv6_subnet: int = 64,
        use_peer: bool = False,
        disabled: bool = False,
    ) -> None:
        self._headers = headers
        self._subnet = ipv6_subnet
        self._use_peer = use_peer
        self._disabled = disabled
        self._proxies = [network for text in trusted_proxies if (network := _network(text))]

    def find(self, headers: Headers, peer: str | None = None) -> str | None:
        """The client's normalised address, or None if nothing trustworthy names it."""
        if self._disabled:
            return None
        for name in self._headers:
            value = headers.get(name)
            found = self._from_list(value) if value else None
            if found is not None:
                return found
        return normalize_ip(peer, self._subnet) if self._use_peer and peer else None

    def _from_list(self, value: str) -> str | None:
        if len(value) > _LONGEST:
            return None
        hops = [hop for part in value.split(",") if (hop := part.strip())]
        if not self._proxies:
            return normalize_ip(hops[0], self._subnet) if len(hops) == 1 else None
        for hop in reversed(hops):
            address = _address(hop)
            if address is None:
                return None
            if not any(address in network for network in self._proxies):
                return normalize_ip(hop, self._subnet)
        return None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    # A mapped address is the IPv4 address, in whatever spelling, also for the list of proxies.
    return None if "%" in text else address.ipv4_mapped or address


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        _log.warning("trusted_proxies: %r is no address or network; it is ignored", text)
        return None
