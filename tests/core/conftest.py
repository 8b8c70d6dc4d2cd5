"""A server to talk to: built per test, on a file database, through both entrances."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import ORIGIN, SECRET, Browser, Clock
from watchword import Auth, EmailAndPassword
from watchword.crypto.passwords import Argon2Cost

MakeAuth = Callable[..., Auth[Any]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_auth(tmp_path: Path, clock: Clock) -> Iterator[MakeAuth]:
    """Builds servers; options given win over the test's defaults."""
    made: list[Auth[Any]] = []

    def make(**options: Any) -> Auth[Any]:
        options.setdefault("database", f"sqlite:///{tmp_path}/test.db")
        options.setdefault("secret", SECRET)
        options.setdefault("base_url", ORIGIN)
        options.setdefault("email_and_password", EmailAndPassword(enabled=True, argon2_cost=FAST))
        options.setdefault("clock", clock)
        options.setdefault("environ", {})
        auth = Auth(**options)
        auth.blocking.migrate()
        made.append(auth)
        return auth

    yield make
    for auth in made:
        auth.blocking.close()


FAST = Argon2Cost(memory=64, passes=1, lanes=1)
"""Cheap hashes: tests are about what happens around them."""


@pytest.fixture(params=["blocking", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def browser(make_auth: MakeAuth, kind: str) -> Browser:
    return Browser(make_auth(), kind)
