"""A tutorial of the documentation, done by a machine that does what the page says and no more.

Its files are the blocks with a title (```python title="app.py"), its commands the blocks of `sh`.
The server runs in an empty folder, with nothing installed but what the page installs.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement

from .printed_mails import PrintedMails
from .services import ROOT, free_port, wait_for, wait_for_port

_STEP = re.compile(
    r'^```\w+ title="(?P<file>[^" ]+)(?P<place>[^"]*)"\n(?P<text>.*?)^```'
    r"|^```sh\n(?P<commands>.*?)^```",
    re.DOTALL | re.MULTILINE,
)
_AT_THE_END = " (at the end)"
_PORT = re.compile(r"(?<=[:= ])(5000|8000)\b")
_MAIL_PORT = "1025"
_SERVERS = ("flask ", "uvicorn ", "python app.py", "python manage.py runserver")
_MAIL_SERVER = "python -m aiosmtpd "
_HANDS = ("python -m venv", ". .venv/", "pip install ")
"""What the machine does by itself."""


@dataclass(frozen=True)
class Tutorial:
    """One page, up to the server of that number."""

    page: Path
    server: int = 0

    @property
    def steps(self) -> Iterator[re.Match[str]]:
        """Files and commands, in the order of the page."""
        return _STEP.finditer(self.page.read_text())

    @property
    def commands(self) -> list[str]:
        """All of the page."""
        return [line for step in self.steps for line in lines_of(step)]

    @property
    def servers(self) -> list[str]:
        """The commands that serve the application."""
        return [line for line in self.commands if line.startswith(_SERVERS)]

    @property
    def requirements(self) -> list[Requirement]:
        """What the page installs with pip."""
        installs = [shlex.split(line) for line in self.commands if line.startswith("pip install ")]
        return [Requirement(word) for words in installs for word in words[2:]]


def lines_of(step: re.Match[str]) -> list[str]:
    """The commands of a step."""
    lines = (step["commands"] or "").splitlines()
    return [line.split("  #")[0].strip() for line in lines if line.strip()]


@dataclass(frozen=True)
class Served:
    """The application of a page, and what its mail server prints."""

    origin: str
    mails: PrintedMails


@contextmanager
def served(tutorial: Tutorial, folder: Path) -> Generator[Served, None, None]:
    """The application of the page and its mail server, in a folder of their own."""
    port = free_port()
    inside = folder / "project"
    inside.mkdir()
    programs = installed(tutorial.requirements, folder / "installed")
    shell = _Shell(inside, programs, port)
    origin = f"http://localhost:{port}"
    try:
        with shell:
            wait_for(f"{origin}/api/auth/ok", shell.follow(tutorial))
            yield Served(origin, PrintedMails(shell.mails))
    except BaseException:
        sys.stdout.write(shell.log.read_text()[-4000:])
        raise


class _Shell:
    """Does what a page says, one step after the other; what runs then ends with the block."""

    def __init__(self, folder: Path, programs: Path, port: int) -> None:
        self.log = folder.parent / "server.log"
        self.mails = folder.parent / "mails.log"
        self._folder = folder
        self._ports = (port, free_port())
        self._settings = ["set -eu"]
        self._environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder.parent),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> _Shell:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.wait(20)

    def follow(self, tutorial: Tutorial) -> subprocess.Popen[bytes]:
        """Go on until the server runs."""
        servers = 0
        for step in tutorial.steps:
            if step["file"]:
                write_file(step, self._folder, _with_ports(step["text"], *self._ports))
            for line in lines_of(step):
                if line.startswith("export "):
                    self._settings.append(line)
                elif line.startswith(_MAIL_SERVER):
                    wait_for_port(self._ports[1], self._serve(line, self.mails))
                elif line.startswith(_SERVERS):
                    if servers == tutorial.server:
                        return self._serve(line, self.log)
                    servers += 1
                elif not line.startswith(_HANDS):
                    assert self._start(line, self.log).wait(60) == 0, line
        raise AssertionError(f"{tutorial.page.name} serves nothing")

    def _serve(self, line: str, log: Path) -> subprocess.Popen[bytes]:
        process = self._start(line, log)
        self._running.append(process)
        return process

    def _start(self, line: str, log: Path) -> subprocess.Popen[bytes]:
        script = "\n".join([*self._settings, f"exec {line}"])
        with log.open("ab") as out:
            return subprocess.Popen(
                ["bash", "-c", _with_ports(script, *self._ports)],
                cwd=self._folder,
                env=self._environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )


def write_file(step: re.Match[str], folder: Path, text: str) -> None:
    """Write the file of a step, or put the text at its end."""
    file = folder / step["file"]
    file.parent.mkdir(parents=True, exist_ok=True)
    before = file.read_text() if step["place"] == _AT_THE_END else ""
    file.write_text(before + text)


def _with_ports(text: str, port: int, mail_port: int) -> str:
    return _PORT.sub(str(port), text).replace(_MAIL_PORT, str(mail_port))


def installed(requirements: Iterable[Requirement], folder: Path) -> Path:
    """A folder with these distributions, what they need, and nothing else; gives the one that
    has `python` and their programs."""
    packages, programs = folder / "packages", folder / "bin"
    packages.mkdir(parents=True)
    programs.mkdir()
    scripts: dict[str, str] = {}
    for one in _closure(requirements):
        for entry in _top_level(one):
            link = packages / entry.name
            if not link.exists():
                link.symlink_to(entry)
        scripts |= {
            point.name: point.value
            for point in one.entry_points
            if point.group == "console_scripts"
        }
    paths = os.pathsep.join([str(packages), str(ROOT / "core")])
    alone = f'export PYTHONPATH="$PWD:{paths}"\nexec {shlex.quote(sys.executable)} -S'
    _program(programs / "python", f'{alone} "$@"')
    for name, target in scripts.items():
        module, _, attribute = target.partition(":")
        code = f"import sys; from {module} import {attribute}; sys.exit({attribute}())"
        _program(programs / name, f'{alone} -c {shlex.quote(code)} "$@"')
    return programs


def _program(file: Path, text: str) -> None:
    file.write_text(f"#!/bin/bash\n{text}\n")
    file.chmod(0o755)


def _closure(requirements: Iterable[Requirement]) -> list[Distribution]:
    """The distributions that pip would install."""
    waiting = [(one.name, extra) for one in requirements for extra in {"", *one.extras}]
    done: set[tuple[str, str]] = set()
    found: dict[str, Distribution] = {}
    while waiting:
        name, extra = waiting.pop()
        key = (re.sub(r"[-_.]+", "-", name).lower(), extra)
        if key in done:
            continue
        done.add(key)
        one = found.setdefault(key[0], distribution(name))
        for needed in _requires(key[0], one):
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(needed.name, more) for more in {"", *needed.extras}]
    return list(found.values())


def _requires(name: str, one: Distribution) -> Iterable[Requirement]:
    """What it needs. What this project needs is in pyproject.toml, newer than what is installed."""
    if name != "watchword":
        yield from map(Requirement, one.requires or [])
        return
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    yield from map(Requirement, project["dependencies"])
    for extra, lines in project["optional-dependencies"].items():
        for line in lines:
            needed = Requirement(line)
            needed.marker = Marker(f"extra == '{extra}'")
            yield needed


def _top_level(one: Distribution) -> Iterable[Path]:
    """Files and folders that it has beside those of others."""
    home = Path(str(one.locate_file("")))
    names = {
        file.parts[0] for file in one.files or [] if file.parts[0] not in {"..", "__pycache__"}
    }
    return [home / name for name in sorted(names) if (home / name).exists()]
