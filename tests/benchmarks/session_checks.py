"""Session checks on an SQLite file without a server, over the floor and over each other."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Any

import msgspec

from tests.benchmarks.floor import Floor
from tests.benchmarks.rounds import Clock, Row, Work, alternate, awaited, called, compared
from tests.benchmarks.serve import minimal, server
from watchword import Auth, CookieCache, SignInEmail
from watchword.adapters.asgi import ASGIApp, Message
from watchword.plugins import JWT, Bearer, CustomSession

PERSON = SignInEmail(email="ada@example.com", password="correct horse")


def session_checks(path: str, secret: str, cookie: str) -> list[Row]:
    """In process and through the ASGI adapter, each over the floor that answers the same."""
    kinds = {"": minimal(), " with all plugins": server()}
    floors: dict[str, Floor] = {}
    works: dict[str, Work] = {}
    with asyncio.Runner() as runner:
        for kind, auth in kinds.items():
            headers = {"cookie": cookie}
            response = auth.blocking.api.get_session(headers=headers, as_response=True)
            answer = msgspec.json.decode(response.body)
            floor = floors[kind] = Floor(path, secret, answer)
            assert msgspec.json.decode(floor.check(cookie) or b"") == answer
            assert floor.check(cookie[:-2]) is None
            works[f"floor{kind}"] = called(partial(floor.check, cookie))
            works[f"blocking{kind}"] = blocking_check(auth, cookie)
            works[f"awaited{kind}"] = awaited_check(runner, auth, cookie)
            works[f"asgi{kind}"] = asgi_check(runner, auth, cookie)
        measured = alternate(works)
        for auth in kinds.values():
            runner.run(auth.close())
    rows: list[Row] = []
    for kind, auth in kinds.items():
        auth.blocking.close()
        floors[kind].close()
        for name, what, wanted in (
            ("blocking", "session check in process, blocking, over the floor", "<= 2.2x"),
            ("awaited", "... awaited", "<= 2.2x"),
            ("asgi", "... through the ASGI adapter", "<= 3.5x"),
        ):
            base = f"floor{kind}"
            rows.append(compared(measured, name + kind, base, what=what + kind, wanted=wanted))
    return rows


def cached_checks(cookie: str) -> list[Row]:
    """The cookie cache, which saves the query, over a check that makes it."""
    auths: list[Auth[Any]] = [minimal()]
    works = {"database": blocking_check(auths[0], cookie)}
    for strategy in ("compact", "jwt", "jwe"):
        auth = minimal(cache=CookieCache(strategy=strategy, max_age=3600))
        cookies = auth.blocking.api.sign_in_email(PERSON, return_headers=True).cookies
        held = "; ".join(line.partition(";")[0] for line in cookies)
        works[strategy] = blocking_check(auth, held)
        auths.append(auth)
    measured = alternate(works)
    for auth in auths:
        auth.blocking.close()
    return [
        compared(
            measured,
            strategy,
            "database",
            what=f"cookie cache ({strategy}) over a database check",
            wanted="<= 1.0x" if strategy == "compact" else "",
        )
        for strategy in ("compact", "jwt", "jwe")
    ]


def bearer_check(cookie: str) -> Row:
    """What the bearer plugin costs those who come with a cookie."""
    without, installed = minimal(), minimal(plugins=[Bearer()])
    works = {"without": blocking_check(without, cookie), "with": blocking_check(installed, cookie)}
    measured = alternate(works, rounds=201)
    without.blocking.close()
    installed.blocking.close()
    what = "cookie session check with plugin Bearer, over without"
    return compared(measured, "with", "without", what=what, wanted="<= 1.02x", digits=3)


def other_answers(cookie: str) -> list[Row]:
    """Answers that say more, over the plain one, through the ASGI adapter."""

    async def shape(found: Any, call: Any) -> Any:
        return found

    auths = {
        "plain": minimal(),
        "set-auth-jwt": minimal(plugins=[JWT()]),
        "CustomSession": minimal(plugins=[CustomSession(shape=shape)]),
    }
    with asyncio.Runner() as runner:
        runner.run(auths["set-auth-jwt"].migrate())
        works = {name: asgi_check(runner, auth, cookie) for name, auth in auths.items()}
        measured = alternate(works)
        for auth in auths.values():
            runner.run(auth.close())
    for auth in auths.values():
        auth.blocking.close()
    what = "session check through the ASGI adapter with {}, over without"
    return [
        compared(measured, name, "plain", what=what.format(name))
        for name in ("set-auth-jwt", "CustomSession")
    ]


def blocking_check(auth: Auth[Any], cookie: str, clock: Clock = time.process_time) -> Work:
    """`auth.blocking.api.get_session`."""
    headers, check = {"cookie": cookie}, auth.blocking.api.get_session
    return called(lambda: check(headers=headers), clock)


def awaited_check(
    runner: asyncio.Runner, auth: Auth[Any], cookie: str, clock: Clock = time.process_time
) -> Work:
    """`await auth.api.get_session`."""
    headers, check = {"cookie": cookie}, auth.api.get_session
    return awaited(runner, lambda: check(headers=headers), clock)


def asgi_check(runner: asyncio.Runner, auth: Auth[Any], cookie: str) -> Work:
    """`GET /api/auth/get-session` of the ASGI application, as uvicorn would ask for it."""
    return asgi_call(runner, ASGIApp(auth), "/api/auth/get-session", cookie)


def asgi_call(runner: asyncio.Runner, app: Any, path: str, cookie: str) -> Work:
    """A GET request to an ASGI application by hand, which must answer 200 and not null."""
    sent: list[Message] = []
    headers = [(b"host", b"localhost:3000"), (b"cookie", cookie.encode("ascii"))]

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    async def call() -> bool:
        sent.clear()
        # Applications write into their scope: each request has one of its own.
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode("ascii"),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 3000),
            "state": {},
        }
        await app(scope, receive, send)
        return sent[0]["status"] == 200 and sent[1]["body"] != b"null"

    return awaited(runner, call)
