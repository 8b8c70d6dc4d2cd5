"""The example application with a database, ready to be served."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deployment.processes import EXAMPLE, environment
from tests.deployment.visitor import SITE

SECRET = "deployed-4wYx7Qm2Zk9Rt6Lp3Vn8Bc5Hs1Jd0Fg"


def settings(database: str, **more: str) -> dict[str, str]:
    """The environment of production."""
    return {
        "DATABASE_URL": database,
        "BETTER_AUTH_URL": SITE,
        "BETTER_AUTH_SECRET": SECRET,
        "WATCHWORD_ENV": "production",
        **more,
    }


def migrate(database: str) -> None:
    """As a deployment does it, before the new servers start."""
    command = [sys.executable, "-m", "watchword", "migrate", "--yes", "--auth", "app:auth"]
    done = subprocess.run(
        command,
        cwd=EXAMPLE,
        env={**environment(), **settings(database)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables and no rows."""
    file = tmp_path_factory.mktemp("migrated") / "app.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def environ(migrated: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a server with a database file of its own."""
    file = tmp_path / "app.db"
    shutil.copy(migrated, file)
    return settings(f"sqlite:///{file}")
