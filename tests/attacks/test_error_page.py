"""The error page shows what a URL says: it runs, loads, frames and tells nothing."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from watchword import OnAPIError


@pytest.mark.parametrize("production", [False, True])
def test_the_page_is_locked(make_auth: MakeAuth, kind: str, production: bool) -> None:
    shown = OnAPIError(show_default_page=True)
    browser = Browser(make_auth(production=production, on_api_error=shown), kind)
    page = browser.get("/error", {"error": "X", "error_description": "<style>*{}</style>"})
    policy = page.header("content-security-policy") or ""
    rules = {
        name: value for name, _, value in (p.strip().partition(" ") for p in policy.split(";"))
    }
    for rule in ("default-src", "frame-ancestors", "base-uri", "form-action"):
        assert rules[rule] == "'none'"
    assert page.header("x-content-type-options") == "nosniff"
    assert page.header("referrer-policy") == "no-referrer"
    assert page.header("x-frame-options") == "DENY"

    # Its own style is the only one that a browser applies.
    styles: list[str] = re.findall(r"<style>(.*?)</style>", page.response.body.decode())
    (style,) = styles
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert rules["style-src"] == f"'sha256-{digest}'"
    assert "style=" not in page.response.body.decode()
