"""Starts a server of each adapter kind and drives it with the official JavaScript client."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.services import conformance_server, require_node

FOLDER = Path(__file__).parent


@pytest.mark.parametrize("adapter", ["asgi", "wsgi", "flask", "starlette", "litestar"])
def test_the_official_client(adapter: str, tmp_path: Path) -> None:
    node = require_node(FOLDER)
    with conformance_server("plugins", adapter, str(tmp_path / "client.db")) as origin:
        done = subprocess.run(
            [node, "--test", "--test-reporter=spec", "main_path.test.mjs", "accounts.test.mjs"],
            cwd=FOLDER,
            env={**os.environ, "WATCHWORD_URL": origin},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
