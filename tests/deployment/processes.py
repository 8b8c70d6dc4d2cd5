"""Programs of this machine, started for a test and ended after it."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.services import ROOT, require

EXAMPLE = ROOT / "examples" / "deployment"
PATIENCE = 60
"""Seconds that a program may take to begin or to end, on a machine with much to do."""
REQUIRED = "WATCHWORD_TEST_PROGRAMS"


class Program:
    """A running program."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text(errors="replace")

    def ended(self) -> int | None:
        return self._process.poll()

    def ask_to_end(self, by: signal.Signals = signal.SIGTERM) -> None:
        self._process.send_signal(by)

    def end(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and wait; its exit code."""
        self.ask_to_end(by)
        return self._process.wait(PATIENCE)

    def wait(self) -> int:
        return self._process.wait(PATIENCE)

    def await_port(self, port: int) -> None:
        """Wait until it takes connections."""
        self.until(lambda: _listens(port), f"nothing listens on port {port}")

    def await_answer(self, port: int, path: str = "/ready") -> None:
        """Wait until it answers that it is ready."""
        self.until(lambda: _is_ready(port, path), f"nothing is ready on port {port}")

    def until(self, there: Callable[[], bool], missing: str) -> None:
        """Wait for something. Fails when the program ends before it."""
        end = time.monotonic() + PATIENCE
        while not there():
            if self.ended() is not None or time.monotonic() > end:
                pytest.fail(f"{missing} (exit code {self.ended()}): {self.log[-3000:]}")
            time.sleep(0.02)


def _heed_interrupts() -> None:
    """What runs behind a shell, as tests may, ignores SIGINT, and so would all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def running(
    command: Sequence[str],
    log: Path,
    environ: Mapping[str, str] | None = None,
    folder: Path = EXAMPLE,
) -> Generator[Program, None, None]:
    """A program with all that it starts, which ends with the test at the latest."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=folder,
            env={**environment(), **(environ or {})},
            start_new_session=True,
            preexec_fn=_heed_interrupts,
        )
    try:
        yield Program(process, log)
    finally:
        # The group, which outlives a leader that left workers behind. How a server ends when it is
        # asked to is for tests of that.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)


def environment() -> dict[str, str]:
    """This process's, without what would configure a server, and with the sources to import."""
    ours = ("BETTER_AUTH", "WATCHWORD_", "AUTH_", "BASE_URL", "DATABASE_URL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    path = os.pathsep.join([str(ROOT / "core"), str(EXAMPLE)])
    return {**kept, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def python_program(name: str) -> str:
    """A program that `make setup` installed beside Python."""
    found = Path(sys.executable).with_name(name)
    require(found.exists(), name, "Run `make setup`.")
    return str(found)


def installed(name: str, package: str) -> str:
    """The path of a program of the system; skips without it, unless all are required.

    A machine that checks a change may have no way to install it, so that CI=true does not require
    it: WATCHWORD_TEST_PROGRAMS=required does.
    """
    folders = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which(name, path=folders)
    if found is None:
        how = f"{name} is missing. Debian: apt-get install {package}"
        if os.environ.get(REQUIRED) == "required":
            pytest.fail(f"{how} ({REQUIRED}=required)")
        pytest.skip(how)
    return found


def _is_ready(port: int, path: str) -> bool:
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as link:
            link.request("GET", path, headers={"host": "app.example.com"})
            return link.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
