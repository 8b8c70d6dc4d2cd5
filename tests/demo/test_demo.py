"""The demonstration in a real browser: sign up, hand the session over, redeem it elsewhere."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
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
        press(laptop, "button[value=sign-up]")
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
        wait_for_text(phone, "status", "Signed out.")
        phone.get("about:blank")
        phone.get(link)
        press(phone, "#redeem-button")
        wait_for_text(phone, "status", "Invalid token")
