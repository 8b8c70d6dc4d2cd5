"""The conformance server keeps its contract."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.services import ROOT, conformance_server, free_port, wait_for


def call(url: str, method: str = "GET", body: object = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"} if data else {}
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            status, text = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    return status, json.loads(text) if text.startswith((b"{", b"[")) else text


@pytest.mark.parametrize("adapter", ["asgi", "wsgi", "flask", "starlette", "litestar"])
def test_the_test_only_endpoints(adapter: str, tmp_path: Path) -> None:
    with conformance_server("core", adapter, str(tmp_path / "core.db")) as origin:
        status, health = call(f"{origin}/__health")
        assert (status, health["ok"], health["profile"]) == (200, True, "core")
        assert call(f"{origin}/__outbox") == (200, [])
        assert call(f"{origin}/__outbox", "DELETE") == (200, {"ok": True})
        moved = call(f"{origin}/__clock", "POST", {"offset": 3600})[1]["now"]
        assert moved - health["now"] >= 3_600_000
        person = {"name": "A", "email": "a@b.co", "password": "password1234", "age": 3}
        signed_up = call(f"{origin}/api/auth/sign-up/email", "POST", person)[1]
        assert signed_up["user"]["lang"] == "en"
        assert signed_up["user"]["tier"] == "free"
        assert "internalNote" not in signed_up["user"]
        rows = call(f"{origin}/__rows?table=user&column=email&value=a@b.co")[1]
        assert (rows[0]["emailVerified"], rows[0]["age"]) == (0, 3)
        assert call(f"{origin}/__rows?table=nothing&column=id&value=x") == (200, [])
        assert call(f"{origin}/__me") == (401, {"error": "unauthenticated"})
        assert call(f"{origin}/api/auth/ok") == (200, {"ok": True})
        assert call(f"{origin}/api/auth/one-time-token/generate")[0] == 404
        assert call(f"{origin}/__clock", "POST", {})[0] == 400
        assert call(f"{origin}/__call", "POST", {"name": "signJWT"})[0] == 400
        assert b"<title>" in call(f"{origin}/anywhere")[1]


@pytest.mark.parametrize("adapter", ["asgi", "wsgi", "flask", "starlette", "litestar"])
def test_sigterm_ends_the_server_cleanly(adapter: str, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, str(ROOT / "tests/conformance/server.py"), "--port", str(port)]
    command += ["--db", str(tmp_path / "end.db"), "--adapter", adapter]
    with (tmp_path / "stderr").open("wb") as stderr:
        process = subprocess.Popen(command, stderr=stderr)
        try:
            wait_for(f"http://localhost:{port}/__health", process)
        finally:
            process.terminate()
            ended_with = process.wait(20)
    assert (ended_with, (tmp_path / "stderr").read_text()) == (0, "")


def test_a_profile_that_is_not_served_says_so() -> None:
    command = [sys.executable, str(ROOT / "tests/conformance/server.py")]
    command += ["--profile", "nope", "--db", "unused.db"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "'nope' is not served" in done.stderr
