"""Seats, teams and roles of organizations, for fifty at the same moment, on every database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.team_server import (
    Person,
    TeamServer,
    act,
    active_team,
    first_team,
    give_role,
    look,
    may,
    new_team,
)
from tests.support.databases import mysql_database, postgres_database
from watchword.plugins.organization import Teams

EDITS = {"project": ["update"]}
PATIENT = "pool_timeout=60"
"""Ten connections for fifty callers, on a machine that may be busy."""


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def server(
    request: pytest.FixtureRequest, make_auth: MakeAuth, tmp_path: Path
) -> Iterator[TeamServer]:
    with ExitStack() as stack:
        urls: dict[str, Callable[[], str]] = {
            "sqlite": lambda: f"sqlite:///{tmp_path}/test.db",
            "postgresql": lambda: f"{stack.enter_context(postgres_database())}?{PATIENT}",
            "mariadb": lambda: f"{stack.enter_context(mysql_database())}?{PATIENT}",
        }
        teams = Teams(maximum_teams=5, maximum_members_per_team=4)
        options: dict[str, Any] = {"teams": teams, "membership_limit": 200, "invitation_limit": 100}
        made = TeamServer(make_auth, "blocking", options, database=urls[request.param]())
        yield made
        made.auth.blocking.close()


@pytest.fixture
def ada(server: TeamServer) -> Person:
    return server.person("ada")


@pytest.fixture
def company(server: TeamServer, ada: Person) -> str:
    return server.company(ada)


def together(work: Callable[[int], object], many: int = 50) -> Counter[Any]:
    with ThreadPoolExecutor(many) as pool:
        return Counter(pool.map(work, range(many)))


def counters(founder: Person) -> list[int]:
    teams = look(founder, "get-full-organization").json["teams"]
    return [team["memberCount"] for team in teams]


def seats(founder: Person, team: str) -> int:
    return len(look(founder, "list-team-members", teamId=team).json)


def test_fifty_new_teams_are_as_many_as_may_be(company: str, ada: Person) -> None:
    statuses = together(lambda number: act(ada, "create-team", name=f"Team {number}").status)
    assert statuses == {200: 4, 400: 46}
    assert len(look(ada, "list-teams").json) == 5


def test_fifty_members_share_three_seats(company: str, ada: Person, server: TeamServer) -> None:
    people = [server.member(f"person{number}", company) for number in range(10)]
    team = first_team(ada)

    def add(number: int) -> int:
        return act(ada, "add-team-member", teamId=team, userId=people[number % 10].id).status

    statuses = together(add)
    assert set(statuses) == {200, 403}
    assert seats(ada, team) == 4
    assert counters(ada) == [4]


def test_a_member_who_comes_fifty_times_sits_once(
    company: str, ada: Person, server: TeamServer
) -> None:
    bob, team = server.member("bob", company), first_team(ada)
    body = {"teamId": team, "userId": bob.id}
    assert together(lambda _: act(ada, "add-team-member", **body).status) == {200: 50}
    assert (seats(ada, team), counters(ada)) == (2, [2])
    left = together(lambda _: act(ada, "remove-team-member", **body).status)
    assert left == {200: 1, 400: 49}
    assert (seats(ada, team), counters(ada)) == (1, [1])


def test_fifty_invited_to_a_team_get_the_seats_that_there_are(
    company: str, ada: Person, server: TeamServer
) -> None:
    team = first_team(ada)
    people: list[tuple[Person, str]] = []
    for number in range(12):
        one = server.person(f"guest{number}")
        body = {"email": one.email, "role": "member", "teamId": team}
        people.append((one, act(ada, "invite-member", **body).json["id"]))

    def accept(number: int) -> int:
        one, invitation = people[number % 12]
        browser = Person(server.auth)
        browser.jar = dict(one.jar)
        return act(browser, "accept-invitation", invitationId=invitation).status

    statuses = together(accept)
    assert statuses[200] == 3
    assert set(statuses) <= {200, 400, 403}
    assert (seats(ada, team), counters(ada)) == (4, [4])
    assert len(look(ada, "list-members").json["members"]) == 4


def test_of_teams_that_are_all_deleted_at_once_one_stays(company: str, ada: Person) -> None:
    teams = [first_team(ada), *(new_team(ada, f"Team {number}") for number in range(4))]
    act(ada, "set-active-team", teamId=None)
    statuses = together(lambda number: act(ada, "remove-team", teamId=teams[number % 5]).status)
    assert statuses == {200: 4, 400: 46}
    assert len(look(ada, "list-teams").json) == 1


def test_nobody_is_active_in_a_team_that_he_left_at_that_moment(
    company: str, ada: Person, server: TeamServer
) -> None:
    bob, team = server.member("bob", company), first_team(ada)
    body = {"teamId": team, "userId": bob.id}
    for _ in range(5):
        act(ada, "add-team-member", **body)

        def step(number: int) -> int:
            if number == 4:
                return act(ada, "remove-team-member", **body).status
            browser = Person(server.auth)
            browser.jar = dict(bob.jar)
            return act(browser, "set-active-team", teamId=team).status

        assert set(together(step, 10)) <= {200, 403}
        assert active_team(bob) is None


def test_fifty_new_roles_are_as_many_as_may_be(company: str, ada: Person) -> None:
    def create(number: int) -> int:
        return act(ada, "create-role", role=f"role{number}", permission=EDITS).status

    assert together(create) == {200: 3, 400: 47}
    assert len(look(ada, "list-roles").json) == 3


def test_fifty_roles_of_one_name_are_one(company: str, ada: Person) -> None:
    names = ("editor", "Editor", "EDITOR")

    def create(number: int) -> int:
        return act(ada, "create-role", role=names[number % 3], permission=EDITS).status

    assert together(create) == {200: 1, 400: 49}
    assert len(look(ada, "list-roles").json) == 1


def test_roles_that_are_renamed_at_once_do_not_meet(company: str, ada: Person) -> None:
    for name in ("one", "two", "three"):
        act(ada, "create-role", role=name, permission={})

    def rename(number: int) -> int:
        body = {"roleName": ("one", "two", "three")[number % 3], "data": {"roleName": "same"}}
        return act(ada, "update-role", **body).status

    assert together(rename) == {200: 1, 400: 49}


def test_a_role_is_not_given_and_deleted_at_once(
    company: str, ada: Person, server: TeamServer
) -> None:
    bob = server.member("bob", company)
    for _ in range(5):
        act(ada, "create-role", role="editor", permission=EDITS)

        def step(number: int) -> int:
            if number % 2:
                return act(ada, "delete-role", roleName="editor").status
            return give_role(ada, bob, ["member", "editor"]).status

        assert set(together(step, 10)) <= {200, 400}
        roles = [one["role"] for one in look(ada, "list-roles").json]
        assert may(bob, project=["update"]) == ("editor" in roles)
        found = look(ada, "list-members").json["members"]
        held = next(one["role"] for one in found if one["userId"] == bob.id)
        assert ("editor" in held) == ("editor" in roles)
        give_role(ada, bob, "member")
        act(ada, "delete-role", roleName="editor")


def test_whoever_loses_a_right_at_that_moment_makes_no_role_of_it(
    company: str, ada: Person, server: TeamServer
) -> None:
    """As soon as the right is taken, nothing that was on its way stores it any more."""
    bob = server.member("bob", company, "admin")

    def step(number: int) -> int:
        if number == 5:
            return give_role(ada, bob, "member").status
        body = {"role": f"role{number}", "permission": EDITS}
        return act(bob, "create-role", **body).status

    assert set(together(step, 20)) <= {200, 400, 403}
    refused = act(bob, "create-role", role="late", permission={})
    assert refused.status == 403
