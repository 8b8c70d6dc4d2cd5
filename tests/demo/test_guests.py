"""Guests of the demonstration, and what becomes of their notes."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from tests.demo.authenticator_app import set_up_app
from tests.demo.visitor import (
    fill,
    listed,
    press,
    sign_in,
    sign_out,
    sign_up,
    visitor,
    wait_for_text,
)


def test_a_guest_signs_up_and_keeps_the_notes(origin: str, tmp_path: Path) -> None:
    with visitor(origin, tmp_path / "one") as browser:
        begin(browser, "Buy milk")
        browser.get(origin)
        wait_for_text(browser, "note-list", "Buy milk")
        sign_up(browser, "ada@example.com")
        wait_for_text(browser, "member-status", "Welcome!")
        assert listed(browser, "note-list") == ["Buy milk"]
        assert not browser.find_element(By.ID, "sign-in").is_displayed()
        sign_out(browser, origin)
        assert browser.find_element(By.ID, "try").is_displayed()


@pytest.mark.parametrize("second_factor", [False, True])
def test_a_guest_who_was_here_before_adds_the_notes_to_the_others(
    second_factor: bool, origin: str, tmp_path: Path
) -> None:
    email = f"grace{second_factor}@example.com".lower()
    with visitor(origin, tmp_path / "two") as browser:
        sign_up(browser, email)
        write(browser, "<b>first</b>")
        app = set_up_app(browser, email)[0] if second_factor else None
        sign_out(browser, origin)
        begin(browser, "second")

        sign_in(browser, email)
        if app is not None:
            wait_for_text(browser, "second-factor-status", "Now the second factor.")
            fill(browser, "second-factor-code", app.code())
            press(browser, "#second-factor-form .primary")
        wait_for_text(browser, "member-status", "Welcome back!")
        wait_for_text(browser, "who", email)
        assert listed(browser, "note-list") == ["<b>first</b>", "second"]


def test_a_guest_has_no_account_to_look_after(origin: str, tmp_path: Path) -> None:
    with visitor(origin, tmp_path / "three") as browser:
        begin(browser, "Buy milk")
        assert not browser.find_element(By.ID, "to-account").is_displayed()
        press(browser, "[aria-label='Remove Buy milk']")
        wait_for_text(browser, "notes-status", "Removed.")
        assert listed(browser, "note-list") == []


def begin(browser: webdriver.Chrome, note: str) -> None:
    """Be a guest with a note."""
    press(browser, "#try")
    wait_for_text(browser, "member-status", "Look around.")
    wait_for_text(browser, "who", "A guest")
    write(browser, note)


def write(browser: webdriver.Chrome, note: str) -> None:
    fill(browser, "note", note)
    press(browser, "#write button")
    wait_for_text(browser, "notes-status", "Noted.")
