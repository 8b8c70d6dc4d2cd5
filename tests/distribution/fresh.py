"""Installs a wheel into an empty environment and follows the README's quick start there.

`python tests/distribution/fresh.py dist/watchword-0.1.0-py3-none-any.whl`; `make dist` does. It
needs nothing but Python, and a package index for the dependencies.
"""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
SECONDS = 60.0


def main(wheel: Path) -> None:
    """Raises where something does not go as the README says."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
        wanted = f"watchword[flask,cli] @ {wheel.resolve().as_uri()}"
        subprocess.run([python, "-m", "pip", "install", "--quiet", wanted], check=True)
        said = subprocess.run(
            [python, "-m", "watchword", "--version"], check=True, capture_output=True, text=True
        ).stdout.strip()
        if f"-{said}-" not in wheel.name:
            raise SystemExit(f"{wheel.name} says that it is {said}")
        quick_start(python, folder)
    sys.stdout.write(f"{wheel.name}: the quick start works\n")


def quick_start(python: Path, folder: Path) -> None:
    """Sign up and look at the protected page."""
    (program,) = re.findall(r"^## Quick start.*?^```python\n(.*?)^```", README.read_text(), _FLAGS)
    port = free_port()
    (folder / "app.py").write_text(program.replace("5000", str(port)))
    secret = {"BETTER_AUTH_SECRET": "a secret of the trial, 0123456789-ABCDEF"}
    server = subprocess.Popen(
        [python, "app.py"], cwd=folder, env={**os.environ, **secret}, stderr=subprocess.DEVNULL
    )
    try:
        visit(f"http://localhost:{port}", server)
    finally:
        server.terminate()
        server.wait(20)


_FLAGS = re.MULTILINE | re.DOTALL


def visit(origin: str, server: subprocess.Popen[bytes]) -> None:
    """As a browser would."""
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(cookies)
    wait_for(f"{origin}/api/auth/ok", server)
    expect(browser, f"{origin}/me", 401)
    given = {"name": "Ada", "email": "ada@example.com", "password": "correct horse"}
    asked = urllib.request.Request(
        f"{origin}/api/auth/sign-up/email",
        data=json.dumps(given).encode(),
        headers={"content-type": "application/json", "origin": origin},
    )
    expect(browser, asked, 200)
    seen = json.loads(expect(browser, f"{origin}/me", 200))
    if seen != {"email": "ada@example.com"}:
        raise SystemExit(f"/me says {seen}")


def expect(
    browser: urllib.request.OpenerDirector, what: str | urllib.request.Request, status: int
) -> bytes:
    """The body of an answer with that status."""
    try:
        with browser.open(what, timeout=20) as answer:
            found, body = answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        found, body = refusal.code, refusal.read()
    if found != status:
        url = what if isinstance(what, str) else what.full_url
        raise SystemExit(f"{url} answers {found}, not {status}: {body[:200]!r}")
    return body


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    """Until it answers."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server of the quick start does not answer")


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
