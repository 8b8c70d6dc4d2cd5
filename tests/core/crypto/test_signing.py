"""Signatures of cookies, and the hashed forms of identifiers."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.vectors import vectors
from watchword.crypto.signing import (
    base64url,
    base64url_decode,
    equal,
    hash_identifier,
    mac,
    reservation_id,
    sign,
    sign_cookie_value,
    verify_cookie_value,
)
from watchword.http.cookies import parse_cookies

SECRET = "test-secret-0123456789-abcdefghijKLMNOP"
TOKEN = "MouQu8tPmcb4E5c6FiRuQsuYwHebbZ9q"
SIGNED = sign_cookie_value(TOKEN, SECRET)
SIGNATURE = SIGNED.rpartition(".")[2]
PLUGIN_FILE = "vectors-plugins-1.json"


@pytest.mark.parametrize("case", vectors("signed_cookie"), ids=lambda case: case["value"])
def test_a_value_is_signed_as_the_reference_signs_it(case: dict[str, Any]) -> None:
    assert sign(case["value"], case["secret"]) == case["signature_base64"]
    signed = sign_cookie_value(case["value"], case["secret"])
    assert signed == f"{case['value']}.{case['signature_base64']}"
    assert verify_cookie_value(signed, case["secret"]) == case["value"]


@pytest.mark.parametrize(
    "case", vectors("signed_cookie_verify"), ids=lambda case: case["raw_decoded_value"]
)
def test_a_signed_value_is_accepted_as_by_the_reference(case: dict[str, Any]) -> None:
    assert verify_cookie_value(case["raw_decoded_value"], SECRET) == (case["result"] or None)


@pytest.mark.parametrize(
    "case",
    vectors("signedCookie", PLUGIN_FILE)["cases"],
    ids=lambda case: case["name"],
)
def test_a_plugin_s_cookie_is_signed_as_the_reference_signs_it(case: dict[str, Any]) -> None:
    secret = vectors("trustDevice", PLUGIN_FILE)["secret"]
    raw = parse_cookies(case["setCookie"])[case["name"]]

    assert sign_cookie_value(case["value"], secret) == raw
    assert verify_cookie_value(raw, secret) == case["value"]


def test_a_mac_is_the_reference_s() -> None:
    case = vectors("trustDevice", PLUGIN_FILE)

    assert mac(f"{case['userId']}!{case['identifier']}", case["secret"]) == case["token"]


def _twin(signature: str) -> str:
    """Another spelling of the same bytes: the last digit's unused bits are set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return signature[:-2] + alphabet[alphabet.index(signature[-2]) ^ 1] + "="


def test_the_twin_of_a_signature_is_the_same_bytes() -> None:
    assert base64.b64decode(_twin(SIGNATURE)) == base64.b64decode(SIGNATURE)


S1_REFUSED = {
    "missing": TOKEN,
    "empty": f"{TOKEN}.",
    "nothing": "",
    "a dot": ".",
    "no value": f".{SIGNATURE}",
    "cut": SIGNED[:-1],
    "cut in the middle": f"{TOKEN}.{SIGNATURE[:20]}",
    "flipped": f"{TOKEN}.{SIGNATURE[::-1]}",
    "first digit changed": f"{TOKEN}.{'A' if SIGNATURE[0] != 'A' else 'B'}{SIGNATURE[1:]}",
    "lower-cased": f"{TOKEN}.{SIGNATURE.lower()}",
    "base64url": f"{TOKEN}.{SIGNATURE.replace('+', '-').replace('/', '_')}",
    "base64url without padding": f"{TOKEN}.{SIGNATURE.replace('+', '-').rstrip('=')}",
    "extended": f"{SIGNED}A",
    "extended by padding": f"{SIGNED}=",
    "extended by a newline": f"{SIGNED}\n",
    "extended by a second": f"{SIGNED}.{SIGNATURE}",
    "space in front": f"{TOKEN}. {SIGNATURE}",
    "other spelling of the bytes": f"{TOKEN}.{_twin(SIGNATURE)}",
    "value in lower case": f"{TOKEN.lower()}.{SIGNATURE}",
    "value extended": f"{TOKEN}x.{SIGNATURE}",
    "value with NUL": f"{TOKEN}\0.{SIGNATURE}",
    "NUL in the signature": f"{TOKEN}.{SIGNATURE[:-2]}\0=",
    "non-ASCII value": f"{TOKEN}é.{SIGNATURE}",
    "non-ASCII signature": f"{TOKEN}.{'é' * 43}=",
    "fullwidth signature": f"{TOKEN}.{chr(0xFF21) * 43}=",
    "lone surrogate": f"{TOKEN}\ud800.{SIGNATURE}",
    "lone surrogate in the signature": f"{TOKEN}.{SIGNATURE[:-2]}\ud800=",
    "10 KB value": f"{'a' * 10_240}.{SIGNATURE}",
    "10 KB signature": f"{TOKEN}.{'A' * 10_240}=",
    "10 KB of dots": "." * 10_240,
    "still percent-encoded": SIGNED.replace("=", "%3D"),
    "another token's": f"{TOKEN}.{sign('another-token', SECRET)}",
    "an empty secret's": sign_cookie_value(TOKEN, ""),
    "the default secret's": sign_cookie_value(TOKEN, "better-auth-secret-12345678901234567890"),
    "the secret with a space": sign_cookie_value(TOKEN, SECRET + " "),
}


@pytest.mark.parametrize("raw", S1_REFUSED.values(), ids=S1_REFUSED.keys())
def test_s1_a_forged_or_odd_cookie_is_no_cookie(raw: str) -> None:
    assert verify_cookie_value(raw, SECRET) is None


@given(st.text())
def test_s1_no_text_fails_to_be_checked(raw: str) -> None:
    assert verify_cookie_value(raw, SECRET) is None
    assert verify_cookie_value(f"{raw}.{SIGNATURE}", SECRET) in (None, TOKEN)


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_what_is_signed_is_accepted(value: str) -> None:
    assert verify_cookie_value(sign_cookie_value(value, SECRET), SECRET) == value


@pytest.mark.parametrize("case", vectors("verification_identifier_hash"), ids=str)
def test_an_identifier_is_hashed_as_in_the_reference(case: dict[str, Any]) -> None:
    assert hash_identifier(case["identifier"]) == case["stored"]


@pytest.mark.parametrize("case", vectors("tokenHash", PLUGIN_FILE)["cases"], ids=str)
def test_a_token_is_hashed_as_in_the_reference(case: dict[str, Any]) -> None:
    text, stored = (value for value in case.values() if isinstance(value, str))

    assert hash_identifier(text) == stored


@pytest.mark.parametrize(
    "case",
    vectors("verification_reservation_id") + vectors("reserveId", PLUGIN_FILE)["cases"],
    ids=str,
)
def test_an_identifier_is_reserved_under_the_reference_s_id(case: dict[str, Any]) -> None:
    assert reservation_id(case["identifier"]) == case["id"]


def test_a_mac_is_the_signature_in_url_letters() -> None:
    for value in ("user1!id1", "é", ""):
        digest = base64.b64decode(sign(value, SECRET))
        assert base64url_decode(mac(value, SECRET)) == digest


@given(st.binary())
def test_base64url_is_read_again(data: bytes) -> None:
    text = base64url(data)

    assert "=" not in text
    assert base64url_decode(text) == data


@pytest.mark.parametrize(
    "text",
    ["A", "AA==", "AB", "AA=", "A A", "AAA+", "AAA/", "AA\n", "é", "AAAAA", "\ud800", "====="],
)
def test_base64url_has_one_spelling(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        base64url_decode(text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("", "", True),
        ("é", "e", False),
        ("\ud800", "a", False),
    ],
)
def test_g5_secrets_of_any_characters_are_compared(one: str, other: str, same: bool) -> None:
    assert equal(one, other) is same
