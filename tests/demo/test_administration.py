"""The administrator of the demonstration, and the page that is for nobody else."""

from __future__ import annotations

from pathlib import Path

import httpx2
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from examples.demo.administrator import EMAIL, password_file
from tests.demo.visitor import (
    fill,
    listed,
    press,
    sign_in,
    sign_up,
    visitor,
    wait_for_text,
)


def test_the_administrator_bans_and_sees_what_users_see(
    origin: str, data: Path, tmp_path: Path
) -> None:
    with visitor(origin, tmp_path / "a") as admin, visitor(origin, tmp_path / "u") as ada:
        sign_up(ada, "ada@example.com")
        assert not ada.find_element(By.ID, "to-users").is_displayed()
        administer(admin, data)
        assert "Ada Lovelace <ada@example.com>, user" in listed(admin, "user-list")

        press(admin, "[aria-label^='See as Ada Lovelace']")
        wait_for_text(admin, "who", "ada@example.com")
        wait_for_text(admin, "lent", "in the place of this user")
        press(admin, "#be-yourself")
        wait_for_text(admin, "member-status", "Yourself again.")
        wait_for_text(admin, "who", EMAIL)

        press(admin, "#to-users")
        press_line(admin, "Ban Ada Lovelace")
        wait_for_text(admin, "users-status", "stays out")
        ada.refresh()
        wait_for_text(ada, "sign-in-title", "Who are you?")
        sign_in(ada, "ada@example.com")
        WebDriverWait(ada, 15).until(
            lambda page: page.find_elements(By.CSS_SELECTOR, "#sign-in-status.bad"),
            "somebody who is banned could sign in",
        )
        press_line(admin, "Let in Ada Lovelace")
        wait_for_text(admin, "users-status", "may come back")
        sign_in(ada, "ada@example.com")
        wait_for_text(ada, "who", "ada@example.com")


def test_somebody_becomes_an_administrator_and_is_found(
    origin: str, data: Path, tmp_path: Path
) -> None:
    with visitor(origin, tmp_path / "a") as admin, visitor(origin, tmp_path / "u") as grace:
        sign_up(grace, "grace@example.com")
        administer(admin, data)
        fill(admin, "sought", "grace@" + Keys.ENTER)
        only = WebDriverWait(admin, 15, ignored_exceptions=[StaleElementReferenceException])
        only.until(lambda page: len(listed(page, "user-list")) == 1)
        press_line(admin, "Make administrator")
        wait_for_text(admin, "user-list", ", admin")
        grace.refresh()
        wait_for_text(grace, "who", "grace@example.com")
        press(grace, "#to-users")
        wait_for_text(grace, "user-list", ", you")


def test_the_page_of_all_users_is_for_administrators(origin: str) -> None:
    with httpx2.Client(base_url=origin, headers={"origin": origin}) as nobody:
        assert nobody.get("/users").status_code == 302
        body = {"name": "Eve", "email": "eve@example.com", "password": "correct horse"}
        assert nobody.post("/api/auth/sign-up/email", json=body).status_code == 200
        assert nobody.get("/users").status_code == 403


def administer(browser: webdriver.Chrome, data: Path) -> None:
    """Be the administrator, before all users."""
    fill(browser, "email", EMAIL)
    press(browser, "[name=mode][value=sign-in]")
    fill(browser, "password", password_file(data).read_text() + Keys.ENTER)
    wait_for_text(browser, "who", EMAIL)
    press(browser, "#to-users")
    wait_for_text(browser, "user-list", f"<{EMAIL}>, you")


def press_line(browser: webdriver.Chrome, label: str) -> None:
    selector = f"[aria-label^='{label}']"
    WebDriverWait(browser, 15).until(lambda page: page.find_elements(By.CSS_SELECTOR, selector))
    press(browser, selector)
