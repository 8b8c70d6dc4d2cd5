"""Hashes of other systems: each form proven by what that system or its standard published."""

from __future__ import annotations

import hashlib
import hmac
import logging
import sys
import unicodedata
from base64 import b64encode

import argon2
import bcrypt
import pytest
from werkzeug.security import generate_password_hash

from watchword.crypto.foreign_firebase import firebase_hash
from watchword.crypto.foreign_keyed import keyed_hash
from watchword.crypto.passwords import Argon2Cost, PasswordHasher

SIGNER = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
FIREBASE = firebase_hash(
    signer=SIGNER,
    separator="Bw==",
    rounds=8,
    mem_cost=14,
    salt="42xEC+ixf3L2lw==",
    key="lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
)


def bcrypt_of(password: bytes) -> str:
    return bcrypt.hashpw(password, bcrypt.gensalt(4)).decode()


PUBLISHED = {
    # Tests of crypt_blowfish (Openwall).
    "bcrypt 2a": ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    "bcrypt 2b": ("U*U*", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
    "bcrypt 2y": ("U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    # Tests of Django.
    "django pbkdf2": (
        "lètmein",
        "pbkdf2_sha256$600000$seasalt$OAXyhAQ/4ZDA9V5RMExt3C1OwQdUpLZ99vm1McFlLRA=",
    ),
    "django argon2i": (
        "secret",
        "argon2$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$YC9+jJCrQhs5R6db7LlN8Q",
    ),
    "django argon2i of version 16": (
        "secret",
        "argon2$argon2i$m=8,t=1,p=1$c29tZXNhbHQ$gwQOXSNhxiOxPOA0+PY10P9QFO"
        "4NAYysnqRt1GSQLE55m+2GYDt9FEjPMHhP2Cuf0nOEXXMocVrsJAtNSsKyfg",
    ),
    "django argon2id": (
        "secret",
        "argon2$argon2id$v=19$m=102400,t=2,p=8$Y041dExhNkljRUUy$TMa6A8fPJhCAUXRhJXCXdw",
    ),
    # RFC 6070.
    "werkzeug sha1": (
        "password",
        "pbkdf2:sha1:4096$salt$4b007901b765489abead49d926f721d065a429c1",
    ),
    "django scrypt": (
        "lètmein",
        "scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NY"
        "afTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==",
    ),
    # Documentation of passlib.
    "passlib pbkdf2": (
        "password",
        "$pbkdf2-sha256$6400$.6UI/S.nXIk8jcbdHx3Fhg$98jZicV16ODfEsEZeYPGHU3kbrUrvUEXOPimVSQDD44",
    ),
    "passlib scrypt": (
        "password",
        "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
    ),
    # README of firebase/scrypt.
    "firebase": ("user1password", FIREBASE),
}
MADE = {
    "django bcrypt": ("lètmein", "bcrypt$" + bcrypt_of("lètmein".encode())),
    "django bcrypt_sha256": (
        "lètmein",
        "bcrypt_sha256$" + bcrypt_of(hashlib.sha256("lètmein".encode()).hexdigest().encode()),
    ),
    "argon2i": (
        "password",
        argon2.low_level.hash_secret(
            b"password", b"somesalt", 2, 64, 1, 32, argon2.Type.I
        ).decode(),
    ),
    "argon2d": (
        "password",
        argon2.low_level.hash_secret(
            b"password", b"somesalt", 2, 64, 1, 32, argon2.Type.D
        ).decode(),
    ),
    "django argon2": (
        "password",
        "argon2"
        + argon2.low_level.hash_secret(
            b"password", b"somesalt", 2, 64, 1, 32, argon2.Type.ID
        ).decode(),
    ),
    "werkzeug scrypt": ("pässword", generate_password_hash("pässword")),
    "werkzeug pbkdf2": ("pässword", generate_password_hash("pässword", "pbkdf2:sha256:1000")),
    "werkzeug sha512": ("pässword", generate_password_hash("pässword", "pbkdf2:sha512:1000")),
}
CASES = PUBLISHED | MADE


@pytest.fixture
def hasher() -> PasswordHasher:
    """One that has met no hash yet: a wrong password takes the time of the dearest that was met."""
    return PasswordHasher("argon2id", Argon2Cost(memory=8, passes=1))


@pytest.mark.parametrize("name", CASES)
def test_the_password_is_known_and_no_other(hasher: PasswordHasher, name: str) -> None:
    password, stored = CASES[name]

    assert hasher.knows(stored)
    assert hasher.verify(stored, password)
    for other in (password + "x", password[:-1], password.upper(), "", password + "\0"):
        if other != password:
            assert not hasher.verify(stored, other)


@pytest.mark.parametrize("name", CASES)
def test_the_hash_is_to_be_replaced(hasher: PasswordHasher, name: str) -> None:
    assert hasher.needs_upgrade(CASES[name][1])


@pytest.mark.parametrize("name", CASES)
def test_a_hash_that_was_cut_or_changed_matches_nothing(hasher: PasswordHasher, name: str) -> None:
    password, stored = CASES[name]
    last = "A" if stored[-1] != "A" else "a"
    for broken in (stored[:-4], stored + "\n", stored[:-6] + "é" * 6, " " + stored):
        assert not hasher.verify(broken, password)
    if not name.startswith("firebase"):
        assert not hasher.verify(stored[:-8] + last * 4 + stored[-4:], password)


def test_bcrypt_reads_72_bytes_and_no_more_as_the_source_did(hasher: PasswordHasher) -> None:
    long = "ä" * 36
    stored = bcrypt_of(long.encode())

    assert hasher.verify(stored, long + "anything")
    assert not hasher.verify(stored, long[:-1] + "a")


def test_django_s_bcrypt_sha256_reads_all_of_a_long_password(hasher: PasswordHasher) -> None:
    digest = hashlib.sha256(b"x" * 80).hexdigest().encode()
    stored = "bcrypt_sha256$" + bcrypt_of(digest)

    assert hasher.verify(stored, "x" * 80)
    assert not hasher.verify(stored, "x" * 79)


def test_without_the_package_a_bcrypt_hash_matches_nothing_and_the_log_says_why(
    hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    password, stored = PUBLISHED["bcrypt 2b"]
    monkeypatch.setitem(sys.modules, "bcrypt", None)

    with caplog.at_level(logging.ERROR, logger="watchword"):
        assert not hasher.verify(stored, password)

    assert 'pip install "watchword[bcrypt]"' in caplog.text
    assert stored not in caplog.text


def test_flask_security_s_double_hash_is_understood(hasher: PasswordHasher) -> None:
    """Its HMAC-SHA512 in base64 has 88 characters, of which bcrypt reads 72."""
    inner = b64encode(hmac.digest(b"146585145368132386173505678016728509634", b"secret", "sha512"))
    stored = bcrypt_of(inner[:72])
    kept = keyed_hash("146585145368132386173505678016728509634", stored)

    assert hasher.knows(kept)
    assert hasher.verify(kept, "secret")
    assert not hasher.verify(kept, "Secret")
    assert not hasher.verify(keyed_hash("another", stored), "secret")


def test_flask_security_s_normalization_is_repeated(hasher: PasswordHasher) -> None:
    typed = "pässwörd ﬁ"
    decomposed = unicodedata.normalize("NFKD", typed)
    kept = keyed_hash("", argon2.PasswordHasher(1, 8, 1).hash(decomposed))

    assert decomposed != unicodedata.normalize("NFKC", typed)
    assert hasher.verify(kept, typed)
    assert not hasher.verify(kept, typed + "x")


def test_a_keyed_hash_holds_no_other_keyed_hash(hasher: PasswordHasher) -> None:
    assert not hasher.knows(keyed_hash("a", keyed_hash("b", PUBLISHED["bcrypt 2b"][1])))


def test_argon2id_of_a_password_as_it_was_typed_is_met(hasher: PasswordHasher) -> None:
    """Other systems do not bring passwords into NFKC first."""
    stored = argon2.PasswordHasher(1, 8, 1).hash("ﬁne")

    assert hasher.verify(stored, "ﬁne")
    assert not hasher.verify(stored, "fine")


HOSTILE = {
    "argon2id memory": "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
    "argon2i memory": "$argon2i$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
    "argon2d passes": "$argon2d$v=19$m=1048576,t=9999,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
    "argon2i lanes": "$argon2i$v=19$m=65536,t=1,p=999$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
    "bcrypt cost": "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    "pbkdf2 rounds": "pbkdf2_sha256$99999999$s$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0=",
    "pbkdf2 key": "pbkdf2:sha256:1000$s$" + "ab" * 900,
    "pbkdf2 short key": "pbkdf2:sha256:1000$s$abcd",
    "scrypt memory": "scrypt:1048576:8:1$s$" + "ab" * 32,
    "scrypt r": "scrypt:2:99999999:1$s$" + "ab" * 32,
    "scrypt p": "$scrypt$ln=14,r=8,p=99999999$c2FsdA$" + "QUJD" * 8,
    "scrypt n": "$scrypt$ln=63,r=8,p=1$c2FsdA$" + "QUJD" * 8,
    "scrypt no power of two": "scrypt:16383:8:1$s$" + "ab" * 32,
    "firebase memory": FIREBASE.replace("n=14", "n=63"),
    "firebase short signer": "$fbscrypt$v=1,n=1,r=1,p=1,ss=,sk=QQ==$QQ==$QQ==",
    "too long": "pbkdf2:sha256:1000$" + "s" * 5000 + "$" + "ab" * 32,
    "x variant of bcrypt": "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.timeout(5)
def test_a_row_that_asks_for_too_much_or_too_little_is_refused_at_once(
    hasher: PasswordHasher, name: str
) -> None:
    assert not hasher.verify(HOSTILE[name], "password1234")


def test_a_dearer_cost_of_one_s_own_is_still_verified() -> None:
    """The bound is for what others wrote; what is configured is always allowed."""
    dear = Argon2Cost(memory=64, passes=70_000)
    stored = PasswordHasher("argon2id", Argon2Cost(memory=64, passes=1)).hash("password1234")

    assert PasswordHasher("argon2id", dear).verify(stored, "password1234")
