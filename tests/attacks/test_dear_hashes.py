"""W9: what a stored hash asks for is bounded; and its scheme does not tell who has an account."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

import argon2
import bcrypt
import pytest
from argon2.low_level import Type, hash_secret

from tests.core.conftest import FAST, MakeAuth
from tests.support.browser import Browser
from watchword import Auth
from watchword.crypto import argon2_hashes
from watchword.crypto.foreign_passwords import like_it_but_nobodys, verify_foreign
from watchword.crypto.hash_cost import MOST_MEMORY, MOST_SECONDS
from watchword.crypto.passwords import Argon2Cost, PasswordHasher
from watchword.database.contract import Condition
from watchword.runtime.blocking import finish

PASSWORD = "password1234"
KEY = "$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"
DEAR = {
    "argon2id of a gigabyte": f"$argon2id$v=19$m=1048576,t=1,p=1{KEY}",
    "argon2id of 300 MiB": f"$argon2id$v=19$m=307200,t=1,p=1{KEY}",
    "argon2id of thousands of passes": f"$argon2id$v=19$m=65536,t=5000,p=1{KEY}",
    "argon2id of many threads": f"$argon2id$v=19$m=65536,t=1,p=64{KEY}",
    "argon2i": f"$argon2i$v=19$m=1048576,t=1,p=1{KEY}",
    "django's argon2": f"argon2$argon2id$v=19$m=1048576,t=1,p=1{KEY}",
    "bcrypt of 2^16": "$2b$16$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    "bcrypt of 2^99": "$2b$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    "pbkdf2": "pbkdf2_sha256$9000000$s$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0=",
    "scrypt of 512 MiB": "scrypt:524288:8:1$s$" + "ab" * 32,
    "scrypt of many blocks": "scrypt:16384:8:64$s$" + "ab" * 32,
}
CHEAP = {
    "bcrypt": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode(),
    "argon2i": hash_secret(PASSWORD.encode(), b"saltsalt", 1, 8, 1, 32, Type.I).decode(),
    "argon2 of 16 bytes": hash_secret(PASSWORD.encode(), b"saltsalt", 1, 8, 1, 16, Type.D).decode(),
    "pbkdf2": "pbkdf2:sha256:1000$salt$"
    + hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"salt", 1000).hex(),
    "scrypt": "scrypt:16:1:1$salt$"
    + hashlib.scrypt(PASSWORD.encode(), salt=b"salt", n=16, r=1, p=1, dklen=64).hex(),
}
"""Forms of other systems."""
ADA, NOBODY = "ada@example.com", "nobody@example.com"


def with_stored(auth: Auth[Any], stored: str | None) -> Auth[Any]:
    """A server whose one user has this hash, or one of its own."""
    Browser(auth).sign_up(ADA)
    if stored is not None:
        engine = auth.blocking.runtime.engine
        mine = [Condition("providerId", "credential")]
        assert finish(engine.update("account", mine, {"password": stored})) == 1
    return auth


class Work:
    """Counts the functions that do the work of hashing."""

    def __init__(self, patched: pytest.MonkeyPatch) -> None:
        self._counts: Counter[str] = Counter()
        for home, name in (
            (argon2_hashes, "verify_secret"),
            (argon2.PasswordHasher, "hash"),
            (bcrypt, "hashpw"),
            (hashlib, "pbkdf2_hmac"),
            (hashlib, "scrypt"),
        ):
            patched.setattr(home, name, self._counted(name, getattr(home, name)))

    def of(self, action: Callable[[], object]) -> Counter[str]:
        """How often each is called in the course of an action."""
        self._counts.clear()
        action()
        return self._counts.copy()

    def _counted(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def counted(*args: Any, **kwargs: Any) -> object:
            self._counts[name] += 1
            return real(*args, **kwargs)

        return counted


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    return Work(monkeypatch)


@pytest.mark.parametrize("name", DEAR)
def test_a_hash_that_asks_for_too_much_is_nobody_s(
    make_auth: MakeAuth, name: str, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    stored = DEAR[name]
    browser = Browser(with_stored(make_auth(), stored))
    answers: list[Any] = []
    with caplog.at_level(logging.WARNING, logger="watchword"):
        done = work.of(lambda: answers.append(browser.sign_in(ADA)))
    assert (answers[0].status, answers[0].code) == (401, "INVALID_EMAIL_OR_PASSWORD")
    assert done == Counter({"verify_secret": 1})
    (told,) = [one for one in caplog.records if one.name == "watchword"]
    assert "asks for too much work" in told.message
    assert stored not in caplog.text
    assert stored.rsplit("$", 1)[-1] not in caplog.text


@pytest.mark.parametrize("name", DEAR)
def test_such_a_hash_is_known_and_refused_at_import(name: str) -> None:
    hasher = PasswordHasher("argon2id", FAST)
    assert hasher.asks_too_much(DEAR[name])
    assert not hasher.knows(DEAR[name])


def test_what_people_really_use_is_not_too_much() -> None:
    hasher = PasswordHasher("argon2id", FAST)
    for stored in (
        f"$argon2id$v=19$m=262144,t=3,p=1{KEY}",  # libsodium, MODERATE
        f"$argon2id$v=19$m=102400,t=2,p=8{KEY}",  # Django
        "$2b$14$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "pbkdf2_sha256$1500000$s$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0=",
        "scrypt:131072:8:1$s$" + "ab" * 32,  # OWASP
    ):
        assert hasher.knows(stored), stored


def test_what_is_configured_is_never_too_much() -> None:
    dear = Argon2Cost(memory=2 * MOST_MEMORY // 1024, passes=int(10 * MOST_SECONDS))
    assert PasswordHasher("argon2id", dear).knows(
        f"$argon2id$v=19$m={dear.memory},t={dear.passes},p=1{KEY}"
    )


@pytest.mark.parametrize("name", [*CHEAP, "one of ours", "a weaker one of ours"])
def test_a_wrong_password_takes_the_same_work_for_every_scheme_and_for_nobody(
    make_auth: MakeAuth, kind: str, name: str, work: Work
) -> None:
    weaker = PasswordHasher("argon2id", Argon2Cost(memory=8, passes=1)).hash(PASSWORD)
    stored = {**CHEAP, "one of ours": None, "a weaker one of ours": weaker}[name]
    auth = with_stored(make_auth(), stored)
    for met in CHEAP.values():
        auth.config.passwords.verify(met, "wrong-horse")
    browser = Browser(auth, kind)
    known = work.of(lambda: browser.sign_in(ADA, password="wrong-horse"))
    unknown = work.of(lambda: browser.sign_in(NOBODY, password="wrong-horse"))
    assert known >= unknown
    # Beyond that, its own scheme: what a cheaper hash than the dearest takes.
    assert (known - unknown).total() <= 1
    assert unknown == Counter({"verify_secret": 1, "hashpw": 1})


def test_where_no_other_system_s_hash_was_met_nobody_takes_one_of_ours(
    make_auth: MakeAuth, kind: str, work: Work
) -> None:
    browser = Browser(with_stored(make_auth(), None), kind)
    assert work.of(lambda: browser.sign_in(NOBODY)) == Counter({"verify_secret": 1})
    assert work.of(lambda: browser.sign_in(ADA)) == Counter({"verify_secret": 1})
    assert browser.session() is not None


def test_the_right_password_of_another_system_s_hash_is_hashed_anew(
    make_auth: MakeAuth, kind: str, work: Work
) -> None:
    browser = Browser(with_stored(make_auth(), CHEAP["bcrypt"]), kind)
    done = work.of(lambda: browser.sign_in(ADA))
    assert done == Counter({"hashpw": 1, "hash": 1})
    assert browser.session() is not None
    assert work.of(lambda: Browser(browser.auth).sign_in(ADA)) == Counter({"verify_secret": 1})


@pytest.mark.parametrize("name", CHEAP)
def test_what_is_verified_for_nobody_takes_the_same_and_is_no_person_s(
    name: str, work: Work
) -> None:
    hasher, stored = PasswordHasher("argon2id", FAST), CHEAP[name]
    like_it = like_it_but_nobodys(stored)
    theirs = work.of(lambda: verify_foreign(stored, "wrong-horse"))
    assert theirs.total() == 1
    assert work.of(lambda: verify_foreign(like_it, "wrong-horse")) == theirs
    assert hasher.verify(stored, PASSWORD)
    assert not hasher.verify(like_it, PASSWORD)


def test_nobody_s_hash_takes_what_ours_take(work: Work) -> None:
    for preferred in ("argon2id", "scrypt"):
        hasher = PasswordHasher(preferred, FAST)  # type: ignore[arg-type]
        assert not hasher.needs_upgrade(hasher.nobodys)
        assert work.of(lambda hasher=hasher: hasher.verify(hasher.nobodys, PASSWORD)).total() == 1  # type: ignore[misc]
