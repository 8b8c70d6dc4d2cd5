"""Every page can be used by everybody: axe finds nothing, and nothing is too small or too wide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.pages.eyes import VIEWS, Eyes, View
from tests.pages.site import Site, served
from tests.support.services import ROOT, require_node
from watchword.plugins.pages import Colors

CLIENT = ROOT / "tests" / "client"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """
const [tags, done] = arguments;
axe.run(document, { runOnly: tags, rules: { "target-size": { enabled: true } } }).then(
  (found) => done(found.violations.map((one) => [one.id, one.nodes.map((node) => node.html)])),
  (error) => done([["error", [String(error)]]]),
);
"""
SMALL = """
return [...document.querySelectorAll("button, .button, main input, select, .end a, .label a")]
  .filter((one) => one.checkVisibility() && !["checkbox", "radio", "hidden"].includes(one.type))
  .filter((one) => one.getBoundingClientRect().height < 44)
  .map((one) => one.outerHTML);
"""
WIDE = "return document.documentElement.scrollWidth - window.innerWidth"
NAMELESS = """
return [...document.querySelectorAll("main input:not([type=hidden]), select")]
  .filter((one) => one.labels.length !== 1 || !one.labels[0].textContent.trim())
  .map((one) => one.outerHTML);
"""

Prepare = Callable[[Eyes, str], None]


def at(page: str) -> Prepare:
    return lambda browser, base: browser.browser.get(f"{base}/{page}")


def sent(page: str, **typed: str) -> Prepare:
    """What a form of a page leads to."""

    def prepare(browser: Eyes, base: str) -> None:
        browser.browser.get(f"{base}/{page}")
        browser.browser.execute_script(
            "document.querySelectorAll('form').forEach((form) => { form.noValidate = true })"
        )
        browser.fill(**typed)
        browser.send()

    return prepare


def signed_in_at(page: str) -> Prepare:
    def prepare(browser: Eyes, base: str) -> None:
        browser.browser.get(f"{base}/sign-in")
        browser.send("form:has([value=guest]) button")
        browser.browser.get(f"{base}/{page}")

    return prepare


SEEN: dict[str, Prepare] = {
    "sign-in": at("sign-in"),
    "sign-in, refused": sent("sign-in", identifier="ada@example.com", password="wrong"),
    "sign-in, with a notice": at("sign-in?notice=signed_out"),
    "sign-in, after a provider": at("sign-in?error=access_denied"),
    "sign-in, signed in already": signed_in_at("sign-in"),
    "sign-up": at("sign-up"),
    "sign-up, refused": sent("sign-up", name="Ada", email="ada", password=""),
    "sign-out": signed_in_at("sign-out"),
    "sign-out, of nobody": at("sign-out"),
    "email-code": at("email-code"),
    "phone-code": at("phone-code"),
    "code": sent("email-code", email="ada@example.com"),
    "magic-link": at("magic-link"),
    "mail-sent": at("mail-sent?about=reset"),
    "forgot-password": at("forgot-password"),
    "reset-password": at("reset-password?token=abc"),
    "reset-password, dead": at("reset-password?error=INVALID_TOKEN"),
    "reset-password, by a code": sent("forgot-password", identifier="+491701234567"),
    "verify-email": at("verify-email"),
    "email-verified": at("email-verified"),
    "email-verified, dead": at("email-verified?error=TOKEN_EXPIRED"),
    "second-factor": at("second-factor"),
    "second-factor, refused": sent("second-factor", code="123456"),
    "second-factor/sent-code": at("second-factor/sent-code"),
    "second-factor/sent-code, sent": at("second-factor/sent-code?sent=1"),
    "second-factor/backup-code": at("second-factor/backup-code"),
    "error": at("error?error=state_mismatch"),
    "missing": at("nothing"),
}


@pytest.fixture(scope="module")
def axe() -> str:
    require_node(CLIENT)
    return (CLIENT / "node_modules" / "axe-core" / "axe.min.js").read_text()


def problems(browser: Eyes, axe: str) -> Any:
    """What axe says against the page that is shown."""
    browser.browser.execute_script(axe)
    return browser.browser.execute_async_script(RUN, TAGS)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
@pytest.mark.parametrize("page", SEEN)
def test_axe_finds_nothing(site: Site, browser: Eyes, axe: str, page: str, view: View) -> None:
    browser.look(view)
    browser.forget_everything()
    SEEN[page](browser, site.pages)
    run = browser.browser.execute_script
    assert problems(browser, axe) == []
    assert run(SMALL) == []
    assert run(WIDE) <= 0
    assert run(NAMELESS) == []


def test_axe_would_find_something(site: Site, browser: Eyes, axe: str) -> None:
    """Also under the pages' Content-Security-Policy."""
    browser.browser.get(f"{site.pages}/sign-in")
    browser.browser.execute_script(
        "document.querySelector('label').remove();"
        "document.querySelector('h1').style.color = 'rgb(200, 200, 200)'"
    )
    browser.look(VIEWS[0])
    assert {name for name, _ in problems(browser, axe)} >= {"label", "color-contrast"}


def test_whatever_the_accent_is_nothing_is_found(
    tmp_path_factory: pytest.TempPathFactory, browser: Eyes, axe: str
) -> None:
    for number, accent in enumerate(("#ffdd00", "#777777", "#0a0a0a", "#e5007d")):
        folder = tmp_path_factory.mktemp(f"accent{number}")
        colors = Colors(accent=accent)
        with served(Site(folder, colors=colors, dark_colors=colors)) as site:
            for view in VIEWS[:2]:
                browser.look(view)
                browser.forget_everything()
                for page in ("sign-in", "sign-up, refused", "second-factor"):
                    SEEN[page](browser, site.pages)
                    assert problems(browser, axe) == [], (accent, view, page)


def test_the_first_field_that_is_wrong_has_the_focus(site: Site, browser: Eyes) -> None:
    browser.look(VIEWS[0])
    SEEN["sign-up, refused"](browser, site.pages)
    focused = browser.browser.switch_to.active_element
    assert focused.get_attribute("id") == "email"
    described = focused.get_attribute("aria-describedby")
    assert browser.find(f"#{described}").text == "This is not an e-mail address"
    assert browser.find("#password-error").text == "This is missing"


def test_the_keyboard_reaches_everything_and_one_sees_where_one_is(
    site: Site, browser: Eyes
) -> None:
    browser.look(VIEWS[0])
    browser.forget_everything()
    browser.browser.get(f"{site.pages}/sign-in")
    run = browser.browser.execute_script
    able = run("""return [...document.querySelectorAll("a, button, input:not([type=hidden])")]
        .filter((one) => one.checkVisibility()).length""")
    seen: set[str] = set()
    for _ in range(able):
        browser.browser.switch_to.active_element.send_keys(Keys.TAB)
        focused = browser.browser.switch_to.active_element
        style = run("return getComputedStyle(arguments[0]).outlineStyle", focused)
        assert style != "none", focused.get_attribute("outerHTML")
        seen.add(str(focused.id))
    assert len(seen) == able
