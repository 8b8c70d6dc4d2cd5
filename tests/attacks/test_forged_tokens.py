"""A12: only what a key of the server signed, by the algorithm of that key, is believed.

Each forgery is shown to both who verify: the server itself, and `watchword.resource`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any, cast

import httpx2
import pytest
from joserfc.jwk import OKPKey

from tests.core.conftest import MakeAuth, clock, make_auth
from tests.plugins.jwt_server import claims_of, encoded, header_of, key_ids, signed, verified
from tests.support.browser import ORIGIN, Browser, Clock
from watchword import Auth
from watchword.crypto.signed_tokens import ALGORITHMS, sign_token
from watchword.plugins import JWT
from watchword.plugins.jwt import JWKSOptions, KeyPairConfig
from watchword.resource import JWTVerifier, TokenInvalid

__all__ = ["clock", "make_auth"]

Believed = Callable[[str], bool]


@pytest.fixture(params=["EdDSA", "ES256", "RS256"])
def auth(make_auth: MakeAuth, request: pytest.FixtureRequest) -> Auth[Any]:
    config = KeyPairConfig(alg=request.param)
    return make_auth(plugins=[JWT(jwks=JWKSOptions(key_pair_config=config))])


@pytest.fixture(params=["server", "resource"])
def believed(request: pytest.FixtureRequest, auth: Auth[Any], clock: Clock) -> Believed:
    if request.param == "server":
        return lambda token: verified(auth, token) is not None

    def keys(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json=Browser(auth).get("/jwks").json)

    verifier = JWTVerifier(
        f"{ORIGIN}/api/auth/jwks",
        ORIGIN,
        ORIGIN,
        clock=clock,
        transport=httpx2.MockTransport(keys),
    )

    def takes(token: str) -> bool:
        try:
            verifier.blocking.verify(token)
        except TokenInvalid:
            return False
        return True

    return takes


def test_a_genuine_one_is_believed(auth: Auth[Any], believed: Believed) -> None:
    assert believed(signed(auth))


def with_header(token: str, **changes: Any) -> str:
    header = {name: value for name, value in {**header_of(token), **changes}.items() if value}
    return ".".join((encoded(header), *token.split(".")[1:]))


def public_key(auth: Auth[Any]) -> dict[str, Any]:
    return Browser(auth).get("/jwks").json["keys"][0]


@pytest.mark.parametrize("none", ["none", "None", "NONE", "nOnE"])
def test_no_signature_is_none(auth: Auth[Any], believed: Believed, none: str) -> None:
    header, claims, signature = with_header(signed(auth), alg=none).split(".")
    assert not believed(f"{header}.{claims}.")
    assert not believed(f"{header}.{claims}.{signature}")


def test_the_public_key_is_no_shared_secret(auth: Auth[Any], believed: Believed) -> None:
    token = with_header(signed(auth), alg="HS256")
    body = token.rpartition(".")[0]
    key = public_key(auth)
    for secret in (json.dumps(key), key.get("x", key.get("n")), key["kid"], ""):
        forged = hmac.digest(str(secret).encode(), body.encode(), hashlib.sha256)
        assert not believed(f"{body}.{encoded(forged)}")


def test_a_key_signs_by_its_own_algorithm_alone(auth: Auth[Any], believed: Believed) -> None:
    token = signed(auth)
    own = header_of(token)["alg"]
    for other in (*ALGORITHMS, "Ed25519", "HS512", "ES384", "RS1", "", "eddsa"):
        if other != own:
            assert not believed(with_header(token, alg=other)), other


def test_keys_that_a_token_brings_are_not_used(auth: Auth[Any], believed: Believed) -> None:
    mallory = OKPKey.generate_key("Ed25519", auto_kid=False)
    claims = claims_of(signed(auth))
    key_id = header_of(signed(auth))["kid"]
    for known in (key_id, "mallory"):
        forged = sign_token(known, "EdDSA", mallory, claims)
        assert not believed(forged)
        for extra in (
            {"jwk": mallory.as_dict(private=False)},
            {"jku": "https://evil.example/jwks"},
            {"x5u": "https://evil.example/cert"},
            {"x5c": ["AAAA"]},
        ):
            header = {"alg": "EdDSA", "kid": known, **extra}
            body = f"{encoded(header)}.{encoded(claims)}"
            signature = cast("Any", mallory.private_key).sign(body.encode())
            assert not believed(f"{body}.{encoded(signature)}")


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
        {"crit": "exp"},
        {"b64": False},
        {"zip": "DEF"},
        {"typ": "better-auth.session-cache+jwt"},
        {"typ": "logout+jwt"},
        {"typ": 5},
        {"kid": "x" * 256},
        {"kid": ["a"]},
        {"kid": None},
        {"kid": "a\x00b"},
        {"alg": ["EdDSA"]},
    ],
)
def test_what_a_header_asks_for_is_not_done(
    auth: Auth[Any], believed: Believed, extra: dict[str, Any]
) -> None:
    assert not believed(with_header(signed(auth), **extra))


@pytest.mark.parametrize(
    "key_id",
    ["../../../etc/passwd", "' OR 1=1 --", "%2e%2e%2f", "a;DROP TABLE jwks", "\uff45vil", "\ud800"],
)
def test_a_key_id_is_a_name_and_nothing_more(
    auth: Auth[Any], believed: Believed, key_id: str
) -> None:
    token = signed(auth)
    assert not believed(with_header(token, kid=key_id))
    assert key_ids(Browser(auth)) == [header_of(token)["kid"]]


def test_another_spelling_of_a_token_is_another_token(auth: Auth[Any], believed: Believed) -> None:
    token = signed(auth)
    header, claims, signature = token.split(".")
    for other in (
        f"{header}.{claims}.{signature}=",
        f"{header}.{claims}.{signature}\n",
        f" {token}",
        f"{header}.{claims}.{signature}.{signature}",
        f"{header}.{claims}",
        f"{header}..{signature}",
        f"{header}.{claims}.",
        f"{header}.{claims}.{signature[:-2]}",
        f"{header}.{claims}x.{signature}",
        f"{header}\u00e9.{claims}.{signature}",
        "",
        "..",
        ".",
        "{}.{}.{}",
    ):
        assert not believed(other), other


def test_a_changed_claim_is_noticed(auth: Auth[Any], believed: Believed) -> None:
    header, claims, signature = signed(auth).split(".")
    changed = {**claims_of(f".{claims}."), "sub": "root"}
    assert not believed(f"{header}.{encoded(changed)}.{signature}")


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": ""},
        {"sub": 5},
        {"sub": None},
        {"exp": None},
        {"exp": "9999999999"},
        {"exp": True},
        {"nbf": "soon"},
        {"aud": None},
        {"aud": []},
        {"aud": {"http://localhost:3000": 1}},
        {"aud": ["https://other.example"]},
        {"iss": None},
        {"iss": ["http://localhost:3000"]},
        {"iss": "http://localhost:3000/"},
        {"iss": "HTTP://LOCALHOST:3000"},
    ],
)
def test_claims_of_the_wrong_kind_count_for_nothing(
    auth: Auth[Any], believed: Believed, claims: dict[str, Any]
) -> None:
    assert not believed(signed(auth, payload={"sub": "ada", **claims}))


def test_megabytes_are_refused_unread(auth: Auth[Any], believed: Believed) -> None:
    token = signed(auth)
    header, claims, signature = token.split(".")
    assert not believed(f"{encoded({'alg': 'EdDSA', 'kid': 'x' * 2_000})}.{claims}.{signature}")
    if header_of(token)["alg"] == "EdDSA":
        nested = encoded(b"[" * 90_000)
        assert not believed(f"{header}.{nested}.{signature}")
