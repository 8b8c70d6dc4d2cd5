"""What the reference asked of every provider, and made of the answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest

from tests.support.providers import (
    Internet,
    client_of,
    json_answer,
    made,
    unsigned,
    written_ids,
)
from tests.support.vectors import vectors
from watchword.oauth.authorization import Authorization
from watchword.oauth.provider import CodeGrant, Provider
from watchword.oauth.tokens import Tokens
from watchword.runtime.outgoing import OutgoingAnswer, OutgoingRequest

CASES: dict[str, Any] = vectors("social_providers")
TOKENS = {"access_token": "AT", "refresh_token": "RT", "token_type": "bearer", "openid": "wo"}


@pytest.fixture(params=written_ids())
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    return CASES[request.param]


@pytest.fixture
def provider(case: dict[str, Any]) -> Provider:
    return made(case["id"], case["options"])


def test_its_names(case: dict[str, Any], provider: Provider) -> None:
    assert (provider.id, provider.description.name) == (case["id"], case["name"])


def test_the_authorization_url(case: dict[str, Any], provider: Provider) -> None:
    inputs = case["authorize"]["inputs"]
    asked = Authorization(
        state=inputs["state"],
        code_verifier=inputs["codeVerifier"],
        redirect_uri=inputs["redirectURI"],
        scopes=inputs["scopes"],
        login_hint=inputs["loginHint"],
        params=inputs["additionalParams"],
    )
    assert provider.authorization_url(asked) == case["authorize"]["url"]


async def test_the_token_request(case: dict[str, Any], provider: Provider) -> None:
    internet = Internet([json_answer(TOKENS)])
    inputs, flow = case["tokenRequest"]["inputs"], case["authorize"]["inputs"]
    grant = CodeGrant(
        code=inputs["code"],
        device_id=inputs["deviceId"],
        redirect_uri=flow["redirectURI"],
        code_verifier=flow["codeVerifier"],
    )
    tokens = await provider.exchange(client_of(internet), grant)
    assert tokens.access_token == "AT"
    check_requests(internet.asked, case["tokenRequest"]["requests"])


async def test_the_refresh_request(case: dict[str, Any], provider: Provider) -> None:
    recorded = case.get("refreshRequest")
    assert provider.can_refresh is (recorded is not None)
    if recorded is None:
        return
    internet = Internet([json_answer(TOKENS)])
    tokens = await provider.refresh(client_of(internet), "RT")
    assert tokens.access_token == "AT"
    check_requests(internet.asked, recorded["requests"])


async def test_the_person(case: dict[str, Any], provider: Provider) -> None:
    recorded = case["userInfo"]
    internet = Internet(user_info_answers(case))
    claims = recorded["idTokenClaims"]
    tokens = Tokens(
        access_token="AT",
        id_token=unsigned(claims) if claims else None,
        raw=TOKENS,
        posted_user=recorded["appleUser"] or {},
    )
    info = await provider.user_info(client_of(internet), tokens)
    check_requests(internet.asked, recorded["requests"])
    assert info is not None
    identity, user = info.identity, dict(recorded["user"])
    assert identity.subject == recorded["accountId"]
    assert identity.name == user.pop("name", "")
    assert identity.email == user.pop("email", None)
    assert identity.vouches is user.pop("emailVerified")
    assert identity.image == user.pop("image", None)
    assert identity.fields == user


def test_what_it_offers(case: dict[str, Any], provider: Provider) -> None:
    known, extra = provider.description, case["extra"]
    assert provider.takes_id_tokens is case["supportsIdTokenSignIn"]
    assert known.issuer == extra["issuer"]
    assert known.callback_path == extra["callbackPath"]
    assert known.needs_nonce is extra["requiresIdTokenNonce"]
    rules, recorded = known.id_token, case.get("idToken")
    if recorded is None or recorded["custom"]:
        return
    assert rules is not None
    issuers = recorded["issuer"] or []
    assert list(rules.issuers) == ([issuers] if isinstance(issuers, str) else issuers)
    assert list(rules.algorithms) == recorded["algorithms"]
    assert rules.max_age == {"1h": 3600, None: None}[recorded["maxTokenAge"]]
    wanted = "exact or SHA-256" if recorded["nonceComparison"] else "exact"
    assert rules.nonce == wanted
    assert (rules.audience or provider.client_ids) == (recorded["audience"],)


def user_info_answers(case: dict[str, Any]) -> list[OutgoingAnswer]:
    responses = case["userInfo"]["responses"]
    answers = [json_answer(value) for value in responses.values() if value is not None]
    if case["id"] == "facebook":
        debug = {"data": {"is_valid": True, "app_id": "client-id", "user_id": "fb-1"}}
        answers.insert(0, json_answer(debug))
    if case["id"] == "microsoft":
        image = {"content-type": "image/jpeg"}
        answers = [OutgoingAnswer(status=200, headers=image, body=bytes([1, 2, 3]))]
    return answers or [json_answer({})]


def check_requests(asked: list[OutgoingRequest], recorded: list[dict[str, Any]]) -> None:
    assert len(asked) == len(recorded)
    for one, wanted in zip(asked, recorded, strict=True):
        assert (one.method, unquote(one.url)) == (wanted["method"], unquote(wanted["url"]))
        assert one.headers == wanted["headers"]
        assert all(name == name.lower() for name in one.headers)
        if not str(wanted["body"]).startswith("<"):  # described, not recorded
            assert one.body.decode() == (wanted["body"] or "")
