"""The demonstration in a real browser: a session handed over, mailed links, codes, a provider."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.support.services import ROOT, free_port, require, wait_for

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=760,1000",
)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    data = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "examples.demo", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://localhost:{port}/", process)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def profile(folder: Path) -> Generator[webdriver.Chrome, None, None]:
    """A browser with an empty profile."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    how = "On Debian: apt-get install chromium chromium-driver."
    require(bool(chromium and driver), "Chromium", how)
    options = webdriver.ChromeOptions()
    options.binary_location = str(chromium)
    for flag in (*FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=Service(str(driver)))
    try:
        yield browser
    finally:
        browser.quit()


def wait_for_text(browser: webdriver.Chrome, element: str, text: str) -> None:
    WebDriverWait(browser, 15).until(
        lambda found: text in found.find_element(By.ID, element).text,
        f"{element} never said {text!r}",
    )


def press(browser: webdriver.Chrome, selector: str) -> None:
    browser.find_element(By.CSS_SELECTOR, selector).click()


def test_a_session_travels_to_a_second_browser_once(origin: str, tmp_path: Path) -> None:
    with profile(tmp_path / "one") as laptop, profile(tmp_path / "two") as phone:
        laptop.get(origin)
        wait_for_text(laptop, "guest-title", "Who are you?")
        laptop.find_element(By.ID, "password").send_keys("correct horse")
        press(laptop, "#enter")
        wait_for_text(laptop, "who", "ada@example.com")
        wait_for_text(laptop, "greeting", "Hello, Ada Lovelace!")
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
        wait_for_text(phone, "guest-status", "Signed out.")
        phone.get("about:blank")
        phone.get(link)
        press(phone, "#redeem-button")
        wait_for_text(phone, "guest-status", "Invalid token")


def test_an_account_is_deleted_with_a_code_from_the_mailbox(origin: str, tmp_path: Path) -> None:
    with profile(tmp_path / "three") as browser:
        browser.get(origin)
        wait_for_text(browser, "guest-title", "Who are you?")
        fill(browser, "email", "eve@example.com")
        browser.find_element(By.ID, "password").send_keys("correct horse")
        press(browser, "#enter")
        wait_for_text(browser, "who", "eve@example.com")
        press(browser, "#ask-code")
        wait_for_text(browser, "danger-status", "A code is on its way")
        code = newest_code(browser, origin, "eve@example.com")

        submit(browser, "000000")
        wait_for_text(browser, "danger-status", "Invalid or expired code")
        submit(browser, code)
        wait_for_text(browser, "guest-status", "The account is gone.")
        wait_for_text(browser, "guest-title", "Who are you?")
        browser.find_element(By.ID, "password").clear()
        browser.find_element(By.ID, "password").send_keys("correct horse")
        press(browser, "#enter")
        WebDriverWait(browser, 15).until(
            lambda found: (
                "bad" in (found.find_element(By.ID, "guest-status").get_attribute("class") or "")
            ),
            "somebody who is deleted could sign in",
        )


def test_a_link_and_a_code_from_the_mailbox_sign_in(origin: str, tmp_path: Path) -> None:
    with profile(tmp_path / "four") as browser:
        browser.get(origin)
        wait_for_text(browser, "guest-title", "Who are you?")
        fill(browser, "email", "grace@example.com")
        fill(browser, "name", "Grace Hopper")
        press(browser, "#mail-link")
        wait_for_text(browser, "guest-status", "A link is on its way")
        mail = WebDriverWait(browser, 15).until(lambda found: newest_mail(found, origin))
        assert "grace@example.com" in mail.text
        mail.find_element(By.CSS_SELECTOR, ".link").click()
        wait_for_text(browser, "who", "Grace Hopper <grace@example.com>")
        press(browser, "#sign-out")
        wait_for_text(browser, "guest-title", "Who are you?")

        fill(browser, "email", "grace@example.com")
        press(browser, "#mail-code")
        wait_for_text(browser, "guest-status", "A code is on its way")
        code = newest_code(browser, origin, "grace@example.com")
        fill(browser, "otp", code)
        press(browser, "#mailed-code button")
        wait_for_text(browser, "who", "grace@example.com")


def test_enter_does_what_was_chosen_and_focus_follows(origin: str, tmp_path: Path) -> None:
    with profile(tmp_path / "five") as browser:
        browser.get(origin)
        wait_for_text(browser, "guest-title", "Who are you?")
        fill(browser, "email", "alan@example.com")
        fill(browser, "password", "correct horse" + Keys.ENTER)
        wait_for_text(browser, "who", "alan@example.com")
        wait_for_text(browser, "member-status", "Welcome!")
        assert focused(browser) == "member-title"
        press(browser, "#sign-out")
        wait_for_text(browser, "guest-status", "Signed out.")
        assert focused(browser) == "guest-title"
        assert browser.find_element(By.ID, "enter").text == "Sign in", "who comes back is not new"
        fill(browser, "password", "correct horse" + Keys.ENTER)
        wait_for_text(browser, "member-status", "Welcome back!")


def test_an_error_stands_in_its_card_and_goes_with_the_next_attempt(
    origin: str, tmp_path: Path
) -> None:
    with profile(tmp_path / "six") as browser:
        browser.get(origin)
        wait_for_text(browser, "guest-title", "Who are you?")
        fill(browser, "email", "kay@example.com")
        fill(browser, "password", "correct horse" + Keys.ENTER)
        wait_for_text(browser, "who", "kay@example.com")
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
    with profile(tmp_path / "seven") as browser:
        browser.get(origin)
        wait_for_text(browser, "guest-title", "Who are you?")
        press(browser, "#continue")
        choose(browser, "Nobody")
        wait_for_text(browser, "guest-status", "Demo ID let nobody through.")

        press(browser, "#continue")
        choose(browser, "Katherine Johnson")
        wait_for_text(browser, "who", "Katherine Johnson <katherine@example.com>")
        wait_for_text(browser, "member-status", "Welcome!")
        assert browser.current_url == f"{origin}/"
        assert ways(browser) == ["Demo ID"]
        press(browser, "#sign-out")
        wait_for_text(browser, "guest-status", "Signed out.")

        press(browser, "#continue")
        choose(browser, "Katherine Johnson")
        wait_for_text(browser, "who", "katherine@example.com")
        wait_for_text(browser, "member-status", "Welcome back!")


def test_demo_id_is_linked_by_who_is_signed_in_and_given_up_again(
    origin: str, tmp_path: Path
) -> None:
    with profile(tmp_path / "eight") as browser:
        browser.get(origin)
        wait_for_text(browser, "guest-title", "Who are you?")
        fill(browser, "name", "Hedy Lamarr")
        fill(browser, "email", "hedy@example.com")
        fill(browser, "password", "correct horse" + Keys.ENTER)
        wait_for_text(browser, "who", "hedy@example.com")
        press(browser, "#link-account")
        choose(browser, "Katherine Johnson")
        wait_for_text(browser, "ways-status", "somebody else's Demo ID")
        press(browser, "#sign-out")
        wait_for_text(browser, "guest-status", "Signed out.")

        press(browser, "#continue")
        choose(browser, "Hedy Lamarr")
        wait_for_text(browser, "guest-status", "Somebody here has this address already.")
        fill(browser, "email", "hedy@example.com")
        press(browser, "[name=mode][value=sign-in]")
        fill(browser, "password", "correct horse" + Keys.ENTER)
        wait_for_text(browser, "who", "hedy@example.com")
        press(browser, "#link-account")
        choose(browser, "Hedy Lamarr")
        wait_for_text(browser, "ways-status", "Demo ID is a way to sign in now.")
        assert ways(browser) == ["Demo ID", "Password"]
        press(browser, "#sign-out")
        wait_for_text(browser, "guest-status", "Signed out.")

        press(browser, "#continue")
        choose(browser, "Hedy Lamarr")
        wait_for_text(browser, "who", "Hedy Lamarr <hedy@example.com>")
        press(browser, "[aria-label='Unlink Demo ID']")
        wait_for_text(browser, "ways-status", "no way to sign in any more")
        assert ways(browser) == ["Password"]


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


def ways(browser: webdriver.Chrome) -> list[str]:
    """The ways to sign in that are listed."""
    found = browser.find_elements(By.CSS_SELECTOR, "#accounts li")
    return sorted(one.text.splitlines()[0] for one in found)


def focused(browser: webdriver.Chrome) -> str | None:
    return browser.switch_to.active_element.get_attribute("id")


def fill(browser: webdriver.Chrome, field: str, text: str) -> None:
    element = browser.find_element(By.ID, field)
    element.clear()
    element.send_keys(text)


def submit(browser: webdriver.Chrome, code: str) -> None:
    fill(browser, "code", code)
    press(browser, "#delete button")


def newest_code(browser: webdriver.Chrome, origin: str, to: str) -> str:
    """What the newest mail says, read in a tab of its own."""
    page = browser.current_window_handle
    browser.switch_to.new_window("tab")
    first = WebDriverWait(browser, 15).until(lambda found: newest_mail(found, origin))
    assert to in first.text
    code = first.find_element(By.CSS_SELECTOR, ".code").text
    browser.close()
    browser.switch_to.window(page)
    return code


def newest_mail(browser: webdriver.Chrome, origin: str) -> WebElement:
    """The mail on top, of a page that is loaded anew: mails are sent behind the answers."""
    browser.get(f"{origin}/mailbox")
    return browser.find_element(By.CSS_SELECTOR, ".mail:first-of-type")
