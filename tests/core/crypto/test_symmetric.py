"""Encrypted text: the reference's form, with every change noticed and secrets exchangeable."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st

from tests.support.vectors import vectors
from watchword.crypto.derivation import purpose_secrets
from watchword.crypto.secrets_list import Secrets, VersionedSecret
from watchword.crypto.symmetric import (
    DecryptionFailed,
    _subkey,  # pyright: ignore[reportPrivateUsage]
    decrypt,
    encrypt,
)

SECRET = "test-secret-0123456789-abcdefghijKLMNOP"
ONE = Secrets(SECRET)
ROTATED = Secrets("newer", (VersionedSecret(2, "newer"), VersionedSecret(1, SECRET)), "legacy")


def secrets_of(case: dict[str, Any]) -> Secrets:
    """The configuration that a recorded case was made with."""
    versions = tuple(
        VersionedSecret(one["version"], one["value"]) for one in case.get("secrets", ())
    )
    current = versions[0].value if versions else case["secret"]
    return Secrets(current, versions, case.get("legacySecret"))


@pytest.mark.parametrize("case", vectors("xchacha")["cases"], ids=str)
def test_the_reference_s_text_is_decrypted(case: dict[str, Any]) -> None:
    assert decrypt(case["ciphertext"], secrets_of(case)) == case["plaintext"]


@pytest.mark.parametrize("case", vectors("xchacha")["cases"], ids=str)
def test_the_same_nonce_gives_the_reference_s_text(case: dict[str, Any]) -> None:
    secrets = secrets_of(case)
    sealed = case["ciphertext"].rpartition("$")[2]
    if not case["ciphertext"].startswith("$") and secrets.versions:
        secrets = Secrets(case["legacySecret"])

    made = encrypt(case["plaintext"], secrets, lambda size: bytes.fromhex(sealed)[:size])

    assert made == case["ciphertext"]


PLUGIN_CASES = vectors("symmetric", "vectors-plugins-1.json")


@pytest.mark.parametrize("case", PLUGIN_CASES["cases"], ids=str)
def test_the_plugins_text_is_decrypted(case: dict[str, Any]) -> None:
    assert decrypt(case["stored"], Secrets(case["secret"])) == case["plaintext"]


@pytest.mark.parametrize("case", PLUGIN_CASES["versioned"]["cases"], ids=str)
def test_the_plugins_text_is_decrypted_with_any_version(case: dict[str, Any]) -> None:
    shared = PLUGIN_CASES["versioned"]
    versions = tuple(
        VersionedSecret(int(version), value) for version, value in shared["secrets"].items()
    )
    secrets = Secrets(shared["secrets"]["2"], versions[::-1], shared["legacySecret"])

    assert decrypt(case["stored"], secrets) == case["plaintext"]


@pytest.mark.parametrize("case", vectors("purpose_key"), ids=str)
def test_a_purpose_has_the_reference_s_key(case: dict[str, Any]) -> None:
    derived = purpose_secrets(Secrets(case["secret"]), case["purpose"])

    assert derived.current == case["derived_secret_hex_text"]


PURPOSES = vectors("purposeKeys", "vectors-plugins-2.json")


@pytest.mark.parametrize("purpose", PURPOSES["keys"])
def test_each_purpose_has_a_key_of_its_own(purpose: str) -> None:
    secret = vectors("secret", "vectors-plugins-2.json")

    assert purpose_secrets(Secrets(secret), purpose).current == PURPOSES["keys"][purpose]


@pytest.mark.parametrize("case", PURPOSES["ciphertexts"], ids=lambda case: case["purpose"])
def test_text_for_a_purpose_is_decrypted(case: dict[str, Any]) -> None:
    secrets = purpose_secrets(Secrets(vectors("secret", "vectors-plugins-2.json")), case["purpose"])

    assert decrypt(case["ciphertextHex"], secrets) == case["plaintext"]


def test_the_reference_s_state_cookie_is_decrypted() -> None:
    case = vectors("oauth_state_cookie")
    value = unquote(case["set_cookie"].partition("=")[2].partition(";")[0])

    text = decrypt(value, purpose_secrets(Secrets(case["secret"]), "oauth-state-cookie"))

    assert json.loads(text) == case["decrypted"]


def test_a_purpose_maps_every_secret_and_keeps_the_versions() -> None:
    mapped = purpose_secrets(ROTATED, "oauth-state-cookie")

    assert [one.version for one in mapped.versions] == [2, 1]
    assert mapped.current == mapped.versions[0].value
    assert mapped.legacy == purpose_secrets(Secrets("legacy"), "oauth-state-cookie").current


@given(st.text(st.characters(codec="utf-8")))
def test_what_is_encrypted_is_decrypted(text: str) -> None:
    assert decrypt(encrypt(text, ONE), ONE) == text
    assert decrypt(encrypt(text, ROTATED), ROTATED) == text


def test_no_two_encryptions_are_alike() -> None:
    assert encrypt("text", ONE) != encrypt("text", ONE)


def test_a_change_of_secrets_keeps_old_text_readable() -> None:
    before = Secrets(SECRET, (VersionedSecret(1, SECRET),))

    stored = encrypt("kept", before)

    assert stored.startswith("$ba$1$")
    assert encrypt("new", ROTATED).startswith("$ba$2$")
    assert decrypt(stored, ROTATED) == "kept"


def test_text_from_before_versions_is_read_with_the_legacy_secret() -> None:
    stored = encrypt("old", Secrets("legacy"))

    assert decrypt(stored, ROTATED) == "old"
    with pytest.raises(DecryptionFailed, match="legacy"):
        decrypt(stored, Secrets("newer", ROTATED.versions))


def test_an_unknown_version_is_refused() -> None:
    sealed = encrypt("x", ROTATED).rpartition("$")[2]

    for version in ("3", "0", "-1", "02x", "", "9" * 30):
        with pytest.raises(DecryptionFailed):
            decrypt(f"$ba${version}${sealed}", ROTATED)


def test_a_version_does_not_decrypt_what_another_one_encrypted() -> None:
    sealed = encrypt("x", ROTATED).rpartition("$")[2]

    with pytest.raises(DecryptionFailed):
        decrypt(f"$ba$1${sealed}", ROTATED)


def test_every_changed_digit_is_noticed() -> None:
    stored = encrypt("text", ONE)

    for at, digit in enumerate(stored):
        changed = stored[:at] + ("0" if digit != "0" else "1") + stored[at + 1 :]
        with pytest.raises(DecryptionFailed):
            decrypt(changed, ONE)


@pytest.mark.parametrize(
    "stored",
    [
        *("", "00", "0" * 79, "0" * 78, "zz" * 40, "\xe9" * 80, "\ud800", "$ba$", "$ba$1$"),
        *("$ba$1$00", "0" * 80 + "\n", "0 " * 40, "A" * 80, "\x00" * 80, "0" * 100_000),
    ],
    ids=lambda stored: ascii(stored[:20]) + str(len(stored)),
)
def test_odd_text_is_refused(stored: str) -> None:
    for secrets in (ONE, ROTATED):
        with pytest.raises(DecryptionFailed):
            decrypt(stored, secrets)


def test_other_spellings_of_the_digits_are_refused() -> None:
    stored = encrypt("text", ONE, lambda size: bytes([0xAB]) * size)

    for spelling in (stored.upper(), f" {stored}", f"{stored}\n", f"{stored[:2]} {stored[2:]}"):
        with pytest.raises(DecryptionFailed):
            decrypt(spelling, ONE)


def test_text_that_is_no_utf8_is_refused() -> None:
    # Only the holder of the secret can make such a text.

    key = hashlib.sha256(SECRET.encode()).digest()
    sealed = ChaCha20Poly1305(_subkey(key, bytes(16))).encrypt(bytes(12), b"\xff\xfe", None)

    with pytest.raises(DecryptionFailed):
        decrypt((bytes(24) + sealed).hex(), ONE)


def test_the_subkey_is_that_of_the_draft() -> None:
    """draft-irtf-cfrg-xchacha-03, 2.2.1."""
    key = bytes(range(32))
    nonce = bytes.fromhex("000000090000004a0000000031415927")

    assert _subkey(key, nonce).hex() == (
        "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"
    )


def test_g3_no_error_shows_a_secret_or_the_text() -> None:
    stored = encrypt("the text", Secrets("another secret"))

    with pytest.raises(DecryptionFailed) as caught:
        decrypt(stored, ONE)

    assert SECRET not in str(caught.value)
    assert stored not in str(caught.value)
