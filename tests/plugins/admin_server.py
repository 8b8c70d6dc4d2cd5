"""A server with administrators: people of each role, each with a browser of their own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, Browser
from watchword.features.access_control import AccessControl
from watchword.plugins import Admin
from watchword.plugins.admin import ADMIN_PERMISSIONS, ADMIN_STATEMENTS, AdminStatements

SESSION = "better-auth.session_token"


class Statements(AdminStatements, total=False):
    report: Sequence[Literal["read", "write"]]


CONTROL = AccessControl[Statements]({**ADMIN_STATEMENTS, "report": ["read", "write"]})
ROLES = {
    "admin": CONTROL.role({**ADMIN_PERMISSIONS, "report": ["read", "write"]}),
    "user": CONTROL.role({"report": []}),
    "support": CONTROL.role({"user": ["list", "get"], "session": ["list"], "report": ["read"]}),
    "helper": CONTROL.role(
        {"user": ["set-role", "set-password", "ban", "update", "create", "delete", "impersonate"]}
    ),
    "root": CONTROL.role({**ADMIN_STATEMENTS, "report": ["read", "write"]}),
}


class AdminServer:
    """The server, and its database to look into."""

    def __init__(self, make: MakeAuth, path: Path, admin: Admin, kind: str, **options: Any) -> None:
        self.auth = make(plugins=[admin, *options.pop("plugins", [])], **options)
        self._path = path
        self._kind = kind
        self.ids: dict[str, str] = {}

    def person(self, name: str, role: str | None = None) -> Browser:
        """Somebody who signed up, was given a role in the database, and is signed in."""
        browser = self.browser()
        answer = browser.sign_up(f"{name}@example.com", name=name)
        assert answer.status == 200, answer.json
        self.ids[name] = answer.json["user"]["id"]
        if role is not None:
            self.sql("update user set role = ? where id = ?", role, self.ids[name])
        return browser

    def browser(self) -> Browser:
        return Browser(self.auth, self._kind)

    def sql(self, statement: str, *values: object) -> list[Any]:
        with sqlite3.connect(self._path) as database:
            return database.execute(statement, values).fetchall()

    def column(self, name: str, column: str) -> Any:
        [(value,)] = self.sql(f"select {column} from user where id = ?", self.ids[name])
        return value

    def sessions(self, name: str) -> int:
        [(count,)] = self.sql("select count(*) from session where userId = ?", self.ids[name])
        return count

    def act(self, browser: Browser, action: str, name: str, /, **body: Any) -> Answer:
        """Do something to a user by name."""
        return browser.post(f"/admin/{action}", {"userId": self.ids.get(name, name), **body})


MakeServer = Callable[..., AdminServer]


def admin_server(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeServer:
    """Builds servers; keywords are options of the plugin, `auth=` those of the server."""

    def make(auth: dict[str, Any] | None = None, **options: Any) -> AdminServer:
        return AdminServer(make_auth, tmp_path / "test.db", Admin(**options), kind, **(auth or {}))

    return make
