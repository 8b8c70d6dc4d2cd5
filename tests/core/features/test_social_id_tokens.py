"""Signing in with an ID token that an application got by itself."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, Browser
from tests.support.providers import unsigned
from tests.support.social import (
    World,
    registered,
    social_auth,
)
from watchword import (
    Auth,
)

KEY = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})


def server(make_auth: MakeAuth, world: World, **options: Any) -> Auth[Any]:
    return social_auth(make_auth, world, **options)


NOW = 1_893_456_000
"""The test clock's moment."""
CLAIMS = {"iss": "https://accounts.google.com", "aud": "client", "iat": NOW, "exp": NOW + 600}


def with_keys(world: World) -> None:
    public = KEY.as_dict(private=False)
    world.fails = lambda request: httpx2.Response(200, json={"keys": [public]})


def id_token(world: World, **changes: Any) -> str:
    claims = {**world.claims, **CLAIMS, **changes}
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY, algorithms=["RS256"])


def show(browser: Browser, token: str, provider: str = "google", **given: Any) -> Answer:
    body = {"provider": provider, "idToken": {"token": token, **given}}
    return browser.post("/sign-in/social", body)


def test_a_genuine_token_about_nobody_says_so(make_auth: MakeAuth, world: World) -> None:
    with_keys(world)
    answer = show(Browser(server(make_auth, world)), id_token(world, sub=""))
    assert (answer.status, answer.code) == (401, "FAILED_TO_GET_USER_INFO")


def test_an_id_token_signs_in_without_a_redirect(
    make_auth: MakeAuth, world: World, rows: Any, kind: str
) -> None:
    with_keys(world)
    browser = Browser(server(make_auth, world), kind)
    answer = show(browser, id_token(world, nonce="n"), nonce="n", accessToken="given")
    assert answer.status == 200
    assert list(answer.json) == ["redirect", "token", "user"]
    assert (answer.json["redirect"], answer.json["user"]["email"]) == (False, "ada@example.com")
    assert browser.session()["session"]["token"] == answer.json["token"]
    assert rows("select providerId, accountId, accessToken, refreshToken from account") == [
        ("google", "g-1", "given", None)
    ]


@pytest.mark.parametrize(
    ("changes", "given"),
    [
        ({"aud": "another"}, {}),
        ({"iss": "https://evil.example"}, {}),
        ({"exp": NOW - 60}, {}),
        ({"iat": NOW - 4000}, {}),
        ({"nonce": "n"}, {"nonce": "m"}),
        ({}, {"nonce": ""}),
    ],
)
def test_a3_other_id_tokens_sign_nobody_in(
    make_auth: MakeAuth, world: World, changes: dict[str, Any], given: dict[str, str]
) -> None:
    with_keys(world)
    browser = Browser(server(make_auth, world))
    answer = show(browser, id_token(world, **changes), **given)
    assert (answer.status, answer.code, answer.cookies) == (401, "INVALID_TOKEN", ())


def test_a3_a_token_that_nobody_signed_is_refused(make_auth: MakeAuth, world: World) -> None:
    with_keys(world)
    browser = Browser(server(make_auth, world))
    for token in (unsigned({**world.claims, **CLAIMS}), "x", "", "a.b.c"):
        assert show(browser, token).code == "INVALID_TOKEN"


def test_keys_that_cannot_be_had_sign_nobody_in(make_auth: MakeAuth, world: World) -> None:
    world.fails = lambda request: httpx2.Response(500)
    browser = Browser(server(make_auth, world))
    assert show(browser, id_token(world)).code == "INVALID_TOKEN"


def test_id_tokens_may_not_be_accepted(make_auth: MakeAuth, world: World) -> None:
    answer = show(Browser(server(make_auth, world)), "x", "github")
    assert (answer.status, answer.code) == (404, "ID_TOKEN_NOT_SUPPORTED")
    auth = server(make_auth, world, provider={"disable_id_token_sign_in": True})
    assert show(Browser(auth), "x").code == "ID_TOKEN_NOT_SUPPORTED"


@pytest.mark.parametrize(
    ("claims", "code"),
    [({"sub": "null"}, "FAILED_TO_GET_USER_INFO"), ({"email": ""}, "USER_EMAIL_NOT_FOUND")],
)
def test_an_id_token_of_nobody_signs_nobody_in(
    make_auth: MakeAuth, world: World, claims: dict[str, Any], code: str
) -> None:
    with_keys(world)
    answer = show(Browser(server(make_auth, world)), id_token(world, **claims))
    assert (answer.status, answer.code) == (401, code)


def test_a3_user_info_from_elsewhere_is_believed_for_the_same_subject_only(
    make_auth: MakeAuth, world: World
) -> None:
    auth = server(make_auth, world, provider={"verify_id_token": lambda token, nonce: True})
    other = show(Browser(auth), unsigned({"sub": "8"}), "github", accessToken="stolen")
    assert (other.status, other.code) == (401, "FAILED_TO_GET_USER_INFO")
    assert show(Browser(auth), unsigned({"sub": "7"}), "github", accessToken="own").status == 200


def test_what_is_refused_is_told_in_words(make_auth: MakeAuth, world: World, rows: Any) -> None:
    with_keys(world)
    auth = server(make_auth, world, provider={"require_email_verification": True})
    registered(auth, rows, verified=False)
    answer = show(Browser(auth), id_token(world))
    assert (answer.status, answer.code) == (401, "OAUTH_LINK_ERROR")
    assert answer.json["message"] == "account not linked"
    unproven = id_token(world, email="new@example.com", email_verified=False, sub="g-2")
    answer = show(Browser(auth), unproven)
    assert (answer.status, answer.code, answer.cookies) == (403, "EMAIL_NOT_VERIFIED", ())
