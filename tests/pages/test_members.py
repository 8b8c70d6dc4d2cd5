"""The pages of who is signed in, in Chromium: for everybody, and within their policy."""

from __future__ import annotations

from base64 import b32decode
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions
from selenium.webdriver.support.ui import WebDriverWait

from tests.pages.eyes import VIEWS, Eyes, View, eyes
from tests.pages.members_site import ADA, EVE, PASSWORD, MembersSite
from tests.pages.site import served
from tests.pages.test_accessibility import NAMELESS, SMALL, WIDE, axe, problems
from tests.pages.test_in_the_browser import complaints
from tests.support.browser import Browser
from watchword import Advanced
from watchword.plugins.i18n import SHIPPED
from watchword.plugins.pages.account_pages import ACCOUNT_PAGES
from watchword.plugins.two_factor.totp import totp_code, totp_step

__all__ = ["axe"]

MARKUP = "<script>window.ran = 1</script><img src=x onerror='window.ran = 1'>"
PAGES = [page.path for page in ACCOUNT_PAGES if page.requires == "session"]
Prepare = Callable[[MembersSite, Eyes], None]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MembersSite]:
    made = MembersSite(tmp_path_factory.mktemp("members"))
    with served(made):
        yield made


@pytest.fixture(scope="module")
def member(site: MembersSite, browser: Eyes) -> Eyes:
    """Ada, with a bit of everything."""
    browser.look(VIEWS[0])
    site.sign_in(browser)
    browser.browser.get(f"{site.pages}/organizations")
    browser.fill(name="Engines")
    browser.send("form:has([value=create]) button")
    members(site, browser)
    browser.fill(email="x@example.com")
    browser.send("form:has([value=invite]) button")
    return browser


def at(page: str) -> Prepare:
    return lambda site, browser: site.see(browser, page)


def members(site: MembersSite, browser: Eyes) -> None:
    site.see(browser, "organizations")
    browser.browser.get(str(browser.find("a[href*=organizations\\/members]").get_attribute("href")))


def opened(site: MembersSite, browser: Eyes) -> None:
    """With all that can be unfolded."""
    members(site, browser)
    browser.browser.execute_script(
        "document.querySelectorAll('details').forEach((one) => { one.open = true })"
    )


def a_key(site: MembersSite, browser: Eyes) -> None:
    site.see(browser, "account/api-keys")
    browser.fill(name="Deploy")
    browser.send("form:has([value=create]) button")


def an_app(site: MembersSite, browser: Eyes) -> None:
    site.see(browser, "account/two-factor")
    browser.fill(password=PASSWORD)
    browser.send("[value=app]")


def an_app_refused(site: MembersSite, browser: Eyes) -> None:
    an_app(site, browser)
    browser.fill(code="000000")
    browser.send("form:has([value=verify]) button")


def a_profile_refused(site: MembersSite, browser: Eyes) -> None:
    site.see(browser, "account")
    browser.fill(born="7")
    browser.send("form:has([value=profile]) button")


def a_device(site: MembersSite, browser: Eyes) -> None:
    told = ask_for_a_code(site)
    browser.browser.get(told["verification_uri_complete"])
    browser.send()


def ask_for_a_code(site: MembersSite, client: str = "TV") -> Any:
    """What a device is told."""
    device = Browser(site.auth, origin="")
    return device.post("/device/code", {"client_id": client, "scope": "read write"}).json


def a_device_approved(site: MembersSite, browser: Eyes) -> None:
    a_device(site, browser)
    browser.send("form:has([value=approve]) button")


def a_link(site: MembersSite, browser: Eyes) -> None:
    browser.browser.get(site.link("new@example.com"))


SEEN: dict[str, Prepare] = {
    **{page: at(page) for page in PAGES if page != "organizations/members"},
    "members": members,
    "members, unfolded": opened,
    "a key": a_key,
    "an app": an_app,
    "an app, refused": an_app_refused,
    "the profile, refused": a_profile_refused,
    "a device": a_device,
    "a device, approved": a_device_approved,
    "deleted": at("account-deleted"),
    "a link that asks first": a_link,
}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
@pytest.mark.parametrize("page", SEEN)
def test_axe_finds_nothing(
    site: MembersSite, member: Eyes, axe: str, page: str, view: View
) -> None:
    member.look(view)
    SEEN[page](site, member)
    run = member.browser.execute_script
    assert member.heading != "Sign in" or page == "a link that asks first"
    assert problems(member, axe) == []
    assert run(SMALL) == []
    assert run(WIDE) <= 0
    assert run(NAMELESS) == []


def test_no_page_needs_more_than_its_policy_allows(site: MembersSite, member: Eyes) -> None:
    member.look(VIEWS[0])
    member.browser.get_log("browser")  # pyright: ignore
    for prepare in SEEN.values():
        prepare(site, member)
    assert complaints(member) == []


def test_no_language_is_too_long_for_a_phone(site: MembersSite, member: Eyes) -> None:
    member.look(VIEWS[-1])
    member.cdp("Network.enable")
    try:
        for language in SHIPPED:
            member.cdp("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
            for name in (*PAGES, "members", "a key", "an app", "a link that asks first"):
                SEEN.get(name, at(name))(site, member)
                assert member.browser.execute_script(WIDE) <= 0, (language, name)
                assert member.find("html").get_attribute("lang") == language, name
    finally:
        member.cdp("Network.setExtraHTTPHeaders", headers={})


def test_what_others_call_themselves_runs_nowhere(site: MembersSite, tmp_path: Path) -> None:
    with eyes(tmp_path) as browser:
        site.sign_in(browser, "mallory@example.com", MARKUP)
        site.see(browser, "organizations")
        browser.fill(name=MARKUP, slug="x")
        browser.send("form:has([value=create]) button")
        site.see(browser, "account/api-keys")
        browser.fill(name=MARKUP[:32])
        browser.send("form:has([value=create]) button")
        told = ask_for_a_code(site, MARKUP)
        for prepare in (*map(at, PAGES), members):
            prepare(site, browser)
            assert browser.browser.execute_script("return window.ran") is None
        browser.browser.get(told["verification_uri_complete"])
        browser.send()
        assert MARKUP in browser.find(".lead").text
        assert browser.browser.execute_script("return window.ran") is None


def test_a_passkey_is_added_renamed_and_removed(site: MembersSite, tmp_path: Path) -> None:
    with eyes(tmp_path) as browser:
        options = VirtualAuthenticatorOptions(
            protocol=VirtualAuthenticatorOptions.Protocol.CTAP2,
            transport=VirtualAuthenticatorOptions.Transport.INTERNAL,
            has_resident_key=True,
            has_user_verification=True,
            is_user_verified=True,
        )
        browser.browser.add_virtual_authenticator(options)
        site.sign_in(browser, "passkeys@example.com")
        site.see(browser, "account/passkeys")
        assert not browser.find("#without-script").is_displayed()
        browser.find("#new-name").send_keys("Laptop")
        browser.send("#new-passkey")
        assert browser.find(".notice").text == "The passkey is added."
        assert browser.find(".item .name").text == "Laptop"

        # The same authenticator has one already: that is told, and nothing else happens.
        browser.press("#new-passkey")
        status = browser.find("#new-passkey-status")
        WebDriverWait(browser.browser, 15).until(lambda _: "No passkey was made" in status.text)

        browser.press("summary")
        name = browser.find(".item [name=name]")
        name.clear()
        name.send_keys("Phone")
        browser.send("form:has([value=rename]) button")
        assert browser.find(".item .name").text == "Phone"
        browser.send("form:has([value=delete]) button")
        assert browser.find(".notice").text == "The passkey is removed."


def test_without_scripts_an_app_is_set_up_and_asked_for(site: MembersSite, tmp_path: Path) -> None:
    with eyes(tmp_path, scripts=False) as browser:
        site.sign_in(browser, "app@example.com")
        an_app(site, browser)
        assert browser.find("svg.qr").get_attribute("aria-label")
        secret = browser.find(".steps code").text.replace(" ", "")
        key = b32decode(secret + "=" * (-len(secret) % 8))
        step = totp_step(site.auth.config.options.clock(), 30)
        browser.fill(code=totp_code(key, step, 6))
        browser.send("form:has([value=verify]) button")
        assert browser.find(".notice").text == "Two-step sign-in is on."
        site.see(browser, "account/passkeys")
        assert browser.find("#without-script").is_displayed()
        site.sign_in(browser, "app@example.com")
        assert browser.heading == "One more step"


def test_without_scripts_somebody_is_invited_and_comes(site: MembersSite, tmp_path: Path) -> None:
    with eyes(tmp_path, scripts=False) as browser:
        site.sign_in(browser, "founder@example.com", "Grace")
        site.see(browser, "organizations")
        browser.fill(name="Compilers")
        browser.send("form:has([value=create]) button")
        members(site, browser)
        browser.fill(email=EVE)
        browser.send("form:has([value=invite]) button")
        site.auth.blocking.runtime.drain()
        invitation = site.mails.mails[-1].invitation.id
        site.sign_in(browser, EVE, "Eve")
        site.see(browser, f"organizations/invitation?invitationId={invitation}")
        assert browser.heading == "Join Compilers"
        browser.send("form:has([value=accept]) button")
        assert browser.find(".notice").text == "Welcome! You are a member now."


def test_re_authentication_leads_back(site: MembersSite, tmp_path: Path) -> None:
    """A session that is old is asked for another sign-in where that matters, and comes back."""
    folder = tmp_path / "old"
    folder.mkdir()
    clock, waited = site.auth.config.options.clock, [timedelta()]
    moved = MembersSite(folder, clock=lambda: clock() + waited[0])
    with served(moved), eyes(tmp_path / "profile") as browser:
        moved.sign_in(browser)
        waited[0] = timedelta(days=2)
        moved.see(browser, "account/sessions")
        assert browser.find(".notice").text == "For this, please sign in again."
        browser.fill(identifier=ADA, password=PASSWORD)
        browser.send()
        assert browser.heading == "Devices"


# links that ask first


@pytest.mark.parametrize("without", [(), ("pages",)], ids=["in the layout", "alone"])
def test_a_mailed_link_signs_in_by_its_button(
    without: tuple[str, ...], axe: str, tmp_path: Path
) -> None:
    """Also on to another site that is trusted: browsers hold that against the page's policy."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    # Ports share cookies: the other site must not take ours for its own.
    there = MembersSite(tmp_path / "a", advanced=Advanced(cookie_prefix="there"))
    here = MembersSite(tmp_path / "b", without=without, trusted_origins=[there.origin])
    with served(there), served(here), eyes(tmp_path / "profile") as browser:
        for target in ("/inbox", f"{there.origin}/api/auth/ok"):
            browser.forget_everything()
            url = here.link(EVE, target)
            for view in VIEWS:
                browser.look(view)
                browser.browser.get(url)
                assert browser.heading == "Sign in"
                assert problems(browser, axe) == []
                assert browser.browser.execute_script(SMALL) == []
                assert browser.browser.execute_script(WIDE) <= 0
            assert here.auth.blocking.users.find(EVE) is None or target != "/inbox"
            browser.browser.find_element(By.CSS_SELECTOR, "form button").click()
            browser.wait_until(f"{target.removeprefix(there.origin).removeprefix('/')}")
            browser.browser.get(f"{here.origin}/inbox")
            assert browser.heading == f"Inbox of {EVE}"
        assert complaints(browser) == []
