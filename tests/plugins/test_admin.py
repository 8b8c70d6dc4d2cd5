"""Administrators: who may do what to whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.admin_server import ROLES, AdminServer, MakeServer, admin_server
from tests.support.browser import Browser
from watchword import APIError, Auth, ConfigurationError, Session, User, UserSource
from watchword.call import Call
from watchword.plugins import Admin
from watchword.plugins.admin import (
    ADMIN_STATEMENTS,
    DEFAULT_ROLES,
    AdminCodes,
    CreateUser,
    HasPermission,
    SetRole,
)


@pytest.fixture
def make(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeServer:
    return admin_server(make_auth, tmp_path, kind)


@pytest.fixture
def server(make: MakeServer) -> AdminServer:
    return make(roles=ROLES)


@pytest.fixture
def admin(server: AdminServer) -> Browser:
    server.person("bob")
    return server.person("ada", "admin")


BODIES: dict[str, dict[str, Any]] = {
    "set-role": {"role": "user"},
    "create-user": {"email": "new@example.com", "name": "New"},
    "update-user": {"data": {"name": "Other"}},
    "list-user-sessions": {},
    "ban-user": {},
    "unban-user": {},
    "impersonate-user": {},
    "revoke-user-session": {"sessionToken": "x"},
    "revoke-user-sessions": {},
    "remove-user": {},
    "set-user-password": {"newPassword": "password5678"},
}
DENIALS = {
    "set-role": AdminCodes.YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE,
    "create-user": AdminCodes.YOU_ARE_NOT_ALLOWED_TO_CREATE_USERS,
    "update-user": AdminCodes.YOU_ARE_NOT_ALLOWED_TO_UPDATE_USERS,
    "list-user-sessions": AdminCodes.YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS,
    "ban-user": AdminCodes.YOU_ARE_NOT_ALLOWED_TO_BAN_USERS,
    "unban-user": AdminCodes.YOU_ARE_NOT_ALLOWED_TO_BAN_USERS,
    "impersonate-user": AdminCodes.YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS,
    "revoke-user-session": AdminCodes.YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS,
    "revoke-user-sessions": AdminCodes.YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS,
    "remove-user": AdminCodes.YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS,
    "set-user-password": AdminCodes.YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD,
}


@pytest.mark.parametrize("action", BODIES)
def test_x1_who_lacks_the_permission_is_refused(server: AdminServer, action: str) -> None:
    bob = server.person("bob")
    server.person("eve")
    answer = server.act(bob, action, "eve", **BODIES[action])
    assert (answer.status, answer.code) == (403, DENIALS[action].code)
    nobody = server.act(server.browser(), action, "eve", **BODIES[action])
    assert (nobody.status, nobody.json) == (401, None)


def test_reading_needs_permission_as_well(server: AdminServer) -> None:
    bob, nobody = server.person("bob"), server.browser()
    for path, code in (("list-users", "LIST_USERS"), ("get-user?id=x", "GET_USER")):
        answer = bob.get(f"/admin/{path}".partition("?")[0], {"id": "x"})
        assert (answer.status, answer.code) == (403, f"YOU_ARE_NOT_ALLOWED_TO_{code}")
        assert nobody.get(f"/admin/{path}".partition("?")[0], {"id": "x"}).status == 401


REQUIRED = [
    (action, field)
    for action, body in BODIES.items()
    for field in {**body, "userId": None}
    if (action, field) not in {("create-user", "userId"), ("revoke-user-session", "userId")}
]


@pytest.mark.parametrize(("action", "field"), REQUIRED)
def test_odd_input_is_400(admin: Browser, server: AdminServer, action: str, field: str) -> None:
    for odd in (None, True, {}, 5.5, "x" * 1_000_000):
        body = {"userId": server.ids["bob"], **BODIES[action], field: odd}
        assert admin.post(f"/admin/{action}", body).status == 400
    assert server.sql("select count(*) from user") == [(2,)]
    assert server.column("bob", "name") == "bob"


@pytest.mark.parametrize("action", BODIES)
def test_a_user_who_is_not_there(admin: Browser, server: AdminServer, action: str) -> None:
    answer = server.act(admin, action, "nobody", **BODIES[action])
    if action in ("create-user", "list-user-sessions", "revoke-user-session"):
        assert answer.status == 200
    elif action == "revoke-user-sessions":
        assert answer.json == {"success": True}
    else:
        assert (answer.status, answer.code) == (404, "USER_NOT_FOUND")


def test_new_users_have_the_default_role(server: AdminServer, make: MakeServer) -> None:
    bob = server.person("bob")
    user = bob.session()["user"]
    assert (user["role"], user["banned"], user["banReason"], user["banExpires"]) == (
        "user",
        False,
        None,
        None,
    )
    assert bob.session()["session"]["impersonatedBy"] is None


@pytest.mark.parametrize("field", ["role", "banReason", "banExpires"])
def test_clients_cannot_write_what_the_plugin_adds(server: AdminServer, field: str) -> None:
    bob = server.person("bob")
    value = "2031-01-01T00:00:00.000Z" if field == "banExpires" else "admin"
    assert bob.post("/update-user", {field: value}).code == "FIELD_NOT_ALLOWED"
    refused = server.browser().sign_up("eve@example.com", **{field: value})
    assert refused.code == "FIELD_NOT_ALLOWED"
    assert bob.post("/update-session", {"impersonatedBy": "x"}).code == "FIELD_NOT_ALLOWED"


def test_an_application_that_opens_the_role_is_refused(make_auth: MakeAuth) -> None:
    class Member(User, kw_only=True):
        role: str | None = None

    with pytest.raises(ConfigurationError, match=r"Member\.role"):
        make_auth(plugins=[Admin()], user_type=Member)


class TestRoles:
    def test_a_role_is_given(self, admin: Browser, server: AdminServer) -> None:
        answer = server.act(admin, "set-role", "bob", role="support")
        assert answer.json["user"]["role"] == "support"
        several = server.act(admin, "set-role", "bob", role=["support", "user"])
        assert several.json["user"]["role"] == "support,user"
        none = server.act(admin, "set-role", "bob", role=[])
        assert none.json["user"]["role"] == server.column("bob", "role") == ""

    @pytest.mark.parametrize(
        "role", ["nobody", "Admin", "user,nobody", ["user", "nobody"], ["user,nobody"], "", [""]]
    )
    def test_x1_unknown_roles_are_refused(
        self, admin: Browser, server: AdminServer, role: Any
    ) -> None:
        answer = server.act(admin, "set-role", "bob", role=role)
        assert (answer.status, answer.code) == (
            400,
            "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE",
        )
        assert server.column("bob", "role") == "user"

    @pytest.mark.parametrize("role", ["user, support", " user ,support\n", ["user,support"]])
    def test_x1_roles_are_split_and_trimmed(
        self, admin: Browser, server: AdminServer, role: Any
    ) -> None:
        assert server.act(admin, "set-role", "bob", role=role).status == 200
        assert server.column("bob", "role") == "user,support"

    @pytest.mark.parametrize("role", [[1], None, {"admin": True}, True, 7])
    def test_roles_are_texts(self, admin: Browser, server: AdminServer, role: Any) -> None:
        assert server.act(admin, "set-role", "bob", role=role).code == "VALIDATION_ERROR"
        given = server.act(admin, "update-user", "bob", data={"role": role})
        assert given.code == "INVALID_ROLE_TYPE"

    def test_without_roles_of_its_own_the_application_may_have_any(self, make: MakeServer) -> None:
        server = make()
        server.person("bob")
        admin = server.person("ada", "user, admin")
        assert server.act(admin, "set-role", "bob", role="editor").json["user"]["role"] == "editor"
        assert server.act(admin, "set-role", "bob", role="x" * 256).code == "VALIDATION_ERROR"

    def test_the_role_counts_that_is_stored_now(
        self, make: MakeServer, server: AdminServer, admin: Browser
    ) -> None:
        assert admin.get("/admin/list-users").status == 200
        server.sql("update user set role = 'user' where id = ?", server.ids["ada"])
        assert admin.get("/admin/list-users").status == 403

    def test_users_of_the_option_may_do_everything(self, make: MakeServer) -> None:
        ids: list[str] = []
        server = make(roles=ROLES, admin_user_ids=ids)
        boss = server.person("boss")
        server.person("bob", "admin")
        ids.append(server.ids["boss"])
        assert boss.get("/admin/list-users").json["total"] == 2
        assert server.act(boss, "set-role", "bob", role="user").status == 200
        wanted = {"permissions": {"anything": ["at-all"]}}
        assert boss.post("/admin/has-permission", wanted).json["success"] is True


class TestNobodyRisesAboveHimself:
    @pytest.mark.parametrize("role", ["admin", "user,admin", ["helper", "admin"], "support"])
    def test_by_giving_himself_a_role(self, server: AdminServer, role: Any) -> None:
        helper = server.person("helper", "helper")
        answer = server.act(helper, "set-role", "helper", role=role)
        assert (answer.status, answer.code) == (403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE")
        changed = server.act(helper, "update-user", "helper", data={"role": role})
        assert changed.status == 403
        assert server.column("helper", "role") == "helper"

    def test_by_giving_somebody_else_a_role(self, server: AdminServer) -> None:
        helper = server.person("helper", "helper")
        server.person("bob")
        assert server.act(helper, "set-role", "bob", role="admin").status == 403
        body = {"email": "new@example.com", "name": "New", "role": "admin"}
        assert helper.post("/admin/create-user", body).status == 403
        hidden = {"email": "new@example.com", "name": "New", "data": {"role": "admin"}}
        assert helper.post("/admin/create-user", hidden).status == 403
        assert server.sql("select count(*) from user where role = 'admin'") == [(0,)]

    @pytest.mark.parametrize(
        "action",
        ["set-role", "update-user", "ban-user", "unban-user", "remove-user", "set-user-password"],
    )
    def test_by_acting_on_who_may_do_more(self, server: AdminServer, action: str) -> None:
        helper = server.person("helper", "helper")
        ada = server.person("ada", "admin")
        answer = server.act(helper, action, "ada", **BODIES[action])
        assert (answer.status, answer.code) == (403, DENIALS[action].code)
        assert ada.get("/admin/list-users").status == 200

    def test_by_looking_at_tokens_of_who_may_do_more(self, server: AdminServer) -> None:
        support = server.person("support", "support")
        server.person("ada", "admin")
        answer = server.act(support, "list-user-sessions", "ada")
        assert answer.code == "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS"

    def test_by_acting_on_users_of_the_option(self, make: MakeServer) -> None:
        ids: list[str] = []
        server = make(roles=ROLES, admin_user_ids=ids)
        server.person("boss")
        ada = server.person("ada", "admin")
        ids.append(server.ids["boss"])
        assert (
            server.act(ada, "set-user-password", "boss", newPassword="password5678").status == 403
        )

    def test_by_a_new_user_while_he_loses_his_own_role(self, make: MakeServer) -> None:
        def meanwhile(user: object, source: UserSource, call: Call) -> None:
            if source.method == "admin":
                server.sql("update user set role = 'helper' where name = 'ada'")

        server = make(roles=ROLES, auth={"validate_user_info": meanwhile})
        ada = server.person("ada", "admin")
        body = {"email": "x@example.com", "name": "x", "role": "admin"}
        answer = ada.post("/admin/create-user", body)
        assert (answer.status, answer.code) == (403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE")
        assert server.sql("select count(*) from user") == [(1,)]

    def test_x2_by_the_id_of_a_new_user(self, make: MakeServer) -> None:
        server = make(roles=ROLES, admin_user_ids=["not-yet-there"])
        ada = server.person("ada", "admin")
        body = {"email": "n@example.com", "name": "N", "data": {"id": "not-yet-there"}}
        assert ada.post("/admin/create-user", body).code == "FIELD_NOT_ALLOWED"

    @pytest.mark.parametrize("role", ["user", "support", [], "user,support"])
    def test_nor_below_himself(self, admin: Browser, server: AdminServer, role: Any) -> None:
        answer = server.act(admin, "set-role", "ada", role=role)
        assert (answer.status, answer.code) == (400, "YOU_CANNOT_DEMOTE_YOURSELF")
        data = server.act(admin, "update-user", "ada", data={"role": role})
        assert data.code == "YOU_CANNOT_DEMOTE_YOURSELF"
        assert server.column("ada", "role") == "admin"
        assert server.act(admin, "set-role", "ada", role="admin,support").status == 200


class TestHasPermission:
    @pytest.mark.parametrize(
        ("role", "permissions", "success"),
        [
            ("admin", {"user": ["list", "ban"], "report": ["write"]}, True),
            ("admin", {"user": ["impersonate-admins"]}, False),
            ("support", {"user": ["list"], "session": ["list"]}, True),
            ("support", {"user": ["list", "ban"]}, False),
            ("support, user", {"user": ["list"]}, True),
            ("user", {"report": ["read"]}, False),
            ("admin", {"unknown": ["read"]}, False),
            ("admin", {"user": []}, False),
            ("admin", {}, False),
            ("nobody", {"user": ["list"]}, False),
        ],
    )
    def test_over_http_the_caller_counts(
        self, server: AdminServer, role: str, permissions: Any, success: bool
    ) -> None:
        ada = server.person("ada", role)
        body = {"permissions": permissions, "role": "root", "userId": "x"}
        answer = ada.post("/admin/has-permission", body)
        assert answer.json == {"error": None, "success": success}

    def test_the_body_is_looked_at_first(self, server: AdminServer) -> None:
        nobody = server.browser()
        one = {"user": ["list"]}
        for body in (
            {},
            {"permissions": one, "permission": one},
            {"permissions": {"user": "list"}},
        ):
            assert nobody.post("/admin/has-permission", body).code == "VALIDATION_ERROR"
        assert nobody.post("/admin/has-permission", {"permissions": one}).status == 401
        ada = server.person("ada", "admin")
        legacy = ada.post("/admin/has-permission", {"permission": one})
        assert (legacy.status, legacy.code) == (400, None)

    def test_the_server_asks_for_roles_and_users(self, server: AdminServer) -> None:
        server.person("ada", "support")
        api = server.auth.blocking.api
        one, ids = {"user": ["list"]}, server.ids
        assert api.user_has_permission(HasPermission(permissions=one, role="support")).success
        both = HasPermission(permissions=one, role="user", user_id=ids["ada"])
        assert not api.user_has_permission(both).success
        assert api.user_has_permission(HasPermission(permissions=one, user_id=ids["ada"])).success
        for odd in (HasPermission(permissions=one), HasPermission(permissions=one, user_id="x")):
            with pytest.raises(APIError) as refused:
                api.user_has_permission(odd)
            assert (refused.value.status, refused.value.code) == (400, None)

    def test_for_who_is_not_signed_in_nothing_counts(self, server: AdminServer) -> None:
        server.person("ada", "admin")
        api, one = server.auth.blocking.api, {"user": ["list"]}
        for given in ({"role": "admin"}, {"user_id": server.ids["ada"]}):
            with pytest.raises(APIError) as refused:
                api.user_has_permission(
                    HasPermission(permissions=one, **dict[str, Any](given)), headers={}
                )
            assert refused.value.status == 401


def test_server_calls_need_a_session_too(server: AdminServer) -> None:
    server.person("bob")
    api = server.auth.blocking.api
    with pytest.raises(APIError) as refused:
        api.set_role(SetRole(user_id=server.ids["bob"], role="admin"))
    assert refused.value.status == 401
    made = api.create_user(CreateUser(email="x@example.com", name="X", role="admin"))
    assert made.user.email == "x@example.com"
    with pytest.raises(APIError):
        api.create_user(
            CreateUser(email="y@example.com", name="Y", role="admin"), headers={"x-any": "1"}
        )


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"admin_roles": ["nobody"]}, "Admin.admin_roles"),
        ({"admin_roles": "admin"}, "Admin.admin_roles"),
        ({"admin_user_ids": "abc"}, "Admin.admin_user_ids"),
        ({"roles": ROLES, "default_role": "nobody"}, "Admin.default_role"),
        ({"default_role": "a,b"}, "Admin.default_role"),
        ({"roles": {"a b": ROLES["user"]}}, "Admin.roles"),
        ({"roles": {"admin": {"user": ["list"]}}}, "Admin.roles"),
        ({"impersonation_session_duration": 0}, "Admin.impersonation_session_duration"),
        ({"default_ban_expires_in": -1}, "Admin.default_ban_expires_in"),
        ({"banned_user_message": 5}, "Admin.banned_user_message"),
        ({"allow_impersonating_admins": "no"}, "Admin.allow_impersonating_admins"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        Admin(**options)


def test_the_default_roles() -> None:
    every = {(name, one) for name, actions in ADMIN_STATEMENTS.items() for one in actions}  # type: ignore[attr-defined]
    assert every - DEFAULT_ROLES["admin"].rights == {("user", "impersonate-admins")}
    assert DEFAULT_ROLES["user"].rights == frozenset()


def test_fields_are_in_the_schema(make_auth: MakeAuth) -> None:
    auth: Auth[Any] = make_auth(plugins=[Admin()])
    user, session = (auth.config.tables.of(one).wire.values() for one in (User, Session))
    assert {"role", "banned", "banReason", "banExpires"} <= set(user)
    assert "impersonatedBy" in session
