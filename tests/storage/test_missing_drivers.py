"""A storage whose packages are not installed says what to install."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
import watchword
_, driver, url = sys.argv
assert driver not in sys.modules
sys.modules[driver] = None
try:
    if url:
        watchword.Auth(database=url, secret="0123456789" * 4)
    elif driver == "redis":
        import watchword.storage.redis
    else:
        import watchword.storage.sqlalchemy
except (watchword.ConfigurationError, ImportError) as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("driver", "url", "extra"),
    [
        ("psycopg", "postgresql://localhost/app", "postgres"),
        ("psycopg_pool", "postgresql://localhost/app", "postgres"),
        ("pymysql", "mysql://localhost/app", "mysql"),
        ("asyncmy", "mysql://localhost/app", "mysql"),
        ("sqlalchemy", "mysql://localhost/app", "mysql"),
        ("redis", "", "redis"),
        ("sqlalchemy", "", "sqlalchemy"),
    ],
)
def test_the_error_names_the_extra_in_one_line(driver: str, url: str, extra: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", PROGRAM, driver, url]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert f'pip install "watchword[{extra}]"' in done.stdout
    assert done.stdout.count("\n") == 1
