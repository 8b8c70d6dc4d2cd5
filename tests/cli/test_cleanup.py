"""`watchword cleanup` deletes what has ended, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import APP, SECRET, Workplace, refused
from watchword import Auth, RateLimit
from watchword.cli import cleanup
from watchword.database.contract import Condition, Engine
from watchword.runtime.blocking import finish

LIMITED = APP.replace(
    "auth = Auth(",
    "from watchword import RateLimit\n\n"
    "auth = Auth(\n    rate_limit=RateLimit(storage='database'),",
)
PRESERVING = APP.replace(
    "auth = Auth(",
    "from watchword import SessionOptions, VerificationOptions\n"
    "from watchword.storage.memory import MemoryStorage\n\n"
    "auth = Auth(\n    secondary_storage=MemoryStorage(),\n"
    "    session=SessionOptions(store_in_database=True, preserve_in_database=True),\n"
    "    verification=VerificationOptions(store_in_database=True),",
)


def database(work: Workplace, url: str = "") -> Engine:
    auth = Auth(
        database=url or f"sqlite:///{work.folder}/app.db",
        secret=SECRET,
        rate_limit=RateLimit(storage="database"),
        environ={},
    )
    engine = auth.storage.blocking(auth.config.tables.schema)
    finish(engine.apply(finish(engine.plan())))
    now = datetime.now(UTC).replace(microsecond=0)
    user = {"id": "u", "name": "Ann", "email": "ann@example.com", "emailVerified": False}
    finish(engine.reserve("user", {**user, "image": None, "createdAt": now, "updatedAt": now}))
    return engine


def fill(engine: Engine, ages: dict[str, float]) -> None:
    """Sessions, verifications and rate limits that ended (or were used) so many seconds ago."""
    now = datetime.now(UTC).replace(microsecond=0)
    for name, age in ages.items():
        ended = now - timedelta(seconds=age)
        times = {"createdAt": now, "updatedAt": now, "expiresAt": ended}
        addresses = {"ipAddress": None, "userAgent": None}
        finish(
            engine.create(
                "session", {"id": name, "token": name, "userId": "u", **addresses, **times}
            )
        )
        finish(
            engine.create("verification", {"id": name, "identifier": name, "value": "", **times})
        )
        used = int(ended.timestamp() * 1000)
        finish(
            engine.create("rateLimit", {"id": name, "key": name, "count": 1, "lastRequest": used})
        )


def left(engine: Engine, model: str) -> list[str]:
    return sorted(str(row["id"]) for row in finish(engine.find_many(model, limit=None)))


AGES = {"live": -60.0, "just": 60.0, "hour": 3600.0, "week": 604_800.0}


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def url(request: pytest.FixtureRequest, work: Workplace) -> str:
    """A database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{work.folder}/app.db"
    return request.getfixturevalue(request.param)


def test_what_has_ended_goes_and_what_lives_stays(work: Workplace, url: str) -> None:
    work.write("app.py", LIMITED.replace("sqlite:///app.db", url))
    engine = database(work, url)
    fill(engine, AGES)
    ran = work("cleanup")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "session: 2 deleted\nverification: 2 deleted\nrateLimit: 1 deleted\n"
    assert left(engine, "session") == left(engine, "verification") == ["just", "live"]
    assert left(engine, "rateLimit") == ["hour", "just", "live"]
    assert json.loads(work("cleanup", "--json").out) == {
        "session": 0,
        "verification": 0,
        "rateLimit": 0,
    }
    finish(engine.close())


def test_the_grace_can_be_chosen(work: Workplace) -> None:
    engine = database(work)
    fill(engine, AGES)
    assert work("cleanup", "--grace", "86400").status == 0
    assert left(engine, "session") == ["hour", "just", "live"]
    assert work("cleanup", "--grace", "0").status == 0
    assert left(engine, "session") == ["live"]
    refused(work("cleanup", "--grace=-1"), "--grace")
    assert left(engine, "session") == ["live"]
    finish(engine.close())


def test_rate_limits_are_kept_as_long_as_the_longest_rule_looks_back(work: Workplace) -> None:
    month = "rate_limit=RateLimit(storage='database', window=30 * 86_400)"
    work.write("app.py", LIMITED.replace("rate_limit=RateLimit(storage='database')", month))
    engine = database(work)
    fill(engine, AGES | {"year": 365 * 86_400.0})
    assert "rateLimit: 1 deleted" in work("cleanup").out
    assert left(engine, "rateLimit") == ["hour", "just", "live", "week"]
    finish(engine.close())


def test_many_rows_go_in_batches(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = database(work)
    fill(engine, {f"s{number:02}": 3600.0 for number in range(25)})
    batches: list[int] = []
    whole = cleanup.swept

    def counted(*arguments: Any) -> Any:
        for deleted in whole(*arguments):
            batches.append(deleted)
            yield deleted

    monkeypatch.setattr(cleanup, "swept", counted)
    assert "session: 25 deleted" in work("cleanup", "--batch-size", "10").out
    assert batches == [10, 10, 5] * 2
    refused(work("cleanup", "--batch-size", "0"), "--batch-size")
    finish(engine.close())


def test_a_session_that_is_renewed_in_between_stays(work: Workplace) -> None:
    engine = database(work)
    fill(engine, {"old": 3600.0, "renewed": 3600.0})
    now = datetime.now(UTC)

    class Renewing:
        """The database of a server that renews a session between the look and the deletion."""

        find_many = staticmethod(engine.find_many)

        async def delete(self, model: str, where: Any) -> int:
            later = {"expiresAt": now + timedelta(days=7)}
            await engine.update(model, [Condition("id", "renewed")], later)
            return await engine.delete(model, where)

    sweep = cleanup.Sweep("session", "Sessions", "expiresAt", now)
    assert list(cleanup.swept(Renewing(), sweep, 10)) == [1]  # type: ignore[arg-type]
    assert left(engine, "session") == ["renewed"]
    finish(engine.close())


def test_preserved_sessions_are_kept_unless_asked_for(work: Workplace) -> None:
    work.write("app.py", PRESERVING)
    engine = database(work)
    fill(engine, AGES)
    kept = work("cleanup")
    assert "--include-preserved" in kept.err
    assert kept.out == "verification: 2 deleted\n"
    assert left(engine, "session") == sorted(AGES)
    assert "session: 2 deleted" in work("cleanup", "--include-preserved").out
    assert left(engine, "session") == ["just", "live"]
    finish(engine.close())


def test_sessions_that_are_not_in_the_database_are_not_looked_for(work: Workplace) -> None:
    work.write(
        "app.py",
        PRESERVING.replace("store_in_database=True, preserve_in_database=True", "").replace(
            "VerificationOptions(store_in_database=True)", "VerificationOptions()"
        ),
    )
    ran = work("cleanup")
    assert (ran.status, ran.out) == (0, "")


def test_a_database_that_is_not_migrated_is_one_line(work: Workplace, tmp_path: Path) -> None:
    refused(work("cleanup"), "migrate it")
