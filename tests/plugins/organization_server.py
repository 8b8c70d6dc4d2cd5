"""A server with organizations: people, each with a browser of their own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, Browser
from watchword.plugins import Organization
from watchword.plugins.organization import AddMember, InvitationMail


class OrganizationServer:
    """The server, what it mailed, and its database to look into."""

    def __init__(self, make: MakeAuth, path: Path, kind: str, **options: Any) -> None:
        self.mails: list[InvitationMail] = []
        auth = options.pop("auth", {})
        options.setdefault("send_invitation_email", lambda mail, _: self.mails.append(mail))
        plugins = [Organization(**options), *auth.pop("plugins", [])]
        self.auth = make(plugins=plugins, **auth)
        self._path = path
        self._kind = kind
        self.ids: dict[str, str] = {}

    def person(self, name: str) -> Browser:
        """Somebody who signed up and is signed in."""
        browser = Browser(self.auth, self._kind)
        answer = browser.sign_up(f"{name}@example.com", name=name)
        assert answer.status == 200, answer.json
        self.ids[name] = answer.json["user"]["id"]
        return browser

    def organization(self, owner: Browser, slug: str = "acme", **more: Any) -> str:
        """A new organization; its id."""
        body = {"name": slug.title(), "slug": slug, **more}
        answer = owner.post("/organization/create", body)
        assert answer.status == 200, answer.json
        return answer.json["id"]

    def member(self, name: str, organization_id: str, role: str = "member") -> tuple[Browser, str]:
        """Somebody new who is a member; the browser, where the organization is active, and the id
        of the member."""
        browser = self.person(name)
        given = AddMember(user_id=self.ids[name], role=role, organization_id=organization_id)
        member = self.auth.blocking.api.add_member(given)
        chosen = {"organizationId": organization_id}
        assert browser.post("/organization/set-active", chosen).status == 200
        return browser, member.id

    def invite(self, browser: Browser, name: str, **more: Any) -> Answer:
        body = {"email": f"{name}@example.com", "role": "member", **more}
        return browser.post("/organization/invite-member", body)

    def sql(self, statement: str, *values: object) -> list[Any]:
        with sqlite3.connect(self._path) as database:
            return database.execute(statement, values).fetchall()

    def active(self, browser: Browser) -> str | None:
        return browser.session()["session"]["activeOrganizationId"]


MakeServer = Callable[..., OrganizationServer]


def organization_server(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeServer:
    """Builds servers; keywords are options of the plugin, `auth=` those of the server."""

    def make(**options: Any) -> OrganizationServer:
        path = tmp_path / "test.db"
        auth = {"database": f"sqlite:///{path}", **options.pop("auth", {})}
        return OrganizationServer(make_auth, path, kind, auth=auth, **options)

    return make
