"""Mailed links that ask first: the page that a browser shows, and what its button sends."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.support.browser import Answer, Browser

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
NAVIGATES = {"accept": "text/html,application/xhtml+xml", "sec-fetch-mode": "navigate"}


def look(browser: Browser, url: str, **headers: str) -> Answer:
    """Open a mailed link, as a click in a mail program does."""
    where = urlsplit(url)
    query = dict(parse_qsl(where.query))
    path = where.path.removeprefix("/api/auth")
    return browser.send("GET", path, query=query, headers={**NAVIGATES, "origin": "", **headers})


def hidden_fields(page: Answer) -> dict[str, str]:
    """What the form of a page holds."""
    found = _HIDDEN.findall(page.response.body.decode())
    return {unescape(name): unescape(value) for name, value in found}


def press(browser: Browser, url: str, page: Answer, **headers: str) -> Answer:
    """Press the button of the page that `look` found."""
    path = urlsplit(url).path.removeprefix("/api/auth")
    return send_form(browser, path, hidden_fields(page), **headers)


def send_form(browser: Browser, path: str, fields: dict[str, Any], **headers: str) -> Answer:
    """Send a form, as a browser does."""
    kind = "application/x-www-form-urlencoded"
    given = {"content-type": kind, **NAVIGATES, "sec-fetch-site": "same-origin", **headers}
    return browser.send("POST", path, data=urlencode(fields).encode(), headers=given)
