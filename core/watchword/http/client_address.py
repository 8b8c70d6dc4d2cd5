"""The client's address, from headers that the deployment trusts (spec: HTTP, client IP).

A header that is usable wins. Where none is, the address of the connection counts, so that clients
whose address nobody passes on do not all stand in one bucket of the rate limits.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

from .forwarded import forwarded_for
from .headers import Headers

Address: TypeAlias = IPv4Address | IPv6Address

_log = logging.getLogger("watchword")

_PORT = r"(?P<ipv4>[0-9.]+):[0-9]{1,5}|\[(?P<ipv6>[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)\](:[0-9]{1,5})?"
_LONGEST = 4096
"""Characters of a header that are read, from its end: proxies append, clients write in front."""
_INSIDE = tuple(
    map(
        ipaddress.ip_network,
        (
            *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
            *("100.64.0.0/10", "::1/128", "fc00::/7", "fe80::/10"),
        ),
    )
)
"""Loopback, private and link-local networks, and those of carriers and clouds (RFC 6598)."""


def normalize_ip(text: str, ipv6_subnet: int = 64) -> str | None:
    """One spelling per client: IPv4 as it is, IPv6 in full and masked to a subnet; None if odd."""
    address = _address(text)
    return None if address is None else _spelled(address, ipv6_subnet)


class AddressFinder:
    """Finds the client of a request. Wrong proxy entries are ignored with a warning.

    `production`: whether a private peer without a header is worth a warning.
    """

    def __init__(
        self,
        *,
        headers: tuple[str, ...] = ("x-forwarded-for",),
        trusted_proxies: tuple[str, ...] = (),
        ipv6_subnet: int = 64,
        use_peer: bool = True,
        disabled: bool = False,
        production: bool = False,
    ) -> None:
        self._headers = headers
        self._subnet = ipv6_subnet
        self._use_peer = use_peer
        self._disabled = disabled
        self._production = production
        self._proxies = [network for text in trusted_proxies if (network := _network(text))]
        self._warned = False

    def find(self, headers: Headers, peer: str | None = None) -> str | None:
        """The client's normalised address, or None if nothing trustworthy names it.

        `peer` is the address of the connection; empty if the server does not say (a Unix socket),
        None if there is no request.
        """
        if self._disabled:
            return None
        unusable: str | None = None
        for name in self._headers:
            value = headers.get(name)
            if not value:
                continue
            found = self._client(_hops(name, value), peer)
            if found is not None:
                return _spelled(found, self._subnet)
            unusable = unusable or name
        connection = _connection(peer)
        if peer is not None and not self._warned:
            self._warn(unusable, connection)
        if connection is None or not self._use_peer:
            return None
        return _spelled(connection, self._subnet)

    def _client(self, hops: list[str], peer: str | None) -> Address | None:
        """The client among the hops of one header, the nearest first."""
        if not self._proxies:
            # Of several entries only the last may be other than the client's own words: the proxy
            # next to us wrote it, if it is a proxy that the connection comes from.
            known = len(hops) == 1 or (bool(hops) and _is_inside(_connection(peer)))
            return _address(hops[0], ports=True) if known else None
        for hop in hops:
            address = _address(hop, ports=True)
            if address is None:
                return None
            if not any(address in network for network in self._proxies):
                return address
        return None

    def _warn(self, unusable: str | None, connection: Address | None) -> None:
        shared = connection is None or not self._use_peer
        if unusable is not None:
            problem = f"the header {unusable} names no client that can be believed"
        elif shared:
            problem = "nothing names the client"
        elif self._production and _is_inside(connection):
            problem = "requests come from a private address, and no header names the client"
        else:
            return
        self._warned = True
        _log.warning(
            "client address: %s, so that clients may share one limit of requests. Behind a proxy, "
            "name it in advanced.ip_address.trusted_proxies, and the header that it sets in "
            "advanced.ip_address.headers",
            problem,
        )


def _hops(name: str, value: str) -> list[str]:
    """The entries of a header, the nearest hop first. A piece that was cut off is no entry."""
    if len(value) > _LONGEST:
        value = value[-_LONGEST:].partition(",")[2]
    hops = forwarded_for(value) if name == "forwarded" else value.split(",")
    return [hop for text in reversed(hops) if (hop := text.strip())]


def _connection(peer: str | None) -> Address | None:
    # A link-local peer comes with its zone, as in fe80::1%eth0 (RFC 4007, 11).
    return _address(peer.partition("%")[0], ports=True) if peer else None


def _spelled(address: Address, ipv6_subnet: int) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    bits = min(max(ipv6_subnet, 0), 128)
    masked = int(address) >> (128 - bits) << (128 - bits)
    return IPv6Address(masked).exploded


def _address(text: str, *, ports: bool = False) -> Address | None:
    """An address; with `ports` also in the forms `address:port`, `[v6]` and `[v6]:port`."""
    if ports and (found := re.fullmatch(_PORT, text)):
        text = found["ipv4"] or found["ipv6"]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    # A mapped address is the IPv4 address, in whatever spelling, also for the list of proxies.
    return None if "%" in text else address.ipv4_mapped or address


def _is_inside(address: Address | None) -> bool:
    """Whether an address is of this machine or its network, where proxies are."""
    return address is not None and any(address in network for network in _INSIDE)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        _log.warning("trusted_proxies: %r is no address or network; it is ignored", text)
        return None
