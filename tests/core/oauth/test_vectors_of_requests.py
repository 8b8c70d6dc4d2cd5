"""PKCE, Basic credentials, scopes and states are those of the reference."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import SECRET
from tests.support.vectors import vectors
from watchword import Call, Headers
from watchword.oauth.authorization import authorization_url, unreserved
from watchword.oauth.client_authentication import basic_credentials
from watchword.oauth.failures import OAuthFailed
from watchword.oauth.pkce import code_challenge
from watchword.oauth.scopes import merge_scopes, parse_scopes
from watchword.oauth.state import encode_state, read_state, take_state
from watchword.runtime.blocking import finish

COOKIE = vectors("oauth_state_cookie")
ROW = vectors("oauth_state_database")["verification_row"]


@pytest.mark.parametrize("case", vectors("pkce_s256"))
def test_challenges(case: dict[str, str]) -> None:
    assert code_challenge(case["verifier"]) == case["challenge"]


@pytest.mark.parametrize("case", vectors("basic_credentials"))
def test_basic_credentials(case: dict[str, str]) -> None:
    assert basic_credentials(case["clientId"], case["clientSecret"]) == case["header"]


@pytest.mark.parametrize("case", vectors("scope_parse"))
def test_scopes_of_an_answer(case: dict[str, Any]) -> None:
    assert parse_scopes(case["input"]) == case["scopes"]


@pytest.mark.parametrize("case", vectors("scope_merge"))
def test_scopes_of_an_account(case: dict[str, Any]) -> None:
    assert merge_scopes(case["stored"], case["incoming"]) == case["merged"]


def test_a_stored_state_is_read_and_written_as_it_was() -> None:
    state = read_state(ROW["value"])
    assert state is not None
    assert f"auth-state:{state.value}" == ROW["identifier"]
    assert encode_state(state) == ROW["value"]


def test_a_state_cookie_of_the_reference_is_read(make_auth: MakeAuth) -> None:
    now = datetime.fromisoformat("2037-01-01T00:00:00+00:00")
    auth = make_auth(secret=SECRET, clock=lambda: now)
    pair = COOKIE["set_cookie"].partition(";")[0]
    headers = Headers([("cookie", pair)])
    call = Call(
        auth.config,
        auth.blocking.runtime,
        auth.config.sites.resolve(None, headers),
        headers=headers,
    )
    wanted = COOKIE["decrypted"]
    state = finish(take_state(call, wanted["oauthState"], "cookie"))
    assert state.callback_url == wanted["callbackURL"]
    assert state.code_verifier == wanted["codeVerifier"]
    assert (state.error_url, state.new_user_url) == (wanted["errorURL"], wanted["newUserURL"])
    assert state.request_sign_up is True
    assert state.additional == {"foo": "bar"}


def test_a_query_of_the_endpoint_stays_in_front_byte_for_byte() -> None:
    endpoint = "https://id.example/authorize?a=%7e&state=theirs&b"
    made = authorization_url(endpoint, {"state": "ours", "scope": None})
    assert made == "https://id.example/authorize?a=%7e&b&state=ours"


def test_an_endpoint_that_is_no_url_is_refused() -> None:
    with pytest.raises(OAuthFailed):
        authorization_url("javascript:alert(1)", {"state": "x"})


def test_clients_cannot_choose_reserved_parameters() -> None:
    assert unreserved({"state": "x", "nonce": "y", "foo": "bar"}) == {"foo": "bar"}
