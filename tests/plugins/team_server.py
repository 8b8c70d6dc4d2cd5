"""A server with organizations that have teams and make roles: people, and how they get there."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Literal

from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, Browser
from watchword.features.access_control import AccessControl
from watchword.plugins import Organization
from watchword.plugins.organization import (
    ADMIN_PERMISSIONS,
    MEMBER_PERMISSIONS,
    ORGANIZATION_STATEMENTS,
    OWNER_PERMISSIONS,
    AddMember,
    DynamicAccessControl,
    OrganizationStatements,
    Teams,
)


class Statements(OrganizationStatements, total=False):
    project: Sequence[Literal["create", "update", "delete"]]


CONTROL = AccessControl[Statements](
    {**ORGANIZATION_STATEMENTS, "project": ["create", "update", "delete"]}
)
ROLES = {
    "owner": CONTROL.role({**OWNER_PERMISSIONS, "project": ["create", "update", "delete"]}),
    "admin": CONTROL.role({**ADMIN_PERMISSIONS, "project": ["create", "update"]}),
    "member": CONTROL.role({**MEMBER_PERMISSIONS}),
}


class Person(Browser):
    """Somebody with a browser."""

    id: str = ""
    email: str = ""


class TeamServer:
    """The server, and short ways to what tests begin with."""

    def __init__(self, make: MakeAuth, kind: str, options: dict[str, Any], **auth: Any) -> None:
        given: dict[str, Any] = {
            "ac": CONTROL,
            "roles": ROLES,
            "teams": Teams(maximum_teams=3, maximum_members_per_team=2),
            "dynamic_access_control": DynamicAccessControl(maximum_roles_per_organization=3),
            **options,
        }
        self.auth = make(plugins=[Organization(**given)], **auth)
        self._kind = kind

    def person(self, name: str) -> Person:
        """Somebody who signed up and is signed in."""
        made = Person(self.auth, self._kind)
        made.email = f"{name}@example.com"
        answer = made.sign_up(made.email, name=name)
        assert answer.status == 200, answer.json
        made.id = answer.json["user"]["id"]
        return made

    def company(self, founder: Person, slug: str = "company") -> str:
        """The id of a new organization, which is active for its founder."""
        answer = act(founder, "create", name=slug.title(), slug=slug)
        assert answer.status == 200, answer.json
        return answer.json["id"]

    def member(self, name: str, organization_id: str, role: str = "member") -> Person:
        """A new member, for whom the organization is active."""
        made = self.person(name)
        self.enroll(made, organization_id, role)
        return made

    def enroll(self, person: Person, organization_id: str, role: str = "member") -> None:
        """Make somebody a member."""
        given = AddMember(user_id=person.id, role=role, organization_id=organization_id)
        self.auth.blocking.api.add_member(given)
        assert act(person, "set-active", organizationId=organization_id).status == 200


MakeServer = Callable[..., TeamServer]


def act(browser: Browser, what: str, /, **body: Any) -> Answer:
    """POST to an endpoint of organizations."""
    return browser.post(f"/organization/{what}", body)


def look(browser: Browser, what: str, /, **query: Any) -> Answer:
    """GET from one."""
    return browser.get(f"/organization/{what}", query)


def told(answer: Answer) -> tuple[int, str | None]:
    """Status and code of a refusal."""
    assert answer.response.body is not None
    found = json.loads(answer.response.body) if answer.response.body else None
    return answer.status, found.get("code") if isinstance(found, dict) else None


def first_team(founder: Browser) -> str:
    """The team that the organization began with."""
    return look(founder, "list-teams").json[0]["id"]


def new_team(founder: Browser, name: str = "Sales") -> str:
    answer = act(founder, "create-team", name=name)
    assert answer.status == 200, answer.json
    return answer.json["id"]


def active_team(browser: Browser) -> str | None:
    return browser.session()["session"]["activeTeamId"]


def named(answer: Answer) -> list[str]:
    """The names in a list."""
    return [one["name"] for one in answer.json]


def member_id(founder: Browser, person: Person) -> str:
    """The id of somebody as a member of the active organization."""
    found = look(founder, "list-members").json["members"]
    return next(one["id"] for one in found if one["userId"] == person.id)


def give_role(founder: Browser, person: Person, role: str | list[str]) -> Answer:
    return act(founder, "update-member-role", memberId=member_id(founder, person), role=role)


def may(browser: Browser, **permissions: list[str]) -> bool:
    return act(browser, "has-permission", permissions=permissions).json["success"]
