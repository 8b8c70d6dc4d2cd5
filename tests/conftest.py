"""What every part of the tests may ask for: a database of its own, on a server of this machine.

At the end it is told once for each service what was skipped without it, and how to get it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import KeySpace, mysql_database, postgres_database, redis_keys


@pytest.fixture
def postgres() -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    with postgres_database() as url:
        yield url


@pytest.fixture
def mysql() -> Iterator[str]:
    """The URL of an empty MySQL or MariaDB database."""
    with mysql_database() as url:
        yield url


@pytest.fixture
def redis() -> Iterator[KeySpace]:
    """A Redis server, and a prefix for the test's keys."""
    with redis_keys() as keys:
        yield keys


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/test.db"
    return request.getfixturevalue(request.param)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports: list[pytest.TestReport] = terminalreporter.stats.get("skipped", [])
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in reports
        if isinstance(report.longrepr, tuple)
    )
    if reasons:
        terminalreporter.section("skipped")
    for reason, number in reasons.most_common():
        terminalreporter.line(f"{number}: {reason}")
