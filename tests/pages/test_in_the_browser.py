"""What only a browser can tell: policies that it keeps, frames, and passkeys."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions
from selenium.webdriver.support.ui import WebDriverWait

from tests.pages.eyes import VIEWS, Eyes, eyes
from tests.pages.site import Site, served
from watchword.plugins.i18n import SHIPPED
from watchword.plugins.pages.registry import PAGES

REGISTER = """
const done = arguments[0];
const read = PublicKeyCredential.parseCreationOptionsFromJSON;
fetch("/api/auth/passkey/generate-register-options")
  .then((answer) => answer.json())
  .then((options) => navigator.credentials.create({ publicKey: read(options) }))
  .then((made) => fetch("/api/auth/passkey/verify-registration", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ response: made.toJSON(), name: "Key" }),
  }))
  .then((answer) => done(answer.status), (error) => done(String(error)));
"""


def complaints(browser: Eyes) -> list[str]:
    """What the browser refused to load or run."""
    logged = browser.browser.get_log("browser")  # pyright: ignore
    return [one["message"] for one in logged if "Content Security Policy" in one["message"]]


def test_no_page_needs_more_than_its_policy_allows(site: Site, browser: Eyes) -> None:
    browser.look(VIEWS[0])
    for page in PAGES:
        browser.browser.get(f"{site.pages}/{page.path}")
        assert browser.find("main h1").text
        radius = browser.find("main").value_of_css_property("border-radius")
        assert radius == "16px", page.path
    assert complaints(browser) == []


def test_nothing_else_runs_there(site: Site, browser: Eyes) -> None:
    browser.browser.get(f"{site.pages}/sign-in")
    browser.browser.execute_script(
        "const script = document.createElement('script'); script.textContent = 'window.ran = 1';"
        "document.body.append(script);"
        "const image = new Image(); image.src = 'https://evil.example/x.png';"
        "document.body.append(image);"
        "document.body.insertAdjacentHTML('beforeend', '<b onclick=x style=color:red>b</b>')"
    )
    assert browser.browser.execute_script("return window.ran") is None
    assert len(complaints(browser)) >= 3


def test_a_form_that_somebody_puts_there_leads_nowhere(site: Site, browser: Eyes) -> None:
    browser.browser.get(f"{site.pages}/sign-in")
    browser.browser.execute_script(
        "const form = document.createElement('form'); form.method = 'post';"
        "form.action = 'https://evil.example/'; document.body.append(form); form.submit()"
    )
    assert browser.path.endswith("/sign-in")
    assert any("form-action" in one for one in complaints(browser))


@pytest.mark.parametrize("trusted", [False, True])
def test_a_page_behind_a_form_leads_to_another_site_if_that_is_trusted(
    tmp_path: Path, browser: Eyes, trusted: bool
) -> None:
    """Browsers hold all redirects behind a form against `form-action`."""
    with served(Site(tmp_path, trusts_other=trusted)) as site:
        browser.forget_everything()
        browser.browser.get(f"{site.pages}/sign-in?next=/away")
        browser.press("form:has([value=guest]) button")
        if trusted:
            WebDriverWait(browser.browser, 15).until(
                lambda found: found.current_url == f"{site.other_origin}/inner"
            )
        else:
            WebDriverWait(browser.browser, 15).until(
                lambda _: any("form-action" in one for one in complaints(browser))
            )
            assert browser.path.startswith("api/auth/pages/sign-in")


def test_a_trusted_site_is_reached_at_once(tmp_path: Path, browser: Eyes) -> None:
    with served(Site(tmp_path, trusts_other=True)) as site:
        browser.forget_everything()
        browser.browser.get(f"{site.pages}/sign-in?next={site.other_origin}/inner")
        browser.press("form:has([value=guest]) button")
        WebDriverWait(browser.browser, 15).until(
            lambda found: found.current_url == f"{site.other_origin}/inner"
        )


def test_a_second_click_sends_no_form_again(site: Site, browser: Eyes) -> None:
    browser.browser.get(f"{site.pages}/sign-in")
    browser.browser.execute_script(
        "window.sent = 0;"
        "const form = document.querySelector('form:has([name=identifier])');"
        "form.noValidate = true;"
        "addEventListener('submit', (event) => {"
        "  window.sent += event.defaultPrevented ? 0 : 1; event.preventDefault();"
        "});"
        "const button = form.querySelector('button'); button.click(); button.click();"
    )
    assert browser.browser.execute_script("return window.sent") == 1


def test_no_page_stands_in_a_frame(site: Site, browser: Eyes) -> None:
    browser.browser.get(f"{site.origin}/frames")
    for number, shown in ((0, False), (1, True)):
        browser.browser.switch_to.frame(number)
        there = browser.browser.execute_script("return location.href")
        assert there.startswith(site.origin) is shown, there
        browser.browser.switch_to.default_content()


def test_a_passkey_signs_in_and_leads_on(site: Site, tmp_path: Path) -> None:
    with eyes(tmp_path) as browser:
        options = VirtualAuthenticatorOptions(
            protocol=VirtualAuthenticatorOptions.Protocol.CTAP2,
            transport=VirtualAuthenticatorOptions.Transport.INTERNAL,
            has_resident_key=True,
            has_user_verification=True,
            is_user_verified=True,
        )
        browser.browser.add_virtual_authenticator(options)
        browser.browser.get(f"{site.pages}/sign-in")
        browser.send("form:has([value=guest]) button")
        assert browser.browser.execute_async_script(REGISTER) == 200
        browser.forget_everything()

        browser.browser.get(f"{site.pages}/sign-in?next=/inbox")
        assert browser.find("#passkey").is_displayed()
        browser.press("#passkey")
        browser.wait_until("inbox")
        assert browser.heading.startswith("Inbox of")


def test_a_passkey_that_is_not_there_is_told(site: Site, tmp_path: Path) -> None:
    with eyes(tmp_path) as browser:
        browser.browser.add_virtual_authenticator(
            VirtualAuthenticatorOptions(
                protocol=VirtualAuthenticatorOptions.Protocol.CTAP2,
                transport=VirtualAuthenticatorOptions.Transport.INTERNAL,
                has_resident_key=True,
                has_user_verification=True,
                is_user_verified=True,
            )
        )
        browser.browser.get(f"{site.pages}/sign-in")
        browser.press("#passkey")
        status = browser.find("#passkey-status")
        WebDriverWait(browser.browser, 15).until(
            lambda _: status.text == "That did not work. Try again, or sign in another way."
        )
        assert browser.find("#passkey").is_enabled()


def test_no_language_is_too_long_for_a_phone(site: Site, browser: Eyes) -> None:
    browser.look(VIEWS[-1])
    browser.cdp("Network.enable")
    over = "return document.documentElement.scrollWidth - window.innerWidth"
    for language in SHIPPED:
        browser.cdp("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
        for page in PAGES:
            browser.browser.get(f"{site.pages}/{page.path}")
            assert browser.browser.execute_script(over) <= 0, (language, page.path)
            assert browser.find("html").get_attribute("lang") == language
    browser.cdp("Network.setExtraHTTPHeaders", headers={})
