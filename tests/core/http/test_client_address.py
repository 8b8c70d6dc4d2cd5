"""Who the client is, by what trusted headers say."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.vectors import vectors
from watchword.http.client_address import AddressFinder, normalize_ip
from watchword.http.headers import Headers

# Here the spelling of a mapped address makes no difference (H5).
MAPPED = "::FFFF:c000:0201"

# The reference takes these for no addresses.
WITH_PORT = {"1.2.3.4:5678": "1.2.3.4", "[2001:db8::1]": "2001:0db8:0000:0000" + ":0000" * 4}


def finder(options: dict[str, Any]) -> AddressFinder:
    """A finder from the reference's option names."""
    return AddressFinder(
        headers=tuple(options.get("ipAddressHeaders", ("x-forwarded-for",))),
        trusted_proxies=tuple(options.get("trustedProxies", ())),
        disabled=options.get("disableIpTracking", False),
    )


@pytest.mark.parametrize("case", vectors("ip_normalize"), ids=lambda case: case["ip"])
def test_an_address_has_one_spelling(case: dict[str, Any]) -> None:
    masks = {"default": 64, "subnet48": 48, "subnet52": 52, "subnet128": 128}

    for name, bits in masks.items():
        expected = case[name] if case["valid"] else None
        if case["ip"] == MAPPED:
            expected = "192.0.2.1"
        assert normalize_ip(case["ip"], bits) == expected


@pytest.mark.parametrize("case", vectors("client_ip"), ids=str)
def test_a_client_is_found_as_the_reference_finds_it(
    case: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)

    expected = WITH_PORT.get(case["headers"].get("x-forwarded-for"), case["ip"])
    assert finder(case["ipAddress"]).find(Headers.of(case["headers"])) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "1.2.3", "1.2.3.4 ", "01.2.3.4", "1.2.3.4:80", "[::1]", "::1%eth0"),
        *("\uff11.2.3.4", "1.2.3.256", "0x7f000001", "2130706433", "1.2.3.4/32", "localhost"),
        *("\0", "::ffff:1.2.3", "1::2::3", ":", "g::1"),
    ],
    ids=ascii,
)
def test_h3_what_is_no_address_is_unknown(text: str) -> None:
    assert normalize_ip(text) is None


@pytest.mark.parametrize(
    "text", ["::ffff:192.0.2.1", "::FFFF:192.0.2.1", "::ffff:c000:201", "0:0:0:0:0:FFFF:C000:0201"]
)
def test_h5_a_mapped_address_is_the_ipv4_address_in_every_spelling(text: str) -> None:
    assert normalize_ip(text) == "192.0.2.1"


def test_h5_a_trusted_proxy_is_known_in_every_spelling() -> None:
    find = AddressFinder(trusted_proxies=("10.0.0.0/8",)).find

    for proxy in ("10.0.0.1", "::ffff:10.0.0.1", "::FFFF:0a00:0001"):
        assert find(Headers([("x-forwarded-for", f"1.2.3.4, {proxy}")])) == "1.2.3.4"


@pytest.mark.parametrize("bits", [-1, 0])
def test_no_bits_put_all_ipv6_clients_into_one(bits: int) -> None:
    assert normalize_ip("2001:db8::1", bits) == ":".join(["0000"] * 8)


def test_h3_a_malformed_hop_ends_the_walk() -> None:
    find = AddressFinder(trusted_proxies=("10.0.0.0/8",)).find

    assert find(Headers([("x-forwarded-for", "1.2.3.4, unknown, 10.0.0.1")])) is None


def test_h3_what_a_client_writes_in_front_is_not_believed() -> None:
    find = AddressFinder(trusted_proxies=("10.0.0.0/8",)).find

    assert find(Headers([("x-forwarded-for", "10.0.0.9, 6.6.6.6, 1.2.3.4, 10.0.0.1")])) == "1.2.3.4"


def test_h3_repeated_headers_are_one_list() -> None:
    lines = Headers([("X-Forwarded-For", "6.6.6.6"), ("x-forwarded-for", "1.2.3.4")])

    assert AddressFinder().find(lines) is None
    assert AddressFinder(trusted_proxies=("1.2.3.4",)).find(lines) == "6.6.6.6"


def test_h4_the_peer_counts_where_no_header_names_the_client() -> None:
    assert AddressFinder().find(Headers(), "1.2.3.4") == "1.2.3.4"
    assert AddressFinder().find(Headers([("x-forwarded-for", "5.6.7.8")]), "1.2.3.4") == "5.6.7.8"
    assert AddressFinder().find(Headers(), "unix:") is None
    assert AddressFinder(use_peer=False).find(Headers(), "1.2.3.4") is None


def test_a_peer_of_a_link_comes_with_its_zone() -> None:
    assert AddressFinder(ipv6_subnet=128).find(Headers(), "fe80::1%eth0") == (
        "fe80:0000:0000:0000:0000:0000:0000:0001"
    )


def test_a_wrong_proxy_entry_is_reported_and_ignored(caplog: pytest.LogCaptureFixture) -> None:
    find = AddressFinder(trusted_proxies=("junk", "10.0.0.0/8")).find

    assert "junk" in caplog.text
    assert find(Headers([("x-forwarded-for", "1.2.3.4, 10.0.0.1")])) == "1.2.3.4"


V6 = "2001:0db8:0000:0000:0000:0000:0000:0000"


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("203.0.113.7:40001", "203.0.113.7"),
        ("[2001:db8::1]:443", V6),
        ("[2001:db8::1]", V6),
        ("203.0.113.7:40001, 10.0.0.1:80", "203.0.113.7"),
        ("203.0.113.7:", None),
        ("203.0.113.7:123456", None),
        ("203.0.113.7:80:80", None),
        ("[203.0.113.7]:80", None),
        ("[::1", None),
        ("2001:db8::1%eth0", None),
    ],
)
def test_a_hop_may_name_its_port(value: str, client: str | None) -> None:
    find = AddressFinder(trusted_proxies=("10.0.0.0/8",)).find
    assert find(Headers([("x-forwarded-for", value)])) == client


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("for=203.0.113.7", "203.0.113.7"),
        ("For=203.0.113.7;proto=https;by=10.0.0.1", "203.0.113.7"),
        ('for="203.0.113.7:40001"', "203.0.113.7"),
        ('for="[2001:db8:0:0::17]:4711"', V6),
        ("for=6.6.6.6, for=203.0.113.7, for=10.0.0.1", "203.0.113.7"),
        ('by="a, for=6.6.6.6";for=203.0.113.7', "203.0.113.7"),
        ("for=203.0.113.7, proto=https", None),
        ("for=203.0.113.7, for=unknown", None),
        ("for=203.0.113.7, for=_hidden", None),
        ('for="6.6.6.6, for=203.0.113.7', None),
        ("203.0.113.7", None),
        ("for = 203.0.113.7", None),
    ],
)
def test_forwarded_is_read_as_rfc_7239_says(value: str, client: str | None) -> None:
    find = AddressFinder(headers=("forwarded",), trusted_proxies=("10.0.0.0/8",)).find
    assert find(Headers([("forwarded", value)])) == client


def test_of_a_list_the_entry_of_the_proxy_next_to_the_server_counts() -> None:
    lines = Headers([("x-forwarded-for", "6.6.6.6, 1.2.3.4")])

    for private in ("127.0.0.1", "10.0.0.1", "172.18.0.1", "192.168.1.1", "::1", "fd00::1"):
        assert AddressFinder().find(lines, private) == "1.2.3.4"
    # Nobody says that this connection is a proxy's.
    assert AddressFinder().find(lines, "198.51.100.9") == "198.51.100.9"


def test_only_the_end_of_a_long_header_is_read() -> None:
    long = ", ".join(["6.6.6.6"] * 800) + ", 1.2.3.4, 10.0.0.1"

    find = AddressFinder(trusted_proxies=("10.0.0.0/8",)).find
    assert find(Headers([("x-forwarded-for", long)])) == "1.2.3.4"


@pytest.mark.parametrize(
    ("value", "peer", "options"),
    [
        ("6.6.6.6, 1.2.3.4", "198.51.100.9", {}),
        ("unknown", "198.51.100.9", {}),
        ("10.0.0.2", "10.0.0.1", {"trusted_proxies": ("10.0.0.0/8",)}),
        ("", "", {}),
        ("", "198.51.100.9", {"use_peer": False}),
        ("", "10.0.0.1", {"production": True}),
    ],
)
def test_clients_that_share_a_limit_are_warned_about_once(
    value: str, peer: str, options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    find = AddressFinder(**options).find
    for _ in range(3):
        find(Headers([("x-forwarded-for", value)]), peer)
    (record,) = caplog.records
    assert "advanced.ip_address.trusted_proxies" in record.getMessage()
    assert "1.2.3.4" not in record.getMessage()


@pytest.mark.parametrize(
    ("value", "peer"),
    [("", "198.51.100.9"), ("1.2.3.4", "10.0.0.1"), ("", "127.0.0.1"), ("", None)],
)
def test_clients_that_are_told_apart_are_not(
    value: str, peer: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    AddressFinder().find(Headers([("x-forwarded-for", value)]), peer)
    assert caplog.records == []


@given(st.text())
def test_no_header_fails_to_be_read(value: str) -> None:
    AddressFinder(trusted_proxies=("10.0.0.0/8",)).find(Headers([("x-forwarded-for", value)]))
