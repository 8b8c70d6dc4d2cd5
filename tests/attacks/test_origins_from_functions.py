"""W11: what a function of the application's says about trusted origins means what a list does.

A list is brought into the form in which browsers write origins, and refused at start-up where it
can match nothing. A function is asked while requests run: its answers are brought into the same
form, and those that trust nobody are told in the log, and trust nobody.
"""

from __future__ import annotations

import logging

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser

SHOP = "https://shop.example.com"


def status(make_auth: MakeAuth, kind: str, given: str, origin: str = SHOP) -> int:
    browser = Browser(make_auth(trusted_origins=lambda request: [given]), kind, origin=origin)
    return browser.sign_up().status


@pytest.mark.parametrize(
    "given",
    [SHOP, f"{SHOP}/", f"{SHOP}:443", "HTTPS://Shop.Example.COM", "https://*.example.com/"],
)
def test_w11_an_origin_is_the_same_however_it_is_written(
    make_auth: MakeAuth, kind: str, given: str
) -> None:
    assert status(make_auth, kind, given) == 200
    assert status(make_auth, kind, given, "https://evil.example") == 403


@pytest.mark.parametrize(
    "given",
    ["shop.example.com", f"{SHOP}/path", f"{SHOP}:port", "javascript://x", "https://" + "a" * 9000],
)
def test_w11_what_can_match_nothing_trusts_nobody_and_is_told(
    make_auth: MakeAuth, kind: str, given: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "watchword"):
        assert status(make_auth, kind, given) == 403
    told = [line for line in caplog.messages if line.startswith("the function of trusted_origins")]
    assert len(told) <= 1, "once for each value"
    assert all(len(line) < 2000 for line in told)


def test_w11_the_log_says_what_to_write(
    make_auth: MakeAuth, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "watchword"):
        assert (
            status(make_auth, "blocking", "store.example.com", "https://store.example.com") == 403
        )
    assert any("Write 'https://store.example.com'" in line for line in caplog.messages)
