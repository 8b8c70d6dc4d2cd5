"""The running reference, and the fake identity provider that it and we sign in with."""

from __future__ import annotations

import subprocess
from collections.abc import Generator
from contextlib import contextmanager

from tests.support.services import ROOT, free_port, require_node, wait_for

REFERENCE = ROOT / "tests" / "reference"


@contextmanager
def reference_server(profile: str, db: str, *more: str) -> Generator[str, None, None]:
    """The reference with a profile; gives its origin."""
    port = free_port()
    command = [require_node(REFERENCE), str(REFERENCE / "reference-server.mjs")]
    command += ["--profile", profile, "--port", str(port), "--db", db, *more]
    with _running(command, f"http://localhost:{port}/__health"):
        yield f"http://localhost:{port}"


@contextmanager
def fake_provider() -> Generator[str, None, None]:
    """The fake provider; gives its origin."""
    port = free_port()
    command = [require_node(REFERENCE), str(REFERENCE / "fake-provider.mjs"), "--port", str(port)]
    with _running(command, f"http://127.0.0.1:{port}/__control/health"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _running(command: list[str], health: str) -> Generator[None, None, None]:
    process = subprocess.Popen(command, cwd=REFERENCE, stdout=subprocess.DEVNULL)
    try:
        wait_for(health, process)
        yield
    finally:
        process.terminate()
        process.wait(20)
