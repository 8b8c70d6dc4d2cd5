"""Chromium as people use it: by day and at night, on a desk and on a phone, without scripts."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.ui import WebDriverWait

from tests.demo.visitor import profile


@dataclass(frozen=True)
class View:
    """How somebody looks at a page."""

    name: str
    width: int
    height: int
    dark: bool


VIEWS = (
    View("by day", 1000, 800, False),
    View("at night", 1000, 800, True),
    View("on a small phone", 320, 640, False),
)


class Eyes:
    """A browser, and what is asked of it again and again."""

    def __init__(self, browser: Any) -> None:
        self.browser: WebDriver = browser

    def look(self, view: View) -> None:
        """From now on in this way."""
        metrics = {"width": view.width, "height": view.height, "deviceScaleFactor": 1}
        self.cdp("Emulation.setDeviceMetricsOverride", **metrics, mobile=view.width < 500)
        theme = "dark" if view.dark else "light"
        feature = {"name": "prefers-color-scheme", "value": theme}
        self.cdp("Emulation.setEmulatedMedia", features=[feature])

    def cdp(self, command: str, **parameters: object) -> Any:
        browser: Any = self.browser
        return browser.execute_cdp_cmd(command, parameters)

    def forget_everything(self) -> None:
        self.cdp("Network.clearBrowserCookies")

    def find(self, selector: str) -> WebElement:
        """An element, as soon as it is there."""
        waiting = WebDriverWait(self.browser, 15, ignored_exceptions=[WebDriverException])
        return waiting.until(
            lambda browser: browser.find_element(By.CSS_SELECTOR, selector), f"no {selector!r}"
        )

    def fill(self, **typed: str) -> None:
        for name, text in typed.items():
            element = self.find(f"[name={name}]")
            element.clear()
            element.send_keys(text)

    def press(self, selector: str) -> None:
        self.find(selector).click()

    def send(self, selector: str = "main form:not(:has([name=do])) button") -> None:
        """A form, usually the page's own, and wait for what comes of it."""
        self._leave(self.find(selector))

    def follow(self, text: str) -> None:
        """A link."""
        self._leave(self.browser.find_element(By.LINK_TEXT, text))

    def _leave(self, by: WebElement) -> None:
        here = self.find("html")
        by.click()
        # Between two pages the driver says all sorts of things.
        waiting = WebDriverWait(self.browser, 15, ignored_exceptions=[WebDriverException])
        waiting.until(staleness_of(here))

    def wait_until(self, path: str) -> None:
        """The browser is there."""
        WebDriverWait(self.browser, 15).until(lambda _: self.path == path, f"never at {path!r}")

    @property
    def heading(self) -> str:
        return self.find("h1").text

    @property
    def path(self) -> str:
        return self.browser.current_url.partition("://")[2].partition("/")[2]


@contextmanager
def eyes(folder: Path, *, scripts: bool = True) -> Generator[Eyes, None, None]:
    """A browser with an empty profile; without `scripts` no page may run any."""
    with profile(folder) as browser:
        found = Eyes(browser)
        if not scripts:
            found.cdp("Emulation.setScriptExecutionDisabled", value=True)
        yield found
