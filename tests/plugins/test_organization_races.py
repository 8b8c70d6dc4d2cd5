"""Organizations under fifty callers at the same moment, on every database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from tests.support.databases import mysql_database, postgres_database
from watchword import APIError, Auth, DeleteUser
from watchword.plugins import Organization
from watchword.plugins.organization import AddMember, CreateOrganization, ListUserInvitations

MANY = 50


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def auth(
    request: pytest.FixtureRequest, make_auth: MakeAuth, tmp_path: Path
) -> Iterator[Auth[Any]]:
    with ExitStack() as stack:
        urls: dict[str, Callable[[], str]] = {
            "sqlite": lambda: f"sqlite:///{tmp_path}/test.db",
            "postgresql": lambda: stack.enter_context(postgres_database()),
            "mariadb": lambda: stack.enter_context(mysql_database()),
        }
        plugin = Organization(organization_limit=3, membership_limit=4, invitation_limit=3)
        deletion = DeleteUser(enabled=True)
        made = make_auth(database=urls[request.param](), plugins=[plugin], delete_user=deletion)
        yield made
        made.blocking.close()


def person(auth: Auth[Any], name: str) -> tuple[str, Browser]:
    """A user who is signed in; the id and a browser."""
    browser = Browser(auth)
    answer = browser.sign_up(f"{name}@example.com", name=name)
    assert answer.status == 200, answer.json
    return answer.json["user"]["id"], browser


def organization(browser: Browser, slug: str = "acme") -> str:
    answer = browser.post("/organization/create", {"name": slug, "slug": slug})
    assert answer.status == 200, answer.json
    return answer.json["id"]


def add(auth: Auth[Any], organization_id: str, user_id: str, role: str = "member") -> str | None:
    """Make somebody a member; the code of a refusal."""
    given = AddMember(user_id=user_id, role=role, organization_id=organization_id)
    try:
        auth.blocking.api.add_member(given)
    except APIError as error:
        return error.code
    return None


def together(work: Callable[[int], object], many: int = MANY) -> Counter[Any]:
    with ThreadPoolExecutor(many) as pool:
        return Counter(pool.map(work, range(many)))


def roles_in(browser: Browser, organization_id: str) -> list[str]:
    query = {"organizationId": organization_id}
    listed = browser.get("/organization/list-members", query).json
    return sorted(one["role"] for one in listed["members"])


def test_nobody_gets_more_organizations_than_the_limit(auth: Auth[Any]) -> None:
    _, ada = person(auth, "ada")

    def create(number: int) -> str | None:
        body = {"name": "A", "slug": f"s{number}", "keepCurrentActiveOrganization": True}
        return ada.post("/organization/create", body).code

    full = "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS"
    assert together(create) == {None: 3, full: MANY - 3}
    assert len(ada.get("/organization/list").json) == 3


def test_a_slug_is_given_once(auth: Auth[Any]) -> None:
    people = [person(auth, f"p{number}")[0] for number in range(10)]

    def create(number: int) -> str | None:
        given = CreateOrganization(name="A", slug="same", user_id=people[number % 10])
        try:
            auth.blocking.api.create_organization(given)
        except APIError as error:
            return error.code
        return None

    assert together(create) == {None: 1, "ORGANIZATION_ALREADY_EXISTS": MANY - 1}


def test_an_organization_gets_no_more_members_than_the_limit(auth: Auth[Any]) -> None:
    _, ada = person(auth, "ada")
    acme = organization(ada)
    people = [person(auth, f"p{number}")[0] for number in range(10)]
    found = together(lambda number: add(auth, acme, people[number % 10]))
    assert found[None] == 3
    known = "USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION"
    assert set(found) == {None, known, "ORGANIZATION_MEMBERSHIP_LIMIT_REACHED"}
    assert len(roles_in(ada, acme)) == 4


def test_one_user_is_a_member_once(auth: Auth[Any]) -> None:
    _, ada = person(auth, "ada")
    acme = organization(ada)
    bob, browser = person(auth, "bob")
    body = {"email": "bob@example.com", "role": "admin", "organizationId": acme}
    invitation = {"invitationId": ada.post("/organization/invite-member", body).json["id"]}

    def join(number: int) -> str | None:
        if number % 2:
            return add(auth, acme, bob)
        return browser.post("/organization/accept-invitation", invitation).code

    found = together(join)
    assert found[None] in (1, 2)  # the invitation may be accepted by who is a member already
    assert len(roles_in(ada, acme)) == 2


def test_an_invitation_is_accepted_once(auth: Auth[Any]) -> None:
    _, ada = person(auth, "ada")
    acme = organization(ada)
    _, bob = person(auth, "bob")
    body = {"email": "bob@example.com", "role": "admin", "organizationId": acme}
    invitation = {"invitationId": ada.post("/organization/invite-member", body).json["id"]}

    def accept(_: int) -> str | None:
        return bob.post("/organization/accept-invitation", invitation).code

    assert together(accept) == {None: 1, "INVITATION_NOT_FOUND": MANY - 1}
    assert roles_in(ada, acme) == ["admin", "owner"]


def test_one_invitation_is_open_for_an_address_and_no_more_than_the_limit(
    auth: Auth[Any],
) -> None:
    _, ada = person(auth, "ada")
    acme = organization(ada)

    def invite(number: int) -> str | None:
        body = {"email": f"p{number % 10}@example.com", "role": "member", "organizationId": acme}
        return ada.post("/organization/invite-member", body).code

    found = together(invite)
    assert found[None] == 3
    known = "USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION"
    assert set(found) <= {None, known, "INVITATION_LIMIT_REACHED"}
    for number in range(10):
        given = ListUserInvitations(email=f"p{number}@example.com")
        assert len(auth.blocking.api.list_user_invitations(given)) <= 1


def test_owners_who_all_leave_at_once_leave_one(auth: Auth[Any]) -> None:
    people = [person(auth, f"p{number}") for number in range(4)]
    acme = organization(people[0][1])
    members: dict[str, str] = {}
    for user_id, _ in people[1:3]:
        assert add(auth, acme, user_id, "owner") is None
    assert add(auth, acme, people[3][0]) is None  # who stays
    listed = people[0][1].get("/organization/list-members").json["members"]
    members = {one["userId"]: one["id"] for one in listed}
    body = {"organizationId": acme}

    def go(number: int) -> int:
        user_id, browser = people[number % 3]
        target = people[(number + 1 + number // 3 % 2) % 3][0]
        match number // 3 % 4:
            case 0:
                return browser.post("/organization/leave", body).status
            case 1:
                role = {**body, "memberId": members[user_id], "role": "member"}
                return browser.post("/organization/update-member-role", role).status
            case 2:
                removed = {**body, "memberIdOrEmail": members[target]}
                return browser.post("/organization/remove-member", removed).status
            case _:
                return browser.post("/delete-user", {"password": "password1234"}).status

    assert set(together(go)) <= {200, 400, 401, 403, 503}
    assert "owner" in roles_in(people[3][1], acme)


def test_whoever_joins_while_it_is_deleted_is_in_no_organization(auth: Auth[Any]) -> None:
    _, ada = person(auth, "ada")
    acme = organization(ada)
    people = [person(auth, f"p{number}") for number in range(10)]

    def act(number: int) -> str | None:
        if number == 10:
            return ada.post("/organization/delete", {"organizationId": acme}).code
        return add(auth, acme, people[number % 10][0])

    found = together(act)
    assert found[None] >= 1
    for _, browser in people:
        assert browser.get("/organization/list").json == []
