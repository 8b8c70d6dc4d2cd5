"""Organizations in the demonstration: founded, joined by an invitation, left."""

from __future__ import annotations

from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.demo.visitor import (
    fill,
    listed,
    newest_mail,
    press,
    sign_up,
    visitor,
    wait_for_text,
)


def test_who_is_invited_signs_up_and_joins(origin: str, tmp_path: Path) -> None:
    with visitor(origin, tmp_path / "owner") as ada, visitor(origin, tmp_path / "new") as eve:
        sign_up(ada, "ada@example.com")
        found(ada, "Analytical Engines")
        invite(ada, "grace@example.com")
        assert listed(ada, "invitation-list") == ["grace@example.com, as member"]

        mail = WebDriverWait(eve, 15).until(lambda browser: newest_mail(browser, origin))
        assert "grace@example.com" in mail.text
        link = mail.find_element(By.CSS_SELECTOR, ".link").text
        eve.get(link)
        wait_for_text(eve, "invitation-text", "Sign in, or sign up")
        assert eve.current_url == f"{origin}/", "the invitation leaves the address bar"
        sign_up(eve, "eve@example.com")
        wait_for_text(eve, "invitation-text", "for another address")
        assert not eve.find_element(By.ID, "accept").is_displayed()
        press(eve, "#sign-out")
        wait_for_text(eve, "sign-in-status", "Signed out.")

        press(eve, "[name=mode][value=sign-up]")
        sign_up(eve, "grace@example.com")
        wait_for_text(eve, "invitation-text", "ada@example.com invites you to be member of")
        press(eve, "#accept")
        wait_for_text(eve, "organizations-status", "Welcome among them!")
        wait_for_text(eve, "member-list", "grace@example.com>, member")
        assert not eve.find_element(By.ID, "invitations").is_displayed(), "members invite nobody"

        press(eve, "[aria-label^='Leave']")
        wait_for_text(eve, "organizations-status", "none of them any more")
        assert listed(eve, "organization-list") == []


def test_the_last_owner_stays(origin: str, tmp_path: Path) -> None:
    with visitor(origin, tmp_path / "owner") as browser:
        sign_up(browser, "kay@example.com")
        found(browser, "Kay's")
        press(browser, "[aria-label^='Leave']")
        WebDriverWait(browser, 15).until(
            lambda page: page.find_elements(By.CSS_SELECTOR, "#members-status.bad"),
            "the last owner could leave",
        )
        assert len(listed(browser, "member-list")) == 1


def found(browser: webdriver.Chrome, name: str) -> None:
    press(browser, "#to-organization")
    wait_for_text(browser, "organizations-title", "Organizations")
    fill(browser, "organization-name", name)
    press(browser, "#found button")
    wait_for_text(browser, "members-status", "Founded.")
    wait_for_text(browser, "members-title", f"Members of {name}")


def invite(browser: webdriver.Chrome, email: str) -> None:
    fill(browser, "invitee", email)
    press(browser, "#invite button")
    wait_for_text(browser, "invitations-status", "on its way to the mailbox")
