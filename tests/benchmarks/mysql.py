"""`python tests/benchmarks/mysql.py`: MariaDB or MySQL through each driver, in one process.

What is compared is `mysql://`, and SQLAlchemyStorage on each of its drivers, as its engines come
and in autocommit, which spares a ROLLBACK after each statement. Rounds are short and alternate, so
that what else the machine does falls on all alike. docs/storage.md holds what is printed.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url
from sqlalchemy.ext.asyncio import create_async_engine

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.databases import mysql_database
from watchword import Auth, EmailAndPassword, SignUpEmail
from watchword.database.contract import Condition
from watchword.runtime.blocking import finish
from watchword.storage.mysql import MySQLStorage
from watchword.storage.sqlalchemy import SQLAlchemyStorage

SECRET = "bench-K7pQ2vX9mB4tR8wZ1cY6nH3jL5sD0fGa"
ROUNDS, CHECKS, ROWS = 24, 100, 10
"""The first round is left out: it finds nothing warm."""
THREADS, TASKS = 4, 16
POOL: dict[str, Any] = {"pool_size": 10, "max_overflow": 0}
AUTOCOMMIT: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}
COLUMNS = ("check", "its fastest tenth", "many at once", "insertion", "take")

Headers = dict[str, str]
Found = dict[str, list[float]]


def main() -> None:
    """Measure and print the table: microseconds per call, medians."""
    found: dict[str, Found] = {}
    with mysql_database() as url, ExitStack() as stack:
        auths = opened(url)
        headers = signed_up(next(iter(auths.values())))
        loops = {name: stack.enter_context(asyncio.Runner()) for name in auths}
        for _ in range(ROUNDS):
            for name, auth in auths.items():
                if "awaited" in name:
                    once = loops[name].run(awaited(auth, headers))
                else:
                    once = blocking(auth, headers)
                if name not in found:
                    found[name] = {kind: [] for kind in once}
                    continue
                for kind, times in once.items():
                    found[name][kind] += times
        for name, auth in auths.items():
            auth.blocking.close()
            loops[name].run(auth.close())
    print(f"| microseconds | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}")
    for name, times in found.items():
        fastest = statistics.quantiles(times["check"], n=10)[0]
        check, *rest = (statistics.median(one) for one in times.values())
        print(f"| {name} | {' | '.join(f'{one:.0f}' for one in (check, fastest, *rest))} |")


def opened(url: str) -> dict[str, Auth[Any]]:
    """An `Auth` on each storage, over one database."""
    plain = make_url(url)
    storages: dict[str, Any] = {
        "mysql://, blocking": MySQLStorage(url),
        "mysql://, awaited": MySQLStorage(url),
    }
    for kind, options in (("", {}), (" in autocommit", AUTOCOMMIT)):
        address = plain.set(drivername="mysql+pymysql")
        storages[f"pymysql{kind}, blocking"] = SQLAlchemyStorage(
            create_engine(address, **POOL, **options), dispose_on_close=True
        )
        for driver in ("asyncmy", "aiomysql"):
            address = plain.set(drivername=f"mysql+{driver}")
            storages[f"{driver}{kind}, awaited"] = SQLAlchemyStorage(
                create_async_engine(address, **POOL, **options), dispose_on_close=True
            )
    return {name: auth_on(storage) for name, storage in storages.items()}


def auth_on(storage: Any) -> Auth[Any]:
    return Auth(
        database=storage,
        secret=SECRET,
        base_url="http://localhost:3000",
        email_and_password=EmailAndPassword(enabled=True),
        environ={},
    )


def signed_up(auth: Auth[Any]) -> Headers:
    """The headers of one user with one session, in tables made for them."""
    auth.blocking.migrate()
    person = SignUpEmail(name="Ada", email="ada@example.com", password="correct horse")
    made = auth.blocking.api.sign_up_email(person, return_headers=True)
    return {"cookie": made.cookies[0].partition(";")[0]}


def blocking(auth: Auth[Any], headers: Headers) -> Found:
    """Microseconds per call in threads."""
    get_session, engine = auth.blocking.api.get_session, auth.blocking.runtime.engine

    def check(count: int = CHECKS) -> list[float]:
        return [timed(lambda: get_session(headers=headers)) for _ in range(count)]

    def inserted(number: int) -> float:
        return timed(lambda: finish(engine.create("verification", row(number))))

    def taken(number: int) -> float:
        return timed(lambda: finish(engine.take("verification", by(number))))

    found = {"check": check()}
    with ThreadPoolExecutor(THREADS) as threads:
        started = time.perf_counter()
        list(threads.map(check, [CHECKS // THREADS] * THREADS))
        found["together"] = [since(started) / CHECKS]
    found["insertion"] = [inserted(number) for number in range(ROWS)]
    found["take"] = [taken(number) for number in range(ROWS)]
    return found


async def awaited(auth: Auth[Any], headers: Headers) -> Found:
    """Microseconds per call in tasks of one event loop."""
    get_session, engine = auth.api.get_session, auth.storage.asynchronous(auth.config.tables.schema)

    async def check(count: int = CHECKS) -> list[float]:
        return [await timed_await(get_session(headers=headers)) for _ in range(count)]

    found = {"check": await check()}
    started = time.perf_counter()
    await asyncio.gather(*(check(CHECKS // TASKS) for _ in range(TASKS)))
    found["together"] = [since(started) / (CHECKS // TASKS * TASKS)]
    found["insertion"] = [
        await timed_await(engine.create("verification", row(number))) for number in range(ROWS)
    ]
    found["take"] = [
        await timed_await(engine.take("verification", by(number))) for number in range(ROWS)
    ]
    await engine.close()
    return found


def row(number: int) -> dict[str, Any]:
    """A verification."""
    now = datetime.now(UTC)
    return {
        "id": f"v{number}",
        "identifier": f"bench-{number}",
        "value": "x" * 40,
        "expiresAt": now + timedelta(hours=1),
        "createdAt": now,
        "updatedAt": now,
    }


def by(number: int) -> list[Condition]:
    return [Condition("identifier", f"bench-{number}")]


def timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    assert work()
    return since(started)


async def timed_await(work: Awaitable[Any]) -> float:
    started = time.perf_counter()
    assert await work
    return since(started)


def since(started: float) -> float:
    """Microseconds."""
    return (time.perf_counter() - started) * 1e6


if __name__ == "__main__":
    main()
