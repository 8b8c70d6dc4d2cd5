"""Organizations: making, reading, changing and deleting them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.organization_server import MakeServer, OrganizationServer, organization_server
from tests.support.browser import Browser, Clock
from watchword import APIError, Column, ConfigurationError, SessionOptions, User
from watchword.configuration.options import CookieCache
from watchword.features.access_control import AccessControl
from watchword.plugins import Organization
from watchword.plugins.organization import (
    CreateOrganization,
    DynamicAccessControl,
    Member,
    OrganizationHooks,
    StoredOrganization,
)
from watchword.storage.memory import MemoryStorage


@pytest.fixture
def make(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeServer:
    return organization_server(make_auth, tmp_path, kind)


@pytest.fixture
def server(make: MakeServer) -> OrganizationServer:
    return make()


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"creator_role": "boss"}, "Organization.creator_role"),
        ({"creator_role": "a,b"}, "Organization.creator_role"),
        ({"membership_limit": -1}, "Organization.membership_limit"),
        ({"organization_limit": "3"}, "Organization.organization_limit"),
        ({"invitation_expires_in": 0}, "Organization.invitation_expires_in"),
        ({"allow_user_to_create_organization": "no"}, "allow_user_to_create_organization"),
        ({"dynamic_access_control": DynamicAccessControl()}, "dynamic_access_control"),
        ({"organization_type": User}, "Organization.organization_type"),
        ({"roles": {"owner": {}}}, "Organization.roles['owner']"),
        ({"send_invitation_email": 5}, "Organization.send_invitation_email"),
        ({"disable_organization_deletion": 1}, "disable_organization_deletion"),
    ],
)
def test_options_that_do_not_fit_are_named(options: dict[str, Any], option: str) -> None:
    with pytest.raises(ConfigurationError, match=option.replace("[", r"\[")):
        Organization(**options)


def test_whoever_makes_an_organization_owns_it_and_has_it_active(
    server: OrganizationServer,
) -> None:
    ada = server.person("ada")
    body = {"name": "Acme", "slug": "acme", "metadata": {"plan": ["a"]}, "userId": "somebody"}
    made = ada.post("/organization/create", body).json
    assert made["metadata"] == {"plan": ["a"]}
    assert made["logo"] is None
    [creator] = made["members"]
    assert (creator["userId"], creator["role"]) == (server.ids["ada"], "owner")
    assert server.active(ada) == made["id"]
    [(stored,)] = server.sql("select metadata from organization")
    assert stored == '{"plan":["a"]}'
    assert ada.get("/organization/list").json == [
        {**{k: v for k, v in made.items() if k != "members"}, "metadata": stored}
    ]


def test_the_active_organization_can_be_kept(server: OrganizationServer) -> None:
    ada = server.person("ada")
    first = server.organization(ada)
    server.organization(ada, "other", keepCurrentActiveOrganization=True)
    assert server.active(ada) == first


def test_nobody_makes_none_over_http(server: OrganizationServer) -> None:
    server.person("ada")
    body = {"name": "Acme", "slug": "acme", "userId": server.ids["ada"]}
    answer = server.auth and Browser(server.auth).post("/organization/create", body)
    assert (answer.status, answer.json) == (401, None)


def test_the_server_makes_one_for_a_user(server: OrganizationServer) -> None:
    ada = server.person("ada")
    api = server.auth.blocking.api
    given = CreateOrganization(name="Acme", slug="acme", user_id=server.ids["ada"])
    assert api.create_organization(given).members[0].user_id == server.ids["ada"]
    assert server.active(ada) is None
    for user_id in (None, "nobody"):
        with pytest.raises(APIError) as refused:
            api.create_organization(CreateOrganization(name="B", slug="b", user_id=user_id))
        assert refused.value.status == 401


def test_who_may_make_organizations_and_how_many(make: MakeServer) -> None:
    def allowed(user: User) -> bool:
        return user.name != "eve"

    server = make(allow_user_to_create_organization=allowed, organization_limit=1)
    ada, eve = server.person("ada"), server.person("eve")
    body = {"name": "Acme", "slug": "acme"}
    code = "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_ORGANIZATION"
    assert eve.post("/organization/create", body).code == code
    server.organization(ada)
    answer = ada.post("/organization/create", {"name": "B", "slug": "b"})
    code = "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS"
    assert (answer.status, answer.code) == (403, code)


def test_a_function_says_whether_somebody_has_enough(make: MakeServer) -> None:
    async def reached(user: User) -> bool:
        return user.name == "eve"

    server = make(organization_limit=reached)
    ada, eve = server.person("ada"), server.person("eve")
    server.organization(ada)
    answer = eve.post("/organization/create", {"name": "B", "slug": "b"})
    assert answer.code == "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS"


def test_slugs_are_taken_once(server: OrganizationServer) -> None:
    ada = server.person("ada")
    server.organization(ada)
    other = server.organization(ada, "other")
    again = ada.post("/organization/create", {"name": "X", "slug": "acme"})
    assert (again.status, again.code) == (400, "ORGANIZATION_ALREADY_EXISTS")
    taken = "ORGANIZATION_SLUG_ALREADY_TAKEN"
    assert ada.post("/organization/check-slug", {"slug": "acme"}).code == taken
    assert ada.post("/organization/check-slug", {"slug": "new"}).json == {"status": True}
    changed = {"data": {"slug": "acme"}, "organizationId": other}
    assert ada.post("/organization/update", changed).code == taken
    same = {"data": {"slug": "other", "name": "Same"}, "organizationId": other}
    assert ada.post("/organization/update", same).json["name"] == "Same"


@pytest.mark.parametrize("field", ["name", "slug"])
@pytest.mark.parametrize("value", ["", "x" * 256, None, 5])
def test_names_have_bounds(server: OrganizationServer, field: str, value: object) -> None:
    ada = server.person("ada")
    body = {"name": "Acme", "slug": "acme", field: value}
    assert ada.post("/organization/create", body).code == "VALIDATION_ERROR"


def test_members_with_the_permission_change_an_organization(server: OrganizationServer) -> None:
    ada = server.person("ada")
    acme = server.organization(ada, metadata={"a": 1})
    bob, _ = server.member("bob", acme, "admin")
    eve, _ = server.member("eve", acme)
    body: dict[str, Any] = {"data": {"name": "New", "metadata": None, "logo": "l"}}
    answer = bob.post("/organization/update", body)
    assert answer.json["name"] == "New"
    assert "metadata" not in answer.json
    assert eve.post("/organization/update", body).status == 403
    stranger = server.person("stranger")
    answer = stranger.post("/organization/update", {**body, "organizationId": acme})
    assert (answer.status, answer.code) == (400, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION")
    assert stranger.post("/organization/update", body).code == "ORGANIZATION_NOT_FOUND"
    nothing = bob.post("/organization/update", {"data": {"unknown": 1}})
    assert (nothing.status, nothing.code) == (400, None)


def test_an_organization_goes_with_all_that_is_its_own(server: OrganizationServer) -> None:
    ada = server.person("ada")
    acme = server.organization(ada)
    bob, _ = server.member("bob", acme, "admin")
    assert server.invite(bob, "new").status == 200
    refused = bob.post("/organization/delete", {"organizationId": acme})
    assert refused.code == "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION"
    assert ada.post("/organization/delete", {"organizationId": acme}).json["id"] == acme
    for table in ("organization", "member", "invitation"):
        assert server.sql(f"select count(*) from {table}") == [(0,)]
    assert (server.active(ada), server.active(bob)) == (None, None)
    again = ada.post("/organization/delete", {"organizationId": acme})
    assert again.code == "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"


def test_deletion_can_be_off(make: MakeServer) -> None:
    server = make(disable_organization_deletion=True)
    answer = server.person("ada").post("/organization/delete", {"organizationId": "x"})
    assert (answer.status, answer.code) == (404, "ORGANIZATION_DELETION_DISABLED")


@pytest.mark.parametrize("in_database", [False, True])
def test_deleted_organizations_are_inactive_in_a_secondary_storage(
    make: MakeServer, clock: Clock, *, in_database: bool
) -> None:
    sessions = SessionOptions(store_in_database=in_database)
    server = make(auth={"secondary_storage": MemoryStorage(clock), "session": sessions})
    ada = server.person("ada")
    acme = server.organization(ada)
    bob, member = server.member("bob", acme)
    eve, _ = server.member("eve", acme)
    gone = {"memberIdOrEmail": member}
    assert ada.post("/organization/remove-member", gone).status == 200
    assert server.active(bob) is None
    ada.post("/organization/delete", {"organizationId": acme})
    assert server.active(eve) is None


def test_a_cached_session_knows_the_new_active_organization(make: MakeServer) -> None:
    cached = SessionOptions(cookie_cache=CookieCache(max_age=300))
    server = make(auth={"session": cached})
    ada = server.person("ada")
    acme = server.organization(ada)
    assert server.active(ada) == acme


def test_only_members_look(server: OrganizationServer) -> None:
    ada, eve = server.person("ada"), server.person("eve")
    own = server.organization(eve, "own")
    acme = server.organization(ada)
    for path in ("get-organization", "get-full-organization"):
        found = ada.get(f"/organization/{path}", {"organizationSlug": "acme"})
        assert found.json["id"] == acme
        for query in ({"organizationId": acme}, {"organizationSlug": "acme"}):
            answer = eve.get(f"/organization/{path}", query)
            code = "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"
            assert (answer.status, answer.code) == (403, code)
        unknown = eve.get(f"/organization/{path}", {"organizationId": "x"})
        assert unknown.code == "ORGANIZATION_NOT_FOUND"
        assert server.person(path).get(f"/organization/{path}").json is None
    # What is active stays: somebody else's organization has nothing to do with it.
    assert server.active(eve) == own


def test_what_members_see_of_an_organization(server: OrganizationServer) -> None:
    ada = server.person("ada")
    acme = server.organization(ada)
    bob, _ = server.member("bob", acme, "admin")
    eve, _ = server.member("eve", acme)
    server.invite(ada, "boss", role="owner")
    server.invite(ada, "new")
    seen = {
        name: ada_or.get("/organization/get-full-organization").json
        for name, ada_or in (("ada", ada), ("bob", bob), ("eve", eve))
    }
    emails = {name: [one["email"] for one in found["invitations"]] for name, found in seen.items()}
    assert emails == {
        "ada": ["boss@example.com", "new@example.com"],
        "bob": ["new@example.com"],
        "eve": [],
    }
    assert "teams" not in seen["ada"]
    member = seen["eve"]["members"][0]
    assert member["user"] == {
        "id": server.ids["ada"],
        "name": "ada",
        "email": "ada@example.com",
        "image": None,
    }
    limited = eve.get("/organization/get-full-organization", {"membersLimit": 2}).json
    assert len(limited["members"]) == 2
    assert eve.get("/organization/get-full-organization", {"membersLimit": 1001}).status == 400


def test_an_active_organization_that_is_left_heals(server: OrganizationServer) -> None:
    ada = server.person("ada")
    server.organization(ada)
    server.sql("update session set activeOrganizationId = 'gone'")
    assert ada.get("/organization/get-full-organization").code == "ORGANIZATION_NOT_FOUND"
    assert server.active(ada) is None


def test_making_one_active(server: OrganizationServer) -> None:
    ada, eve = server.person("ada"), server.person("eve")
    acme = server.organization(ada)
    other = server.organization(ada, "other")
    chosen = ada.post("/organization/set-active", {"organizationId": acme})
    assert chosen.json["id"] == acme
    assert chosen.cookie("better-auth.session_token") is not None
    assert server.active(ada) == acme
    assert ada.post("/organization/set-active", {}).json["id"] == acme
    assert ada.post("/organization/set-active", {"organizationSlug": "other"}).json["id"] == other
    assert ada.post("/organization/set-active", {"organizationId": None}).json is None
    assert server.active(ada) is None
    assert ada.post("/organization/set-active", {}).json is None
    code = "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"
    for body in ({"organizationId": acme}, {"organizationId": "x"}, {"organizationSlug": "acme"}):
        answer = eve.post("/organization/set-active", body)
        assert (answer.status, answer.code) == (403, code)
    unknown = eve.post("/organization/set-active", {"organizationSlug": "x"})
    assert unknown.code == "ORGANIZATION_NOT_FOUND"


class Company(StoredOrganization, kw_only=True):
    plan: str
    seats: int | None = None
    rating: Annotated[str | None, Column(input=False)] = "none"
    key: Annotated[str | None, Column(returned=False)] = None


class Employee(Member, kw_only=True):
    title: str | None = None


def test_organizations_have_fields_of_the_application(make: MakeServer) -> None:
    server = make(organization_type=Company, member_type=Employee)
    ada = server.person("ada")
    body = {"name": "Acme", "slug": "acme"}
    assert ada.post("/organization/create", body).code == "MISSING_FIELD"
    made = ada.post("/organization/create", {**body, "plan": "pro", "key": "hidden"}).json
    assert (made["plan"], made["seats"], made["rating"]) == ("pro", None, "none")
    assert "key" not in made
    assert made["members"][0]["title"] is None
    refused = ada.post("/organization/update", {"data": {"rating": "best"}})
    assert refused.code == "FIELD_NOT_ALLOWED"
    changed = ada.post("/organization/update", {"data": {"seats": 5}}).json
    assert (changed["seats"], changed["plan"]) == (5, "pro")
    full = ada.get("/organization/get-full-organization").json
    assert full["seats"] == 5
    assert "key" not in full
    assert server.sql("select key from organization") == [("hidden",)]


def test_hooks_of_organizations_run_in_order_and_may_change_and_refuse(make: MakeServer) -> None:
    told: list[str] = []

    def creating(values: Mapping[str, object], user: User) -> Mapping[str, object]:
        told.append(f"creating {values['name']} of {user.name}")
        if values["name"] == "Bad":
            raise APIError(418, "NO_SUCH_NAME", "Choose another name")
        return {"name": f"{values['name']}!", "metadata": {"by": "hook"}}

    async def adding(values: Mapping[str, object], user: User, of: StoredOrganization) -> None:
        told.append(f"adding {user.name} to {of.name} as {values['role']}")

    def added(member: Member, user: User, of: StoredOrganization) -> None:
        told.append(f"added {user.name} to {of.id == member.organization_id}")

    async def created(of: StoredOrganization, member: Member, user: User) -> None:
        told.append(f"created {of.name} with {member.role}")

    def updating(values: Mapping[str, object], user: User, member: Member) -> Any:
        told.append(f"updating {sorted(values)}")
        return {"slug": "by-hook"}

    hooks = OrganizationHooks(
        before_create_organization=creating,
        before_add_member=adding,
        after_add_member=added,
        after_create_organization=created,
        before_update_organization=updating,
        after_update_organization=lambda of, user, member: told.append(f"updated {of.slug}"),
        before_delete_organization=lambda of, user: told.append(f"deleting {of.slug}"),
        after_delete_organization=lambda of, user: told.append(f"deleted {of.slug}"),
    )
    server = make(organization_hooks=hooks)
    ada = server.person("ada")
    refused = ada.post("/organization/create", {"name": "Bad", "slug": "bad"})
    assert (refused.status, refused.code) == (418, "NO_SUCH_NAME")
    assert server.sql("select count(*) from organization") == [(0,)]
    acme = server.organization(ada)
    ada.post("/organization/update", {"data": {"name": "New"}})
    ada.post("/organization/delete", {"organizationId": acme})
    assert told == [
        "creating Bad of ada",
        "creating Acme of ada",
        "adding ada to Acme! as owner",
        "added ada to True",
        "created Acme! with owner",
        "updating ['name']",
        "updated by-hook",
        "deleting by-hook",
        "deleted by-hook",
    ]


def test_a_session_that_ended_meanwhile_changes_nothing(make: MakeServer) -> None:
    gone: list[Browser] = []

    def updating(values: Mapping[str, object], user: User, member: Member) -> None:
        gone[0].post("/revoke-sessions", {})

    server = make(organization_hooks=OrganizationHooks(before_update_organization=updating))
    ada = server.person("ada")
    acme = server.organization(ada)
    second = Browser(server.auth)
    assert second.sign_in("ada@example.com").status == 200
    gone.append(second)
    body = {"data": {"name": "New"}, "organizationId": acme}
    answer = ada.post("/organization/update", body)
    assert (answer.status, answer.json) == (401, None)
    assert server.sql("select name from organization") == [("Acme",)]


def test_rights_follow_from_the_row_and_one_role_must_allow_all(make: MakeServer) -> None:
    control: AccessControl[Any] = AccessControl({"project": ["create", "delete"]})
    roles = {
        "owner": control.role({"project": ["create", "delete"]}),
        "maker": control.role({"project": ["create"]}),
        "breaker": control.role({"project": ["delete"]}),
    }
    server = make(roles=roles, ac=control)
    ada = server.person("ada")
    acme = server.organization(ada)
    bob, _ = server.member("bob", acme, "maker, breaker,unknown")

    def may(browser: Browser, *actions: str) -> bool:
        body = {"permissions": {"project": actions}}
        return browser.post("/organization/has-permission", body).json["success"]

    assert may(ada, "create", "delete")
    assert may(bob, "create")
    assert may(bob, "delete")
    assert not may(bob, "create", "delete")
    assert not may(bob)
    legacy = {"permission": {"project": ["create"]}}
    answer = ada.post("/organization/has-permission", legacy).json
    assert answer == {"error": None, "success": False}
    both = {"permissions": {}, **legacy}
    assert ada.post("/organization/has-permission", both).code == "VALIDATION_ERROR"
    asked = {"permissions": {"project": ["create"]}, "organizationId": acme}
    stranger = server.person("eve").post("/organization/has-permission", asked)
    code = "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"
    assert (stranger.status, stranger.code) == (401, code)
