"""The examples of docs/configuration.md, "Your own way behind the answer", do what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.core.conftest import FAST
from tests.support.browser import ORIGIN, SECRET, Browser
from tests.support.services import ROOT
from watchword import Advanced, Auth, EmailAndPassword, PasswordReset
from watchword.adapters.asgi import ASGIApp, Message, Receive, Scope, Send

PAGE = (ROOT / "docs" / "configuration.md").read_text()
SECTION = PAGE.partition("### Your own way behind the answer")[2].partition("\nStored hashes")[0]
BLOCKS = re.findall(r"^```python\n(.*?)^```", SECTION, re.DOTALL | re.MULTILINE)


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    """What a block of the section defines, found by a name in it."""
    monkeypatch.setenv("BETTER_AUTH_SECRET", SECRET)

    def run(name: str) -> dict[str, Any]:
        (block,) = (block for block in BLOCKS if name in block)
        namespace: dict[str, Any] = {"__name__": "pasted"}
        exec(compile(block, "block", "exec", dont_inherit=True), namespace)
        return namespace

    return run


class Events:
    """What happened, in its order; the application notes when its answer is sent."""

    def __init__(self, handler: Callable[..., object]) -> None:
        self.seen: list[str] = []
        self.auth = Auth(
            database="sqlite://",
            secret=SECRET,
            base_url=ORIGIN,
            environ={},
            email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
            password_reset=PasswordReset(send_reset_password=self.mail, reset_page="/reset"),
            advanced=Advanced(background=handler),
        )
        self.auth.blocking.migrate()
        Browser(self.auth).sign_up()

    async def mail(self, mail: object, request: object) -> None:
        self.seen.append("mailed")

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noted(message: Message) -> None:
            await send(message)
            self.seen.append(message["type"].rpartition(".")[2])

        await ASGIApp(self.auth)(scope, receive, noted)

    def ask(self, app: Any) -> list[str]:
        """What happens when somebody asks for a password reset."""
        with TestClient(app, base_url=ORIGIN) as client:
            path = "/api/auth/request-password-reset"
            asked = client.post(path, json={"email": "ada@example.com"}, headers={"origin": ORIGIN})
            assert asked.status_code == 200
            return [event for event in self.seen if event != "complete"]


def test_before_the_answer(example: Callable[[str], dict[str, Any]]) -> None:
    events = Events(example("before_the_answer")["before_the_answer"])
    assert events.ask(events.app) == ["mailed", "start", "body"]


def test_after_the_answer(example: Callable[[str], dict[str, Any]]) -> None:
    found = example("AfterTheAnswer")
    events = Events(found["after_the_answer"])
    assert events.ask(found["AfterTheAnswer"](events.app)) == ["start", "body", "mailed"]
