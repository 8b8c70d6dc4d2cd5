"""What docs/forms.md says of forms that post to the endpoints, before a real browser."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

import flask
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from werkzeug.serving import make_server

from tests.demo.visitor import profile
from tests.docs.blocks import blocks
from tests.support.services import ROOT
from watchword import SignUpEmail

EMAIL, PASSWORD = "ada@example.com", "password1234"


@contextmanager
def served(app: WSGIApplication) -> Generator[int, None, None]:
    """The port of an application that listens."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BETTER_AUTH_SECRET", "test-secret-0123456789-abcdefghijKLMNOP")
    (text,) = [one.text for one in blocks(ROOT / "docs" / "forms.md") if "SIGN_OUT" in one.text]
    page: dict[str, Any] = {"__name__": "pasted"}
    exec(compile(text, "forms", "exec", dont_inherit=True), page)
    ada = SignUpEmail(name="Ada", email=EMAIL, password=PASSWORD)
    page["auth"].blocking.api.sign_up_email(ada)
    with served(page["app"]) as port:
        yield f"http://localhost:{port}"
    page["auth"].blocking.close()


def sign_in(browser: webdriver.Chrome, password: str) -> None:
    browser.find_element(By.NAME, "email").send_keys(EMAIL)
    browser.find_element(By.NAME, "password").send_keys(password)
    send(browser)


def send(browser: webdriver.Chrome) -> None:
    """Press the button of the only form, and wait for what comes then."""
    page = browser.find_element(By.TAG_NAME, "html")
    browser.find_element(By.TAG_NAME, "button").click()
    WebDriverWait(browser, 10).until(lambda _: page != browser.find_element(By.TAG_NAME, "html"))


def text_of(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.TAG_NAME, "body").text


def test_a_browser_signs_in_and_out(site: str, tmp_path: Path) -> None:
    with profile(tmp_path / "ada") as browser:
        browser.get(site)
        sign_in(browser, "wrong-one")
        assert browser.current_url == f"{site}/?error=INVALID_EMAIL_OR_PASSWORD"
        assert "The e-mail address or the password is wrong." in text_of(browser)
        sign_in(browser, PASSWORD)
        assert browser.current_url == f"{site}/"
        assert EMAIL in text_of(browser)
        send(browser)
        assert EMAIL not in text_of(browser)


def test_forms_of_another_site_do_nothing(site: str, tmp_path: Path) -> None:
    evil = flask.Flask("evil")
    fields = f"""
      <input name="email" value="{EMAIL}"><input name="password" value="{PASSWORD}">
      <input name="callbackURL" value="/"><button>Win a prize</button>"""

    def prize(path: str) -> str:
        return f'<form method="post" action="{site}/api/auth/{path}">{fields}</form>'

    evil.add_url_rule("/<path:path>", view_func=prize)
    with served(evil) as port, profile(tmp_path / "ada") as browser:
        elsewhere = f"http://127.0.0.1:{port}"
        browser.get(f"{elsewhere}/sign-in/email")
        send(browser)
        assert browser.current_url == f"{site}/?error=CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"
        assert EMAIL not in text_of(browser)
        sign_in(browser, PASSWORD)
        browser.get(f"{elsewhere}/sign-out")
        send(browser)
        assert browser.current_url == f"{site}/?error=INVALID_ORIGIN"
        browser.get(site)
        assert EMAIL in text_of(browser)
