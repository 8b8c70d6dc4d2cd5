"""One SQLite file, shared by threads and processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.storage.conftest import migrate
from tests.storage.models import SCHEMA, user
from watchword.database.contract import (
    Condition,
    Engine,
)
from watchword.runtime.blocking import finish
from watchword.storage.sqlite import SQLiteStorage


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "test.db"


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    engine = SQLiteStorage(path).blocking(SCHEMA)
    finish(migrate(engine))
    yield engine
    finish(engine.close())


class TestThreads:
    def test_threads_that_ended_leave_no_connections(self, engine: Engine) -> None:
        for _ in range(20):
            thread = threading.Thread(target=lambda: finish(engine.count("user")))
            thread.start()
            thread.join()
        assert open_files() <= 3

    def test_close_gives_back_what_other_threads_used(self, engine: Engine, path: Path) -> None:
        together = threading.Barrier(8)

        async def body() -> None:
            async with engine.transaction():
                pass

        def work() -> None:
            together.wait()
            finish(body())

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        finish(engine.close())
        # The last connection that closes takes the write-ahead log with it.
        assert not path.with_name("test.db-wal").exists()
        assert open_files() == 0

    def test_a_connection_in_use_is_closed_when_it_is_given_back(
        self, engine: Engine, path: Path
    ) -> None:
        async def body() -> None:
            async with engine.transaction() as inside:
                await engine.close()
                await inside.create("user", user("ann"))

        finish(body())
        assert not path.with_name("test.db-wal").exists()
        assert finish(engine.count("user")) == 1


def open_files() -> int:
    """How many descriptors this process has on test databases (0 where that cannot be seen)."""
    folder = Path("/proc/self/fd")
    if not folder.exists():
        return 0
    targets: list[str] = []
    for entry in folder.iterdir():
        try:
            targets.append(os.readlink(entry))
        except OSError:
            continue
    return len([target for target in targets if "test.db" in target])


PROGRAM = """
import os, sys
from tests.storage.conftest import migrate
from tests.storage.models import SCHEMA, user
from watchword.database.contract import Condition, UniqueViolation
from watchword.runtime.blocking import finish
from watchword.storage.sqlite import SQLiteStorage

path, number = sys.argv[1], sys.argv[2]
engine = SQLiteStorage(path, busy_timeout=60).blocking(SCHEMA)
one = [Condition("id", "1")]
"""

WORK = """
finish(migrate(engine))
finish(engine.reserve("thing", {"id": "1", "number": 0}))
for _ in range(100):
    finish(engine.increment("thing", one, {"number": 1}))
taken = sum(
    finish(engine.take("thing", [Condition("text", f"token {i}")])) is not None for i in range(50)
)
created = 0
for i in range(50):
    try:
        finish(engine.create("user", {**user(f"n{i}"), "id": f"{number} {i}"}))
        created += 1
    except UniqueViolation:
        pass
finish(engine.close())
print(taken, created)
"""

# The child must hold locks of its own: a parent that closes must not take the log from under it.
FORK = """
finish(migrate(engine))
finish(engine.create("thing", {"id": "1", "number": 0}))
to_parent, to_child = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    finish(engine.increment("thing", one, {"number": 1}))
    os.write(to_parent[1], b"x")
    os.read(to_child[0], 1)
    finish(engine.increment("thing", one, {"number": 1}))
    finish(engine.close())
    sys.exit(0)
os.read(to_parent[0], 1)
finish(engine.increment("thing", one, {"number": 1}))
finish(engine.close())
print(os.path.exists(path + "-wal"))
os.write(to_child[1], b"x")
print(os.waitpid(child, 0)[1])
print(finish(engine.find_one("thing", one))["number"])
finish(engine.close())
"""


def start(program: str, path: Path, number: int = 0) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM + program, str(path), str(number)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def test_several_processes_share_a_file_from_its_making_on(path: Path) -> None:
    first = SQLiteStorage(path).blocking(SCHEMA)
    finish(migrate(first))
    for number in range(50):
        finish(first.create("thing", {"id": f"token {number}", "text": f"token {number}"}))
    processes = [start(WORK, path, number) for number in range(4)]
    answers = [process.communicate(timeout=60) for process in processes]
    assert [errors for _, errors in answers] == [""] * 4
    counts = [tuple(map(int, output.split())) for output, _ in answers]
    assert sum(taken for taken, _ in counts) == 50
    assert sum(created for _, created in counts) == 50
    found: Any = finish(first.find_one("thing", [Condition("id", "1")]))
    assert found["number"] == 400
    finish(first.close())


def test_several_processes_make_the_same_new_file(path: Path) -> None:
    processes = [start("finish(migrate(engine)); finish(engine.close())", path) for _ in range(4)]
    assert [process.communicate(timeout=60)[1] for process in processes] == [""] * 4
    engine = SQLiteStorage(path).blocking(SCHEMA)
    assert finish(engine.plan()) == []
    finish(engine.close())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_an_engine_works_on_both_sides_of_a_fork(path: Path) -> None:
    output, errors = start(FORK, path).communicate(timeout=60)
    assert errors == ""
    assert output.split() == ["True", "0", "3"]


def test_a_program_may_end_without_closing(path: Path) -> None:
    program = "import asyncio\nasyncio.run(migrate(SQLiteStorage(path).asynchronous(SCHEMA)))\n"
    process = start("finish(migrate(engine))\n" + program, path)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0
