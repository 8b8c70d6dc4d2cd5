"""The demonstration in a real browser: a session handed over, mailed links, codes, a provider."""

from __future__ import annotations

from pathlib import Path

import httpx2
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.demo.visitor import (
    PASSWORD,
    fill,
    focused,
    listed,
    newest_code,
    newest_mail,
    open_account,
    press,
    profile,
    sign_in,
    sign_out,
    sign_up,
    visitor,
    wait_for_text,
)


def test_a_session_travels_to_a_second_browser_once(origin: str, tmp_path: Path) -> None:
    with profile(tmp_path / "one") as laptop, profile(tmp_path / "two") as phone:
        laptop.get(origin)
        wait_for_text(laptop, "sign-in-title", "Who are you?")
        laptop.find_element(By.ID, "password").send_keys(PASSWORD)
        press(laptop, "#enter")
        wait_for_text(laptop, "who", "ada@example.com")
        wait_for_text(laptop, "who", "Ada Lovelace")
        open_account(laptop)
        press(laptop, "#generate")
        WebDriverWait(laptop, 15).until(
            lambda found: found.find_element(By.ID, "link").get_attribute("value")
        )
        link = laptop.find_element(By.ID, "link").get_attribute("value")
        assert link is not None
        assert link.startswith(f"{origin}/#token=")

        phone.get(link)
        wait_for_text(phone, "redeem-title", "Somebody handed you a session")
        assert phone.current_url == f"{origin}/", "the token leaves the address bar at once"
        press(phone, "#redeem-button")
        wait_for_text(phone, "who", "ada@example.com")

        press(phone, "#sign-out")
        wait_for_text(phone, "sign-in-status", "Signed out.")
        phone.get("about:blank")
        phone.get(link)
        press(phone, "#redeem-button")
        wait_for_text(phone, "sign-in-status", "Invalid token")


def test_an_account_is_deleted_with_a_code_from_the_mailbox(origin: str, tmp_path: Path) -> None:
    with visitor(origin, tmp_path / "three") as browser:
        fill(browser, "email", "eve@example.com")
        fill(browser, "password", PASSWORD)
        press(browser, "#enter")
        wait_for_text(browser, "who", "eve@example.com")
        open_account(browser)
        press(browser, "#ask-code")
        wait_for_text(browser, "danger-status", "A code is on its way")
        code = newest_code(browser, origin, "eve@example.com")

        submit(browser, "000000")
        wait_for_text(browser, "danger-status", "Invalid or expired code")
        submit(browser, code)
        wait_for_text(browser, "sign-in-status", "The account is gone.")
        wait_for_text(browser, "sign-in-title", "Who are you?")
        sign_in(browser, "eve@example.com")
        WebDriverWait(browser, 15).until(
            lambda found: (
                "bad" in (found.find_element(By.ID, "sign-in-status").get_attribute("class") or "")
            ),
            "somebody who is deleted could sign in",
        )


def test_a_link_and_a_code_from_the_mailbox_sign_in(origin: str, tmp_path: Path) -> None:
    with visitor(origin, tmp_path / "four") as browser:
        fill(browser, "email", "grace@example.com")
        fill(browser, "name", "Grace Hopper")
        press(browser, "#mail-link")
        wait_for_text(browser, "sign-in-status", "A link is on its way")
        mail = WebDriverWait(browser, 15).until(lambda found: newest_mail(found, origin))
        assert "grace@example.com" in mail.text
        mail.find_element(By.CSS_SELECTOR, ".link").click()
        wait_for_text(browser, "who", "Grace Hopper <grace@example.com>")
        press(browser, "#sign-out")
        wait_for_text(browser, "sign-in-title", "Who are you?")

        fill(browser, "email", "grace@example.com")
        press(browser, "#mail-code")
        wait_for_text(browser, "sign-in-status", "A code is on its way")
        code = newest_code(browser, origin, "grace@example.com")
        fill(browser, "otp", code)
        press(browser, "#mailed-code button")
        wait_for_text(browser, "who", "grace@example.com")


def test_enter_does_what_was_chosen_and_focus_follows(origin: str, tmp_path: Path) -> None:
    with visitor(origin, tmp_path / "five") as browser:
        fill(browser, "email", "alan@example.com")
        fill(browser, "password", PASSWORD + Keys.ENTER)
        wait_for_text(browser, "who", "alan@example.com")
        wait_for_text(browser, "member-status", "Welcome!")
        assert focused(browser) == "member-title"
        press(browser, "#sign-out")
        wait_for_text(browser, "sign-in-status", "Signed out.")
        assert focused(browser) == "sign-in-title"
        assert browser.find_element(By.ID, "enter").text == "Sign in", "who comes back is not new"
        fill(browser, "password", PASSWORD + Keys.ENTER)
        wait_for_text(browser, "member-status", "Welcome back!")


def test_an_error_stands_in_its_card_and_goes_with_the_next_attempt(
    origin: str, tmp_path: Path
) -> None:
    with visitor(origin, tmp_path / "six") as browser:
        sign_up(browser, "kay@example.com")
        open_account(browser)
        press(browser, "#ask-code")
        wait_for_text(browser, "danger-status", "A code is on its way")
        submit(browser, "000000")
        wait_for_text(browser, "danger-status", "Invalid or expired code")
        error = browser.find_element(By.ID, "danger-status")
        place = (
            "const r = arguments[0].getBoundingClientRect(); return [r.top, r.bottom, innerHeight]"
        )
        top, bottom, height = browser.execute_script(place, error)
        assert 0 <= top < bottom <= height, "the error is on the screen"
        press(browser, "#generate")
        wait_for_text(browser, "token-status", "good once")
        assert error.text == ""


def test_who_continues_with_demo_id_is_the_same_user_the_next_time(
    origin: str, tmp_path: Path
) -> None:
    with visitor(origin, tmp_path / "seven") as browser:
        press(browser, "#continue")
        choose(browser, "Nobody")
        wait_for_text(browser, "sign-in-status", "Demo ID let nobody through.")

        press(browser, "#continue")
        choose(browser, "Katherine Johnson")
        wait_for_text(browser, "who", "Katherine Johnson <katherine@example.com>")
        wait_for_text(browser, "member-status", "Welcome!")
        assert browser.current_url == f"{origin}/"
        open_account(browser)
        assert listed(browser, "accounts") == ["Demo ID"]
        sign_out(browser, origin)

        press(browser, "#continue")
        choose(browser, "Katherine Johnson")
        wait_for_text(browser, "who", "katherine@example.com")
        wait_for_text(browser, "member-status", "Welcome back!")


def test_demo_id_is_linked_by_who_is_signed_in_and_given_up_again(
    origin: str, tmp_path: Path
) -> None:
    with visitor(origin, tmp_path / "eight") as browser:
        fill(browser, "name", "Hedy Lamarr")
        sign_up(browser, "hedy@example.com")
        open_account(browser)
        press(browser, "#link-account")
        choose(browser, "Katherine Johnson")
        wait_for_text(browser, "ways-status", "somebody else's Demo ID")
        sign_out(browser, origin)

        press(browser, "#continue")
        choose(browser, "Hedy Lamarr")
        wait_for_text(browser, "sign-in-status", "Somebody here has this address already.")
        sign_in(browser, "hedy@example.com")
        wait_for_text(browser, "who", "hedy@example.com")
        open_account(browser)
        press(browser, "#link-account")
        choose(browser, "Hedy Lamarr")
        wait_for_text(browser, "ways-status", "Demo ID is a way to sign in now.")
        assert sorted(listed(browser, "accounts")) == ["Demo ID", "Password"]
        sign_out(browser, origin)

        press(browser, "#continue")
        choose(browser, "Hedy Lamarr")
        wait_for_text(browser, "who", "Hedy Lamarr <hedy@example.com>")
        open_account(browser)
        press(browser, "[aria-label='Unlink Demo ID']")
        wait_for_text(browser, "ways-status", "no way to sign in any more")
        assert listed(browser, "accounts") == ["Password"]


def test_demo_id_sends_browsers_back_to_the_demonstration_alone(origin: str) -> None:
    callback = f"{origin}/api/auth/callback/demo-id"
    answers = {
        uri: httpx2.get(
            f"{origin}/demo-id/authorize", params={"client_id": "demo", "redirect_uri": uri}
        ).status_code
        for uri in (callback, "https://evil.example/", f"{callback}.evil.example")
    }
    assert list(answers.values()) == [200, 400, 400]


def choose(browser: webdriver.Chrome, person: str) -> None:
    """Be somebody at Demo ID."""
    button = f"//button[starts-with(normalize-space(), '{person}')]"
    WebDriverWait(browser, 15).until(lambda found: found.title == "Demo ID", "no Demo ID")
    browser.find_element(By.XPATH, button).click()


def submit(browser: webdriver.Chrome, code: str) -> None:
    fill(browser, "code", code)
    press(browser, "#delete button")
