"""AWS Lambda by Mangum: the process is frozen behind each answer, so all work is done before it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.deployment.lambda_events import CLIENT
from tests.deployment.post_office import post_office
from tests.deployment.processes import EXAMPLE, environment
from tests.deployment.visitor import PASSWORD, SITE
from tests.support.services import ROOT

ADA = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada"}
SETTINGS = {
    "http-api": {},
    # A balancer appends who connected to it.
    "load-balancer": {"TRUSTED_PROXIES": "10.0.0.0/16"},
}


class Function:
    """A running function; keeps cookies as a browser does."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.jar: dict[str, str] = {}

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """One event, and its answer. Nothing runs after it until the next one."""
        sent = {"host": "app.example.com", "origin": SITE, **headers}
        if body is not None:
            sent["content-type"] = "application/json"
        if self.jar:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        asked = {"method": method, "path": f"/api/auth{path}", "headers": sent}
        asked["body"] = None if body is None else json.dumps(body)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        for line in answer["cookies"]:
            name, _, value = line.partition(";")[0].partition("=")
            self.jar[name] = value
        return answer["status"], json.loads(answer["body"])


@contextmanager
def function(kind: str, environ: dict[str, str]) -> Generator[Function, None, None]:
    made = {**environment(), **environ, "AWS_LAMBDA_FUNCTION_NAME": "app"}
    made["PYTHONPATH"] += f":{ROOT}"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.deployment.lambda_events", kind],
        cwd=EXAMPLE,
        env=made,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Function(process)
    finally:
        process.kill()  # frozen, and then gone
        process.communicate()


@pytest.mark.parametrize("kind", list(SETTINGS))
def test_a_mail_is_sent_before_the_answer_and_sessions_last(
    kind: str, environ: dict[str, str]
) -> None:
    with post_office(takes=0.2) as office:
        environ |= {"SMTP_SERVER": office.address, **SETTINGS[kind]}
        with function(kind, environ) as running:
            forged = {"x-forwarded-for": "203.0.113.9"}
            assert running.ask("POST", "/sign-up/email", ADA, **forged)[0] == 200
            status, found = running.ask("GET", "/get-session")
            assert (status, found["user"]["email"]) == (200, ADA["email"])
            assert found["session"]["ipAddress"] == CLIENT
            status, _ = running.ask("POST", "/request-password-reset", {"email": ADA["email"]})
            assert (status, len(office.letters)) == (200, 1)
