"""`watchword init` writes an application that works, and nothing else."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Workplace, refused
from tests.support.services import free_port, wait_for
from watchword.cli.starters import DATABASES, STARTERS

WSGI = (
    "from wsgiref.simple_server import make_server; from app import app; "
    "make_server('localhost', {port}, app).serve_forever()"
)
ASGI = ["-m", "uvicorn", "app:app", "--port", "{port}", "--host", "localhost"]
SERVERS = {
    "flask": ["-m", "flask", "--app", "app", "run", "--port", "{port}"],
    "wsgi": ["-c", WSGI],
    "fastapi": ASGI,
    "starlette": ASGI,
    "litestar": ASGI,
    "asgi": ASGI,
}
"""By framework, how its application is started here; `init` prints the same for people."""


@contextmanager
def served(folder: Path, framework: str, **variables: str) -> Iterator[str]:
    """The application of a folder, started as the printed steps say; gives its origin."""
    port = free_port()
    origin = f"http://localhost:{port}"
    tokens = [token.format(port=port) for token in SERVERS[framework]]
    environ = {name: value for name, value in os.environ.items() if name != "BETTER_AUTH_SECRET"}
    environ |= {"PYTHONPATH": os.pathsep.join(sys.path), "BETTER_AUTH_URL": origin, **variables}
    steps = 'set -a; . ./.env; set +a; exec "$0" "$@"'
    with (folder / "server.log").open("w+") as log:
        command = ["sh", "-c", steps, sys.executable, *tokens]
        process = subprocess.Popen(command, cwd=folder, env=environ, stdout=log, stderr=log)
        try:
            wait_for(f"{origin}/api/auth/ok", process)
            yield origin
        except BaseException:
            log.seek(0)
            print(log.read())  # what the server said, beside the failure
            raise
        finally:
            process.terminate()
            process.wait(20)


def send(origin: str, path: str, body: object = None, cookie: str = "") -> tuple[int, str, str]:
    """Status, body and session cookie of an answer."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", "origin": origin, "cookie": cookie}
    request = urllib.request.Request(origin + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            found = answer.headers.get("set-cookie") or ""
            return answer.status, answer.read().decode(), found.partition(";")[0]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), ""


@pytest.mark.parametrize("framework", list(STARTERS))
def test_the_application_of_every_framework_works(bare: Workplace, framework: str) -> None:
    ran = bare("init", "--framework", framework, "--yes", "--dir", "shop")
    assert (ran.status, ran.err) == (0, "")
    folder = bare.folder / "shop"
    assert sorted(path.name for path in folder.iterdir()) == [".env", "app.py"]
    # In a process of its own: Litestar starts a thread for logging when its application is made.
    migrated = subprocess.run(
        [sys.executable, "-m", "watchword", "migrate", "--yes"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert migrated.returncode == 0, migrated.stderr
    ada = {"name": "Ada", "email": "ada@example.com", "password": "correct horse"}
    with served(folder, framework) as origin:
        assert send(origin, "/api/auth/sign-up/email", ada)[0] == 200
        status, _, cookie = send(origin, "/api/auth/sign-in/email", ada)
        assert status == 200
        assert (
            '"email":"ada@example.com"' in send(origin, "/api/auth/get-session", cookie=cookie)[1]
        )
        if framework not in ("wsgi", "asgi"):
            assert json.loads(send(origin, "/me", cookie=cookie)[1]) == {"email": ada["email"]}
            assert send(origin, "/me")[0] in (401, 403)


def test_the_application_works_on_postgresql(bare: Workplace, postgres: str) -> None:
    bare("init", "--framework", "wsgi", "--database", "postgresql", "--yes")
    text = (bare.folder / ".env").read_text()
    assert DATABASES["postgresql"] is not None
    (bare.folder / ".env").write_text(text.replace(DATABASES["postgresql"], postgres))
    assert bare("migrate", "--yes").status == 0
    ada = {"name": "Ada", "email": "ada@example.com", "password": "correct horse"}
    with served(bare.folder, "wsgi") as origin:
        assert send(origin, "/api/auth/sign-up/email", ada)[0] == 200


def test_the_secret_is_fresh_and_only_the_owner_can_read_it(bare: Workplace) -> None:
    texts: list[str] = []
    for folder in ("one", "two"):
        ran = bare("init", "--framework", "flask", "--yes", "--dir", folder)
        file = bare.folder / folder / ".env"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        texts.append(file.read_text())
        assert re.fullmatch(r"BETTER_AUTH_SECRET=[0-9a-f]{64}\n", texts[-1])
        assert texts[-1].strip().partition("=")[2] not in ran.text
    assert texts[0] != texts[1]


@pytest.mark.parametrize("file", ["app.py", ".env"])
def test_nothing_is_overwritten(bare: Workplace, file: str) -> None:
    bare.write(file, "precious")
    refused(bare("init", "--framework", "flask", "--yes"), f"{file} exists", "--dir")
    assert [path.name for path in bare.folder.iterdir()] == [file]
    assert (bare.folder / file).read_text() == "precious"


def test_a_link_that_leads_nowhere_is_not_followed(bare: Workplace) -> None:
    (bare.folder / ".env").symlink_to(bare.folder / "elsewhere")
    refused(bare("init", "--framework", "flask", "--yes"), ".env exists")
    assert not (bare.folder / "elsewhere").exists()


def test_it_asks_for_what_is_missing(bare: Workplace) -> None:
    ran = bare("init", typed="litestar\nsqlite\ny\n")
    assert ran.status == 0
    assert "Litestar" in (bare.folder / "app.py").read_text()
    assert "uvicorn app:app" in ran.out
    refused(bare("init", "--dir", "x", "--yes"), "framework is not given", "--framework")
    refused(bare("init", "--dir", "x", "--framework", "flask"), "database is not given")


def test_no_is_the_default_answer(bare: Workplace) -> None:
    ran = bare("init", "--framework", "flask", "--database", "sqlite", typed="\n")
    assert (ran.status, ran.out) == (0, "Nothing was written.\n")
    assert list(bare.folder.iterdir()) == []


@pytest.mark.parametrize("framework", list(STARTERS))
def test_what_is_written_is_tidy(tmp_path: Path, framework: str) -> None:
    file = tmp_path / "app.py"
    file.write_text(STARTERS[framework].source('os.environ["DATABASE_URL"]'))
    for command in (("check", "--select", "E,F,B,UP"), ("format", "--check")):
        tokens = [sys.executable, "-m", "ruff", *command, "--isolated", str(file)]
        done = subprocess.run(tokens, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
