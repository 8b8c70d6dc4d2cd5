"""Teams, seats and roles that the reference stored count here, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.differential.organization_teams import ORG
from tests.differential.recording import Browser, Recorder
from tests.support.reference import reference_server
from tests.support.services import conformance_server

both_ways = pytest.mark.parametrize(("here", "there"), [("ours", "theirs"), ("theirs", "ours")])
Servers = dict[str, Recorder]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both on one database, with one secret."""
    database = str(tmp_path_factory.mktemp("shared") / "shared.db")
    with (
        reference_server("plugins", database) as theirs,
        conformance_server("plugins", "asgi", database) as ours,
    ):
        yield {"theirs": Recorder(theirs, ""), "ours": Recorder(ours, "")}


class Person:
    """Somebody with one browser for both servers; passwords are made by the reference."""

    def __init__(self, servers: Servers, email: str) -> None:
        self.email = email
        browser = servers["theirs"].browser()
        self.id = browser.sign_up(email).json["user"]["id"]
        self.at: dict[str, Browser] = {}
        for name, server in servers.items():
            self.at[name] = server.browser()
            self.at[name].jar.update(browser.jar)

    def act(self, where: str, what: str, /, **body: Any) -> Any:
        answer = self.at[where].post(what, f"{ORG}/{what}", body)
        assert answer.status == 200, answer.text
        return answer.json

    def refused(self, where: str, what: str, /, **body: Any) -> str:
        answer = self.at[where].post(what, f"{ORG}/{what}", body)
        assert answer.status in (400, 403), answer.text
        return answer.json["code"]

    def look(self, where: str, what: str) -> Any:
        answer = self.at[where].get(what, f"{ORG}/{what}")
        assert answer.status == 200, answer.text
        return answer.json


def company(servers: Servers, where: str, name: str) -> tuple[Person, list[Person], str]:
    """A founder, two members, and the team that the organization began with."""
    ada, bob, cid = (Person(servers, f"{who}.{name}@example.com") for who in ("ada", "bob", "cid"))
    ada.act(where, "create", name=name, slug=name)
    for person in (bob, cid):
        invited = ada.act(where, "invite-member", email=person.email, role="member")
        person.act(where, "accept-invitation", invitationId=invited["id"])
    return ada, [bob, cid], ada.look(where, "list-teams")[0]["id"]


@both_ways
def test_seats_count_there(servers: Servers, here: str, there: str) -> None:
    ada, (bob, cid), team = company(servers, here, f"seats-{here}")
    seat = ada.act(here, "add-team-member", teamId=team, userId=bob.id)
    assert ada.act(there, "add-team-member", teamId=team, userId=bob.id)["id"] == seat["id"]
    full = {"teamId": team, "userId": cid.id}
    assert ada.refused(there, "add-team-member", **full) == "TEAM_MEMBER_LIMIT_REACHED"
    assert ada.look(there, "get-full-organization")["teams"][0]["memberCount"] == 2
    ada.act(there, "remove-team-member", teamId=team, userId=bob.id)
    assert ada.look(here, "get-full-organization")["teams"][0]["memberCount"] == 1
    ada.act(here, "add-team-member", **full)
    assert [one["userId"] for one in cid.look(there, f"list-team-members?teamId={team}")] == [
        ada.id,
        cid.id,
    ]


@both_ways
def test_teams_and_what_is_active_count_there(servers: Servers, here: str, there: str) -> None:
    ada, (bob, _), team = company(servers, here, f"teams-{here}")
    ada.act(here, "create-team", name="Sales")
    sales = ada.look(there, "list-teams")[1]["id"]
    ada.act(there, "add-team-member", teamId=sales, userId=bob.id)
    bob.act(here, "set-active-team", teamId=sales)
    session = bob.at[there].get("session", "/get-session").json["session"]
    assert session["activeTeamId"] == sales
    ada.act(there, "create-team", name="Ops")
    more = ada.refused(here, "create-team", name="More")
    assert more == "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_TEAMS"
    ada.act(there, "remove-team", teamId=sales)
    assert ada.look(here, "list-teams")[0]["id"] == team
    assert bob.look(here, "list-user-teams") == []


@both_ways
def test_an_invitation_into_a_team_is_good_there(servers: Servers, here: str, there: str) -> None:
    ada, _, team = company(servers, here, f"guests-{here}")
    dan = Person(servers, f"dan.guests-{here}@example.com")
    invited = ada.act(here, "invite-member", email=dan.email, role="member", teamId=team)
    dan.act(there, "accept-invitation", invitationId=invited["id"])
    assert [one["id"] for one in dan.look(here, "list-user-teams")] == [team]
    session = dan.at[here].get("session", "/get-session").json["session"]
    assert session["activeTeamId"] == team


@both_ways
def test_made_roles_count_there(servers: Servers, here: str, there: str) -> None:
    ada, (bob, _), _ = company(servers, here, f"roles-{here}")
    wanted = {"project": ["update"]}
    made = ada.act(here, "create-role", role="Editor", permission=wanted)["roleData"]
    assert ada.look(there, "get-role?roleName=editor") == made
    members = ada.look(there, "list-members")["members"]
    member = next(one["id"] for one in members if one["userId"] == bob.id)
    ada.act(there, "update-member-role", memberId=member, role=["member", "editor"])
    assert bob.act(here, "has-permission", permissions=wanted)["success"] is True
    assert ada.refused(there, "delete-role", roleName="editor") == "ROLE_IS_ASSIGNED_TO_MEMBERS"
    ada.act(there, "update-role", roleName="editor", data={"permission": {}})
    assert bob.act(here, "has-permission", permissions=wanted)["success"] is False
    ada.act(here, "update-member-role", memberId=member, role="member")
    ada.act(there, "delete-role", roleId=made["id"])
    assert ada.look(here, "list-roles") == []
