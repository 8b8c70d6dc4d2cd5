"""ID tokens of the providers that have keys: whose they are, and where the keys are."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.support.providers import NOW, Internet, client_of, json_answer, provider

KEY = RSAKey.generate_key(2048, {"kid": "one"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})
ISSUED = int(NOW.timestamp())
TENANT = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"
ENTRA = "https://login.microsoftonline.com"
POOL = "https://cognito-idp.eu-1.amazonaws.com/pool"
HOMES: list[tuple[str, dict[str, Any], str, str]] = [
    ("apple", {}, "https://appleid.apple.com", "https://appleid.apple.com/auth/keys"),
    ("cognito", {}, POOL, f"{POOL}/.well-known/jwks.json"),
    (
        "facebook",
        {},
        "https://www.facebook.com",
        "https://limited.facebook.com/.well-known/oauth/openid/jwks/",
    ),
    (
        "google",
        {},
        "https://accounts.google.com",
        "https://www.googleapis.com/oauth2/v3/certs",
    ),
    ("google", {}, "accounts.google.com", "https://www.googleapis.com/oauth2/v3/certs"),
    ("microsoft", {}, f"{ENTRA}/{TENANT}/v2.0", f"{ENTRA}/common/discovery/v2.0/keys"),
    (
        "microsoft",
        {"tenant_id": TENANT},
        f"{ENTRA}/{TENANT}/v2.0",
        f"{ENTRA}/{TENANT}/discovery/v2.0/keys",
    ),
]


async def verified(
    name: str, options: dict[str, Any], issuer: str, key: RSAKey = KEY, **changes: object
) -> tuple[bool, Internet]:
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": "s-1",
        "aud": "client-id",
        "iat": ISSUED,
        "exp": ISSUED + 600,
        "nonce": "n",
        "tid": TENANT,
    }
    token = jwt.encode({"alg": "RS256", "kid": "one"}, {**claims, **changes}, key)
    internet = Internet([json_answer({"keys": [KEY.as_dict(private=False)]})])
    return await provider(name, **options).verify(client_of(internet), token, "n"), internet


@pytest.mark.parametrize(("name", "options", "issuer", "keys"), HOMES)
async def test_a_genuine_token(name: str, options: dict[str, Any], issuer: str, keys: str) -> None:
    accepted, internet = await verified(name, options, issuer)
    assert accepted
    assert [one.url for one in internet.asked] == [keys]


@pytest.mark.parametrize(("name", "options", "issuer", "keys"), HOMES)
async def test_tokens_of_others(name: str, options: dict[str, Any], issuer: str, keys: str) -> None:
    wrong: list[dict[str, Any]] = [
        {"aud": "another"},
        {"iss": "https://evil.example"},
        {"nonce": "m"},
        {"exp": ISSUED - 31},
    ]
    for changes in wrong:
        assert not (await verified(name, options, issuer, **changes))[0]
    assert not (await verified(name, options, issuer, OTHER))[0]
    assert (await verified(name, options, issuer, iat=ISSUED - 3700))[0] is (name == "facebook")


@pytest.mark.parametrize("tenant", ["another", None, 1])
async def test_a_token_of_another_tenant(tenant: object) -> None:
    issuer = f"{ENTRA}/{TENANT}/v2.0"
    assert not (await verified("microsoft", {}, issuer, tid=tenant))[0]
    foreign = f"{ENTRA}/{tenant}/v2.0"
    ours = {"tenant_id": TENANT}
    assert not (await verified("microsoft", ours, foreign, tid=tenant))[0]
