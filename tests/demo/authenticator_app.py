"""An authenticator app, and how the demonstration's page sets it up."""

from __future__ import annotations

import hmac
import time
from base64 import b32decode
from urllib.parse import quote

import segno
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.demo.visitor import PASSWORD, fill, listed, open_account, press, wait_for_text


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
