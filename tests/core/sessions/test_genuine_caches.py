"""C3: a cookie that a server with the secret made, and that is not as this one needs it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from watchword import CookieCache, SessionOptions
from watchword.crypto import jwe, jwt, session_data

DATA = "better-auth.session_data"


@pytest.mark.parametrize("strategy", ["compact", "jwt", "jwe"])
@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("session", {"expiresAt": "2099-01-01T00:00:00"}),
        ("session", {"expiresAt": 4_070_908_800}),
        ("user", {"createdAt": "2020-01-01T00:00:00"}),
        ("user", {"emailVerified": None}),
        ("user", {"name": "\udc00"}),
        ("user", {"name": ["Ada"]}),
    ],
    ids=str,
)
def test_c3_a_genuine_cookie_of_another_shape_counts_as_absent(
    make_auth: MakeAuth, kind: str, clock: Clock, strategy: Any, part: str, changes: dict[str, Any]
) -> None:
    options = SessionOptions(cookie_cache=CookieCache(strategy=strategy))
    browser = Browser(make_auth(session=options), kind)
    browser.sign_up()
    held, now = browser.session(), clock().timestamp()
    held[part] |= changes
    whole = {**held, "updatedAt": int(now * 1000), "version": "1"}
    cache = browser.auth.config.session_cache
    assert cache is not None
    payload = {name: msgspec.Raw(json.dumps(value)) for name, value in whole.items()}
    with pytest.MonkeyPatch.context() as patched:
        for home in (session_data, jwt, jwe):
            patched.setattr(home, "encode", msgspec.json.encode)
        browser.jar[DATA] = cache.codec.encode(payload, now=now, lifetime=300)
    given = browser.jar[DATA]
    assert browser.session()["user"]["name"] == "Ada"
    assert browser.jar[DATA] != given, "the store was asked"
