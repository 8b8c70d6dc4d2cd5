"""Passkeys in the demonstration, with an authenticator that Chromium plays."""

from __future__ import annotations

from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions

from tests.demo.authenticator_app import set_up_app
from tests.demo.visitor import (
    fill,
    listed,
    open_account,
    press,
    sign_in,
    sign_out,
    sign_up,
    visitor,
    wait_for_text,
)


def test_a_passkey_is_added_and_used_and_removed(origin: str, tmp_path: Path) -> None:
    with visitor(origin, tmp_path / "one") as browser:
        plug_in(browser)
        sign_up(browser, "ada@example.com")
        add_passkey(browser, "My phone")
        assert listed(browser, "passkey-list") == ["My phone"]
        press(browser, "#add-passkey button")
        wait_for_text(browser, "passkeys-status", "already registered")
        sign_out(browser, origin)

        press(browser, "#use-passkey")
        wait_for_text(browser, "member-status", "Welcome back!")
        wait_for_text(browser, "who", "ada@example.com")
        open_account(browser)
        press(browser, "[aria-label='Remove My phone']")
        wait_for_text(browser, "passkeys-status", "It signs nobody in any more.")
        assert listed(browser, "passkey-list") == []
        sign_out(browser, origin)

        press(browser, "#use-passkey")
        wait_for_text(browser, "sign-in-status", "passkey")
        assert not browser.find_element(By.ID, "member").is_displayed()


def test_a_passkey_that_asked_for_a_finger_is_two_factors(origin: str, tmp_path: Path) -> None:
    email = "grace@example.com"
    with visitor(origin, tmp_path / "two") as browser:
        plug_in(browser)
        sign_up(browser, email)
        add_passkey(browser, "Key")
        browser.get(origin)
        wait_for_text(browser, "who", email)
        set_up_app(browser, email)
        sign_out(browser, origin)

        sign_in(browser, email)
        wait_for_text(browser, "second-factor-status", "Now the second factor.")
        press(browser, "#start-over")
        press(browser, "#use-passkey")
        wait_for_text(browser, "member-status", "Welcome back!")
        wait_for_text(browser, "who", email)


def plug_in(browser: webdriver.Chrome) -> None:
    """An authenticator that asks for a finger, and gets it."""
    browser.add_virtual_authenticator(
        VirtualAuthenticatorOptions(
            protocol=VirtualAuthenticatorOptions.Protocol.CTAP2,
            transport=VirtualAuthenticatorOptions.Transport.INTERNAL,
            has_resident_key=True,
            has_user_verification=True,
            is_user_verified=True,
        )
    )


def add_passkey(browser: webdriver.Chrome, name: str) -> None:
    open_account(browser)
    fill(browser, "passkey-name", name)
    press(browser, "#add-passkey button")
    wait_for_text(browser, "passkeys-status", "a way to sign in")
