"""ID tokens: only what the provider's key signed, for us, in time."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.support.providers import NOW, Internet, client_of, json_answer, unsigned
from watchword.crypto.signing import base64url
from watchword.oauth.failures import OAuthFailed
from watchword.oauth.id_tokens import IdTokenRules, verified_claims
from watchword.oauth.key_sets import KeySets
from watchword.providers import Google
from watchword.runtime.outgoing import OutgoingAnswer

KEY = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})
CURVE = ECKey.generate_key("P-256", {"kid": "curve"})
RULES = IdTokenRules(jwks_url="https://id.example/keys", issuers=("https://id.example",))
ISSUED = int(NOW.timestamp())
CLAIMS: dict[str, Any] = {
    "iss": "https://id.example",
    "sub": "s-1",
    "aud": "client-id",
    "iat": ISSUED,
    "exp": ISSUED + 600,
    "nonce": "n",
}


def keys(*listed: Any) -> OutgoingAnswer:
    return json_answer({"keys": [one.as_dict(private=False) for one in listed]})


def signed(key: Any = KEY, algorithm: str = "RS256", kid: str = "one", **changes: Any) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return jwt.encode({"alg": algorithm, "kid": kid}, claims, key, algorithms=[algorithm])


def by_hand(algorithm: str, secret: bytes) -> str:
    """A token as no library would sign it."""
    header = {"alg": algorithm, "kid": "one"}
    body = ".".join(base64url(json.dumps(part).encode()) for part in (header, CLAIMS))
    mac = hmac.digest(secret, body.encode(), "sha256") if secret else b""
    return f"{body}.{base64url(mac)}"


async def check(token: str, rules: IdTokenRules = RULES, nonce: str | None = "n") -> Any:
    client = client_of(Internet([keys(KEY, CURVE)]))
    return await verified_claims(client, token, rules, ("client-id",), nonce)


async def test_a_genuine_token_is_believed() -> None:
    assert await check(signed()) == CLAIMS


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "iat", "exp"])
async def test_every_claim_has_to_be_there(name: str) -> None:
    with pytest.raises(OAuthFailed):
        await check(signed(**dict[str, Any]({name: None})))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": []},
        {"aud": ["another"]},
        {"exp": ISSUED - 31},
        {"exp": "soon"},
        {"exp": True},
        {"iat": ISSUED + 31},
        {"iat": ISSUED - 3631},
        {"nbf": ISSUED + 31},
        {"nonce": None},
        {"nonce": "other"},
        {"nonce": ["n"]},
    ],
)
async def test_other_claims_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(OAuthFailed):
        await check(signed(**changes))


@pytest.mark.parametrize("kind", ["at+jwt", "application/at+jwt", "AT+JWT", "logout+jwt"])
async def test_tokens_of_other_kinds_are_refused(kind: str) -> None:
    def typed(kind: str) -> str:
        header = {"alg": "RS256", "kid": "one", "typ": kind}
        return jwt.encode(header, CLAIMS, KEY, algorithms=["RS256"])

    assert await check(typed("JWT")) == CLAIMS
    with pytest.raises(OAuthFailed):
        await check(typed(kind))


async def test_clocks_may_differ_by_half_a_minute() -> None:
    await check(signed(exp=ISSUED - 29, iat=ISSUED + 29))


async def test_other_signatures_are_refused() -> None:
    tokens = [
        unsigned(CLAIMS),
        signed(OTHER),
        signed(CURVE, "ES256", "curve"),  # a key of the provider, with another algorithm
        by_hand("HS256", KEY.as_pem(private=False)),  # the public key as the secret of an HMAC
        by_hand("HS256", b"client-secret"),
        by_hand("none", b""),
        signed() + "x",
        signed().rpartition(".")[0] + ".",
        "a.b.c",
        "x" * 100_000,
        "",
    ]
    for token in tokens:
        with pytest.raises(OAuthFailed):
            await check(token)


async def test_without_an_audience_nothing_is_believed() -> None:
    with pytest.raises(OAuthFailed):
        await verified_claims(client_of(Internet([keys(KEY)])), signed(), RULES, (), "n")


async def test_a_nonce_may_be_hashed_where_the_provider_does_so() -> None:
    hashed = signed(nonce=hashlib.sha256(b"n").hexdigest())
    await check(hashed, replace(RULES, nonce="exact or SHA-256"))
    with pytest.raises(OAuthFailed):
        await check(hashed)


async def test_keys_are_fetched_once_and_again_for_an_unknown_one() -> None:
    known = KeySets()
    internet = Internet([keys(CURVE), keys(KEY)])

    async def ask(seconds: float) -> Any:
        client = client_of(internet, NOW + timedelta(seconds=seconds), known)
        return await verified_claims(client, signed(), RULES, ("client-id",), "n")

    for seconds in (0, 10, 59):
        with pytest.raises(OAuthFailed):
            await ask(seconds)
    assert len(internet.asked) == 1  # whoever sends unknown key ids makes no more of them
    for seconds in (60, 61, 120):
        assert await ask(seconds) == CLAIMS
    assert len(internet.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        json_answer({}),
        json_answer({"keys": []}),
        json_answer({"keys": "x"}),
        json_answer({"keys": [{"kty": "RSA"}, 1, None]}),
        json_answer({"keys": [{"kty": "RSA"}] * 101}),
        json_answer([], 200),
        json_answer({"keys": []}, 500),
        json_answer({}, 302),
        OutgoingAnswer(status=200, headers={}, body=b"<html>"),
    ],
)
async def test_odd_key_sets_are_failures(answer: OutgoingAnswer) -> None:
    with pytest.raises(OAuthFailed):
        await verified_claims(client_of(Internet([answer])), signed(), RULES, ("client-id",), "n")


@pytest.mark.parametrize(
    ("hd", "claimed", "accepted"),
    [
        (None, None, True),
        ("example.com", "example.com", True),
        ("example.com", "evil.example", False),
        ("example.com", None, False),
        ("*", "any.example", True),
        ("*", None, False),
    ],
)
async def test_google_keeps_to_its_domain(hd: str | None, claimed: str | None, accepted: bool):
    google = Google(client_id="client-id", client_secret="s", hd=hd)
    token = signed(iss="https://accounts.google.com", hd=claimed)
    assert await google.verify(client_of(Internet([keys(KEY)])), token, "n") is accepted
