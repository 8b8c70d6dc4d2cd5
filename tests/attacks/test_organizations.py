"""Attacks on organizations by those who are, or were, in them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Annotated, Any

import psycopg
import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.team_server import (
    MakeServer,
    TeamServer,
    act,
    give_role,
    look,
    new_team,
    told,
)
from tests.support.browser import Answer, Browser
from tests.support.databases import postgres_database
from watchword import Column, ConfigurationError, DeleteUser, ModelHooks, Record, User
from watchword.plugins import Organization
from watchword.plugins.organization import (
    DynamicAccessControl,
    Invitation,
    Member,
    OrganizationHooks,
    OrganizationRole,
    StoredOrganization,
    Team,
    Teams,
    runtime_roles,
)

GONE = (400, "INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION")
DELETES = {"project": ["delete"]}


@pytest.fixture
def make(make_auth: MakeAuth, kind: str) -> MakeServer:
    def made(auth: dict[str, Any] | None = None, **options: Any) -> TeamServer:
        return TeamServer(make_auth, kind, options, **(auth or {}))

    return made


def invite(browser: Browser, email: str, role: str, **more: Any) -> Answer:
    return act(browser, "invite-member", email=email, role=role, **more)


def accept(browser: Browser, invitation: Any) -> Answer:
    return act(browser, "accept-invitation", invitationId=invitation["id"])


def test_nobody_comes_up_again_by_an_invitation_left_for_himself(make: MakeServer) -> None:
    server = make()
    ada = server.person("ada")
    bob = server.member("bob", server.company(ada), "admin")
    left = invite(bob, "alt@example.com", "admin").json
    assert give_role(ada, bob, "member").status == 200
    alt = server.person("alt")
    assert told(look(alt, "get-invitation", id=left["id"])) == GONE
    assert told(accept(alt, left)) == GONE
    # Whoever renews it vouches for it.
    renewed = invite(ada, "alt@example.com", "admin", resend=True).json
    assert (renewed["id"], renewed["inviterId"]) == (left["id"], ada.id)
    assert accept(alt, left).json["member"]["role"] == "admin"


def test_nobody_brings_in_what_he_may_not_give_any_more(make: MakeServer) -> None:
    server = make()
    ada = server.person("ada")
    bob = server.member("bob", server.company(ada), "admin")
    for role in ("deleter", "higher"):
        act(ada, "create-role", role=role, permission=DELETES)
    assert give_role(ada, bob, "admin,deleter").status == 200
    left = invite(bob, "alt@example.com", "higher").json
    assert give_role(ada, bob, "admin").status == 200
    assert told(accept(server.person("alt"), left)) == GONE


def test_an_invitation_to_a_higher_role_is_not_seen(make: MakeServer) -> None:
    """Its id, and an account with the address that nobody proved, would be enough to accept it."""
    server = make()
    ada = server.person("ada")
    bob = server.member("bob", server.company(ada), "admin")
    act(ada, "create-role", role="deleter", permission=DELETES)
    act(ada, "create-role", role="editor", permission={"project": ["update"]})
    for role in ("deleter", "member,deleter", "editor", "owner"):
        assert invite(ada, f"{role}@example.com".replace(",", "."), role).status == 200
    seen = look(bob, "list-invitations").json
    assert [one["role"] for one in seen] == ["editor"]
    assert look(bob, "get-full-organization").json["invitations"] == seen
    assert len(look(ada, "list-invitations").json) == 4


def test_roles_without_end_are_not_read_for_every_question(make: MakeServer) -> None:
    server = make(dynamic_access_control=DynamicAccessControl())
    ada = server.person("ada")
    company = server.company(ada)
    act(ada, "create-role", role="editor", permission={"project": ["update"]})
    for number in range(5):
        act(ada, "create-role", role=f"r{number}", permission={"project": ["create"]})
    bob = server.member("bob", company, "editor")
    found = list[list[OrganizationRole]]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime_roles, "merged", lambda static, rows: found.append(rows) or static)
        act(bob, "has-permission", permissions={"project": ["update"]})
    assert [[one.role for one in rows] for rows in found] == [["editor"]]


def test_an_organization_stays_with_a_user_whom_the_application_keeps(make: MakeServer) -> None:
    def keep(user: Record, call: object) -> bool:
        return False

    hooks = {"user": ModelHooks(delete_before=keep)}
    server = make({"database_hooks": hooks, "delete_user": DeleteUser(enabled=True)})
    ada = server.person("ada")
    bob = server.member("bob", server.company(ada))
    server.company(bob, "bobs")
    bob.post("/delete-user", {"password": "password1234"})
    members = look(ada, "list-members").json["members"]
    assert {one["userId"] for one in members} == {ada.id, bob.id}
    assert act(ada, "check-slug", slug="bobs").code == "ORGANIZATION_SLUG_ALREADY_TAKEN"


def test_what_is_never_deleted_outlives_its_last_member(make: MakeServer) -> None:
    options = {"delete_user": DeleteUser(enabled=True)}
    server = make(options, disable_organization_deletion=True)
    ada, eve = server.person("ada"), server.person("eve")
    company = server.company(ada)
    assert ada.post("/delete-user", {"password": "password1234"}).status == 200
    assert act(eve, "check-slug", slug="company").code == "ORGANIZATION_SLUG_ALREADY_TAKEN"
    server.enroll(eve, company, "owner")
    assert [one["userId"] for one in look(eve, "list-members").json["members"]] == [eve.id]


def test_the_application_hears_of_what_goes_with_a_user(make: MakeServer) -> None:
    heard: list[str] = []

    def removed(member: Member, user: User, of: StoredOrganization) -> None:
        heard.append(f"{user.name} left {of.slug}")

    def deleted(of: StoredOrganization, user: User) -> None:
        heard.append(f"{of.slug} went with {user.name}")

    hooks = OrganizationHooks(after_remove_member=removed, after_delete_organization=deleted)
    server = make({"delete_user": DeleteUser(enabled=True)}, organization_hooks=hooks)
    ada = server.person("ada")
    bob = server.member("bob", server.company(ada))
    server.company(bob, "bobs")
    assert bob.post("/delete-user", {"password": "password1234"}).status == 200
    assert sorted(heard) == ["bob left company", "bobs went with bob"]


def test_metadata_is_no_place_for_a_megabyte(make: MakeServer) -> None:
    server = make()
    ada = server.person("ada")
    company = server.company(ada)
    long = {"note": "x" * 65_536}
    made = act(ada, "create", name="B", slug="b", metadata=long)
    assert told(made) == (400, "VALIDATION_ERROR")
    changed = act(ada, "update", organizationId=company, data={"metadata": long})
    assert told(changed) == (400, "VALIDATION_ERROR")
    fits = {"note": "x" * 65_000}
    assert act(ada, "update", data={"metadata": fits}).json["metadata"] == fits


class Discreet(StoredOrganization, kw_only=True):
    metadata: Annotated[str | None, Column(returned=False)] = None


class Nameless(Team, kw_only=True):
    name: Annotated[str, Column(returned=False)]


def test_what_the_application_hides_is_nowhere_seen(make: MakeServer) -> None:
    server = make(organization_type=Discreet, team_type=Nameless)
    ada = server.person("ada")
    made = act(ada, "create", name="Visible", slug="acme", metadata={"customer": "secret"})
    answers = [
        made,
        act(ada, "update", data={"logo": "x"}),
        look(ada, "list"),
        look(ada, "get-organization"),
        look(ada, "get-full-organization"),
        look(ada, "list-teams"),
    ]
    assert [one.status for one in answers] == [200] * 6
    for answer in answers:
        assert "metadata" not in str(answer.json)
        assert "secret" not in str(answer.json)
    [team] = look(ada, "get-full-organization").json["teams"]
    assert (team.get("name"), team["memberCount"]) == (None, 1)


class TaggedTeam(Team, kw_only=True):
    tag: Annotated[str | None, Column(unique=True)] = None


class TaggedInvitation(Invitation, kw_only=True):
    tag: Annotated[str | None, Column(unique=True)] = None


class TaggedRole(OrganizationRole, kw_only=True):
    tag: Annotated[str | None, Column(unique=True)] = None


def test_what_must_be_unique_is_refused(make: MakeServer) -> None:
    server = make(
        teams=Teams(),
        team_type=TaggedTeam,
        invitation_type=TaggedInvitation,
        organization_role_type=TaggedRole,
    )
    ada = server.person("ada")
    server.company(ada)
    other = new_team(ada)
    act(ada, "create-role", role="other", permission={})
    twice: list[tuple[str, str, dict[str, Any]]] = [
        ("create-team", "FAILED_TO_STORE_TEAM", {"name": "A", "tag": "x"}),
        ("create-role", "FAILED_TO_STORE_ROLE", {"additionalFields": {"tag": "x"}}),
        ("invite-member", "FAILED_TO_INVITE", {"role": "member", "tag": "x"}),
    ]
    for what, code, body in twice:
        first, second = (
            act(
                ada, what, **{"permission": {}, "email": f"{name}@example.com", "role": name} | body
            )
            for name in ("a", "b")
        )
        assert (first.status, told(second)) == (200, (422, code)), what
    changed = act(ada, "update-team", teamId=other, data={"tag": "x"})
    assert told(changed) == (422, "FAILED_TO_STORE_TEAM")
    changed = act(ada, "update-role", roleName="other", data={"tag": "x"})
    assert told(changed) == (422, "FAILED_TO_STORE_ROLE")


class Titled(Member, kw_only=True):
    title: str


class Colored(Team, kw_only=True):
    color: str


def test_a_field_that_nobody_gives_is_named_at_the_start() -> None:
    def give(values: object, user: object, of: object) -> dict[str, object]:
        return {"title": "Founder", "color": "red"}

    cases: list[dict[str, Any]] = [
        {"member_type": Titled},
        {"team_type": Colored, "teams": Teams()},
    ]
    for options in cases:
        with pytest.raises(ConfigurationError, match="nobody gives"):
            Organization(**options)
        hooks = OrganizationHooks(before_add_member=give, before_create_team=give)
        Organization(**options, organization_hooks=hooks)


@pytest.fixture
def postgres() -> Iterator[str]:
    with postgres_database() as url:
        yield url


def test_a_team_is_deleted_while_its_members_act(make_auth: MakeAuth, postgres: str) -> None:
    """Who deletes it holds the organization; who acts holds his session, and waits for it."""
    pool, waiting = ThreadPoolExecutor(1), list[Future[Answer]]()

    def emptied(member: Record, call: object) -> None:
        if not waiting:
            waiting.append(pool.submit(act, bob, "leave", organizationId=company))
            while not _somebody_waits(postgres):
                assert not waiting[0].done(), waiting[0].result().json

    hooks = {"teamMember": ModelHooks(delete_before=emptied)}
    server = TeamServer(make_auth, "blocking", {}, database=postgres, database_hooks=hooks)
    ada = server.person("ada")
    company = server.company(ada)
    bob, team = server.member("bob", company), new_team(ada)
    act(ada, "add-team-member", teamId=team, userId=bob.id)
    assert act(bob, "set-active-team", teamId=team).status == 200
    with pool:
        removed = act(ada, "remove-team", teamId=team)
        assert (removed.status, waiting[0].result().status) == (200, 200), removed.json


def _somebody_waits(url: str) -> bool:
    with psycopg.connect(url) as database:
        found = database.execute(
            "select 1 from pg_stat_activity"
            " where datname = current_database() and wait_event_type = 'Lock'"
        )
        return found.fetchone() is not None
