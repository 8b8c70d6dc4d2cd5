"""Our server and the reference on one Redis and one SQLite file: what either does, both know."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tests.dropin.visitor import CLIENT, PASSWORD, Pair, Visitor
from tests.support.browser import ORIGIN, SECRET
from tests.support.databases import KeySpace, redis_keys
from tests.support.services import ROOT, free_port, require_node, wait_for
from watchword import Auth, EmailAndPassword, RateLimit, SessionOptions, VerificationOptions
from watchword.plugins import OneTimeToken
from watchword.storage.redis import RedisStorage
from watchword.storage.redis.storage import PREFIX

LIMIT = 4
GENERATE, VERIFY = "/one-time-token/generate", "/one-time-token/verify"


@dataclass(frozen=True)
class Shared(Pair):
    """Both servers, and where they keep what they know."""

    keys: KeySpace


@contextmanager
def pair(
    folder: Path, *, rows: bool = False, update_age: int = 86_400, limit: int | None = None
) -> Generator[Shared, None, None]:
    """Both servers on storage of their own; with a limit, under the prefix that both have."""
    node = require_node(ROOT / "tests" / "reference")
    flags = ["--sessions-in-database", "--verifications-in-database"] if rows else []
    flags += ["--limit", str(limit)] if limit else []
    with redis_keys() as keys:
        own = RedisStorage(keys.url, prefix=keys.prefix)
        auth = Auth(
            database=f"sqlite:///{folder}/shared.db",
            secondary_storage=RedisStorage(keys.url) if limit else own,
            secret=SECRET,
            base_url=ORIGIN,
            email_and_password=EmailAndPassword(enabled=True, password_hash="scrypt"),
            session=SessionOptions(store_in_database=rows, update_age=update_age),
            verification=VerificationOptions(store_in_database=rows),
            rate_limit=RateLimit(enabled=True, window=60, max=limit) if limit else RateLimit(),
            plugins=[OneTimeToken()],
            environ={},
        )
        auth.blocking.migrate()
        command = [node, str(ROOT / "tests" / "dropin" / "shared_redis.mjs")]
        command += ["--port", str(port := free_port()), "--base-url", ORIGIN, "--secret", SECRET]
        command += ["--db", f"{folder}/shared.db", "--redis", keys.url]
        command += ["--prefix", "default" if limit else keys.prefix]
        command += ["--update-age", str(update_age), *flags]
        process = subprocess.Popen(command)
        try:
            wait_for(f"http://127.0.0.1:{port}/__health", process)
            yield Shared(auth, f"http://127.0.0.1:{port}", keys)
        finally:
            process.terminate()
            process.wait(20)
            auth.blocking.close()


@pytest.fixture(scope="module", params=[False, True], ids=["redis only", "rows too"])
def servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shared]:
    with pair(tmp_path_factory.mktemp("shared"), rows=request.param) as both:
        yield both


@pytest.fixture(params=["blocking", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


DIRECTIONS = [("ours", "reference"), ("reference", "ours")]
both_ways = pytest.mark.parametrize(("here", "there"), DIRECTIONS)


@both_ways
def test_a_session_made_here_is_one_there(
    servers: Shared, kind: str, here: str, there: str
) -> None:
    visitor = Visitor(servers, kind)
    visitor.sign_up(here)
    found = visitor.session(there)
    assert found is not None
    assert found == visitor.session(here)


@both_ways
def test_sessions_made_here_are_listed_there(
    servers: Shared, kind: str, here: str, there: str
) -> None:
    laptop, phone = Visitor(servers, kind), Visitor(servers, kind)
    email = laptop.sign_up(here)
    phone.sign_in(there, email)
    lists = [visitor.ask(server, "GET", "/list-sessions") for visitor in (laptop, phone)
             for server in (here, there)]  # fmt: skip
    assert [status for status, _ in lists] == [200] * 4
    tokens = [{session["token"] for session in found} for _, found in lists]
    assert len(tokens[0]) == 2
    assert tokens == [tokens[0]] * 4


Revoke = Callable[[Visitor, str, str], tuple[int, Any]]
REVOCATIONS: dict[str, Revoke] = {
    "sign-out": lambda visitor, server, token: visitor.ask(server, "POST", "/sign-out", {}),
    "revoke-session": lambda visitor, server, token: visitor.ask(
        server, "POST", "/revoke-session", {"token": token}
    ),
    "revoke-sessions": lambda visitor, server, token: visitor.ask(
        server, "POST", "/revoke-sessions", {}
    ),
    "change-password": lambda visitor, server, token: visitor.ask(
        server,
        "POST",
        "/change-password",
        {
            "currentPassword": PASSWORD,
            "newPassword": "another password",
            "revokeOtherSessions": True,
        },
    ),
}


@both_ways
@pytest.mark.parametrize("way", REVOCATIONS)
def test_a_session_revoked_here_is_over_there(
    servers: Shared, kind: str, here: str, there: str, way: str
) -> None:
    visitor, stolen = Visitor(servers, kind), Visitor(servers, kind)
    token = visitor.sign_in(there, visitor.sign_up(there))
    stolen.browser.jar = dict(visitor.browser.jar)
    assert stolen.session(there) is not None
    assert REVOCATIONS[way](visitor, here, token)[0] == 200
    assert stolen.session(there) is None
    stolen.browser.jar.clear()


@both_ways
def test_other_sessions_revoked_here_are_over_there(
    servers: Shared, kind: str, here: str, there: str
) -> None:
    visitor, other = Visitor(servers, kind), Visitor(servers, kind)
    email = visitor.sign_up(here)
    other.sign_in(there, email)
    assert visitor.ask(here, "POST", "/revoke-other-sessions", {})[0] == 200
    assert other.session(there) is None
    assert visitor.session(there) is not None


@both_ways
def test_a_user_changed_here_is_changed_in_sessions_there(
    servers: Shared, kind: str, here: str, there: str
) -> None:
    visitor = Visitor(servers, kind)
    visitor.sign_up(there)
    assert visitor.ask(here, "POST", "/update-user", {"name": "Countess"})[0] == 200
    assert visitor.session(there)["user"]["name"] == "Countess"


@both_ways
def test_a_token_made_here_is_redeemed_there_and_then_nowhere(
    servers: Shared, kind: str, here: str, there: str
) -> None:
    visitor, phone = Visitor(servers, kind), Visitor(servers, kind)
    visitor.sign_up(here)
    token = visitor.ask(here, "GET", GENERATE)[1]["token"]
    status, found = phone.ask(there, "POST", VERIFY, {"token": token})
    assert (status, found["user"]) == (200, visitor.session(here)["user"])
    for server in (here, there):
        assert Visitor(servers, kind).ask(server, "POST", VERIFY, {"token": token})[0] == 400


def test_both_write_the_same_keys_fields_and_ends(servers: Shared, kind: str) -> None:
    written: list[Any] = []
    with Redis.from_url(servers.keys.url, decode_responses=True) as redis:
        for server in ("ours", "reference"):
            visitor = Visitor(servers, kind)
            visitor.sign_up(server)
            found = visitor.session(server)
            entry = servers.keys.prefix + found["session"]["token"]
            listed = f"{servers.keys.prefix}active-sessions-{found['user']['id']}"
            stored, actives = (json.loads(str(redis.get(key))) for key in (entry, listed))
            ends = [round(int(str(redis.ttl(key))), -1) for key in (entry, listed)]
            fields = {part: sorted(stored[part]) for part in ("session", "user")}
            written.append((fields, [sorted(active) for active in actives], ends))
    assert written[0] == written[1]


@pytest.mark.parametrize("rows", [False, True], ids=["redis only", "rows too"])
@both_ways
def test_a_session_renewed_here_is_renewed_there(
    tmp_path: Path, here: str, there: str, rows: bool
) -> None:
    with pair(tmp_path, rows=rows, update_age=0) as servers:
        visitor = Visitor(servers, "blocking")
        visitor.sign_up(there)
        first = visitor.session(here)["session"]["expiresAt"]
        second = visitor.session(there)["session"]["expiresAt"]
        third = visitor.session(here)["session"]["expiresAt"]
        assert first < second < third
        listed = visitor.ask(there, "GET", "/list-sessions")[1]
        assert [session["expiresAt"] >= third for session in listed] == [True]


def test_requests_are_counted_together_under_the_prefix_of_both(tmp_path: Path) -> None:
    path = "/ok"
    with pair(tmp_path, limit=LIMIT) as servers:
        visitor = Visitor(servers, "blocking")
        order = ["ours", "reference"] * 3
        with Redis.from_url(servers.keys.url, decode_responses=True) as redis:
            redis.delete(counter := f"{PREFIX}{CLIENT}|{path}")
            statuses = [visitor.ask(server, "GET", path)[0] for server in order]
            assert redis.getdel(counter) == str(len(order))
    assert statuses == [200] * LIMIT + [429] * 2
