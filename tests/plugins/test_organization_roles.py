"""Roles that organizations make for themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.team_server import (
    CONTROL,
    MakeServer,
    Person,
    TeamServer,
    act,
    give_role,
    look,
    may,
    told,
)
from tests.support.browser import Clock
from watchword import ConfigurationError
from watchword.plugins import Organization
from watchword.plugins.organization import DynamicAccessControl, OrganizationRole

SQL = Callable[..., list[Any]]
EDITS = {"project": ["update"]}
TAKEN = (400, "ROLE_NAME_IS_ALREADY_TAKEN")
ASSIGNED = (400, "ROLE_IS_ASSIGNED_TO_MEMBERS")


@pytest.fixture
def make(make_auth: MakeAuth, kind: str) -> MakeServer:
    def made(auth: dict[str, Any] | None = None, **options: Any) -> TeamServer:
        return TeamServer(make_auth, kind, options, **(auth or {}))

    return made


@pytest.fixture
def sql(tmp_path: Path) -> SQL:
    def run(statement: str, *values: object) -> list[Any]:
        with sqlite3.connect(tmp_path / "test.db") as database:
            return database.execute(statement, values).fetchall()

    return run


@pytest.fixture
def server(make: MakeServer) -> TeamServer:
    return make()


@pytest.fixture
def ada(server: TeamServer) -> Person:
    return server.person("ada")


@pytest.fixture
def company(server: TeamServer, ada: Person) -> str:
    return server.company(ada)


def create(browser: Person, name: str = "editor", **more: Any) -> Any:
    answer = act(browser, "create-role", **{"role": name, "permission": EDITS, **more})
    assert answer.status == 200, answer.json
    return answer.json["roleData"]


def store(sql: SQL, company: str, name: str, permission: str) -> None:
    """A row as another server may have written it."""
    sql(
        "insert into organizationRole (id, organizationId, role, permission, createdAt)"
        " values (?, ?, ?, ?, '2029-01-01T00:00:00.000Z')",
        f"row-{name}",
        company,
        name,
        permission,
    )


def test_a_role_is_made_given_changed_and_deleted(
    company: str, ada: Person, server: TeamServer, sql: SQL
) -> None:
    answer = act(ada, "create-role", role="Editor", permission=EDITS).json
    assert (answer["success"], answer["statements"]) == (True, EDITS)
    made = answer["roleData"]
    assert (made["role"], made["permission"], made["updatedAt"]) == ("editor", EDITS, None)
    assert sql("select role, permission from organizationRole") == [
        ("editor", '{"project":["update"]}')
    ]
    assert look(ada, "list-roles").json == [made]
    assert look(ada, "get-role", roleName="editor").json == made
    assert look(ada, "get-role", roleId=made["id"]).json == made
    bob = server.member("bob", company)
    assert not may(bob, project=["update"])
    assert give_role(ada, bob, ["member", "editor"]).status == 200
    assert may(bob, project=["update"])
    wanted = {"permission": {"project": ["create"]}}
    changed = act(ada, "update-role", roleName="editor", data=wanted).json["roleData"]
    assert changed["permission"] == {"project": ["create"]}
    assert changed["updatedAt"] is not None
    assert (may(bob, project=["update"]), may(bob, project=["create"])) == (False, True)
    assert told(act(ada, "delete-role", roleName="editor")) == ASSIGNED
    give_role(ada, bob, "member")
    assert act(ada, "delete-role", roleId=made["id"]).json == {"success": True}
    assert look(ada, "list-roles").json == []
    assert give_role(ada, bob, "editor").code == "ROLE_NOT_FOUND"


def test_roles_are_made_up_to_the_limit(company: str, ada: Person) -> None:
    for number in range(3):
        create(ada, f"role{number}")
    refused = act(ada, "create-role", role="more", permission=EDITS)
    assert told(refused) == (400, "TOO_MANY_ROLES")


def test_the_limit_may_be_a_function(make: MakeServer) -> None:
    asked: list[str] = []

    async def most(organization_id: str) -> int:
        asked.append(organization_id)
        return 1

    dynamic = DynamicAccessControl(maximum_roles_per_organization=most)
    server = make(dynamic_access_control=dynamic)
    ada, eve = server.person("ada"), server.person("eve")
    company = server.company(ada)
    create(ada)
    assert act(ada, "create-role", role="b", permission={}).code == "TOO_MANY_ROLES"
    body = {"role": "c", "permission": {}, "organizationId": company}
    assert act(eve, "create-role", **body).code == "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"
    assert asked == [company, company]


# What a role may allow


def test_nobody_makes_a_role_that_allows_more_than_his_own(
    company: str, ada: Person, server: TeamServer
) -> None:
    bob = server.member("bob", company, "admin")
    for permission, lacking in (
        ({"project": ["update", "delete"]}, ["project:delete"]),
        ({"organization": ["delete"], "ac": ["read"]}, ["organization:delete"]),
        ({"project": ["fly"]}, ["project:fly"]),
    ):
        answer = act(bob, "create-role", role="more", permission=permission)
        assert told(answer) == (403, "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_ROLE")
        assert answer.json["missingPermissions"] == lacking
    unknown = act(bob, "create-role", role="more", permission={"planes": ["fly"]})
    assert told(unknown) == (400, "INVALID_RESOURCE")
    create(ada, "boss", permission={"organization": ["delete"], "project": ["create"]})
    for permission in ({"organization": ["delete"]}, {"project": ["create", "delete"]}):
        answer = act(bob, "update-role", roleName="boss", data={"permission": permission})
        assert told(answer) == (403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_A_ROLE")
    assert len(look(ada, "list-roles").json) == 1
    assert "delete" in look(ada, "get-role", roleName="boss").json["permission"]["organization"]


def test_rights_come_together_from_all_roles_and_are_those_of_now(
    company: str, ada: Person, server: TeamServer
) -> None:
    bob = server.member("bob", company)
    create(ada, "keeper", permission={"ac": ["create", "update", "read"]})
    create(ada, "editor")
    give_role(ada, bob, ["keeper", "editor"])
    create(bob, "mine", permission={**EDITS, "ac": ["read"]})
    give_role(ada, bob, ["keeper"])
    refused = act(bob, "update-role", roleName="mine", data={"permission": EDITS})
    assert refused.json["missingPermissions"] == ["project:update"]
    changed = {"permission": {"ac": ["read"]}}
    assert act(ada, "update-role", roleName="keeper", data=changed).status == 200
    refused = act(bob, "update-role", roleName="mine", data={"permission": {}})
    assert told(refused) == (403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_A_ROLE")


def test_nobody_gives_a_made_role_that_allows_more_than_his_own(
    company: str, ada: Person, server: TeamServer
) -> None:
    bob, cid = server.member("bob", company, "admin"), server.member("cid", company)
    create(ada, "deputy", permission={"organization": ["delete"]})
    create(ada, "editor")
    denied = (403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER")
    for person in (bob, cid):
        assert told(give_role(bob, person, ["admin", "deputy"])) == denied
    assert give_role(bob, cid, ["member", "editor"]).status == 200
    invite = {"email": "dan@example.com", "role": ["member", "deputy"]}
    denied = (403, "YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE")
    assert told(act(bob, "invite-member", **invite)) == denied
    assert act(ada, "invite-member", **invite).status == 200
    assert told(act(bob, "invite-member", **invite, resend=True)) == denied
    assert give_role(ada, cid, "deputy").status == 200
    assert give_role(bob, cid, ["deputy", "editor"]).status == 200
    assert give_role(bob, cid, "member").status == 200


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("create-role", "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_ROLE"),
        ("update-role", "YOU_ARE_NOT_ALLOWED_TO_UPDATE_A_ROLE"),
        ("delete-role", "YOU_ARE_NOT_ALLOWED_TO_DELETE_A_ROLE"),
    ],
)
def test_a_plain_member_reads_roles_and_changes_none(
    company: str, ada: Person, server: TeamServer, path: str, code: str
) -> None:
    create(ada)
    bob, eve = server.member("bob", company), server.person("eve")
    body = {"role": "x", "permission": {}, "roleName": "editor", "data": {"permission": {}}}
    assert told(act(bob, path, **body)) == (403, code)
    outside = act(eve, path, **body, organizationId=company)
    assert told(outside) == (403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION")
    assert act(Person(server.auth), path, **body).status == 401
    assert len(look(bob, "list-roles").json) == 1
    assert look(eve, "get-role", roleName="editor", organizationId=company).status == 403


def test_a_role_of_another_organization_is_out_of_reach(
    company: str, ada: Person, server: TeamServer
) -> None:
    made, eve = create(ada), server.person("eve")
    server.company(eve, "eves")
    for which in ({"roleId": made["id"]}, {"roleName": "editor"}):
        assert told(look(eve, "get-role", **which)) == (400, "ROLE_NOT_FOUND")
        data = {"data": {"permission": {}}}
        assert told(act(eve, "update-role", **which, **data)) == (400, "ROLE_NOT_FOUND")
        assert told(act(eve, "delete-role", **which)) == (400, "ROLE_NOT_FOUND")
    assert look(ada, "list-roles").json == [made]


# What a role may be called


@pytest.mark.parametrize("name", ["owner", "Owner", "ADMIN", "member"])
def test_no_role_is_called_like_one_of_the_application(
    company: str, ada: Person, name: str
) -> None:
    assert told(act(ada, "create-role", role=name, permission={})) == TAKEN
    create(ada)
    renamed = act(ada, "update-role", roleName="editor", data={"roleName": name})
    assert told(renamed) == TAKEN


def test_default_names_stay_those_of_the_application(make: MakeServer) -> None:
    roles = {"boss": CONTROL.role({"ac": ["create", "read"], "project": ["update"]})}
    server = make(roles=roles, creator_role="boss")
    ada = server.person("ada")
    server.company(ada)
    for name in ("owner", "admin", "boss"):
        assert told(act(ada, "create-role", role=name, permission={})) == TAKEN


@pytest.mark.parametrize(
    "name",
    [
        *(" owner", "owner ", "\towner", "owner\n", "member,owner", ","),
        *("ow\u200bner", "owner\u0000", "\u202eowner", "\u00a0"),
        *("\uff4fwner", "\u043ewner", "admi\u03bd"),
        *("x" * 256, "İ" * 200),
    ],
)
def test_names_that_could_be_misread_are_refused(company: str, ada: Person, name: str) -> None:
    invalid = (400, "VALIDATION_ERROR")
    assert told(act(ada, "create-role", role=name, permission={})) == invalid
    create(ada)
    renamed = act(ada, "update-role", roleName="editor", data={"roleName": name})
    assert told(renamed) == invalid


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("Ünï", "ünï"),
        ("u\u0308", "ü"),
        ("编辑", "编辑"),
        ("Редактор", "редактор"),
        ("A b-1", "a b-1"),
    ],
)
def test_names_of_all_languages(company: str, ada: Person, given: str, stored: str) -> None:
    assert create(ada, given)["role"] == stored
    assert told(act(ada, "create-role", role=given.upper(), permission={})) == TAKEN


def test_inner_names_of_objects_are_names_like_others(
    company: str, ada: Person, server: TeamServer
) -> None:
    bob = server.member("bob", company)
    for name in ("constructor", "__proto__", "__class__"):
        create(ada, name, permission={})
    for name in ("constructor", "__proto__", "__class__"):
        assert give_role(ada, bob, name).status == 200
        assert not may(bob, project=["update"])
    assert told(act(ada, "create-role", role="x", permission={"__proto__": ["x"]}))[0] == 400


def test_a_name_that_somebody_holds_is_given_to_no_other_role(
    company: str, ada: Person, server: TeamServer, sql: SQL
) -> None:
    """A role that is gone does not come back with other rights."""
    bob = server.member("bob", company)
    for held in ("ghost", "member,ghost", "ghost , member", "member, ghost"):
        sql("update member set role = ? where userId = ?", held, bob.id)
        assert told(act(ada, "create-role", role="ghost", permission=EDITS)) == TAKEN
    sql("update member set role = 'ghostly,hosts' where userId = ?", bob.id)
    create(ada, "ghost")
    create(ada, "host")


def test_a_role_is_called_otherwise_while_nobody_has_it(
    company: str, ada: Person, server: TeamServer
) -> None:
    made, bob = create(ada), server.member("bob", company)
    create(ada, "viewer", permission={})
    for name in ("Viewer", "editor"):
        renamed = act(ada, "update-role", roleName="editor", data={"roleName": name})
        assert told(renamed) == TAKEN
    renamed = act(ada, "update-role", roleId=made["id"], data={"roleName": "Writer"})
    assert renamed.json["roleData"]["role"] == "writer"
    give_role(ada, bob, "writer")
    held = act(ada, "update-role", roleName="writer", data={"roleName": "author"})
    assert told(held) == ASSIGNED
    assert may(bob, project=["update"])


# Invitations


def test_a_role_that_open_invitations_name_is_not_deleted(
    company: str, ada: Person, server: TeamServer, clock: Clock
) -> None:
    create(ada)
    invited = act(ada, "invite-member", email="bob@example.com", role=["member", "editor"])
    assert invited.status == 200
    assert told(act(ada, "delete-role", roleName="editor")) == ASSIGNED
    renamed = act(ada, "update-role", roleName="editor", data={"roleName": "writer"})
    assert told(renamed) == ASSIGNED
    act(ada, "cancel-invitation", invitationId=invited.json["id"])
    assert act(ada, "delete-role", roleName="editor").status == 200


def test_an_invitation_that_is_over_holds_no_role(
    company: str, ada: Person, server: TeamServer, clock: Clock
) -> None:
    create(ada)
    bob = server.person("bob")
    invited = act(ada, "invite-member", email=bob.email, role="editor").json
    clock.forward(172_801)
    assert act(ada, "delete-role", roleName="editor").status == 200
    create(ada)
    assert act(bob, "accept-invitation", invitationId=invited["id"]).status == 400


def test_an_invitation_to_a_role_that_is_gone_keeps_its_name_from_others(
    company: str, ada: Person, server: TeamServer, sql: SQL
) -> None:
    create(ada)
    act(ada, "invite-member", email="bob@example.com", role="editor")
    sql("delete from organizationRole")
    assert told(act(ada, "create-role", role="editor", permission=EDITS)) == TAKEN


# Rows of other servers


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "[]", "5", "{", "not json", '"text"', '{"project": "update"}'),
        *('{"project": {"update": true}}', '{"project": [["update"]]}', '{"project": [5]}'),
        *('{"project": null}', "[" * 5000, '{"project": ["update"]} x'),
    ],
)
def test_permissions_that_cannot_be_read_allow_nothing(
    company: str, ada: Person, server: TeamServer, sql: SQL, text: str
) -> None:
    store(sql, company, "broken", text)
    bob = server.member("bob", company)
    assert give_role(ada, bob, ["member", "broken"]).status == 200
    assert not may(bob, project=["update"])
    assert may(ada, project=["update"])
    assert [one["permission"] for one in look(ada, "list-roles").json] == [{}]
    assert look(ada, "get-role", roleName="broken").json["permission"] == {}
    assert act(ada, "update-role", roleName="broken", data={"permission": EDITS}).status == 200
    assert may(bob, project=["update"])


def test_rows_of_one_name_count_together(
    company: str, ada: Person, server: TeamServer, sql: SQL
) -> None:
    create(ada)
    store(sql, company, "editor", '{"project":["create"]}')
    store(sql, company, "member", '{"project":["create"],"team":["create"]}')
    bob = server.member("bob", company)
    assert may(bob, project=["create"])
    assert may(bob, team=["create"], ac=["read"])
    give_role(ada, bob, "editor")
    assert may(bob, project=["create", "update"])


def test_names_of_other_servers_stand_for_nothing_else(
    company: str, ada: Person, server: TeamServer, sql: SQL
) -> None:
    for name in (" member", "Member", "member,owner"):
        store(sql, company, name, '{"project":["update"]}')
    assert not may(server.member("bob", company), project=["update"])


# Options


def test_roles_need_to_know_which_resources_there_are() -> None:
    with pytest.raises(ConfigurationError, match="dynamic_access_control"):
        Organization(dynamic_access_control=DynamicAccessControl())


def test_without_the_option_there_are_neither_endpoints_nor_a_table(
    make: MakeServer, sql: SQL
) -> None:
    server = make(dynamic_access_control=None)
    ada = server.person("ada")
    server.company(ada)
    assert look(ada, "list-roles").status == 404
    assert act(ada, "create-role", role="x", permission={}).status == 404
    tables = {name for (name,) in sql("select name from sqlite_master")}
    assert "organizationRole" not in tables


class Described(OrganizationRole, kw_only=True):
    description: Annotated[str, msgspec.Meta(max_length=20)] | None = None


def test_roles_have_fields_of_the_application(make: MakeServer) -> None:
    server = make(organization_role_type=Described)
    ada = server.person("ada")
    server.company(ada)
    made = create(ada, additionalFields={"description": "Edits", "role": "owner"})
    assert (made["description"], made["role"]) == ("Edits", "editor")
    data = {"description": "Writes"}
    changed = act(ada, "update-role", roleName="editor", data=data).json["roleData"]
    assert (changed["description"], changed["permission"]) == ("Writes", EDITS)
    long = {"description": "x" * 21}
    assert told(act(ada, "update-role", roleName="editor", data=long))[1] == "VALIDATION_ERROR"


def test_permissions_are_no_longer_than_a_table_holds(company: str, ada: Person) -> None:
    long = {f"{'x' * 250}{number}": ["y" * 255] * 5 for number in range(99)}
    answer = act(ada, "create-role", role="long", permission=long)
    assert told(answer) == (400, "VALIDATION_ERROR")
