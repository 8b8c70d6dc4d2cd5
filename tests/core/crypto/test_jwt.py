"""Signed tokens: the reference's bytes, and nothing but HS256 with the right secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from tests.support.vectors import vectors
from watchword.crypto.jwt import TokenExpired, TokenInvalid, sign_jwt, verify_jwt

SECRET = "a-secret-of-these-tests-0123456789-abcdef"
NOW = 1_750_000_000
CLAIMS = {"email": "user@example.com", "iat": NOW, "exp": NOW + 3600}


def forged(header: dict[str, Any] | bytes, claims: dict[str, Any] | bytes = b"", **how: Any) -> str:
    """A token with any header that is correctly signed with any key and digest."""
    parts = [
        part if isinstance(part, bytes) else json.dumps(part).encode()
        for part in (header, claims or CLAIMS)
    ]
    body = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    digest = how.get("digest", hashlib.sha256)
    signature = hmac.new(how.get("key", SECRET.encode()), body, digest).digest()
    return f"{body.decode()}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def email_claims(inputs: dict[str, Any]) -> dict[str, object]:
    """The claims that an e-mail token carries, in the protocol's order."""
    claims: dict[str, object] = {"email": inputs["email"].lower()}
    if inputs["updateTo"]:
        claims["updateTo"] = inputs["updateTo"].lower()
    seconds = inputs["now_ms"] // 1000
    return {
        **claims,
        **(inputs["extra"] or {}),
        "iat": seconds,
        "exp": seconds + inputs["expiresIn"],
    }


@pytest.mark.parametrize("case", vectors("email_verification_token"))
def test_an_email_token_has_the_reference_s_bytes(case: dict[str, Any]) -> None:
    claims = email_claims(case["inputs"])

    assert sign_jwt(claims, case["secret"]) == case["token"]


@pytest.mark.parametrize("case", vectors("email_verification_token"))
def test_an_email_token_of_the_reference_is_read(case: dict[str, Any]) -> None:
    claims = email_claims(case["inputs"])

    read = verify_jwt(case["token"], case["secret"], now=case["inputs"]["now_ms"] / 1000)

    assert list(read.items()) == list(claims.items())


@pytest.mark.parametrize("case", vectors("jwt_hs256"))
def test_a_session_token_has_the_reference_s_bytes(case: dict[str, Any]) -> None:
    claims = {**case["payload"], "iat": case["iat"], "exp": case["exp"]}

    assert sign_jwt(claims, case["secret"]) == case["token"]
    assert verify_jwt(case["token"], case["secret"], now=case["iat"]) == claims


def test_a_token_lives_until_its_last_second() -> None:
    token = sign_jwt(CLAIMS, SECRET)

    assert verify_jwt(token, SECRET, now=NOW + 3599.9) == CLAIMS
    with pytest.raises(TokenExpired):
        verify_jwt(token, SECRET, now=NOW + 3600)


def test_leeway_lengthens_the_life_of_a_token() -> None:
    token = sign_jwt(CLAIMS, SECRET)

    assert verify_jwt(token, SECRET, now=NOW + 3614, leeway=15) == CLAIMS
    with pytest.raises(TokenExpired):
        verify_jwt(token, SECRET, now=NOW + 3615, leeway=15)


def test_a_token_does_not_serve_before_its_time() -> None:
    token = sign_jwt({**CLAIMS, "nbf": NOW + 60}, SECRET)

    assert verify_jwt(token, SECRET, now=NOW + 60)["nbf"] == NOW + 60
    with pytest.raises(TokenInvalid):
        verify_jwt(token, SECRET, now=NOW + 59)


@pytest.mark.parametrize("end", [None, "9999999999", True, [], {}], ids=repr)
def test_a_token_without_a_real_end_is_refused(end: object) -> None:
    with pytest.raises(TokenInvalid):
        verify_jwt(sign_jwt({**CLAIMS, "exp": end}, SECRET), SECRET, now=NOW)


def test_a_token_without_any_end_is_refused() -> None:
    with pytest.raises(TokenInvalid):
        verify_jwt(sign_jwt({"email": "user@example.com"}, SECRET), SECRET, now=NOW)


def test_a_header_that_also_names_the_type_is_accepted() -> None:
    assert verify_jwt(forged({"typ": "JWT", "alg": "HS256"}), SECRET, now=NOW) == CLAIMS


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", "hs256", "HS384", "RS256"])
def test_m2_a_header_with_another_algorithm_is_refused(name: str) -> None:
    with pytest.raises(TokenInvalid):
        verify_jwt(forged({"alg": name}), SECRET, now=NOW)


@pytest.mark.parametrize("name", ["none", "None", "NONE"])
def test_m2_an_unsigned_token_is_refused(name: str) -> None:
    body = forged({"alg": name}).rpartition(".")[0]

    for token in (body, f"{body}.", f"{body}.."):
        with pytest.raises(TokenInvalid):
            verify_jwt(token, SECRET, now=NOW)


@pytest.mark.parametrize(("name", "digest"), [("HS384", hashlib.sha384), ("HS512", hashlib.sha512)])
def test_m2_other_digests_of_the_same_secret_are_refused(name: str, digest: Any) -> None:
    for header in ({"alg": name}, {"alg": "HS256"}):
        with pytest.raises(TokenInvalid):
            verify_jwt(forged(header, digest=digest), SECRET, now=NOW)


@pytest.mark.parametrize(
    "extra",
    [
        {"kid": "../../dev/null"},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/chain"},
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"b64": False},
        {"b64": True, "crit": ["b64"]},
        {"zip": "DEF"},
        {"p2c": 2_000_000_000, "p2s": "AAAA"},
    ],
    ids=lambda extra: "+".join(extra),
)
def test_c2_a_header_that_asks_for_more_is_refused(extra: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        verify_jwt(forged({"alg": "HS256", **extra}), SECRET, now=NOW)


@pytest.mark.parametrize(
    "key", [b"", b"null", b"better-auth-secret-12345678901234567890"], ids=repr
)
def test_m2_an_empty_or_default_key_is_refused(key: bytes) -> None:
    with pytest.raises(TokenInvalid):
        verify_jwt(forged({"alg": "HS256"}, key=key), SECRET, now=NOW)


def test_m2_the_claims_of_another_token_are_refused() -> None:
    mine, other = sign_jwt(CLAIMS, SECRET), sign_jwt({**CLAIMS, "email": "x@y.zz"}, SECRET)
    header, _, signature = mine.split(".")

    with pytest.raises(TokenInvalid):
        verify_jwt(f"{header}.{other.split('.')[1]}.{signature}", SECRET, now=NOW)


def test_only_one_spelling_of_a_signature_passes() -> None:
    body, _, signature = sign_jwt(CLAIMS, SECRET).rpartition(".")
    last = signature[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = alphabet[alphabet.index(last) ^ 1]
    spellings = [signature + "=", signature + "\n", " " + signature, signature[:-1] + twin]
    spellings += [signature.swapcase(), signature[:-1], signature + "A", "", signature + "é"]

    for spelling in spellings:
        with pytest.raises(TokenInvalid):
            verify_jwt(f"{body}.{spelling}", SECRET, now=NOW)


@pytest.mark.parametrize(
    "token", ["", ".", "..", "...", "a.b.c", "é.é.é", "\x00", "A" * 10_000, "null"], ids=repr
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(TokenInvalid):
        verify_jwt(token, SECRET, now=NOW)


@pytest.mark.parametrize(
    "claims",
    [b"[]", b"1", b"null", b"{", b"NaN", b'{"exp":NaN}', b'{"exp":1e999}', b"[" * 9000],
    ids=lambda claims: repr(claims[:14]),
)
def test_genuine_claims_of_an_odd_shape_are_refused(claims: bytes) -> None:
    with pytest.raises(TokenInvalid):
        verify_jwt(forged({"alg": "HS256"}, claims), SECRET, now=NOW)


@pytest.mark.parametrize("header", [b"[]", b'"HS256"', b"\xff", b"{}", b'{"alg":["HS256"]}'])
def test_a_header_of_an_odd_shape_is_refused(header: bytes) -> None:
    with pytest.raises(TokenInvalid):
        verify_jwt(forged(header), SECRET, now=NOW)


def test_no_error_shows_the_token() -> None:
    token = sign_jwt(CLAIMS, SECRET)

    with pytest.raises(TokenExpired) as caught:
        verify_jwt(token, SECRET, now=NOW + 99_999)

    assert token not in str(caught.value)
    assert "user@example.com" not in str(caught.value)
