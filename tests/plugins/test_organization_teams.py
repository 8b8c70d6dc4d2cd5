"""Teams of organizations."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.team_server import (
    MakeServer,
    Person,
    TeamServer,
    act,
    active_team,
    first_team,
    look,
    member_id,
    named,
    new_team,
    told,
)
from tests.support.vectors import vectors
from watchword import APIError
from watchword.plugins.organization import (
    CreateTeam,
    DefaultTeam,
    OrganizationHooks,
    Team,
    Teams,
)
from watchword.plugins.organization.seats import membership_key

VECTORS = vectors("organization", "vectors-plugins-2.json")
SQL = Callable[..., list[Any]]


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


# Teams as such


def test_an_organization_begins_with_a_team_and_its_founder_in_it(
    company: str, ada: Person, sql: SQL
) -> None:
    [team] = look(ada, "list-teams").json
    assert (team["name"], team["organizationId"], team["updatedAt"]) == ("Company", company, None)
    assert "memberCount" not in team
    assert active_team(ada) == team["id"]
    [seat] = look(ada, "list-team-members").json
    assert (seat["teamId"], seat["userId"]) == (team["id"], ada.id)
    assert "membershipKey" not in seat
    assert sql("select memberCount from team") == [(1,)]
    [(key,)] = sql("select membershipKey from teamMember")
    assert key == membership_key(team["id"], ada.id)
    assert look(ada, "get-full-organization").json["teams"][0]["memberCount"] == 1


@pytest.mark.parametrize(
    "pair",
    [
        *VECTORS["teamMembers"],
        *VECTORS["computed"],
    ],
)
def test_the_key_of_a_seat(pair: dict[str, str]) -> None:
    assert membership_key(pair["teamId"], pair["userId"]) == pair["membershipKey"]


def test_teams_are_made_up_to_the_limit(company: str, ada: Person) -> None:
    made = act(ada, "create-team", name="Sales", memberCount=7).json
    assert made["name"] == "Sales"
    assert look(ada, "list-team-members", teamId=made["id"]).status == 400
    new_team(ada, "Ops")
    refused = act(ada, "create-team", name="More", organizationId=company)
    assert told(refused) == (400, "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_TEAMS")
    assert named(look(ada, "list-teams")) == ["Company", "Sales", "Ops"]


def test_a_team_gets_another_name_and_stays_where_it_is(
    company: str, ada: Person, server: TeamServer
) -> None:
    team = first_team(ada)
    other = server.company(ada, "other")
    act(ada, "set-active", organizationId=company)
    changed = act(ada, "update-team", teamId=team, data={"name": "Head", "memberCount": 9})
    assert (changed.json["name"], changed.json["organizationId"]) == ("Head", company)
    elsewhere = {"name": "Gone", "organizationId": other}
    assert told(act(ada, "update-team", teamId=team, data=elsewhere)) == (400, "TEAM_NOT_FOUND")
    assert told(act(ada, "update-team", teamId=team, data={"name": ""}))[1] == "VALIDATION_ERROR"
    assert look(ada, "get-full-organization").json["teams"][0]["memberCount"] == 1


def test_a_team_is_deleted_and_the_last_one_is_not(company: str, ada: Person, sql: SQL) -> None:
    first, sales = first_team(ada), new_team(ada)
    denied = (403, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_TEAM")
    assert told(act(ada, "remove-team", teamId=first)) == denied
    assert act(ada, "remove-team", teamId=sales).status == 200
    assert told(act(ada, "remove-team", teamId=sales)) == (400, "TEAM_NOT_FOUND")
    act(ada, "set-active-team", teamId=None)
    assert told(act(ada, "remove-team", teamId=first)) == (400, "UNABLE_TO_REMOVE_LAST_TEAM")
    assert sql("select count(*) from team") == [(1,)]


def test_the_last_team_goes_where_the_options_say_so(make: MakeServer, sql: SQL) -> None:
    server = make(teams=Teams(allow_removing_all_teams=True))
    ada = server.person("ada")
    server.company(ada)
    team = first_team(ada)
    act(ada, "set-active-team", teamId=None)
    assert act(ada, "remove-team", teamId=team).status == 200
    assert look(ada, "list-teams").json == []
    assert sql("select count(*) from teamMember") == [(0,)]


def test_an_organization_may_begin_without_a_team(make: MakeServer) -> None:
    server = make(teams=Teams(default_team=DefaultTeam(enabled=False)))
    ada = server.person("ada")
    server.company(ada)
    assert look(ada, "list-teams").json == []
    assert active_team(ada) is None
    assert told(look(ada, "list-team-members")) == (400, "YOU_DO_NOT_HAVE_AN_ACTIVE_TEAM")


def test_the_application_plans_the_first_team(make: MakeServer) -> None:
    def plan(organization: Any, request: Any) -> dict[str, object]:
        return {"name": f"{organization.name} (all)"}

    default = DefaultTeam(custom_create_default_team=plan)
    server = make(teams=Teams(default_team=default))
    ada = server.person("ada")
    server.company(ada)
    assert named(look(ada, "list-teams")) == ["Company (all)"]


def test_where_there_are_no_teams_there_are_no_endpoints(make: MakeServer) -> None:
    server = make(teams=None)
    ada = server.person("ada")
    server.company(ada)
    assert look(ada, "list-teams").status == 404
    assert act(ada, "create-team", name="Sales").status == 404
    assert "activeTeamId" not in ada.session()["session"]
    assert "teams" not in look(ada, "get-full-organization").json


class Squad(Team, kw_only=True):
    motto: Annotated[str, msgspec.Meta(max_length=20)] | None = None


def test_teams_have_fields_of_the_application(make: MakeServer) -> None:
    server = make(team_type=Squad)
    ada = server.person("ada")
    server.company(ada)
    made = act(ada, "create-team", name="Sales", motto="Sell").json
    assert made["motto"] == "Sell"
    changed = act(ada, "update-team", teamId=made["id"], data={"motto": "Sell more"}).json
    assert (changed["name"], changed["motto"]) == ("Sales", "Sell more")
    long = act(ada, "update-team", teamId=made["id"], data={"motto": "x" * 21})
    assert told(long) == (400, "VALIDATION_ERROR")
    assert look(ada, "get-full-organization").json["teams"][1]["motto"] == "Sell more"


def test_the_server_makes_teams_without_asking_anybody(
    company: str, ada: Person, server: TeamServer
) -> None:
    made = server.auth.blocking.api.create_team(CreateTeam(name="Ops", organization_id=company))
    assert made.organization_id == company
    with pytest.raises(APIError) as refused:
        server.auth.blocking.api.create_team(CreateTeam(name="Ops", organization_id="none"))
    assert refused.value.code == "ORGANIZATION_NOT_FOUND"
    assert named(look(ada, "list-teams")) == ["Company", "Ops"]


# Who is in them


def test_members_come_into_teams_as_long_as_there_are_seats(
    company: str, ada: Person, server: TeamServer, sql: SQL
) -> None:
    team = first_team(ada)
    bob, cid = server.member("bob", company), server.member("cid", company)
    seat = act(ada, "add-team-member", teamId=team, userId=bob.id)
    assert (seat.status, seat.json["userId"]) == (200, bob.id)
    assert act(ada, "add-team-member", teamId=team, userId=bob.id).json == seat.json
    full = act(ada, "add-team-member", teamId=team, userId=cid.id)
    assert told(full) == (403, "TEAM_MEMBER_LIMIT_REACHED")
    assert sql("select memberCount, updatedAt from team") == [(2, None)]
    assert act(ada, "remove-team-member", teamId=team, userId=bob.id).status == 200
    again = act(ada, "remove-team-member", teamId=team, userId=bob.id)
    assert told(again) == (400, "USER_IS_NOT_A_MEMBER_OF_THE_TEAM")
    assert sql("select memberCount from team") == [(1,)]
    assert act(ada, "add-team-member", teamId=team, userId=cid.id).status == 200
    assert [one["userId"] for one in look(cid, "list-team-members", teamId=team).json] == [
        ada.id,
        cid.id,
    ]
    outside = look(bob, "list-team-members", teamId=team)
    assert told(outside) == (400, "USER_IS_NOT_A_MEMBER_OF_THE_TEAM")


def test_only_members_of_the_organization_come_into_its_teams(
    company: str, ada: Person, server: TeamServer
) -> None:
    eve = server.person("eve")
    refused = act(ada, "add-team-member", teamId=first_team(ada), userId=eve.id)
    assert told(refused) == (400, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION")


@pytest.mark.parametrize("counter", [0, 1, 99])
def test_a_counter_that_went_wrong_neither_locks_a_team_nor_opens_it(
    company: str, ada: Person, server: TeamServer, sql: SQL, counter: int
) -> None:
    sql("update team set memberCount = ?", counter)
    team = first_team(ada)
    bob, cid = server.member("bob", company), server.member("cid", company)
    assert act(ada, "add-team-member", teamId=team, userId=bob.id).status == 200
    assert act(ada, "add-team-member", teamId=team, userId=cid.id).status == 403
    assert sql("select memberCount from team") == [(2,)]


def test_a_seat_of_an_older_server_is_known_without_a_key(
    company: str, ada: Person, server: TeamServer, sql: SQL
) -> None:
    sql("update teamMember set membershipKey = null, createdAt = null")
    team = first_team(ada)
    assert act(ada, "add-team-member", teamId=team, userId=ada.id).json["createdAt"] is None
    assert sql("select count(*) from teamMember") == [(1,)]
    assert act(ada, "set-active-team", teamId=team).status == 200
    assert act(ada, "remove-team-member", teamId=team, userId=ada.id).status == 200
    assert sql("select memberCount from team") == [(0,)]


def test_whoever_leaves_the_organization_leaves_its_teams_alone(
    company: str, ada: Person, server: TeamServer, sql: SQL
) -> None:
    bob = server.member("bob", company)
    team = first_team(ada)
    act(ada, "add-team-member", teamId=team, userId=bob.id)
    server.company(bob, "bobs")
    act(bob, "set-active", organizationId=company)
    act(bob, "set-active-team", teamId=team)
    assert active_team(bob) == team
    removed = act(ada, "remove-member", memberIdOrEmail=member_id(ada, bob))
    assert removed.status == 200
    assert active_team(bob) is None
    assert sql("select memberCount from team where id = ?", team) == [(1,)]
    assert named(look(bob, "list-user-teams")) == ["Bobs"]
    server.enroll(bob, company)
    assert look(bob, "list-user-teams", organizationId=company).json == []


def test_a_user_who_is_gone_leaves_a_seat_free(
    company: str, ada: Person, server: TeamServer, sql: SQL
) -> None:
    team = first_team(ada)
    bob, cid = server.member("bob", company), server.member("cid", company)
    act(ada, "add-team-member", teamId=team, userId=bob.id)
    sql("delete from teamMember where userId = ?", bob.id)
    sql("delete from member where userId = ?", bob.id)
    assert act(ada, "add-team-member", teamId=team, userId=cid.id).status == 200


def test_teams_of_somebody(company: str, ada: Person, server: TeamServer) -> None:
    bob, eve = server.member("bob", company), server.person("eve")
    act(ada, "add-team-member", teamId=new_team(ada), userId=bob.id)
    server.company(bob, "bobs")
    assert named(look(bob, "list-user-teams")) == ["Sales", "Bobs"]
    assert named(look(bob, "list-user-teams", organizationId=company)) == ["Sales"]
    assert named(look(ada, "list-user-teams", userId=bob.id)) == ["Sales"]
    foreign = look(ada, "list-user-teams", userId=eve.id)
    assert told(foreign) == (400, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION")
    denied = look(bob, "list-user-teams", userId=ada.id, organizationId=company)
    assert told(denied) == (403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER")
    outside = look(eve, "list-user-teams", userId=bob.id, organizationId=company)
    assert told(outside) == (403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION")


# The active one


def test_the_active_team_is_one_of_the_active_organization(
    company: str, ada: Person, server: TeamServer
) -> None:
    team, sales = first_team(ada), new_team(ada)
    not_mine = act(ada, "set-active-team", teamId=sales)
    assert told(not_mine) == (403, "USER_IS_NOT_A_MEMBER_OF_THE_TEAM")
    other = server.company(ada, "other")
    others = first_team(ada)
    assert active_team(ada) == others
    assert told(act(ada, "set-active-team", teamId=team)) == (400, "TEAM_NOT_FOUND")
    assert act(ada, "set-active", organizationId=company).status == 200
    assert active_team(ada) is None
    chosen = act(ada, "set-active-team", teamId=team)
    assert chosen.json["id"] == team
    assert chosen.cookie("better-auth.session_token") is not None
    assert act(ada, "set-active-team").json["id"] == team
    assert act(ada, "set-active", organizationId=other).status == 200
    assert active_team(ada) is None
    assert act(ada, "set-active-team").json is None


def test_a_team_that_somebody_leaves_is_active_no_more(
    company: str, ada: Person, server: TeamServer
) -> None:
    team, bob = first_team(ada), server.member("bob", company)
    act(ada, "add-team-member", teamId=team, userId=bob.id)
    elsewhere = Person(server.auth)
    elsewhere.sign_in(bob.email)
    for browser in (bob, elsewhere):
        act(browser, "set-active", organizationId=company)
        assert act(browser, "set-active-team", teamId=team).status == 200
    act(ada, "remove-team-member", teamId=team, userId=bob.id)
    assert [active_team(bob), active_team(elsewhere)] == [None, None]
    assert active_team(ada) == team


def test_a_team_that_is_deleted_is_active_no_more(
    company: str, ada: Person, server: TeamServer
) -> None:
    sales, bob = new_team(ada), server.member("bob", company)
    act(ada, "add-team-member", teamId=sales, userId=bob.id)
    act(bob, "set-active-team", teamId=sales)
    assert act(ada, "remove-team", teamId=sales).status == 200
    assert active_team(bob) is None


# Whose they are


def test_a_team_of_another_organization_is_out_of_reach(
    company: str, ada: Person, server: TeamServer, sql: SQL
) -> None:
    team, bob = first_team(ada), server.member("bob", company)
    eve = server.person("eve")
    others = server.company(eve, "eves")
    server.enroll(bob, others)
    act(bob, "set-active", organizationId=company)
    for body in ({"organizationId": others}, {}):
        seat = {"teamId": team, "userId": bob.id, **body}
        assert told(act(eve, "add-team-member", **seat)) == (400, "TEAM_NOT_FOUND")
        assert told(act(eve, "remove-team-member", **seat)) == (400, "TEAM_NOT_FOUND")
        assert told(act(eve, "remove-team", teamId=team, **body)) == (400, "TEAM_NOT_FOUND")
        data = {"name": "Mine", **body}
        assert told(act(eve, "update-team", teamId=team, data=data)) == (400, "TEAM_NOT_FOUND")
    assert told(act(eve, "set-active-team", teamId=team)) == (400, "TEAM_NOT_FOUND")
    assert look(eve, "list-team-members", teamId=team).status == 400
    invited = act(eve, "invite-member", email="x@example.com", role="member", teamId=team)
    assert told(invited) == (400, "TEAM_NOT_FOUND")
    assert named(look(ada, "list-teams")) == ["Company"]
    assert sql("select memberCount from team where id = ?", team) == [(1,)]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("create-team", "YOU_ARE_NOT_ALLOWED_TO_CREATE_TEAMS_IN_THIS_ORGANIZATION"),
        ("update-team", "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM"),
        ("remove-team", "YOU_ARE_NOT_ALLOWED_TO_DELETE_TEAMS_IN_THIS_ORGANIZATION"),
        ("add-team-member", "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_TEAM_MEMBER"),
        ("remove-team-member", "YOU_ARE_NOT_ALLOWED_TO_REMOVE_A_TEAM_MEMBER"),
    ],
)
def test_a_plain_member_changes_nothing(
    company: str, ada: Person, server: TeamServer, path: str, code: str
) -> None:
    bob = server.member("bob", company)
    body = {"name": "X", "teamId": first_team(ada), "userId": bob.id, "data": {"name": "X"}}
    assert told(act(bob, path, **body)) == (403, code)
    assert act(Person(server.auth), path, **body).status in (400, 401)


def test_rights_are_those_of_now(company: str, ada: Person, server: TeamServer, sql: SQL) -> None:
    bob = server.member("bob", company, "admin")
    assert act(bob, "create-team", name="One").status == 200
    sql("update member set role = 'member' where userId = ?", bob.id)
    assert act(bob, "create-team", name="Two").status == 403


# Invitations


def invite(founder: Person, email: str, **more: Any) -> Any:
    answer = act(founder, "invite-member", email=email, role="member", **more)
    assert answer.status == 200, answer.json
    return answer.json


def test_an_invitation_leads_into_teams(
    company: str, ada: Person, server: TeamServer, sql: SQL
) -> None:
    sales, bob, cid = new_team(ada), server.person("bob"), server.person("cid")
    invitation = invite(ada, bob.email, teamId=sales)
    assert invitation["teamId"] == sales
    assert act(bob, "accept-invitation", invitationId=invitation["id"]).status == 200
    assert active_team(bob) == sales
    several = invite(ada, cid.email, teamId=[sales, first_team(ada), sales])
    assert act(cid, "accept-invitation", invitationId=several["id"]).status == 200
    assert active_team(cid) is None
    assert named(look(cid, "list-user-teams")) == ["Company", "Sales"]
    assert sql("select memberCount from team") == [(2,), (2,)]
    full = act(ada, "invite-member", email="dan@example.com", role="member", teamId=sales)
    assert told(full) == (403, "TEAM_MEMBER_LIMIT_REACHED")


def test_invitations_name_teams_that_there_are(company: str, ada: Person) -> None:
    team = first_team(ada)
    for given, code in {
        "none": "TEAM_NOT_FOUND",
        f"{team},{team}": "INVALID_TEAM_ID",
        "": "TEAM_NOT_FOUND",
    }.items():
        answer = act(ada, "invite-member", email="x@example.com", role="member", teamId=given)
        assert told(answer) in ((400, code), (200, None)), given
    many = [f"{number}{'x' * 30}" for number in range(40)]
    answer = act(ada, "invite-member", email="y@example.com", role="member", teamId=many)
    assert told(answer) == (400, "INVALID_TEAM_ID")


def test_an_invitation_into_a_team_that_filled_up_stays_open(
    company: str, ada: Person, server: TeamServer, sql: SQL
) -> None:
    team, bob, cid = first_team(ada), server.person("bob"), server.member("cid", company)
    invitation = invite(ada, bob.email, teamId=team)
    act(ada, "add-team-member", teamId=team, userId=cid.id)
    refused = act(bob, "accept-invitation", invitationId=invitation["id"])
    assert told(refused) == (403, "TEAM_MEMBER_LIMIT_REACHED")
    assert sql("select count(*) from member where userId = ?", bob.id) == [(0,)]
    assert sql("select status from invitation") == [("pending",)]
    act(ada, "remove-team-member", teamId=team, userId=cid.id)
    assert act(bob, "accept-invitation", invitationId=invitation["id"]).status == 200


def test_open_invitations_do_without_a_team_that_is_deleted(
    company: str, ada: Person, server: TeamServer
) -> None:
    first, sales, ops = first_team(ada), new_team(ada), new_team(ada, "Ops")
    bob, cid = server.person("bob"), server.person("cid")
    one, two = invite(ada, bob.email, teamId=sales), invite(ada, cid.email, teamId=[ops, sales])
    assert act(ada, "remove-team", teamId=sales).status == 200
    for person, invitation in ((bob, one), (cid, two)):
        answer = act(person, "accept-invitation", invitationId=invitation["id"])
        assert answer.status == 200, answer.json
    assert look(bob, "list-user-teams").json == []
    assert named(look(cid, "list-user-teams")) == ["Ops"]
    assert active_team(cid) == ops
    assert active_team(ada) == first


# What the application hears and says


def test_hooks_are_told_in_order_and_may_change_names(make: MakeServer) -> None:
    seen: list[str] = []

    def note(what: str) -> Callable[..., None]:
        return lambda *_: seen.append(what)

    def before(values: Any, user: Any, organization: Any) -> dict[str, object]:
        seen.append("before create")
        return {"name": values["name"].upper()}

    def renaming(team: Any, changes: Any, user: Any, organization: Any) -> dict[str, object]:
        return {"name": f"{changes['name']}!"}

    hooks = OrganizationHooks(
        before_create_team=before,
        after_create_team=note("create"),
        before_update_team=renaming,
        after_update_team=note("update"),
        before_delete_team=note("before delete"),
        after_delete_team=note("delete"),
        before_add_team_member=note("before add"),
        after_add_team_member=note("add"),
        before_remove_team_member=note("before remove"),
        after_remove_team_member=note("remove"),
    )
    server = make(organization_hooks=hooks)
    ada = server.person("ada")
    company = server.company(ada)
    assert named(look(ada, "list-teams")) == ["COMPANY"]
    bob, team = server.member("bob", company), new_team(ada)
    seat = {"teamId": team, "userId": bob.id}
    act(ada, "add-team-member", **seat)
    act(ada, "add-team-member", **seat)
    act(ada, "remove-team-member", **seat)
    changed = act(ada, "update-team", teamId=team, data={"name": "Field"}).json
    assert changed["name"] == "Field!"
    act(ada, "remove-team", teamId=team)
    assert seen == [
        *("before create", "create") * 2,
        *("before add", "add", "before remove", "remove"),
        *("update", "before delete", "delete"),
    ]


def test_a_hook_that_refuses_leaves_all_as_it_was(make: MakeServer, sql: SQL) -> None:
    def refuse(*_: object) -> None:
        raise APIError(409, "NOT_NOW", "Not now")

    hooks = OrganizationHooks(
        before_update_team=refuse,
        before_delete_team=refuse,
        before_add_team_member=refuse,
        before_remove_team_member=refuse,
    )
    server = make(organization_hooks=hooks)
    ada = server.person("ada")
    company = server.company(ada)
    team, sales, bob = first_team(ada), new_team(ada), server.member("bob", company)
    for answer in (
        act(ada, "update-team", teamId=team, data={"name": "X"}),
        act(ada, "remove-team", teamId=sales),
        act(ada, "add-team-member", teamId=team, userId=bob.id),
        act(ada, "remove-team-member", teamId=team, userId=ada.id),
    ):
        assert told(answer) == (409, "NOT_NOW")
    assert named(look(ada, "list-teams")) == ["Company", "Sales"]
    assert sql("select userId from teamMember") == [(ada.id,)]


def test_limits_may_be_functions(make: MakeServer) -> None:
    asked: list[Any] = []

    async def teams(organization_id: str, session: Any) -> int:
        asked.append((organization_id, session.user_id))
        return 2

    def seats(team_id: str, organization_id: str, session: Any) -> int:
        asked.append((team_id, organization_id, session.user_id))
        return 1

    server = make(teams=Teams(maximum_teams=teams, maximum_members_per_team=seats))
    ada = server.person("ada")
    company = server.company(ada)
    bob, team = server.member("bob", company), first_team(ada)
    new_team(ada)
    assert act(ada, "create-team", name="More").status == 400
    assert act(ada, "add-team-member", teamId=team, userId=bob.id).status == 403
    assert asked == [(company, ada.id), (company, ada.id), (team, company, ada.id)]
