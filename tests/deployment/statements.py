"""What requests ask of PostgreSQL and of Redis: the table of docs/scaling.md.

`python -m tests.deployment.statements` prints it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from tests.core.conftest import FAST
from tests.support.browser import ORIGIN, Browser, Clock
from tests.support.databases import postgres_database, redis_keys
from watchword import Auth, CookieCache, EmailAndPassword, PasswordReset, RateLimit, SessionOptions
from watchword.plugins import OneTimeToken
from watchword.storage.postgres import blocking
from watchword.storage.redis import RedisStorage
from watchword.storage.redis.pool import BlockingLink

DAY = 86_400
CONTROLS = ("BEGIN", "COMMIT", "ROLLBACK")
REDIS_WRITES = ("SET", "DEL", "GETDEL", "EVAL")


@dataclass
class Asked:
    """What was asked while somebody was listening."""

    sql: list[str] = field(default_factory=list[str])
    redis: list[str] = field(default_factory=list[str])

    def told(self) -> tuple[str, str]:
        """As cells of the table: reads + writes, and how many transactions they are in."""
        words = [text.split(None, 1)[0].upper() for text in self.sql]
        reads, begun = words.count("SELECT"), words.count("BEGIN")
        writes = sum(word not in ("SELECT", *CONTROLS) for word in words)
        sql = f"{reads} + {writes}" + (f", {begun} tx" if begun else "")
        written = sum(word in REDIS_WRITES for word in self.redis)
        return sql, f"{len(self.redis) - written} + {written}"


@contextmanager
def listening() -> Generator[Asked, None, None]:
    """Hear of every statement and command of this process."""
    asked = Asked()
    run, control, send = blocking._run, blocking._control, BlockingLink.send

    def heard_run(connection: Any, sql: str, params: Any) -> Any:
        asked.sql.append(sql)
        return run(connection, sql, params)

    def heard_control(connection: Any, statement: Any) -> Any:
        asked.sql.append(statement)
        return control(connection, statement)

    async def heard_send(self: BlockingLink, *command: str | int) -> object:
        asked.redis.append(str(command[0]))
        return await send(self, *command)

    with (
        patch.object(blocking, "_run", heard_run),
        patch.object(blocking, "_control", heard_control),
        patch.object(BlockingLink, "send", heard_send),
    ):
        yield asked


def ignore(mail: object, request: object) -> None:
    """Mails nothing."""


class Place:
    """A server that keeps things in a certain way, without limits unless they are wanted."""

    def __init__(
        self,
        database: str,
        redis: RedisStorage | None = None,
        *,
        limits: bool = False,
        **session: Any,
    ) -> None:
        self.clock = Clock()
        self.auth = Auth(
            database=database,
            secondary_storage=redis,
            secret="statements-K7pQ2vX9mB4tR8wZ1cY6nH3jL5sD0f",
            base_url=ORIGIN,
            environ={},
            clock=self.clock,
            email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
            password_reset=PasswordReset(send_reset_password=ignore, reset_page="/reset"),
            plugins=[OneTimeToken()],
            session=SessionOptions(**session),
            rate_limit=RateLimit(
                enabled=limits, storage="secondary-storage" if redis else "database"
            ),
        )
        self.auth.blocking.migrate()

    def signed_up(self, email: str) -> Browser:
        browser = Browser(self.auth)
        assert browser.sign_up(email).status == 200
        return browser

    def asked(self, act: Callable[[], Any], status: int = 200) -> Asked:
        """What one request asks for, and its work behind the answer."""
        with listening() as asked:
            answer = act()
            self.auth.blocking.runtime.drain()
        assert answer.status == status, answer.json
        return asked


def measured(place: Place) -> Iterator[tuple[str, Asked]]:
    """Each kind of request, and what it asked for."""
    asked, ada, nobody = place.asked, place.signed_up("ada@example.com"), Browser(place.auth)
    yield "a session check, nobody signed in", asked(lambda: nobody.get("/get-session"))
    yield "a session check", asked(lambda: ada.get("/get-session"))
    place.clock.forward(DAY + 1)
    yield "... once a day: renewed", asked(lambda: ada.get("/get-session"))
    yield "`/sign-up/email`", asked(lambda: Browser(place.auth).sign_up("new@example.com"))
    again = Browser(place.auth)
    yield "`/sign-in/email`", asked(lambda: again.sign_in("ada@example.com"))
    bad = {"email": "ada@example.com", "password": "wrong-password"}
    yield "... with a wrong password", asked(lambda: nobody.post("/sign-in/email", bad), 401)
    token = again.get("/one-time-token/generate").json["token"]
    generated = asked(lambda: again.get("/one-time-token/generate"))
    yield "`/one-time-token/generate`", generated
    shown = {"token": token}
    yield "`/one-time-token/verify`", asked(lambda: nobody.post("/one-time-token/verify", shown))
    mail = {"email": "ada@example.com"}
    yield "`/request-password-reset`", asked(lambda: ada.post("/request-password-reset", mail))
    yield "`/update-user`", asked(lambda: ada.post("/update-user", {"name": "Ada L."}))
    yield "`/sign-out`", asked(lambda: again.post("/sign-out", {}))


def table() -> list[str]:
    """The rows of the page."""
    with postgres_database() as plain, postgres_database() as beside, redis_keys() as keys:
        store = RedisStorage(keys.url, prefix=keys.prefix)
        columns = [
            dict(measured(Place(plain, None))),
            dict(measured(Place(beside, store))),
        ]
        lines: list[str] = []
        for name, alone in columns[0].items():
            shared = columns[1][name].told()
            lines.append(f"| {name} | {alone.told()[0]} | {shared[0]} | {shared[1]} |")
        return lines


def cached() -> tuple[str, str]:
    """With the cookie cache: a look-up within five minutes, and one after them."""
    with postgres_database() as url:
        place = Place(url, cookie_cache=CookieCache())
        ada = place.signed_up("ada@example.com")
        within = place.asked(lambda: ada.get("/get-session"))
        place.clock.forward(301)
        return within.told()[0], place.asked(lambda: ada.get("/get-session")).told()[0]


def limits() -> list[str]:
    """What counting one request takes: a client's first, the next, the first after a while."""
    with postgres_database() as alone, postgres_database() as beside, redis_keys() as keys:
        rows: list[list[str]] = []
        for place in (
            Place(alone, limits=True),
            Place(beside, RedisStorage(keys.url, prefix=keys.prefix), limits=True),
        ):
            browser = Browser(place.auth)
            asked = [place.asked(lambda browser=browser: browser.get("/ok")) for _ in range(2)]
            place.clock.forward(60)
            asked.append(place.asked(lambda browser=browser: browser.get("/ok")))
            rows.append([one.told()[bool(rows)] for one in asked])
        names = ("a client's first request on a path", "the next ones", "the first after a while")
        found = zip(names, *rows, strict=True)
        return [f"| {name} | {alone} | {beside} |" for name, alone, beside in found]


if __name__ == "__main__":
    print("\n".join([*table(), *limits(), str(cached())]))
