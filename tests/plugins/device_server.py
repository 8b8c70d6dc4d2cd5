"""A server that signs devices in, and what people and devices do with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, Browser, Clock
from watchword import Auth
from watchword.plugins import Bearer, DeviceAuthorization
from watchword.plugins.device_authorization import GRANT

CLIENT = "cli-1"
FORM = "application/x-www-form-urlencoded"


@dataclass
class DeviceServer:
    """The server, its clock and its database."""

    auth: Auth[Any]
    clock: Clock
    file: Path
    kind: str = "blocking"

    def browser(self) -> Browser:
        return Browser(self.auth, self.kind)

    def ask(self, **given: Any) -> dict[str, Any]:
        """Codes for a device."""
        answer = self.browser().post("/device/code", {"client_id": CLIENT, **given})
        assert answer.status == 200, answer.json
        return answer.json

    def poll(self, codes: dict[str, Any], **changed: Any) -> Answer:
        given = {"grant_type": GRANT, "device_code": codes["device_code"], "client_id": CLIENT}
        return self.browser().post("/device/token", {**given, **changed})

    def poll_later(self, codes: dict[str, Any], **changed: Any) -> Answer:
        """A poll that is not too early."""
        self.clock.forward(5)
        return self.poll(codes, **changed)

    def bearer(self, token: str) -> Any:
        """The session that a device has with its token."""
        return self.browser().get("/get-session", authorization=f"Bearer {token}").json

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file)) as database, database:
            return database.execute(statement, values).fetchall()


MakeServer = Callable[..., DeviceServer]


def device_server(make_auth: MakeAuth, clock: Clock, folder: Path, kind: str) -> MakeServer:
    def make(*, plugins: Any = (), auth: Any = None, **options: Any) -> DeviceServer:
        installed = [DeviceAuthorization(**options), Bearer(), *plugins]
        made = make_auth(plugins=installed, **(auth or {}))
        return DeviceServer(made, clock, folder / "test.db", kind)

    return make


def look_up(browser: Browser, codes: dict[str, Any]) -> Answer:
    return browser.get("/device", {"user_code": codes["user_code"]})


def approve(browser: Browser, codes: dict[str, Any]) -> Answer:
    return browser.post("/device/approve", {"userCode": codes["user_code"]})


def deny(browser: Browser, codes: dict[str, Any]) -> Answer:
    return browser.post("/device/deny", {"userCode": codes["user_code"]})


def let_in(browser: Browser, codes: dict[str, Any]) -> None:
    """Claim a code, and approve it."""
    assert look_up(browser, codes).status == 200
    assert approve(browser, codes).json == {"success": True}


def post_form(browser: Browser, path: str, fields: list[tuple[str, str]]) -> Answer:
    data = urlencode(fields).encode()
    return browser.send("POST", path, data=data, headers={"content-type": FORM})


def told(answer: Answer) -> tuple[int, str | None]:
    """Status, and what went wrong."""
    return answer.status, answer.json.get("error") or answer.json.get("code")
