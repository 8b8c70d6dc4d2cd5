"""What a view hands to `auth.submit` that is no text: JSON in Python may hold half a character."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser

HALF = "\ud800"


@pytest.mark.parametrize(
    ("endpoint", "data", "params"),
    [
        ("sign_in_email", {"email": f"ada{HALF}@example.com", "password": "password1234"}, {}),
        ("sign_in_email", {"email": "ada@example.com", "password": f"password{HALF}"}, {}),
        ("sign_up_email", {"name": [HALF], "email": HALF, "password": "password1234"}, {}),
        ("request_password_reset_callback", {"callbackURL": "/"}, {"token": HALF}),
    ],
)
def test_half_a_character_is_refused_and_not_shown_again(
    make_auth: MakeAuth, endpoint: str, data: dict[str, Any], params: dict[str, str]
) -> None:
    auth = make_auth()
    page = Browser(auth).request("POST", "/x")
    done = auth.blocking.submit(endpoint, page, data, params=params)
    assert (done.status, done.code, done.error) == (400, "", "Bad Request")
    assert HALF not in "".join(done.given.values())


def test_half_a_character_in_a_link_is_no_token(make_auth: MakeAuth) -> None:
    auth = make_auth()
    done = auth.blocking.submit("verify_email", Browser(auth).request("GET", "/x"), {"token": HALF})
    assert (done.status, done.code) == (401, "INVALID_TOKEN")
