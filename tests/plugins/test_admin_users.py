"""Administrators make, find, change and delete users."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.plugins.admin_server import ROLES, AdminServer, MakeServer, admin_server
from tests.support.browser import Browser
from watchword import Column, EmailAndPassword, User
from watchword.plugins import PhoneNumber, TwoFactor, Username


class Member(User, kw_only=True):
    tier: Annotated[str, Column(input=False)] = "free"
    age: int | None = None
    active: bool = True
    note: Annotated[str | None, Column(returned=False)] = None


@pytest.fixture
def make(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeServer:
    return admin_server(make_auth, tmp_path, kind)


@pytest.fixture
def server(make: MakeServer) -> AdminServer:
    return make(roles=ROLES, auth={"user_type": Member, "plugins": [TwoFactor()]})


@pytest.fixture
def admin(server: AdminServer) -> Browser:
    server.person("bob")
    return server.person("ada", "admin")


def create(admin: Browser, **body: Any) -> Any:
    return admin.post("/admin/create-user", {"email": "New@Example.com", "name": "New", **body})


def listed(admin: Browser, **query: Any) -> list[str]:
    answer = admin.get("/admin/list-users", query)
    assert answer.status == 200, answer.json
    return [user["name"] for user in answer.json["users"]]


class TestCreating:
    def test_with_a_password(self, admin: Browser, server: AdminServer) -> None:
        answer = create(admin, password="short", role=["user", "support"], data={"tier": "gold"})
        user = answer.json["user"]
        assert (user["email"], user["role"], user["tier"]) == (
            "new@example.com",
            "user,support",
            "gold",
        )
        assert answer.cookies == ()
        new = server.browser()
        body = {"email": "new@example.com", "password": "short"}
        assert new.post("/sign-in/email", body).status == 200

    @pytest.mark.parametrize("password", [None, ""])
    def test_without(self, admin: Browser, server: AdminServer, password: Any) -> None:
        assert create(admin, password=password).json["user"]["role"] == "user"
        [(accounts,)] = server.sql("select count(*) from account")
        assert accounts == 2

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"email": "nobody"}, "INVALID_EMAIL"),
            ({"email": "x@google.PLACEHOLDER.invalid"}, "INVALID_EMAIL"),
            ({"email": "BOB@example.com"}, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"),
            ({"password": "x" * 129}, "PASSWORD_TOO_LONG"),
            ({"role": "nobody"}, "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE"),
            ({"data": {"role": [1]}}, "INVALID_ROLE_TYPE"),
            ({"data": {"id": "mine"}}, "FIELD_NOT_ALLOWED"),
            ({"data": {"twoFactorEnabled": True}}, "FIELD_NOT_ALLOWED"),
            ({"data": {"age": "old"}}, "VALIDATION_ERROR"),
            ({"data": {"emailVerified": "yes"}}, "VALIDATION_ERROR"),
            ({"data": {"banExpires": "soon"}}, "VALIDATION_ERROR"),
        ],
    )
    def test_refusals(
        self, admin: Browser, server: AdminServer, body: dict[str, Any], code: str
    ) -> None:
        answer = create(admin, **body)
        assert (answer.status, answer.code) == (400, code)
        assert server.sql("select count(*) from user") == [(2,)]

    def test_x2_what_more_is_needed(self, server: AdminServer) -> None:
        helper = server.person("helper", "helper")
        assert create(helper, data={"emailVerified": True}).code == (
            "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_EMAIL"
        )
        assert create(helper, data={"banned": True}).status == 200

    def test_a_number_is_nobodys_before_it_is_proven(self, server: AdminServer) -> None:
        helper = server.person("helper", "helper")
        number = {"phoneNumber": "+491", "phoneNumberVerified": True}
        refused = create(helper, data=number)
        assert refused.code == "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PHONE_NUMBER"
        assert create(helper, data={"phoneNumber": "+491"}).status == 200

    def test_what_is_unknown_is_left_out(self, admin: Browser) -> None:
        user = create(admin, data={"nothing": 1, "image": "x", "createdAt": 5}).json["user"]
        assert user["image"] == "x"
        assert "nothing" not in user

    def test_hidden_fields_are_written_and_not_shown(
        self, admin: Browser, server: AdminServer
    ) -> None:
        answer = create(admin, data={"note": "secret"})
        assert "secret" not in str(answer.json)
        assert server.sql("select note from user where note is not null") == [("secret",)]

    def test_an_invented_user_looks_like_a_real_one(self, make: MakeServer) -> None:
        passwords = EmailAndPassword(
            enabled=True, require_email_verification=True, argon2_cost=FAST
        )
        server = make(auth={"email_and_password": passwords})
        real = server.browser().sign_up("bob@example.com").json["user"]
        invented = server.browser().sign_up("bob@example.com").json["user"]
        assert real.keys() == invented.keys()
        assert (real["role"], real["banned"]) == (invented["role"], invented["banned"])


class TestChanging:
    def test_fields(self, admin: Browser, server: AdminServer) -> None:
        data = {"name": "Bobby", "tier": "gold", "age": 7, "image": None, "nothing": 1}
        user = server.act(admin, "update-user", "bob", data=data).json
        assert (user["name"], user["tier"], user["age"]) == ("Bobby", "gold", 7)
        same = server.act(admin, "update-user", "bob", data={"nothing": 1})
        assert same.json["name"] == "Bobby"

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            ({}, "NO_DATA_TO_UPDATE"),
            ({"password": "password5678"}, "PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER"),
            ({"id": "other"}, "USER_ID_CANNOT_BE_UPDATED"),
            ({"role": "nobody"}, "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE"),
            ({"email": "nobody"}, "INVALID_EMAIL"),
            ({"email": 5}, "INVALID_EMAIL"),
            ({"email": "x@placeholder.invalid"}, "INVALID_EMAIL"),
            ({"email": "ADA@example.com"}, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"),
            ({"twoFactorEnabled": False}, "FIELD_NOT_ALLOWED"),
            ({"tier": None}, "VALIDATION_ERROR"),
            ({"name": "x" * 1001}, "VALIDATION_ERROR"),
            ({"banned": "yes"}, "VALIDATION_ERROR"),
            ({"banExpires": 5.5}, "VALIDATION_ERROR"),
        ],
    )
    def test_refusals(
        self, admin: Browser, server: AdminServer, data: dict[str, Any], code: str
    ) -> None:
        before = server.sql("select * from user")
        answer = server.act(
            admin, "update-user", "bob", data={"name": "Other", **data} if data else {}
        )
        assert (answer.status, answer.code) == (400, code)
        assert server.sql("select * from user") == before

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            ({"email": "x@example.com"}, "SET_USERS_EMAIL"),
            ({"emailVerified": True}, "SET_USERS_EMAIL"),
            ({"phoneNumber": "+491"}, "SET_USERS_PHONE_NUMBER"),
        ],
    )
    def test_x2_what_more_is_needed(
        self, server: AdminServer, data: dict[str, Any], code: str
    ) -> None:
        helper = server.person("helper", "helper")
        server.person("bob")
        answer = server.act(helper, "update-user", "bob", data=data)
        assert answer.code == f"YOU_ARE_NOT_ALLOWED_TO_{code}"
        assert server.act(helper, "update-user", "bob", data={"name": "B"}).status == 200

    def test_a_new_address_is_not_proven(self, admin: Browser, server: AdminServer) -> None:
        server.sql("update user set emailVerified = 1")
        user = server.act(admin, "update-user", "bob", data={"email": "Bob2@Example.com"}).json
        assert (user["email"], user["emailVerified"]) == ("bob2@example.com", False)
        data = {"email": "bob3@example.com", "emailVerified": True}
        assert server.act(admin, "update-user", "bob", data=data).json["emailVerified"] is True

    def test_who_has_a_placeholder_keeps_it(self, admin: Browser, server: AdminServer) -> None:
        address = "x@google.placeholder.invalid"
        server.sql("update user set email = ? where name = 'bob'", address)
        data = {"email": address, "name": "Bobby"}
        assert server.act(admin, "update-user", "bob", data=data).json["name"] == "Bobby"

    def test_who_changes_himself_sees_it(self, admin: Browser, server: AdminServer) -> None:
        server.act(admin, "update-user", "ada", data={"name": "Countess"})
        assert admin.session()["user"]["name"] == "Countess"


class TestNumbers:
    @pytest.fixture
    def server(self, make: MakeServer) -> AdminServer:
        return make(auth={"plugins": [PhoneNumber(send_otp=lambda code, request: None)]})

    def test_a_proven_one_is_given(self, admin: Browser, server: AdminServer) -> None:
        data = {"phoneNumber": "+4915112345678", "phoneNumberVerified": True}
        user = server.act(admin, "update-user", "bob", data=data).json
        assert (user["phoneNumber"], user["phoneNumberVerified"]) == ("+4915112345678", True)
        data["phoneNumber"] = "+4915112345679"
        assert create(admin, data=data).json["user"]["phoneNumberVerified"] is True

    def test_a_new_one_is_not_proven(self, admin: Browser, server: AdminServer) -> None:
        server.sql("update user set phoneNumber = '+491', phoneNumberVerified = 1 where name='bob'")
        same = server.act(admin, "update-user", "bob", data={"phoneNumber": "+491"}).json
        assert same["phoneNumberVerified"] is True
        other = server.act(admin, "update-user", "bob", data={"phoneNumber": "+492"}).json
        assert (other["phoneNumber"], other["phoneNumberVerified"]) == ("+492", False)


class TestUsernames:
    @pytest.fixture
    def server(self, make: MakeServer) -> AdminServer:
        return make(auth={"plugins": [Username()]})

    def test_who_has_one_keeps_it(self, admin: Browser, server: AdminServer) -> None:
        for name in ("Bobby", "BOBBY"):
            user = server.act(admin, "update-user", "bob", data={"username": name}).json
            assert user["username"] == "bobby"

    def test_that_of_somebody_else_is_refused(self, admin: Browser, server: AdminServer) -> None:
        server.act(admin, "update-user", "ada", data={"username": "countess"})
        answer = server.act(admin, "update-user", "bob", data={"username": "Countess"})
        assert (answer.status, answer.code) == (400, "USERNAME_IS_ALREADY_TAKEN")


class TestPasswords:
    def test_another_password(self, admin: Browser, server: AdminServer) -> None:
        bob = server.browser()
        bob.sign_in("bob@example.com")
        answer = server.act(admin, "set-user-password", "bob", newPassword="password5678")
        assert answer.json == {"status": True}
        assert bob.session() is not None
        assert server.browser().sign_in("bob@example.com").status == 401
        body = {"email": "bob@example.com", "password": "password5678"}
        assert server.browser().post("/sign-in/email", body).status == 200

    def test_a_first_password(self, admin: Browser, server: AdminServer) -> None:
        server.sql("delete from account")
        server.act(admin, "set-user-password", "bob", newPassword="password1234")
        assert server.browser().sign_in("bob@example.com").status == 200

    @pytest.mark.parametrize(
        ("password", "code"),
        [
            ("", "VALIDATION_ERROR"),
            ("short", "PASSWORD_TOO_SHORT"),
            ("x" * 129, "PASSWORD_TOO_LONG"),
        ],
    )
    def test_refusals(self, admin: Browser, server: AdminServer, password: str, code: str) -> None:
        answer = server.act(admin, "set-user-password", "bob", newPassword=password)
        assert (answer.status, answer.code) == (400, code)
        assert server.browser().sign_in("bob@example.com").status == 200


class TestRemoving:
    def test_everything_goes(self, admin: Browser, server: AdminServer) -> None:
        bob = server.browser()
        bob.sign_in("bob@example.com")
        assert server.act(admin, "remove-user", "bob").json == {"success": True}
        assert bob.session() is None
        left = [server.sql(f"select count(*) from {table}") for table in ("user", "account")]
        assert left == [[(1,)], [(1,)]]
        assert server.act(admin, "remove-user", "bob").code == "USER_NOT_FOUND"

    def test_nobody_removes_himself(self, admin: Browser, server: AdminServer) -> None:
        answer = server.act(admin, "remove-user", "ada")
        assert (answer.status, answer.code) == (400, "YOU_CANNOT_REMOVE_YOURSELF")


class TestSessions:
    def test_they_are_listed_and_ended(self, admin: Browser, server: AdminServer) -> None:
        bob = server.browser()
        token = bob.sign_in("bob@example.com").json["token"]
        tokens = [
            one["token"] for one in server.act(admin, "list-user-sessions", "bob").json["sessions"]
        ]
        assert token in tokens
        assert len(tokens) == 2
        answer = admin.post("/admin/revoke-user-session", {"sessionToken": token})
        assert answer.json == {"success": True}
        assert bob.session() is None
        assert server.sessions("bob") == 1
        assert server.act(admin, "revoke-user-sessions", "bob").json == {"success": True}
        assert server.sessions("bob") == 0

    def test_not_of_who_may_do_more(self, server: AdminServer) -> None:
        ada = server.person("ada", "admin")
        root = server.person("root", "root")
        token = root.session()["session"]["token"]
        refused = ada.post("/admin/revoke-user-session", {"sessionToken": token})
        assert refused.code == "YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS"
        assert server.act(ada, "revoke-user-sessions", "root").status == 403
        assert root.session() is not None


class TestListing:
    @pytest.fixture
    def people(self, server: AdminServer) -> Browser:
        for name in ("carol", "Bob_1", "bobX1", "dave"):
            server.person(name)
        server.sql("update user set age = 5, active = 0, note = 'secret' where name = 'carol'")
        return server.person("ada", "admin")

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ({"searchValue": "BOB", "searchField": "name"}, ["Bob_1", "bobX1"]),
            ({"searchValue": "b_1", "searchField": "name"}, ["Bob_1"]),
            ({"searchValue": "%", "searchField": "name"}, []),
            ({"searchValue": "car", "searchOperator": "starts_with"}, ["carol"]),
            ({"searchValue": "e@example.com", "searchOperator": "ends_with"}, ["dave"]),
            ({"filterField": "name", "filterValue": "carol"}, ["carol"]),
            ({"filterField": "age", "filterValue": "4", "filterOperator": "gt"}, ["carol"]),
            ({"filterField": "active", "filterValue": "false"}, ["carol"]),
            ({"filterField": "role", "filterValue": "admin"}, ["ada"]),
            (
                {"filterField": "name", "filterOperator": "in", "filterValue": ["dave", "carol"]},
                ["carol", "dave"],
            ),
            ({"filterField": "createdAt", "filterOperator": "lt", "filterValue": "2000-01-01"}, []),
            ({"searchValue": "bob", "filterField": "name", "filterValue": "dave"}, []),
            ({"sortBy": "name", "sortDirection": "desc", "limit": 2}, ["dave", "carol"]),
            ({"sortBy": "name", "limit": "2", "offset": "3"}, ["carol", "dave"]),
        ],
    )
    def test_who_fits(self, people: Browser, query: dict[str, Any], names: list[str]) -> None:
        assert listed(people, **{"sortBy": "name", **query}) == names

    def test_pages_know_the_total(self, people: Browser) -> None:
        page = people.get("/admin/list-users", {"limit": 2, "offset": 1}).json
        assert (len(page["users"]), page["total"], page["limit"], page["offset"]) == (2, 5, 2, 1)
        whole = people.get("/admin/list-users", {"limit": 0}).json
        assert whole.keys() == {"users", "total"}
        assert "secret" not in str(whole)

    @pytest.mark.parametrize(
        "query",
        [
            {"filterField": "note", "filterValue": "secret"},
            {"filterField": "note", "filterValue": "s", "filterOperator": "starts_with"},
            {"sortBy": "note"},
            {"sortBy": "password"},
            {"sortBy": "name; drop table user"},
            {"filterField": "nothing", "filterValue": "x"},
            {"filterField": "age", "filterValue": "old"},
            {"filterField": "age", "filterValue": "nan"},
            {"filterField": "age", "filterValue": "1e400"},
            {"filterField": "age", "filterValue": "4", "filterOperator": "contains"},
            {"filterField": "createdAt", "filterValue": "soon"},
            {"filterField": "active", "filterValue": "maybe"},
        ],
    )
    def test_i6_i7_what_nobody_sees_is_not_found_out(
        self, people: Browser, query: dict[str, Any]
    ) -> None:
        assert people.get("/admin/list-users", query).json == {"users": [], "total": 0}

    @pytest.mark.parametrize(
        "query",
        [
            {"limit": "many"},
            {"limit": "-1"},
            {"limit": "1001"},
            {"limit": "9" * 200},
            {"limit": "٣"},
            {"offset": "-1"},
            {"searchField": "note", "searchValue": "x"},
            {"searchOperator": "regex", "searchValue": "x"},
            {"filterOperator": "like", "filterValue": "x"},
            {"sortDirection": "up"},
            {"filterOperator": "in", "filterValue": ["x"] * 101},
            {"searchValue": "x" * 256},
        ],
    )
    def test_i7_bounds(self, people: Browser, query: dict[str, Any]) -> None:
        answer = people.get("/admin/list-users", query)
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")

    def test_one_of_them(self, admin: Browser, server: AdminServer) -> None:
        user = admin.get("/admin/get-user", {"id": server.ids["bob"]}).json
        assert user["email"] == "bob@example.com"
        assert "note" not in user
        assert admin.get("/admin/get-user", {"id": "nobody"}).code == "USER_NOT_FOUND"
        assert admin.get("/admin/get-user").code == "VALIDATION_ERROR"
