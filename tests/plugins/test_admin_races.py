"""Administrators and those whom they administer, many at the same moment, on every database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.admin_server import ROLES
from tests.support.browser import Browser, Clock
from tests.support.databases import mysql_database, postgres_database
from watchword import Auth
from watchword.plugins import Admin
from watchword.plugins.admin import CreateUser, HasPermission

SECRET = "password1234"


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
        made = make_auth(database=urls[request.param](), plugins=[Admin(roles=ROLES)])
        yield made
        made.blocking.close()


def person(auth: Auth[Any], name: str, role: str = "user") -> tuple[str, Browser]:
    """A user with a role, signed in; the id and a browser."""
    given = CreateUser(email=f"{name}@example.com", name=name, password=SECRET, role=role)
    user = auth.blocking.api.create_user(given).user
    browser = Browser(auth)
    assert browser.sign_in(f"{name}@example.com").status == 200
    return user.id, browser


def together(work: Callable[[int], object], many: int = 50) -> Counter[Any]:
    with ThreadPoolExecutor(many) as pool:
        return Counter(pool.map(work, range(many)))


def may_set_roles(auth: Auth[Any], user_id: str) -> bool:
    asked = HasPermission(permissions={"user": ["set-role"]}, user_id=user_id)
    return auth.blocking.api.user_has_permission(asked).success


def test_fifty_role_changes_leave_one_of_them(auth: Auth[Any]) -> None:
    _, ada = person(auth, "ada", "admin")
    bob_id, _ = person(auth, "bob")
    roles = ["user", "support", "user,support"]

    def change(number: int) -> int:
        body = {"userId": bob_id, "role": roles[number % 3]}
        return ada.post("/admin/set-role", body).status

    assert together(change) == {200: 50}
    found = ada.get("/admin/get-user", {"id": bob_id}).json
    assert found["role"] in roles


def test_administrators_who_demote_each_other_leave_one(auth: Auth[Any]) -> None:
    people = [person(auth, f"admin{number}", "admin") for number in range(8)]

    def demote(number: int) -> int:
        _, own = people[number % 8]
        target, _ = people[(number + 1 + number // 8) % 8]
        return own.post("/admin/set-role", {"userId": target, "role": "user"}).status

    assert set(together(demote)) <= {200, 400, 403}
    assert sum(may_set_roles(auth, user_id) for user_id, _ in people) >= 1


def test_whoever_signs_in_while_being_banned_is_not_signed_in(auth: Auth[Any]) -> None:
    _, ada = person(auth, "ada", "admin")
    bob_id, _ = person(auth, "bob")

    def act(number: int) -> int:
        if number == 10:
            return ada.post("/admin/ban-user", {"userId": bob_id}).status
        return Browser(auth).sign_in("bob@example.com").status

    statuses = together(act, 30)
    assert set(statuses) <= {200, 401, 403, 503}
    left = ada.post("/admin/list-user-sessions", {"userId": bob_id}).json
    assert left == {"sessions": []}


def test_a_ban_that_is_over_is_lifted_for_all(auth: Auth[Any], clock: Clock) -> None:
    _, ada = person(auth, "ada", "admin")
    bob_id, _ = person(auth, "bob")
    ada.post("/admin/ban-user", {"userId": bob_id, "banExpiresIn": 60})
    clock.forward(61)
    statuses = together(lambda _: Browser(auth).sign_in("bob@example.com").status, 20)
    assert statuses == {200: 20}
    assert ada.get("/admin/get-user", {"id": bob_id}).json["banned"] is False


def test_fifty_new_users_of_one_address_are_one(auth: Auth[Any]) -> None:
    _, ada = person(auth, "ada", "admin")
    body = {"email": "new@example.com", "name": "New", "password": SECRET}
    assert together(lambda _: ada.post("/admin/create-user", body).status) == {200: 1, 400: 49}


def test_fifty_removals_have_one_winner(auth: Auth[Any]) -> None:
    _, ada = person(auth, "ada", "admin")
    bob_id, _ = person(auth, "bob")
    body = {"userId": bob_id}
    assert together(lambda _: ada.post("/admin/remove-user", body).status) == {200: 1, 404: 49}


def test_fifty_ways_back_have_one_winner(auth: Auth[Any]) -> None:
    _, ada = person(auth, "ada", "admin")
    bob_id, _ = person(auth, "bob")
    ada.post("/admin/impersonate-user", {"userId": bob_id})
    jar = dict(ada.jar)

    def back(_: int) -> int:
        browser = Browser(auth)
        browser.jar = dict(jar)
        return browser.post("/admin/stop-impersonating").status

    assert set(together(back, 20)) <= {200, 401}
    assert ada.get("/get-session").json is None
