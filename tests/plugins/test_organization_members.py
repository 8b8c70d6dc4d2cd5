"""Members: listing, adding, removing them, giving them roles, and leaving."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.organization_server import MakeServer, OrganizationServer, organization_server
from tests.support.browser import Browser
from watchword import APIError, Column, DeleteUser, User
from watchword.plugins import Admin, Anonymous
from watchword.plugins.organization import (
    AddMember,
    Member,
    OrganizationHooks,
    StoredOrganization,
)

ONLY_OWNER = "YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER"


@pytest.fixture
def make(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeServer:
    return organization_server(make_auth, tmp_path, kind)


@pytest.fixture
def server(make: MakeServer) -> OrganizationServer:
    return make()


@pytest.fixture
def ada(server: OrganizationServer) -> Browser:
    browser = server.person("ada")
    server.organization(browser)
    return browser


@pytest.fixture
def acme(server: OrganizationServer, ada: Browser) -> str:
    return server.active(ada) or ""


def member_id(server: OrganizationServer, name: str) -> str:
    [(found,)] = server.sql("select id from member where userId = ?", server.ids[name])
    return found


def test_the_server_adds_members(server: OrganizationServer, acme: str) -> None:
    api, bob = server.auth.blocking.api, server.person("bob")

    def refused(**given: Any) -> str | None:
        with pytest.raises(APIError) as error:
            api.add_member(AddMember(**{"user_id": server.ids["bob"], "role": "x", **given}))
        return error.value.code

    assert refused() == "NO_ACTIVE_ORGANIZATION"
    assert refused(organization_id="x") == "ORGANIZATION_NOT_FOUND"
    assert refused(organization_id=acme, user_id="x") == "USER_NOT_FOUND"
    assert refused(organization_id=acme, role=" ,") == "ROLE_NOT_FOUND"
    assert refused(organization_id=acme, team_id="x") is None
    given = AddMember(user_id=server.ids["bob"], role=["a ", "b,c"], organization_id=acme)
    assert api.add_member(given).role == "a,b,c"
    again = "USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION"
    assert refused(organization_id=acme) == again
    assert bob.post("/organization/add-member", {"userId": "x", "role": "a"}).status == 404


def test_an_organization_is_full_when_the_application_says_so(make: MakeServer) -> None:
    async def limit(user: User, of: StoredOrganization) -> int:
        return 2 if of.slug == "acme" else 0

    server = make(membership_limit=limit)
    ada = server.person("ada")
    acme, other = server.organization(ada), server.organization(ada, "other")
    server.member("bob", acme)
    server.member("eve", other)
    with pytest.raises(APIError, match="ORGANIZATION_MEMBERSHIP_LIMIT_REACHED"):
        server.member("mia", acme)


class Employee(Member, kw_only=True):
    salary: Annotated[int | None, Column(returned=False, input=False)] = None
    office: str | None = None


def test_members_page_by_page(make: MakeServer) -> None:
    server = make(member_type=Employee)
    ada = server.person("ada")
    acme = server.organization(ada)
    for number in range(5):
        server.member(f"p{number}", acme, "admin" if number % 2 else "member")
    server.sql("update member set salary = 5")

    def listed(**query: Any) -> tuple[list[str], int]:
        found = ada.get("/organization/list-members", query).json
        return [one["user"]["name"] for one in found["members"]], found["total"]

    assert listed() == (["ada", "p0", "p1", "p2", "p3", "p4"], 6)
    assert listed(limit=2, offset=1) == (["p0", "p1"], 6)
    assert listed(limit=2, offset=9) == ([], 6)
    assert listed(filterField="role", filterValue="admin") == (["p1", "p3"], 2)
    assert listed(filterField="role", filterValue="OWN", filterOperator="contains") == (["ada"], 1)
    assert listed(filterField="role", filterValue="x", limit=1) == ([], 0)
    in_list = {"filterField": "userId", "filterOperator": "in", "filterValue": server.ids["p4"]}
    assert listed(**in_list) == (["p4"], 1)
    by_role, _ = listed(sortBy="role", sortDirection="desc")
    assert by_role[0] == "ada"
    # What nobody sees is neither compared nor sorted by.
    for field in ("salary", "password", "user.email", "nothing"):
        assert listed(filterField=field, filterValue="5") == ([], 0)
        assert listed(sortBy=field) == ([], 0)
    for query in ({"limit": 1001}, {"limit": -1}, {"offset": "x"}, {"sortDirection": "up"}):
        assert ada.get("/organization/list-members", query).code == "VALIDATION_ERROR"
    [first] = ada.get("/organization/list-members", {"limit": 1}).json["members"]
    assert "salary" not in first
    assert first["office"] is None


def test_only_members_list(server: OrganizationServer, acme: str) -> None:
    eve = server.person("eve")
    answers = {
        "NO_ACTIVE_ORGANIZATION": {},
        "ORGANIZATION_NOT_FOUND": {"organizationSlug": "x"},
        "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION": {"organizationId": acme},
    }
    for path in ("list-members", "get-active-member-role"):
        for code, query in answers.items():
            assert eve.get(f"/organization/{path}", query).code == code
    assert eve.get("/organization/get-active-member").code == "NO_ACTIVE_ORGANIZATION"


def test_one_s_own_role_and_those_of_others(
    server: OrganizationServer, ada: Browser, acme: str
) -> None:
    bob, _ = server.member("bob", acme, "admin")
    own = bob.get("/organization/get-active-member").json
    assert (own["role"], own["user"]["name"]) == ("admin", "bob")
    path = "/organization/get-active-member-role"
    assert bob.get(path).json == {"role": "admin"}
    assert bob.get(path, {"userId": server.ids["ada"]}).json == {"role": "owner"}
    assert bob.get(path, {"userId": "x"}).code == "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"


def test_removing_members(server: OrganizationServer, ada: Browser, acme: str) -> None:
    bob, bob_member = server.member("bob", acme, "admin")
    eve, eve_member = server.member("eve", acme)
    path = "/organization/remove-member"

    def remove(browser: Browser, who: str, **more: Any) -> Any:
        return browser.post(path, {"memberIdOrEmail": who, **more})

    refused = remove(eve, bob_member)
    assert (refused.status, refused.code) == (401, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER")
    for who in ("x", "nobody@example.com"):
        assert remove(ada, who).code == "MEMBER_NOT_FOUND"
    for browser in (ada, bob):
        assert remove(browser, member_id(server, "ada")).code == ONLY_OWNER
    mia = server.person("mia")
    server.organization(mia, "other")
    assert remove(mia, eve_member).code == "MEMBER_NOT_FOUND"
    assert remove(mia, eve_member, organizationId=acme).code == "MEMBER_NOT_FOUND"
    assert "user" not in remove(bob, eve_member).json["member"]
    removed = remove(ada, "BOB@example.com").json["member"]
    assert removed["user"]["name"] == "bob"
    assert (server.active(bob), server.active(eve), server.active(ada)) == (None, None, acme)


def test_leaving(server: OrganizationServer, ada: Browser, acme: str) -> None:
    bob, member = server.member("bob", acme)
    body = {"organizationId": acme}
    assert ada.post("/organization/leave", body).code == ONLY_OWNER
    left = bob.post("/organization/leave", body).json
    assert (left["id"], left["user"]["name"]) == (member, "bob")
    assert server.active(bob) is None
    assert bob.post("/organization/leave", body).code == "MEMBER_NOT_FOUND"
    server.member("eve", acme, "admin,owner")
    assert ada.post("/organization/leave", body).status == 200


def test_giving_roles(server: OrganizationServer, ada: Browser, acme: str) -> None:
    bob, bob_member = server.member("bob", acme, "admin")
    eve, eve_member = server.member("eve", acme)
    ada_member = member_id(server, "ada")

    def give(browser: Browser, member: str, role: Any) -> tuple[int, str | None]:
        body = {"memberId": member, "role": role}
        answer = browser.post("/organization/update-member-role", body)
        return answer.status, answer.code

    denied = (403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER")
    assert give(ada, bob_member, " , ") == (400, None)
    assert give(ada, bob_member, "nobody") == (400, "ROLE_NOT_FOUND")
    assert give(ada, "x", "admin") == (400, "MEMBER_NOT_FOUND")
    assert give(eve, eve_member, "admin") == denied
    assert give(bob, eve_member, "owner") == denied
    assert give(bob, eve_member, " owner ,member") == denied
    assert give(bob, bob_member, "owner") == denied
    assert give(bob, ada_member, "member") == denied
    last = "YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER"
    assert give(ada, ada_member, "admin") == (400, last)
    assert give(ada, ada_member, ["admin", "owner"]) == (200, None)
    assert give(bob, eve_member, "admin") == (200, None)
    assert give(ada, eve_member, "owner") == (200, None)
    assert give(ada, ada_member, "member") == (200, None)
    mia = server.person("mia")
    server.organization(mia, "other")
    assert give(mia, eve_member, "member") == denied


def test_rows_that_another_server_doubled_hide_no_owner(
    server: OrganizationServer, ada: Browser, acme: str
) -> None:
    bob, _ = server.member("bob", acme, "admin")
    server.sql(
        "insert into member (id, organizationId, userId, role, createdAt) "
        "values ('double', ?, ?, 'member', '2030-01-01T00:00:00.000Z')",
        acme,
        server.ids["ada"],
    )
    for who in ("double", "ada@example.com"):
        body = {"memberIdOrEmail": who}
        assert bob.post("/organization/remove-member", body).code == ONLY_OWNER
    assert ada.post("/organization/leave", {"organizationId": acme}).code == ONLY_OWNER
    body = {"memberId": "double", "role": "owner"}
    assert ada.post("/organization/update-member-role", body).status == 200
    rows = server.sql("select id from member where userId = ?", server.ids["ada"])
    assert rows == [("double",)]


def test_hooks_of_members(make: MakeServer) -> None:
    told: list[str] = []

    def changing(member: Member, role: str, user: User, of: StoredOrganization) -> Any:
        told.append(f"{user.name}: {member.role} to {role}")
        return {"role": "admin"}

    hooks = OrganizationHooks(
        before_add_member=lambda values, user, of: {"role": f"{values['role']},added"},
        before_remove_member=lambda member, user, of: told.append(f"removing {user.name}"),
        after_remove_member=lambda member, user, of: told.append(f"removed {user.name}"),
        before_update_member_role=changing,
        after_update_member_role=lambda m, role, user, of: told.append(f"{role} to {m.role}"),
    )
    server = make(organization_hooks=hooks)
    ada = server.person("ada")
    acme = server.organization(ada)
    bob, member = server.member("bob", acme)
    body = {"memberId": member, "role": "owner"}
    assert ada.post("/organization/update-member-role", body).json["role"] == "admin"
    bob.post("/organization/leave", {"organizationId": acme})
    _, member = server.member("eve", acme)
    ada.post("/organization/remove-member", {"memberIdOrEmail": member})
    assert told == [
        "bob: member,added to owner",
        "member,added to admin",
        "removing bob",
        "removed bob",
        "removing eve",
        "removed eve",
    ]


def test_deleted_users_leave_no_organization_without_an_owner(make: MakeServer) -> None:
    server = make(auth={"delete_user": DeleteUser(enabled=True), "plugins": [Admin()]})
    ada, root = server.person("ada"), server.person("root")
    server.sql("update user set role = 'admin' where name = 'root'")
    acme = server.organization(ada)
    server.organization(ada, "alone")
    bob, _ = server.member("bob", acme, "admin")
    answers = [
        ada.post("/delete-user", {"password": "password1234"}),
        root.post("/admin/remove-user", {"userId": server.ids["ada"]}),
    ]
    assert [one.code for one in answers] == [ONLY_OWNER, ONLY_OWNER]
    assert ada.session() is not None
    assert server.sql("select count(*) from organization") == [(2,)]
    assert bob.post("/delete-user", {"password": "password1234"}).status == 200
    # Organizations that have nobody else go with their last member.
    assert ada.post("/delete-user", {"password": "password1234"}).status == 200
    for table in ("organization", "member", "invitation"):
        assert server.sql(f"select count(*) from {table}") == [(0,)]


def test_guests_are_kept_by_nothing(make: MakeServer) -> None:
    linked: list[str] = []
    anonymous = Anonymous(on_link_account=lambda guest, call: linked.append(guest.new_user.user.id))
    server = make(auth={"plugins": [anonymous]})
    guest = Browser(server.auth)
    guest.post("/sign-in/anonymous", {})
    acme = server.organization(guest)
    server.member("bob", acme)
    assert guest.sign_up("new@example.com").status == 200
    assert len(linked) == 1
