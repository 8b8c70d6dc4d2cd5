"""Services that tests need: skipped with a word on how to get them, required when CI=true."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def require(present: bool, what: str, how: str) -> None:
    """Go on if the service is there; otherwise skip, or fail when CI=true."""
    if present:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is required in CI. {how}")
    pytest.skip(f"{what} is missing. {how}")


def require_node(folder: Path) -> str:
    """The path of Node, with the packages of `folder` installed."""
    node = shutil.which("node")
    require(node is not None, "Node", "Install Node 20 or newer with npm, then `make node-setup`.")
    installed = (folder / "node_modules").is_dir()
    require(installed, f"{folder.name}/node_modules", "Run `make node-setup`.")
    assert node is not None
    return node


def free_port() -> int:
    """A TCP port that nobody listens on, until the program that it is for does.

    Not of those that the system gives to connections: one of them could take it meanwhile.
    """
    while True:
        port = random.SystemRandom().randrange(10_000, 32_768)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@contextmanager
def conformance_server(
    profile: str, adapter: str, db: str, *more: str
) -> Generator[str, None, None]:
    """A running server of a profile; gives its origin. Ends with SIGTERM, and must end cleanly."""
    port = free_port()
    command = [sys.executable, str(ROOT / "tests" / "conformance" / "server.py")]
    command += ["--profile", profile, "--port", str(port), "--db", db, "--adapter", adapter]
    command += more
    process = subprocess.Popen(command)
    origin = f"http://localhost:{port}"
    try:
        wait_for(f"{origin}/__health", process)
        yield origin
    finally:
        process.terminate()
        process.wait(20)


def wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Wait until somebody listens. Fails when the process ends first."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"nobody listens on {port} after {seconds} s")


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Wait until a URL answers. Fails when the process ends first."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    pytest.fail(f"{url} did not answer within {seconds} s")
