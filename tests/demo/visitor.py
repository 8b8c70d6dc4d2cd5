"""Somebody before the demonstration: a Chromium of their own, and what they do with its pages."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.support.services import require

PASSWORD = "correct horse"
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


@contextmanager
def visitor(origin: str, folder: Path) -> Generator[webdriver.Chrome, None, None]:
    """A browser with an empty profile on the first page."""
    with profile(folder) as browser:
        browser.get(origin)
        wait_for_text(browser, "sign-in-title", "Who are you?")
        yield browser


def wait_for_text(browser: webdriver.Chrome, element: str, text: str) -> None:
    waiting = WebDriverWait(browser, 15, ignored_exceptions=[StaleElementReferenceException])
    waiting.until(
        lambda found: text in found.find_element(By.ID, element).text,
        f"{element} never said {text!r}",
    )


def press(browser: webdriver.Chrome, selector: str) -> None:
    browser.find_element(By.CSS_SELECTOR, selector).click()


def fill(browser: webdriver.Chrome, field: str, text: str) -> None:
    element = browser.find_element(By.ID, field)
    element.clear()
    element.send_keys(text)


def focused(browser: webdriver.Chrome) -> str | None:
    return browser.switch_to.active_element.get_attribute("id")


def listed(browser: webdriver.Chrome, element: str) -> list[str]:
    """What a list on the page holds, without its buttons."""
    found = browser.find_elements(By.CSS_SELECTOR, f"#{element} li")
    return [one.text.splitlines()[0] for one in found]


def sign_up(browser: webdriver.Chrome, email: str) -> None:
    fill(browser, "email", email)
    fill(browser, "password", PASSWORD + Keys.ENTER)
    wait_for_text(browser, "who", email)


def sign_in(browser: webdriver.Chrome, email: str) -> None:
    """The password, and no more than that."""
    fill(browser, "email", email)
    press(browser, "[name=mode][value=sign-in]")
    fill(browser, "password", PASSWORD + Keys.ENTER)


def sign_out(browser: webdriver.Chrome, origin: str) -> None:
    browser.get(origin)
    wait_for_text(browser, "member-title", "Signed in")
    press(browser, "#sign-out")
    wait_for_text(browser, "sign-in-status", "Signed out.")


def open_account(browser: webdriver.Chrome) -> None:
    press(browser, "#to-account")
    WebDriverWait(browser, 15).until(
        lambda found: found.find_elements(
            By.CSS_SELECTOR, "#two-factor .actions button:not([hidden])"
        ),
        "no account page",
    )


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
