"""An authenticator app in the demonstration: set up, asked for, replaced by paper, turned off."""

from __future__ import annotations

from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.demo.authenticator_app import set_up_app
from tests.demo.visitor import (
    PASSWORD,
    fill,
    listed,
    newest_mail,
    press,
    sign_in,
    sign_out,
    sign_up,
    visitor,
    wait_for_text,
)


def test_an_app_is_set_up_and_asked_for_and_a_backup_code_takes_its_place(
    origin: str, tmp_path: Path
) -> None:
    email = "ada@example.com"
    with visitor(origin, tmp_path / "one") as browser:
        sign_up(browser, email)
        app, paper = set_up_app(browser, email)
        assert len(set(paper)) == 10
        sign_out(browser, origin)

        sign_in(browser, email)
        wait_for_text(browser, "second-factor-status", "Now the second factor.")
        assert not browser.find_element(By.ID, "member").is_displayed()
        assert (
            browser.execute_script("return fetch('/notes').then((answer) => answer.status)") == 401
        )
        give(browser, "000000")
        wait_for_text(browser, "second-factor-status", "The code is wrong")
        give(browser, app.code())
        wait_for_text(browser, "member-status", "Welcome back!")
        wait_for_text(browser, "who", email)
        sign_out(browser, origin)

        sign_in(browser, email)
        wait_for_text(browser, "second-factor-status", "Now the second factor.")
        give(browser, paper[0], kind="paper")
        wait_for_text(browser, "who", email)
        sign_out(browser, origin)

        sign_in(browser, email)
        wait_for_text(browser, "second-factor-status", "Now the second factor.")
        give(browser, paper[0], kind="paper")
        wait_for_text(browser, "second-factor-status", "wrong, or was used")
        press(browser, "#start-over")
        wait_for_text(browser, "sign-in-title", "Who are you?")


def test_a_mailed_link_lacks_the_second_factor_too(origin: str, tmp_path: Path) -> None:
    email = "grace@example.com"
    with visitor(origin, tmp_path / "two") as browser:
        fill(browser, "email", email)
        press(browser, "#mail-link")
        follow_link(browser, origin)
        wait_for_text(browser, "who", email)
        app, _ = set_up_app(browser, email, password=None)
        sign_out(browser, origin)

        fill(browser, "email", email)
        press(browser, "#mail-link")
        wait_for_text(browser, "sign-in-status", "A link is on its way")
        follow_link(browser, origin)
        wait_for_text(browser, "second-factor-title", "Second factor")
        assert browser.current_url == f"{origin}/"
        assert not browser.find_element(By.ID, "sign-in").is_displayed()
        press(browser, "[name=trust]")
        give(browser, app.code())
        wait_for_text(browser, "who", email)
        sign_out(browser, origin)

        fill(browser, "email", email)
        press(browser, "#mail-link")
        wait_for_text(browser, "sign-in-status", "A link is on its way")
        follow_link(browser, origin)
        wait_for_text(browser, "who", email)


def test_new_backup_codes_and_turning_it_off_take_the_password(origin: str, tmp_path: Path) -> None:
    email = "kay@example.com"
    with visitor(origin, tmp_path / "three") as browser:
        sign_up(browser, email)
        _, paper = set_up_app(browser, email)
        press(browser, "#new-codes")
        wait_for_text(browser, "two-factor-status", "The password is wrong")
        fill(browser, "proof", PASSWORD)
        press(browser, "#new-codes")
        wait_for_text(browser, "two-factor-status", "worth nothing now")
        assert not set(paper) & set(listed(browser, "backup-codes"))

        fill(browser, "proof", PASSWORD)
        press(browser, "#turn-off")
        wait_for_text(browser, "two-factor-status", "takes no code any more")
        sign_out(browser, origin)
        sign_in(browser, email)
        wait_for_text(browser, "who", email)


def give(browser: webdriver.Chrome, code: str, *, kind: str = "app") -> None:
    press(browser, f"[name=kind][value={kind}]")
    fill(browser, "second-factor-code", code + Keys.ENTER)


def follow_link(browser: webdriver.Chrome, origin: str) -> None:
    mail = WebDriverWait(browser, 15).until(lambda found: newest_mail(found, origin))
    mail.find_element(By.CSS_SELECTOR, ".link").click()
