"""A condition that was lost on the way touches no row, least of all every row.

An application that builds its conditions from what a client sent may end with none. Engines, what
stands around them, and the database that handlers and hooks are given refuse this alike.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from tests.support.browser import ORIGIN, SECRET
from watchword import Auth, Call, Headers, ModelHooks, Verification
from watchword.database.contract import Condition
from watchword.runtime.blocking import finish
from watchword.storage.memory import MemoryStorage

SERVERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "traced": {"tracing": TracerProvider()},
    "hooked": {"database_hooks": {"verification": ModelHooks(delete_before=lambda *_: None)}},
    "transient": {"database": None, "secondary_storage": MemoryStorage()},
}


@pytest.fixture(params=SERVERS)
def auth(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    options = {"database": f"sqlite:///{tmp_path}/test.db", **SERVERS[request.param]}
    made = Auth(secret=SECRET, base_url=ORIGIN, environ={}, **options)
    made.blocking.migrate()
    yield made
    made.blocking.close()


MODEL = "user"
NOW = datetime(2026, 3, 4, tzinfo=UTC)


def fill(auth: Auth[Any]) -> None:
    engine = auth.blocking.runtime.engine
    for name in ("ann", "bob"):
        row = {"id": name, "name": name, "email": f"{name}@example.com", "emailVerified": False}
        finish(engine.create(MODEL, {**row, "createdAt": NOW, "updatedAt": NOW}))


def test_an_engine_touches_every_row_only_where_it_is_told_to(auth: Auth[Any]) -> None:
    fill(auth)
    engine = auth.blocking.runtime.engine
    for refused in (
        lambda: engine.delete(MODEL, ()),
        lambda: engine.update(MODEL, [], {"name": "x"}),
    ):
        with pytest.raises(ValueError, match="everything=True"):
            finish(refused())
    assert finish(engine.count(MODEL, [Condition("name", "x")])) == 0
    assert finish(engine.count(MODEL)) == 2
    assert finish(engine.update(MODEL, (), {"name": "x"}, everything=True)) == 2
    assert finish(engine.delete(MODEL, (), everything=True)) == 2


@pytest.mark.parametrize("auth", ["plain", "traced", "hooked"], indirect=True)
@pytest.mark.parametrize(
    "lost",
    [
        lambda db: db.delete(Verification),
        lambda db: db.sweep(Verification),
        lambda db: db.retire(Verification, {"value": "x"}),
    ],
    ids=["delete", "sweep", "retire"],
)
def test_so_does_the_database_of_a_call_whatever_hooks_there_are(
    auth: Auth[Any], lost: Callable[[Any], Awaitable[Any]]
) -> None:
    call = Call(auth.config, auth.blocking.runtime, auth.config.sites.resolve(None, Headers()))

    async def work() -> None:
        for name in ("a", "b"):
            kept = {"identifier": name, "value": "1", "expires_at": call.now}
            await call.db.create(Verification, **kept)
        with pytest.raises(ValueError, match="everything=True"):
            await lost(call.db)
        assert await call.db.count(Verification, value="1") == 2
        assert await call.db.delete(Verification, everything=True) == 2

    finish(work())
