"""An authenticator app in the demonstration: set up, asked for, replaced by paper, turned off."""

from __future__ import annotations

import hmac
import time
from base64 import b32decode
from pathlib import Path
from urllib.parse import quote

import segno
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.demo.visitor import (
    PASSWORD,
    fill,
    listed,
    newest_mail,
    open_account,
    press,
    sign_in,
    sign_out,
    sign_up,
    visitor,
    wait_for_text,
)


class App:
    """An authenticator app (RFC 6238). Its clock may be half a minute off, as a phone's may be."""

    def __init__(self, secret: str) -> None:
        self._key = b32decode(secret + "=" * (-len(secret) % 8))
        self._last = 0

    def code(self) -> str:
        """A code that was not used yet, of the step before this one or later."""
        present = int(time.time()) // 30
        self._last = max(self._last + 1, present - 1)
        assert self._last <= present + 1, "three codes within half a minute are all there are"
        digest = hmac.digest(self._key, self._last.to_bytes(8, "big"), "sha1")
        at = digest[-1] & 15
        return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


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


def set_up_app(
    browser: webdriver.Chrome, email: str, *, password: str | None = PASSWORD
) -> tuple[App, list[str]]:
    """The app that was set up, and the backup codes."""
    open_account(browser)
    if password is not None:
        fill(browser, "proof", password)
    assert browser.find_element(By.ID, "proof").is_displayed() is (password is not None)
    press(browser, "#set-up")
    wait_for_text(browser, "two-factor-status", "Scan it")
    secret = browser.find_element(By.ID, "secret").text
    check_qr_code(browser, email, secret)
    app = App(secret)
    fill(browser, "app-code", app.code() + Keys.ENTER)
    wait_for_text(browser, "two-factor-status", "From now on")
    assert not browser.find_element(By.ID, "qr").is_displayed(), "the secret is shown once"
    return app, listed(browser, "backup-codes")


def check_qr_code(browser: webdriver.Chrome, email: str, secret: str) -> None:
    """The image is on the page, and it is the URI with this secret."""
    image = browser.find_element(By.ID, "qr")
    WebDriverWait(browser, 15).until(
        lambda found: found.execute_script("return arguments[0].naturalWidth > 0", image),
        "no QR code",
    )
    uri = f"otpauth://totp/watchword%20demo:{quote(email)}?secret={secret}"
    uri += "&issuer=watchword+demo&digits=6&period=30"
    assert image.get_attribute("src") == segno.make_qr(uri).svg_data_uri(scale=4, light="white")


def give(browser: webdriver.Chrome, code: str, *, kind: str = "app") -> None:
    press(browser, f"[name=kind][value={kind}]")
    fill(browser, "second-factor-code", code + Keys.ENTER)


def follow_link(browser: webdriver.Chrome, origin: str) -> None:
    mail = WebDriverWait(browser, 15).until(lambda found: newest_mail(found, origin))
    mail.find_element(By.CSS_SELECTOR, ".link").click()
