"""Keys of organizations: who may do what to them, and until when they are good."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.key_server import KeyServer
from tests.support.browser import Browser
from watchword.features.access_control import AccessControl
from watchword.plugins import ApiKey, Organization
from watchword.plugins.api_key import ApiKeyConfig, CreateApiKey
from watchword.plugins.organization import ORGANIZATION_STATEMENTS

TEAM = {"configId": "team"}
CONTROL = AccessControl[Any](
    {**ORGANIZATION_STATEMENTS, "apiKey": ["create", "read", "update", "delete"]}
)
ROLES = {
    "owner": CONTROL.role({**ORGANIZATION_STATEMENTS}),
    "reader": CONTROL.role({"apiKey": ["read"]}),
    "keeper": CONTROL.role({"apiKey": ["create", "read", "update", "delete"]}),
    "member": CONTROL.role({"apiKey": []}),
}


class Office:
    """Ada's organization, and others in it."""

    def __init__(self, make_auth: MakeAuth, kind: str, path: Path) -> None:
        config = [ApiKeyConfig(), ApiKeyConfig(config_id="team", references="organization")]
        plugins = [Organization(roles=ROLES), ApiKey(config=config)]
        self.server = KeyServer(make_auth(plugins=plugins), kind)
        self.path = path / "test.db"
        made = self.server.ada.post("/organization/create", {"name": "O", "slug": "o"})
        assert made.status == 200, made.json
        self.id: str = made.json["id"]
        self.body = {**TEAM, "organizationId": self.id}

    def member(self, name: str, role: str) -> Browser:
        browser, user_id = self.server.person(name)
        self.sql(
            "insert into member (id, organizationId, userId, role, createdAt)"
            " select ?, id, ?, ?, createdAt from organization",
            f"member-{name}",
            user_id,
            role,
        )
        return browser

    def sql(self, statement: str, *values: object) -> list[Any]:
        with sqlite3.connect(self.path) as database:
            return database.execute(statement, values).fetchall()


@pytest.fixture
def office(make_auth: MakeAuth, kind: str, tmp_path: Path) -> Office:
    return Office(make_auth, kind, tmp_path)


def tried(office: Office, browser: Browser, key_id: str) -> list[int]:
    """The statuses of making, reading, listing, changing and deleting."""
    found = [
        browser.post("/api-key/create", office.body),
        browser.get("/api-key/get", {"id": key_id, **TEAM}),
        browser.get("/api-key/list", {"organizationId": office.id}),
        browser.post("/api-key/update", {"keyId": key_id, "name": "new", **TEAM}),
        browser.post("/api-key/delete", {"keyId": key_id, **TEAM}),
    ]
    return [one.status for one in found]


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("keeper", [200, 200, 200, 200, 200]),
        ("member,keeper", [200, 200, 200, 200, 200]),
        ("owner", [200, 200, 200, 200, 200]),
        ("reader", [403, 200, 200, 403, 403]),
        ("member", [403, 403, 403, 403, 403]),
        ("keeper-not", [403, 403, 403, 403, 403]),
    ],
)
def test_roles_say_what_members_may(office: Office, role: str, statuses: list[int]) -> None:
    key_id = office.server.ada.post("/api-key/create", office.body).json["id"]
    assert tried(office, office.member("eve", role), key_id) == statuses


def test_others_may_nothing(office: Office) -> None:
    made = office.server.ada.post("/api-key/create", office.body).json
    assert made["referenceId"] == office.id
    eve = office.member("eve", "keeper")
    office.sql("delete from member where id = 'member-eve'")
    assert tried(office, eve, made["id"]) == [403] * 5
    assert eve.post("/api-key/create", office.body).code == "USER_NOT_MEMBER_OF_ORGANIZATION"
    assert tried(office, office.server.browser(), made["id"]) == [401] * 5
    # The key itself is the organization's, whoever made it.
    assert office.server.code(made["key"]) == "ok"


def test_keys_of_users_and_organizations_are_apart(office: Office) -> None:
    ada = office.server.ada
    team = ada.post("/api-key/create", {**office.body, "name": "team"}).json
    own = ada.post("/api-key/create", {"name": "own"}).json

    def names(**query: str) -> list[str]:
        return [one["name"] for one in ada.get("/api-key/list", query).json["apiKeys"]]

    assert (names(), names(organizationId=office.id)) == (["own"], ["team"])
    assert ada.get("/api-key/get", {"id": team["id"]}).status == 404
    assert ada.get("/api-key/get", {"id": own["id"], **TEAM}).status == 404
    assert ada.post("/api-key/create", TEAM).code == "ORGANIZATION_ID_REQUIRED"


def test_keys_of_an_organization_end_with_it(office: Office) -> None:
    made = office.server.ada.post("/api-key/create", office.body).json
    assert office.server.code(made["key"]) == "ok"
    # As another server may do it, which knows nothing of the keys.
    office.sql("delete from organization")
    assert office.server.code(made["key"]) == "INVALID_REFERENCE_ID_FROM_API_KEY"


def test_the_server_makes_keys_for_members_who_may(office: Office) -> None:
    body = CreateApiKey(
        config_id="team", organization_id=office.id, user_id=office.server.ada_id, remaining=2
    )
    made = office.server.auth.blocking.api.create_api_key(body)
    assert (made.reference_id, made.remaining) == (office.id, 2)


def test_keys_of_organizations_stand_for_nobody(
    make_auth: MakeAuth, kind: str, tmp_path: Path
) -> None:
    office = Office(make_auth, kind, tmp_path)
    made = office.server.ada.post("/api-key/create", office.body).json
    assert office.server.with_key(made["key"]).json is None
