"""Starts a server of each adapter kind and drives it with the official JavaScript client."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.services import conformance_server, require_node

FOLDER = Path(__file__).parent
SCRIPTS = (
    "main_path.test.mjs",
    "accounts.test.mjs",
    "bearer.test.mjs",
    "email_otp.test.mjs",
    "magic_link.test.mjs",
    "two_factor.test.mjs",
)
TOKEN_SCRIPTS = ("action_token.test.mjs", "one_time_token_session.test.mjs")


@pytest.mark.parametrize("adapter", ["asgi", "wsgi", "flask", "starlette", "litestar"])
def test_the_official_client(adapter: str, tmp_path: Path) -> None:
    run("plugins", SCRIPTS, adapter, tmp_path)


@pytest.mark.parametrize("adapter", ["asgi", "flask"])
def test_the_official_client_with_one_time_tokens(adapter: str, tmp_path: Path) -> None:
    run("one-time-tokens", TOKEN_SCRIPTS, adapter, tmp_path)


def run(profile: str, scripts: tuple[str, ...], adapter: str, folder: Path) -> None:
    """Run scripts against a server of a profile."""
    node = require_node(FOLDER)
    with conformance_server(profile, adapter, str(folder / "client.db")) as origin:
        done = subprocess.run(
            [node, "--test", "--test-reporter=spec", *scripts],
            cwd=FOLDER,
            env={**os.environ, "WATCHWORD_URL": origin},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
