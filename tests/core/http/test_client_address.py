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

    assert finder(case["ipAddress"]).find(Headers.of(case["headers"])) == case["ip"]


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


def test_h4_the_peer_counts_only_where_that_is_configured() -> None:
    assert AddressFinder().find(Headers(), "1.2.3.4") is None
    assert AddressFinder(use_peer=True).find(Headers(), "1.2.3.4") == "1.2.3.4"
    assert AddressFinder(use_peer=True).find(Headers(), "unix:") is None


def test_a_wrong_proxy_entry_is_reported_and_ignored(caplog: pytest.LogCaptureFixture) -> None:
    find = AddressFinder(trusted_proxies=("junk", "10.0.0.0/8")).find

    assert "junk" in caplog.text
    assert find(Headers([("x-forwarded-for", "1.2.3.4, 10.0.0.1")])) == "1.2.3.4"


@given(st.text())
def test_no_header_fails_to_be_read(value: str) -> None:
    AddressFinder(trusted_proxies=("10.0.0.0/8",)).find(Headers([("x-forwarded-for", value)]))
