"""The whole way in a browser that runs no scripts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.common.exceptions import WebDriverException

from tests.pages.eyes import Eyes, eyes
from tests.pages.site import Site
from tests.plugins.factor_server import key
from tests.support.browser import Browser
from watchword.plugins.two_factor.totp import totp_code, totp_step

ADA, PASSWORD = "ada@example.com", "correct horse battery"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Eyes]:
    with eyes(tmp_path, scripts=False) as found:
        yield found


def test_no_script_runs_there(site: Site, browser: Eyes) -> None:
    browser.browser.get("data:text/html,<h1>before</h1><script>document.title='ran'</script>")
    assert browser.browser.title != "ran"
    browser.browser.get(f"{site.pages}/sign-in")
    assert not browser.find("#passkey").is_displayed()


def test_from_nobody_to_a_page_for_members(site: Site, browser: Eyes) -> None:
    browser.browser.get(f"{site.origin}/inbox")
    assert browser.heading == "Sign in"
    browser.follow("Create an account")
    browser.fill(name="Ada", email=ADA, username="ada", password="short")
    browser.send()
    assert "at least 8 characters" in browser.find("#password-error").text
    browser.fill(password=PASSWORD)
    browser.send()
    assert browser.heading == "Check your e-mail"

    browser.browser.get(site.mails.newest(site.auth).url)
    assert browser.heading == "E-mail address verified"
    browser.follow("Sign in")
    browser.fill(identifier="ada", password=PASSWORD)
    browser.send()
    assert browser.heading == f"Inbox of {ADA}"

    app = set_up_app(site)
    browser.browser.get(f"{site.pages}/sign-out")
    browser.send()
    browser.browser.get(f"{site.origin}/inbox")
    browser.fill(identifier=ADA, password=PASSWORD)
    browser.send()
    assert browser.heading == "One more step"
    browser.fill(code="000000")
    browser.send()
    assert "wrong" in browser.find("#code-error").text
    step = totp_step(site.auth.config.options.clock(), 30)
    browser.fill(code=totp_code(app, step + 1, 6))
    browser.send()
    assert browser.heading == f"Inbox of {ADA}"


def test_a_provider_is_reached_without_scripts(site: Site, browser: Eyes) -> None:
    browser.browser.get(f"{site.pages}/sign-in")
    with suppress(WebDriverException):  # There is no network here, and so no provider.
        browser.send("[value=github]")
    address = urlsplit(browser.browser.current_url)
    reached = "github.com" in (address.hostname or "") or address.scheme == "chrome-error"
    assert reached, browser.browser.current_url


def set_up_app(site: Site) -> bytes:
    """Give Ada an authenticator app, in another browser of hers."""
    other = Browser(site.auth, origin=site.origin)
    assert other.sign_in(ADA, password=PASSWORD).status == 200
    answer = other.post("/two-factor/enable", {"password": PASSWORD})
    app = key(answer)
    assert parse_qs(urlsplit(answer.json["totpURI"]).query)["issuer"] == ["Acme"]
    step = totp_step(site.auth.config.options.clock(), 30)
    code = {"code": totp_code(app, step, 6)}
    assert other.post("/two-factor/verify-totp", code).status == 200
    return app
