"""Password hashes: the reference's scrypt strings, argon2id, and the way from one to the other."""

from __future__ import annotations

from typing import Any

import argon2
import pytest

from tests.support.vectors import vectors
from watchword.crypto.passwords import (
    Argon2Cost,
    Argon2id,
    PasswordHasher,
    Scrypt,
    password_length,
)

CASES = vectors("password")["cases"]
CHEAP = Argon2Cost(memory=8, passes=1)
PASSWORDS = ["password1234", "pässwörd ✓", "😀" * 20, " spaces ", "\ud800 lone", "x" * 128]
MALFORMED = [
    "",
    ":",
    "salt:key",
    "a" * 32,
    "a" * 32 + ":",
    "a" * 32 + ":" + "b" * 127,
    "A" * 32 + ":" + "b" * 128,
    "a" * 32 + ":" + "b" * 128 + "\n",
    "é" * 32 + ":" + "b" * 128,
    "a" * 32 + ":" + "\u0661" * 128,
    "$argon2id$",
    "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$",
    "$argon2id$v=19$m=8,t=1,p=1$é$é",
    "$argon2id$v=19$m=99999999999,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
    "$argon2id$v=19$m=x,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
    "$argon2id$\ud800",
    "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
    "$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
    "password1234",
    "\0",
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_w2_the_reference_s_hashes_are_verified(case: dict[str, Any]) -> None:
    hasher = PasswordHasher("argon2id", CHEAP)

    assert hasher.verify(case["hash"], case["password"]) is case["verifies"]


def test_w2_a_scrypt_hash_has_the_reference_s_form() -> None:
    stored = Scrypt(lambda count: bytes(range(count))).hash("password1234")

    salt, _, key = stored.partition(":")
    assert salt == bytes(range(16)).hex()
    assert len(bytes.fromhex(key)) == 64
    assert Scrypt().verify(stored, "password1234")


def test_w2_a_scrypt_hash_is_salted() -> None:
    assert Scrypt().hash("password1234") != Scrypt().hash("password1234")


@pytest.mark.parametrize("scheme", [Argon2id(CHEAP), Scrypt()], ids=["argon2id", "scrypt"])
@pytest.mark.parametrize("password", PASSWORDS, ids=ascii)
def test_w1_every_character_of_a_password_counts(scheme: Argon2id | Scrypt, password: str) -> None:
    stored = scheme.hash(password)

    assert scheme.recognizes(stored)
    assert scheme.verify(stored, password)
    for other in (password + "x", password[:-1], password + "\n", ""):
        assert not scheme.verify(stored, other)


def test_w3_no_scrypt_hash_is_made_of_a_password_with_nul() -> None:
    with pytest.raises(ValueError, match=r"U\+0000") as caught:
        Scrypt().hash("secret-password\0")

    assert "secret-password" not in str(caught.value)


@pytest.mark.parametrize("scheme", [Argon2id(CHEAP), Scrypt()], ids=["argon2id", "scrypt"])
def test_w3_a_nul_at_the_end_is_a_difference(scheme: Argon2id | Scrypt) -> None:
    stored = scheme.hash("password1234")

    assert not scheme.verify(stored, "password1234\0")


@pytest.mark.parametrize("stored", MALFORMED, ids=ascii)
def test_a_malformed_hash_matches_nothing_and_raises_nothing(stored: str) -> None:
    hasher = PasswordHasher("argon2id", CHEAP)

    assert hasher.verify(stored, "password1234") is False
    assert Scrypt().verify(stored, "password1234") is False
    assert Argon2id(CHEAP).verify(stored, "password1234") is False
    assert hasher.needs_upgrade(stored) is True
    assert PasswordHasher("scrypt").needs_upgrade(stored) is True


def test_a_hash_of_the_other_scheme_needs_an_upgrade() -> None:
    scrypt, argon = CASES[0]["hash"], Argon2id(CHEAP).hash("password1234")

    assert PasswordHasher("argon2id", CHEAP).needs_upgrade(scrypt)
    assert not PasswordHasher("argon2id", CHEAP).needs_upgrade(argon)
    assert PasswordHasher("scrypt").needs_upgrade(argon)
    assert not PasswordHasher("scrypt").needs_upgrade(scrypt)


@pytest.mark.parametrize(
    "weaker",
    [Argon2Cost(memory=32, passes=2), Argon2Cost(memory=64, passes=1)],
    ids=["less memory", "fewer passes"],
)
def test_a_weaker_hash_needs_an_upgrade(weaker: Argon2Cost) -> None:
    preferred = PasswordHasher("argon2id", Argon2Cost(memory=64, passes=2))

    assert preferred.needs_upgrade(Argon2id(weaker).hash("password1234"))


def test_a_stronger_hash_is_left_as_it_is() -> None:
    preferred = PasswordHasher("argon2id", Argon2Cost(memory=32, passes=1))
    stronger = Argon2id(Argon2Cost(memory=64, passes=2)).hash("password1234")

    assert not preferred.needs_upgrade(stronger)


def test_a_shorter_output_needs_an_upgrade() -> None:
    short = argon2.PasswordHasher(memory_cost=8, time_cost=1, parallelism=1, hash_len=16)

    assert PasswordHasher("argon2id", CHEAP).needs_upgrade(short.hash("password1234"))


@pytest.mark.parametrize("scheme", ["argon2id", "scrypt"])
def test_the_preferred_scheme_makes_the_hash(scheme: Any) -> None:
    hasher = PasswordHasher(scheme, CHEAP)

    stored = hasher.hash("password1234")

    assert stored.startswith("$argon2id$") is (scheme == "argon2id")
    assert hasher.verify(stored, "password1234")
    assert not hasher.needs_upgrade(stored)


def test_the_default_cost_is_rfc_9106_s_for_less_memory() -> None:
    cost = Argon2Cost()

    assert (cost.memory, cost.passes) == (65_536, 3)


@pytest.mark.parametrize(
    ("password", "length"),
    [("", 0), ("abc", 3), ("é", 1), ("e\u0301", 2), ("😀", 2), ("\ud83d", 1), ("\0", 1)],
    ids=ascii,
)
def test_w1_length_is_counted_in_utf16_units(password: str, length: int) -> None:
    assert password_length(password) == length
