"""Administrators in the place of users, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.admin_server import ROLES, SESSION, AdminServer, MakeServer, admin_server
from tests.support.browser import SECRET, Browser, Clock
from tests.support.vectors import vectors
from watchword import SessionOptions
from watchword.configuration.options import CookieCache
from watchword.crypto.signing import sign_cookie_value
from watchword.features.user_alone import OF_THE_USER_ALONE
from watchword.plugins import (
    Anonymous,
    Bearer,
    OneTimeToken,
    OneTimeTokenSession,
    PhoneNumber,
    TwoFactor,
    Username,
)
from watchword.storage.memory import MemoryStorage

OWN = "better-auth.admin_session"
STOP = "/admin/stop-impersonating"


@pytest.fixture
def make(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeServer:
    return admin_server(make_auth, tmp_path, kind)


@pytest.fixture
def server(make: MakeServer) -> AdminServer:
    return make(roles=ROLES)


@pytest.fixture
def ada(server: AdminServer) -> Browser:
    server.person("bob")
    return server.person("ada", "admin")


def who(browser: Browser) -> str | None:
    found = browser.session()
    return found and found["user"]["name"]


def masked(lines: tuple[str, ...]) -> list[str]:
    """Set-Cookie lines without their values, but for those that delete."""
    return [
        line if "=; " in line else line.partition("=")[0] + "=*" + line[line.index(";") :]
        for line in lines
    ]


def test_there_and_back(server: AdminServer, ada: Browser) -> None:
    own = ada.session()["session"]["token"]
    answer = server.act(ada, "impersonate-user", "bob")
    assert answer.json["user"]["name"] == "bob"
    session = answer.json["session"]
    assert session["impersonatedBy"] == server.ids["ada"]
    assert session["expiresAt"] == "2030-01-01T01:00:00.000Z"
    assert session["token"] != own
    assert who(ada) == "bob"
    back = ada.post(STOP)
    assert (back.json["user"]["name"], back.json["session"]["token"]) == ("ada", own)
    assert who(ada) == "ada"
    assert server.sessions("bob") == 1
    assert OWN not in ada.jar


def test_cookies_as_in_the_vectors(server: AdminServer, ada: Browser) -> None:
    expected = vectors("admin", "vectors-plugins-2.json")
    there = server.act(ada, "impersonate-user", "bob")
    assert masked(there.cookies) == masked(tuple(expected["impersonateSetCookies"]))
    assert masked(ada.post(STOP, {}).cookies) == masked(tuple(expected["stopSetCookies"]))


def test_the_cookie_of_the_vectors_is_read() -> None:
    expected = vectors("admin", "vectors-plugins-2.json")
    token = expected["adminSessionToken"]
    [line] = [one for one in expected["impersonateSetCookies"] if one.startswith(OWN)]
    value = unquote(line.partition("=")[2].partition(";")[0])
    assert sign_cookie_value(f"{token}:", vectors("secret", "vectors-plugins-2.json")) == value


def test_who_was_not_to_be_remembered_is_not(server: AdminServer) -> None:
    server.person("bob")
    server.person("ada", "admin")
    ada = server.browser()
    ada.sign_in("ada@example.com", rememberMe=False)
    server.act(ada, "impersonate-user", "bob")
    line = ada.post(STOP).cookie(SESSION) or ""
    assert "Max-Age" not in line
    assert "better-auth.dont_remember" in ada.jar


@pytest.mark.parametrize("target", ["eve", "ada", "root"])
def test_x2_administrators_are_not_impersonated(
    server: AdminServer, ada: Browser, target: str
) -> None:
    server.person("eve", "user,admin")
    server.person("root", "root")
    answer = server.act(ada, "impersonate-user", target)
    assert (answer.status, answer.code) == (403, "YOU_CANNOT_IMPERSONATE_ADMINS")
    assert who(ada) == "ada"


def test_unless_the_role_or_the_option_allows_it(make: MakeServer) -> None:
    server = make(roles=ROLES, allow_impersonating_admins=True)
    server.person("eve", "admin")
    ada, root = server.person("ada", "admin"), server.person("root", "root")
    assert server.act(ada, "impersonate-user", "eve").status == 200
    assert server.act(root, "impersonate-user", "eve").status == 200


def test_who_may_do_more_counts_as_an_administrator(server: AdminServer) -> None:
    helper = server.person("helper", "helper")
    server.person("support", "support")
    answer = server.act(helper, "impersonate-user", "support")
    assert answer.code == "YOU_CANNOT_IMPERSONATE_ADMINS"


def test_banned_users_are_not_impersonated(server: AdminServer, ada: Browser) -> None:
    server.act(ada, "ban-user", "bob")
    answer = server.act(ada, "impersonate-user", "bob")
    assert (answer.status, answer.code) == (403, "BANNED_USER")
    assert who(ada) == "ada"
    assert answer.cookies == ()


def test_x2_nobody_impersonates_twice_or_acts_on_others(make: MakeServer) -> None:
    server = make(roles=ROLES, allow_impersonating_admins=True)
    server.person("bob")
    server.person("eve", "admin")
    ada = server.person("ada", "admin")
    server.act(ada, "impersonate-user", "eve")
    again = server.act(ada, "impersonate-user", "bob")
    assert (again.status, again.code) == (403, "YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS")
    password = {"newPassword": "password5678"}
    assert server.act(ada, "set-user-password", "eve", **password).status == 403
    assert server.act(ada, "set-role", "bob", role="admin").status == 403
    assert ada.get("/admin/list-users").status == 200
    # Their tokens are a way out of the session that is lent.
    assert server.act(ada, "list-user-sessions", "eve").status == 403


class TestTheUserAlone:
    """X3: what an administrator in the place of a user cannot do."""

    @pytest.fixture
    def lent(self, make: MakeServer) -> tuple[AdminServer, Browser]:
        server = make(auth={"plugins": [TwoFactor(), OneTimeToken(), OneTimeTokenSession()]})
        server.person("bob")
        ada = server.person("ada", "admin")
        assert server.act(ada, "impersonate-user", "bob").status == 200
        return server, ada

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            (
                "/change-password",
                {"currentPassword": "password1234", "newPassword": "password5678"},
            ),
            ("/change-email", {"newEmail": "x@example.com"}),
            ("/delete-user", {"password": "password1234"}),
            ("/two-factor/enable", {"password": "password1234"}),
            ("/two-factor/disable", {"password": "password1234"}),
            ("/unlink-account", {"providerId": "credential", "accountId": "x"}),
        ],
    )
    def test_what_changes_the_account(
        self, lent: tuple[AdminServer, Browser], path: str, body: dict[str, Any]
    ) -> None:
        server, ada = lent
        before = server.sql("select * from account")
        answer = ada.post(path, body)
        assert answer.status == 403
        assert answer.code in ("NOT_WHILE_IMPERSONATING", "SESSION_NOT_FRESH")
        assert server.sql("select * from account") == before

    @pytest.mark.parametrize(
        ("field", "value"), [("username", "other"), ("username", None), ("phoneNumber", None)]
    )
    def test_what_the_user_signs_in_with(self, make: MakeServer, field: str, value: Any) -> None:
        phone = PhoneNumber(send_otp=lambda code, request: None)
        server = make(auth={"plugins": [Username(), phone]})
        server.person("bob")
        server.sql("update user set username = 'bob', phoneNumber = '+491'")
        ada = server.person("ada", "admin")
        server.act(ada, "impersonate-user", "bob")
        answer = ada.post("/update-user", {"name": "Bobby", field: value})
        assert (answer.status, answer.code) == (403, "NOT_WHILE_IMPERSONATING")
        assert server.column("bob", field) in ("bob", "+491")

    @pytest.mark.parametrize("path", ["/get-access-token", "/refresh-token"])
    def test_no_token_of_the_users_provider_is_handed_out(
        self, lent: tuple[AdminServer, Browser], path: str
    ) -> None:
        answer = lent[1].post(path, {"accountId": "x"})
        assert (answer.status, answer.code) == (403, "NOT_WHILE_IMPERSONATING")

    def test_guests_lose_nothing(self, make: MakeServer) -> None:
        server = make(auth={"plugins": [Anonymous()]})
        guest, ada = server.browser(), server.person("ada", "admin")
        server.ids["guest"] = guest.post("/sign-in/anonymous").json["user"]["id"]
        server.act(ada, "impersonate-user", "guest")
        assert ada.post("/delete-anonymous-user").code == "NOT_WHILE_IMPERSONATING"
        assert ada.sign_in("ada@example.com").status == 200
        assert guest.session() is not None

    def test_the_session_is_not_fresh(self, lent: tuple[AdminServer, Browser]) -> None:
        _, ada = lent
        answer = ada.get("/list-sessions")
        assert (answer.status, answer.code) == (403, "SESSION_NOT_FRESH")

    def test_a_session_made_from_it_is_lent_as_well(
        self, lent: tuple[AdminServer, Browser]
    ) -> None:
        server, ada = lent
        token = ada.get("/one-time-token-session/generate").json
        other = server.browser()
        if token is None:
            pytest.fail("no token")
        other.post("/one-time-token-session/verify", {"token": token["token"]})
        rows = server.sql("select impersonatedBy from session where userId = ?", server.ids["bob"])
        assert sorted(rows, key=str) == [(server.ids["ada"],)] * (len(rows) - 1) + [(None,)]

    def test_the_rest_works(self, lent: tuple[AdminServer, Browser]) -> None:
        _, ada = lent
        assert ada.post("/update-user", {"name": "Bobby"}).status == 200

    def test_the_option_allows_it(self, make: MakeServer) -> None:
        server = make(allow_sensitive_impersonation=True)
        server.person("bob")
        ada = server.person("ada", "admin")
        server.act(ada, "impersonate-user", "bob")
        body = {"currentPassword": "password1234", "newPassword": "password5678"}
        assert ada.post("/change-password", body).status == 200
        again = {"currentPassword": "password5678", "newPassword": "password1234"}
        assert ada.post("/change-password", {**again, "revokeOtherSessions": True}).status == 200
        session = ada.session()["session"]
        assert session["impersonatedBy"] == server.ids["ada"]
        assert session["expiresAt"] == "2030-01-01T01:00:00.000Z"
        assert ada.post(STOP).json["user"]["name"] == "ada"

    def test_the_user_himself_is_not_kept_from_it(self, server: AdminServer) -> None:
        bob = server.person("bob")
        body = {"currentPassword": "password1234", "newPassword": "password5678"}
        assert bob.post("/change-password", body).status == 200

    def test_the_paths_are_those_of_the_server(self, lent: tuple[AdminServer, Browser]) -> None:
        server, _ = lent
        known = {
            one.path for plugin in server.auth.config.plugins.values() for one in plugin.endpoints()
        }
        written = {path for path in OF_THE_USER_ALONE if path.startswith("/two-factor/")}
        assert written <= known
        assert {"/change-email", "/change-password", "/delete-user", "/set-password"} <= known


@pytest.mark.parametrize("expires_in", [3600, 43_200, 604_800])
def test_it_is_never_renewed(make: MakeServer, clock: Clock, expires_in: int) -> None:
    options = SessionOptions(expires_in=expires_in, update_age=0)
    server = make(
        auth={"session": options, "plugins": [Bearer()]}, impersonation_session_duration=1800
    )
    server.person("bob")
    ada = server.person("ada", "admin")
    token = server.act(ada, "impersonate-user", "bob").json["session"]["token"]
    clock.forward(1799)
    bearer = f"Bearer {token}"
    found = server.browser().get("/get-session", authorization=bearer).json
    assert found["session"]["expiresAt"] == "2030-01-01T00:30:00.000Z"
    assert who(ada) == "bob"
    clock.forward(2)
    assert server.browser().get("/get-session", authorization=bearer).json is None
    assert who(ada) is None


class TestTheWayBack:
    def test_needs_a_session_that_is_lent(self, server: AdminServer, ada: Browser) -> None:
        own = ada.post(STOP)
        assert (own.status, own.code) == (400, None)
        nobody = server.browser().post(STOP)
        assert (nobody.status, nobody.json) == (401, None)

    @pytest.mark.parametrize("given", ["", "forged", "other", "unbound"])
    def test_needs_the_cookie_of_the_administrator(
        self, server: AdminServer, ada: Browser, given: str
    ) -> None:
        eve = server.person("eve", "admin")
        own = ada.session()["session"]["token"]
        server.act(ada, "impersonate-user", "bob")
        other = eve.session()["session"]["token"]
        cookies = {
            "forged": f"{own}%3A.{'A' * 43}%3D",
            "other": sign_cookie_value(f"{other}:", SECRET),
            "unbound": sign_cookie_value(own, SECRET),
        }
        ada.jar[OWN] = cookies.get(given, "")
        answer = ada.post(STOP)
        assert (answer.status, answer.code) == (401, "FAILED_TO_GET_SESSION")
        assert ada.jar == {}
        assert server.sessions("bob") == 1

    def test_is_gone_with_the_session_of_the_administrator(
        self, server: AdminServer, ada: Browser
    ) -> None:
        own = ada.session()["session"]["token"]
        server.act(ada, "impersonate-user", "bob")
        server.sql("delete from session where token = ?", own)
        assert ada.post(STOP).status == 401
        assert who(ada) is None

    def test_is_refused_to_other_sites(self, server: AdminServer, ada: Browser) -> None:
        server.act(ada, "impersonate-user", "bob")
        evil = Browser(server.auth, origin="https://evil.example")
        evil.jar = ada.jar
        assert evil.post(STOP).code == "INVALID_ORIGIN"

    def test_is_taken_once(self, server: AdminServer, ada: Browser) -> None:
        server.act(ada, "impersonate-user", "bob")
        copied = server.browser()
        copied.jar = dict(ada.jar)
        assert ada.post(STOP).status == 200
        assert copied.post(STOP).status == 401


class TestSigningOut:
    def test_ends_the_session_that_waits_as_well(self, server: AdminServer, ada: Browser) -> None:
        server.act(ada, "impersonate-user", "bob")
        assert ada.post("/sign-out").status == 200
        assert ada.jar == {}
        assert (server.sessions("ada"), server.sessions("bob")) == (0, 1)

    def test_ends_nobody_elses_for_a_forged_cookie(self, server: AdminServer, ada: Browser) -> None:
        own = server.person("eve", "admin").session()["session"]["token"]
        ada.jar[OWN] = f"{own}%3A.{'A' * 43}%3D"
        assert ada.post("/sign-out").status == 200
        assert server.sessions("eve") == 1


@pytest.mark.parametrize("strategy", ["compact", "jwt", "jwe"])
def test_the_session_cache_follows(make: MakeServer, strategy: Any) -> None:
    session = SessionOptions(cookie_cache=CookieCache(strategy=strategy))
    server = make(auth={"session": session})
    server.person("bob")
    ada = server.person("ada", "admin")
    server.act(ada, "impersonate-user", "bob")
    assert who(ada) == "bob"
    ada.post(STOP)
    assert who(ada) == "ada"


def test_sessions_in_a_secondary_storage(make: MakeServer, clock: Clock) -> None:
    server = make(auth={"secondary_storage": MemoryStorage(clock)}, roles=ROLES)
    server.person("bob")
    ada = server.person("ada", "admin")
    assert server.act(ada, "impersonate-user", "bob").status == 200
    assert ada.session()["session"]["impersonatedBy"] == server.ids["ada"]
    assert ada.post("/delete-user", {"password": "x"}).code == "NOT_WHILE_IMPERSONATING"
    assert ada.post(STOP).status == 200
    assert who(ada) == "ada"


def test_users_do_not_see_the_sessions_of_administrators(server: AdminServer, ada: Browser) -> None:
    server.act(ada, "impersonate-user", "bob")
    bob = server.browser()
    bob.sign_in("bob@example.com")
    listed = bob.get("/list-sessions").json
    assert len(listed) == 2
    assert {one["impersonatedBy"] for one in listed} == {None}
    assert server.sessions("bob") == 3


@pytest.mark.parametrize("secondary", [False, True])
def test_another_role_of_the_user_ends_it(make: MakeServer, clock: Clock, secondary: bool) -> None:
    storage: dict[str, Any] = {"secondary_storage": MemoryStorage(clock)} if secondary else {}
    server = make(auth=storage, roles=ROLES)
    bob, helper = server.person("bob"), server.person("helper", "helper")
    root = server.person("root", "root")
    assert server.act(helper, "impersonate-user", "bob").status == 200
    assert server.act(root, "set-role", "bob", role="root").status == 200
    assert who(helper) is None
    assert who(bob) == "bob"


def test_two_factor_is_not_asked_of_the_administrator(make: MakeServer) -> None:
    server = make(auth={"plugins": [TwoFactor(every_sign_in=True)]})
    server.person("bob")
    ada = server.person("ada", "admin")
    server.sql("update user set twoFactorEnabled = 1 where id = ?", server.ids["bob"])
    assert server.act(ada, "impersonate-user", "bob").json["session"]["impersonatedBy"]
