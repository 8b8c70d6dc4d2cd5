"""The demonstration, running."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.services import ROOT, free_port, wait_for


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its files."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def origin(data: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "examples.demo", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://localhost:{port}/", process)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(10)
