"""A server whose users are in the hands of its own code, in both worlds, over every database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import pytest

from tests.core.conftest import clock as clock
from tests.core.conftest import kind as kind
from tests.core.conftest import make_auth as make_auth
from tests.support.browser import Browser
from tests.support.databases import KeySpace
from watchword import Auth, Column, User
from watchword.plugins import Admin
from watchword.storage.redis import RedisStorage


class Member(User):
    lang: str = "en"
    secret_note: Annotated[str | None, Column(returned=False)] = None


class Acting:
    """`auth.users` in one of the two worlds: every function returns its result."""

    def __init__(self, auth: Auth[Any], kind: str) -> None:
        self.auth = auth
        self.kind = kind

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def act(*given: Any, **named: Any) -> Any:
            if self.kind == "blocking":
                return getattr(self.auth.blocking.users, name)(*given, **named)

            async def run() -> Any:
                try:
                    return await getattr(self.auth.users, name)(*given, **named)
                finally:
                    await self.auth.close()

            return asyncio.run(run())

        return act

    def browser(self) -> Browser:
        return Browser(self.auth, self.kind)

    def signed_in(self, user_id: str) -> Browser:
        """A browser with a session that the server made."""
        browser = self.browser()
        browser.keep(self.create_session(user_id).cookies)
        return browser

    def ada(self, **options: Any) -> Any:
        given = {"email": "ada@example.com", "name": "Ada", "password": "password1234"}
        return self.create(**{**given, **options})


MakeActing = Callable[..., Acting]


@pytest.fixture
def make(make_auth: Any, kind: str) -> MakeActing:
    """Builds servers with administrators, on SQLite."""

    def made(**options: Any) -> Acting:
        given = {"user_type": Member, "plugins": [Admin()], **options}
        return Acting(make_auth(**given), kind)

    return made


@pytest.fixture
def users(make: MakeActing) -> Acting:
    return make()


@pytest.fixture(params=["rows", "redis"])
def everywhere(request: pytest.FixtureRequest, make: MakeActing, database: str) -> Iterator[Acting]:
    """On every database, with sessions in it or in Redis."""
    options: dict[str, Any] = {}
    if request.param == "redis":
        keys: KeySpace = request.getfixturevalue("redis")
        options["secondary_storage"] = RedisStorage(keys.url, prefix=keys.prefix, timeout=20)
    made = make(database=database, **options)
    yield made
    made.auth.blocking.close()
