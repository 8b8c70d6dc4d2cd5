"""Encrypted tokens: the reference's are read, and nothing but dir with A256CBC-HS512."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import OctKey

from tests.support.vectors import vectors
from watchword.crypto.derivation import derive_key
from watchword.crypto.jwe import ACCOUNT_SALT, SESSION_SALT, TokenKeys
from watchword.crypto.jwt import TokenExpired, TokenInvalid
from watchword.crypto.secrets_list import Secrets, VersionedSecret

SECRET = "test-secret-0123456789-abcdefghijKLMNOP"
NOW = 1_750_000_000
CLAIMS = {"user": {"name": "Ł"}, "iat": NOW, "exp": NOW + 300, "jti": "1"}
KEYS = TokenKeys(Secrets(SECRET), SESSION_SALT)
INFO = b"BetterAuth.js Generated Encryption Key"
KEY = derive_key(SECRET, SESSION_SALT.encode(), INFO, 64)


def configured(case: dict[str, Any]) -> Secrets:
    """The secrets that a recorded token was made with."""
    if "secret" in case:
        return Secrets(case["secret"])
    versions = tuple(VersionedSecret(one["version"], one["value"]) for one in case["secrets"])
    return Secrets(versions[0].value, versions)


def forged(header: dict[str, Any], plain: bytes = b"", key: bytes = KEY) -> str:
    """A token with any header, genuinely encrypted with a key."""
    registry = jwe.JWERegistry(
        algorithms=["dir", "A256CBC-HS512", "A256GCM", "A128CBC-HS256", "DEF"],
        strict_check_header=False,
    )
    text = plain or json.dumps(CLAIMS).encode()
    return jwe.encrypt_compact(header, text, OctKey.import_key(key), registry=registry)


HEADER = {"alg": "dir", "enc": "A256CBC-HS512"}


@pytest.mark.parametrize("case", vectors("jwe_key_derivation"), ids=lambda case: case["hkdf_salt"])
def test_a_key_is_the_reference_s(case: dict[str, Any]) -> None:
    salt, info = case["hkdf_salt"].encode(), case["hkdf_info"].encode()

    assert derive_key(case["secret"], salt, info, case["length"]).hex() == case["key_hex"]
    assert TokenKeys(Secrets(case["secret"]), case["hkdf_salt"]).names == (case["kid"],)


@pytest.mark.parametrize("case", vectors("jwe"), ids=lambda case: case["salt"])
def test_a_token_of_the_reference_is_read(case: dict[str, Any]) -> None:
    claims = TokenKeys(configured(case), case["salt"]).decrypt(case["token"], now=1_735_689_600)

    assert {name: claims[name] for name in case["payload"]} == case["payload"]
    assert claims.get("exp") == case.get("exp", claims.get("exp"))


def test_a_token_has_the_reference_s_header_and_claims_in_order() -> None:
    token = KEYS.encrypt(CLAIMS)

    header = base64.urlsafe_b64decode(token.partition(".")[0] + "==")
    assert header.decode() == (
        '{"alg":"dir","enc":"A256CBC-HS512","kid":"4UPo6x0tUDW4501WZw5OzTzCtj0VHsSnfqteQgWQuVE"}'
    )
    assert token.split(".")[1] == ""
    assert list(KEYS.decrypt(token, now=NOW).items()) == list(CLAIMS.items())


def test_a_token_is_readable_with_every_configured_secret() -> None:
    old = TokenKeys(Secrets("old"), SESSION_SALT).encrypt(CLAIMS)
    legacy = TokenKeys(Secrets("legacy"), SESSION_SALT).encrypt(CLAIMS)
    rotated = TokenKeys(
        Secrets("new", (VersionedSecret(2, "new"), VersionedSecret(1, "old")), "legacy"),
        SESSION_SALT,
    )

    for token in (old, legacy, rotated.encrypt(CLAIMS)):
        assert rotated.decrypt(token, now=NOW) == CLAIMS
    with pytest.raises(TokenInvalid):
        TokenKeys(Secrets("old"), SESSION_SALT).decrypt(rotated.encrypt(CLAIMS), now=NOW)


def test_a_token_without_key_name_is_tried_with_every_secret() -> None:
    rotated = TokenKeys(
        Secrets("new", (VersionedSecret(2, "new"), VersionedSecret(1, SECRET))), SESSION_SALT
    )

    assert rotated.decrypt(forged(HEADER), now=NOW) == CLAIMS


def test_m1_a_token_of_another_kind_is_refused() -> None:
    with pytest.raises(TokenInvalid):
        TokenKeys(Secrets(SECRET), ACCOUNT_SALT).decrypt(KEYS.encrypt(CLAIMS), now=NOW)


def test_a_token_ends_15_seconds_after_its_end() -> None:
    token = KEYS.encrypt(CLAIMS)

    assert KEYS.decrypt(token, now=NOW + 314) == CLAIMS
    with pytest.raises(TokenExpired):
        KEYS.decrypt(token, now=NOW + 315)


def test_c1_every_changed_character_is_noticed() -> None:
    token = KEYS.encrypt(CLAIMS)

    for at, char in enumerate(token):
        changed = token[:at] + ("A" if char != "A" else "B") + token[at + 1 :]
        with pytest.raises(TokenInvalid):
            KEYS.decrypt(changed, now=NOW)


@pytest.mark.parametrize(
    "extra",
    [
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jku": "https://evil.example"},
        {"crit": []},
        {"b64": False},
        {"p2c": 2_000_000_000},
        {"kid": "another"},
    ],
    ids=str,
)
def test_c2_a_header_that_asks_for_more_is_refused(extra: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        KEYS.decrypt(forged({**HEADER, **extra}), now=NOW)


@pytest.mark.parametrize(
    "other",
    [
        {"kid": None},
        {"kid": ["4UPo6x0tUDW4501WZw5OzTzCtj0VHsSnfqteQgWQuVE"]},
        {"crit": ["exp"]},
        {"alg": "none"},
        {"alg": "A256KW"},
        {"alg": "PBES2-HS256+A128KW", "p2c": 2_000_000_000, "p2s": "AAAAAAAAAAA"},
        {"alg": "DIR"},
        {"alg": None},
        {"enc": "A256GCM"},
        {"enc": "A128CBC-HS256"},
        {"enc": None},
    ],
    ids=str,
)
def test_c2_a_header_with_another_algorithm_or_key_is_refused(other: dict[str, Any]) -> None:
    parts = KEYS.encrypt(CLAIMS).split(".")
    header = base64.urlsafe_b64encode(json.dumps({**HEADER, **other}).encode()).decode()

    with pytest.raises(TokenInvalid):
        KEYS.decrypt(".".join([header.rstrip("="), *parts[1:]]), now=NOW)


def test_c2_a_genuinely_compressed_token_is_refused() -> None:
    with pytest.raises(TokenInvalid):
        KEYS.decrypt(forged({**HEADER, "zip": "DEF"}, b'{"a":"' + b"x" * 100_000 + b'"}'), now=NOW)


@pytest.mark.parametrize(
    ("enc", "length"), [("A256GCM", 32), ("A128CBC-HS256", 32)], ids=["GCM", "CBC-HS256"]
)
def test_c2_a_part_of_the_key_serves_no_other_algorithm(enc: str, length: int) -> None:
    for key in (KEY[:length], KEY[-length:]):
        with pytest.raises(TokenInvalid):
            KEYS.decrypt(forged({"alg": "dir", "enc": enc}, key=key), now=NOW)


@pytest.mark.parametrize("plain", [b"[]", b"1", b"{", b"\xff", b"{}", b'{"exp":"9e9"}'], ids=repr)
def test_c3_genuine_claims_of_an_odd_shape_are_refused(plain: bytes) -> None:
    with pytest.raises(TokenInvalid):
        KEYS.decrypt(forged(HEADER, plain), now=NOW)


@pytest.mark.parametrize(
    "token",
    ["", ".", "....", "a..b.c.d", "é..é.é.é", "\ud800....", "A" * 10_000, "." * 10_000, "e30....."],
    ids=lambda token: ascii(token[:10]),
)
def test_c3_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(TokenInvalid):
        KEYS.decrypt(token, now=NOW)


@given(st.lists(st.binary(max_size=40), min_size=3, max_size=3))
def test_c3_no_parts_fail_otherwise(parts: list[bytes]) -> None:
    header = KEYS.encrypt(CLAIMS).partition(".")[0]
    encoded = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts]

    with pytest.raises(TokenInvalid):
        KEYS.decrypt(f"{header}..{'.'.join(encoded)}", now=NOW)


def test_g3_no_repr_shows_a_key() -> None:
    assert SECRET not in repr(KEYS)
    assert base64.urlsafe_b64encode(KEY).decode()[:40] not in repr(vars(KEYS))
