"""A key-value store of the application's own: three methods are enough, and the rest is told."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from watchword import ConfigurationError, RateLimit, SessionOptions
from watchword.database.contract import StorageUnavailable
from watchword.plugins import OneTimeToken

GENERATE, VERIFY = "/one-time-token/generate", "/one-time-token/verify"


class Shelf:
    """The least: `def` methods on a dict."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.ends: dict[str, int | None] = {}
        self.down = False

    def get(self, key: str) -> str | None:
        self._check()
        return self.values.get(key)

    def set(self, key: str, value: str, ttl: int | None) -> None:
        self._check()
        self.values[key], self.ends[key] = value, ttl

    def delete(self, key: str) -> None:
        self._check()
        self.values.pop(key, None)

    def _check(self) -> None:
        if self.down:
            raise StorageUnavailable("the shelf fell down")


class AsyncShelf:
    """The same, `async def`."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.values = self.shelf.values

    async def get(self, key: str) -> str | None:
        return self.shelf.get(key)

    async def set(self, key: str, value: str, ttl: int | None) -> None:
        self.shelf.set(key, value, ttl)

    async def delete(self, key: str) -> None:
        self.shelf.delete(key)


class FullShelf(Shelf):
    """All that a store may promise."""

    def get_and_delete(self, key: str) -> str | None:
        return self.values.pop(key, None)

    def increment(self, key: str, ttl: int) -> int:
        self.set(key, str(int(self.values.get(key, "0")) + 1), ttl)
        return int(self.values[key])

    def replace(self, key: str, old: str | None, new: str | None, ttl: int | None) -> bool:
        if self.values.get(key) != old:
            return False
        self.values.pop(key, None)
        if new is not None:
            self.set(key, new, ttl)
        return True


class Bytes(Shelf):
    """Gives bytes, as a plain Redis client does."""

    def get(self, key: str) -> Any:
        found = super().get(key)
        return None if found is None else found.encode()


class Parsing(Shelf):
    """Reads JSON by itself, as some hosted stores do."""

    def get(self, key: str) -> Any:
        found = super().get(key)
        return None if found is None else json.loads(found)


class ParsingOnce(Parsing):
    def get_and_delete(self, key: str) -> Any:
        return json.loads(self.values.pop(key, "null"))


@pytest.mark.parametrize("store", [Shelf, AsyncShelf, FullShelf, Bytes, Parsing, ParsingOnce])
def test_it_carries_sessions_and_verifications(make_auth: MakeAuth, kind: str, store: Any) -> None:
    shelf = store()
    laptop = Browser(make_auth(secondary_storage=shelf, plugins=[OneTimeToken()]), kind)
    token = laptop.sign_up().json["token"]
    assert token in shelf.values
    phone = Browser(laptop.auth, kind)
    phone.sign_in()
    assert len(laptop.get("/list-sessions").json) == 2
    promised = laptop.get(GENERATE).json["token"]
    assert [laptop.post(VERIFY, {"token": promised}).status for _ in range(2)] == [200, 400]
    laptop.post("/update-user", {"name": "Countess"})
    assert phone.session()["user"]["name"] == "Countess"
    laptop.post("/revoke-other-sessions", {})
    assert phone.session() is None
    laptop.post("/sign-out", {})
    assert laptop.session() is None
    # That what the other sessions had asked for by mail is void outlives them, for a day.
    assert [key.partition(":account:")[0] for key in shelf.values] == [
        "verification:credential-generation"
    ]
    laptop.sign_in()
    phone.sign_in()
    laptop.post("/revoke-sessions", {})
    laptop.post("/revoke-sessions", {})
    assert (laptop.session(), phone.session()) == (None, None)


def test_values_end_after_the_seconds_they_are_stored_for(make_auth: MakeAuth) -> None:
    shelf = Shelf()
    browser = Browser(make_auth(secondary_storage=shelf))
    token = browser.sign_up().json["token"]
    assert shelf.ends[token] == 604_800


def test_what_is_lost_without_the_other_methods_is_logged(
    make_auth: MakeAuth, caplog: pytest.LogCaptureFixture
) -> None:
    make_auth(secondary_storage=Shelf())
    assert [text.partition(":")[0] for text in warnings(caplog)] == [
        "the secondary storage Shelf has no method get_and_delete",
        "the secondary storage Shelf has no method increment",
        "the secondary storage Shelf has no method replace",
    ]
    caplog.clear()
    make_auth(secondary_storage=FullShelf())
    assert warnings(caplog) == []


def test_a_store_that_cannot_count_leaves_rate_limits_in_memory(
    make_auth: MakeAuth, kind: str
) -> None:
    shelf = Shelf()
    auth = make_auth(secondary_storage=shelf, rate_limit=RateLimit(enabled=True, max=2))
    browser = Browser(auth, kind)
    assert [browser.get("/ok").status for _ in range(3)] == [200, 200, 429]
    assert shelf.values == {}
    with pytest.raises(ConfigurationError, match="no method increment"):
        make_auth(secondary_storage=shelf, rate_limit=RateLimit(storage="secondary-storage"))


def test_a_store_that_counts_carries_rate_limits(make_auth: MakeAuth, kind: str) -> None:
    shelf = FullShelf()
    auth = make_auth(secondary_storage=shelf, rate_limit=RateLimit(enabled=True, max=2))
    browser = Browser(auth, kind)
    assert [browser.get("/ok").status for _ in range(3)] == [200, 200, 429]
    assert shelf.values == {"203.0.113.7|/ok": "3"}


def test_a_store_that_says_it_is_down_is_503_or_the_rows(make_auth: MakeAuth, kind: str) -> None:
    shelf = Shelf()
    browser = Browser(make_auth(secondary_storage=shelf), kind)
    browser.sign_up()
    shelf.down = True
    assert browser.get("/get-session").status == 503
    shelf.down = False
    rows = SessionOptions(store_in_database=True)
    other = Browser(make_auth(secondary_storage=shelf, session=rows), kind)
    other.sign_in()
    shelf.down = True
    assert other.session() is not None
    assert other.post("/sign-out", {}).status == 503


def test_what_is_no_store_is_refused(make_auth: MakeAuth) -> None:
    with pytest.raises(ConfigurationError, match="str has no method get"):
        make_auth(secondary_storage="redis://localhost")


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
