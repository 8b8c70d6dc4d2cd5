"""The conformance server keeps its contract."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.services import ROOT, conformance_server, free_port, wait_for


def call(url: str, method: str = "GET", body: object = None, cookie: str = "") -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"} if data else {}
    if cookie:
        headers["cookie"] = cookie
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            status, text = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    return status, json.loads(text) if text.startswith((b"{", b"[")) else text


def sign_up(origin: str, person: dict[str, str]) -> tuple[int, str]:
    """Status, and the session cookie as a browser would send it back."""
    request = urllib.request.Request(
        f"{origin}/api/auth/sign-up/email",
        data=json.dumps(person).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.status, response.headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize(
    ("options", "form"),
    [
        ((), r"\$argon2id\$"),
        (("--password-hash", "argon2id"), r"\$argon2id\$"),
        (("--password-hash", "scrypt"), r"[0-9a-f]{32}:[0-9a-f]{128}$"),
    ],
)
@pytest.mark.parametrize("profile", ["core", "core-strict"])
def test_passwords_are_hashed_as_asked(
    profile: str, options: tuple[str, ...], form: str, tmp_path: Path
) -> None:
    with conformance_server(profile, "wsgi", str(tmp_path / "core.db"), *options) as origin:
        person = {"name": "A", "email": "a@b.co", "password": "password1234"}
        assert call(f"{origin}/api/auth/sign-up/email", "POST", person)[0] == 200
        rows = call(f"{origin}/__rows?table=account&column=providerId&value=credential")[1]
        assert re.match(form, rows[0]["password"])


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
        assert call(f"{origin}/__call", "POST", {"name": "deleteEverything"})[0] == 400
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


@pytest.mark.parametrize("adapter", ["asgi", "wsgi"])
def test_calling_the_server_side_api(adapter: str, tmp_path: Path) -> None:
    with conformance_server("core", adapter, str(tmp_path / "call.db")) as origin:
        person = {"name": "A", "email": "a@b.co", "password": "password1234"}
        signed_up, cookie = sign_up(origin, person)
        assert signed_up == 200
        asked = {"name": "verifyPassword", "body": {"password": "password1234"}}
        with_cookie = {**asked, "withHeaders": True}
        assert call(f"{origin}/__call", "POST", with_cookie, cookie) == (
            200,
            {"ok": True, "data": {"status": True}},
        )
        status, refused = call(f"{origin}/__call", "POST", asked, cookie)
        assert (status, refused["ok"], refused["status"]) == (200, False, 401)
        again = {"name": "setPassword", "body": {"newPassword": "x" * 9}, "withHeaders": True}
        status, refused = call(f"{origin}/__call", "POST", again, cookie)
        assert (status, refused["ok"], refused["status"]) == (200, False, 400)
        assert call(f"{origin}/__me", cookie=cookie)[1]["user"]["email"] == "a@b.co"


def test_a_profile_that_is_not_served_says_so() -> None:
    command = [sys.executable, str(ROOT / "tests/conformance/server.py")]
    command += ["--profile", "nope", "--db", "unused.db"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "'nope' is not served" in done.stderr


def test_the_secondary_storage_can_be_looked_into(tmp_path: Path) -> None:
    with conformance_server("core-secondary", "asgi", str(tmp_path / "secondary.db")) as origin:
        person = {"name": "A", "email": "a@b.co", "password": "password1234"}
        token = call(f"{origin}/api/auth/sign-up/email", "POST", person)[1]["token"]
        live = call(f"{origin}/__secondary?prefix=")[1]
        assert set(live) == {token, *(key for key in live if key.startswith("active-sessions-"))}
        assert json.loads(live[token])["user"]["email"] == "a@b.co"
        assert set(call(f"{origin}/__secondary?prefix={token}")[1]) == {token}
        assert call(f"{origin}/__rows?table=session&column=token&value={token}") == (200, [])


def test_the_limits_of_the_profile(tmp_path: Path) -> None:
    with conformance_server("ratelimit", "wsgi", str(tmp_path / "limits.db")) as origin:
        ok = [call(f"{origin}/api/auth/ok")[0] for _ in range(14)]
        assert ok == [200] * 12 + [429] * 2
        listed = [call(f"{origin}/api/auth/list-sessions")[0] for _ in range(4)]
        assert listed == [401, 401, 429, 429]
        assert {call(f"{origin}/api/auth/get-session")[0] for _ in range(20)} == {200}
        call(f"{origin}/__clock", "POST", {"offset": 10})
        assert call(f"{origin}/api/auth/ok")[0] == 200
