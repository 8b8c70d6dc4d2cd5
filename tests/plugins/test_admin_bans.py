"""Bans: what they end, whom they keep out, and how they are over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.admin_server import ROLES, AdminServer, MakeServer, admin_server
from tests.support.browser import Browser, Clock
from watchword import APIError, SessionOptions, SignInEmail
from watchword.configuration.options import CookieCache
from watchword.plugins import Bearer, EmailOTP, MagicLink, OneTimeToken
from watchword.plugins.email_otp import CodeMail
from watchword.plugins.magic_link import MagicLinkMail
from watchword.storage.memory import MemoryStorage


@pytest.fixture
def make(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeServer:
    return admin_server(make_auth, tmp_path, kind)


@pytest.fixture
def server(make: MakeServer) -> AdminServer:
    return make(roles=ROLES, banned_user_message="You are banned")


def banned(answer: Any) -> bool:
    return (answer.status, answer.code) == (403, "BANNED_USER")


def test_a_ban_ends_sessions_and_keeps_out(server: AdminServer) -> None:
    bob, ada = server.person("bob"), server.person("ada", "admin")
    user = server.act(ada, "ban-user", "bob", banReason="Spam").json["user"]
    assert (user["banned"], user["banReason"], user["banExpires"]) == (True, "Spam", None)
    assert bob.session() is None
    assert server.sessions("bob") == 0
    answer = bob.sign_in("bob@example.com")
    assert banned(answer)
    assert answer.json["message"] == "You are banned"
    assert bob.jar == {}
    assert server.sessions("bob") == 0
    wrong = bob.post("/sign-in/email", {"email": "bob@example.com", "password": "wrong horse"})
    assert wrong.code == "INVALID_EMAIL_OR_PASSWORD"
    user = server.act(ada, "unban-user", "bob").json["user"]
    assert (user["banned"], user["banReason"], user["banExpires"]) == (False, None, None)
    assert bob.sign_in("bob@example.com").status == 200


def test_reasons_and_ends_by_default(make: MakeServer) -> None:
    server = make(default_ban_reason="House rules", default_ban_expires_in=60)
    server.person("bob")
    ada = server.person("ada", "admin")
    user = server.act(ada, "ban-user", "bob").json["user"]
    assert (user["banReason"], user["banExpires"]) == ("House rules", "2030-01-01T00:01:00.000Z")
    user = server.act(ada, "ban-user", "bob", banExpiresIn=3600.5).json["user"]
    assert user["banExpires"] == "2030-01-01T01:00:00.000Z"


def test_without_an_end_an_older_one_goes(server: AdminServer) -> None:
    server.person("bob")
    ada = server.person("ada", "admin")
    server.act(ada, "ban-user", "bob", banExpiresIn=60)
    user = server.act(ada, "ban-user", "bob").json["user"]
    assert (user["banReason"], user["banExpires"]) == ("No reason", None)


@pytest.mark.parametrize("odd", [-1, 1e30, "60", True, [60]])
def test_odd_ends(server: AdminServer, odd: Any) -> None:
    server.person("bob")
    ada = server.person("ada", "admin")
    assert server.act(ada, "ban-user", "bob", banExpiresIn=odd).code == "VALIDATION_ERROR"
    assert server.column("bob", "banned") == 0


def test_nobody_bans_himself(server: AdminServer) -> None:
    ada = server.person("ada", "admin")
    assert server.act(ada, "ban-user", "ada").code == "YOU_CANNOT_BAN_YOURSELF"
    data = server.act(ada, "update-user", "ada", data={"banned": True})
    assert (data.status, data.code) == (400, "YOU_CANNOT_BAN_YOURSELF")
    assert ada.session() is not None


def test_update_user_bans_as_well(server: AdminServer) -> None:
    bob, ada = server.person("bob"), server.person("ada", "admin")
    data = {"banned": True, "banExpires": "2030-01-02T00:00:00.000Z"}
    user = server.act(ada, "update-user", "bob", data=data).json
    assert (user["banned"], user["banReason"]) == (True, None)
    assert bob.session() is None
    assert banned(bob.sign_in("bob@example.com"))
    support = server.person("helpless", "support")
    assert server.act(support, "update-user", "bob", data={"banned": False}).status == 403


def test_a_ban_is_over_by_itself(server: AdminServer, clock: Clock) -> None:
    bob, ada = server.person("bob"), server.person("ada", "admin")
    server.act(ada, "ban-user", "bob", banExpiresIn=60)
    clock.forward(60)
    assert banned(bob.sign_in("bob@example.com"))
    clock.forward(0.001)
    assert bob.sign_in("bob@example.com").status == 200
    assert (server.column("bob", "banned"), server.column("bob", "banReason")) == (0, None)
    assert bob.session()["user"]["banExpires"] is None


def test_a_message_may_be_made(make: MakeServer) -> None:
    server = make(banned_user_message=lambda user: f"Sorry, {user.name}: {user.ban_reason}")
    bob, ada = server.person("bob"), server.person("ada", "admin")
    server.act(ada, "ban-user", "bob", banReason="Spam")
    assert bob.sign_in("bob@example.com").json["message"] == "Sorry, bob: Spam"


@pytest.mark.parametrize("store_in_database", [False, True])
def test_sessions_in_a_secondary_storage_end(
    make: MakeServer, clock: Clock, store_in_database: bool
) -> None:
    options = {
        "secondary_storage": MemoryStorage(clock),
        "session": SessionOptions(store_in_database=store_in_database),
    }
    server = make(roles=ROLES, auth=options)
    bob, ada = server.person("bob"), server.person("ada", "admin")
    server.sql("update user set role = 'admin' where id = ?", server.ids["ada"])
    clock.forward(1)
    assert server.act(ada, "ban-user", "bob").status == 200
    assert bob.session() is None
    assert banned(bob.sign_in("bob@example.com"))
    assert bob.session() is None
    assert server.act(ada, "list-user-sessions", "bob").json == {"sessions": []}


def test_the_session_cache_is_believed_until_it_ends(make: MakeServer, clock: Clock) -> None:
    server = make(auth={"session": SessionOptions(cookie_cache=CookieCache(max_age=60))})
    bob, ada = server.person("bob"), server.person("ada", "admin")
    server.act(ada, "ban-user", "bob")
    assert bob.session() is not None
    # What matters asks the store.
    assert bob.post("/update-user", {"name": "B"}).status == 401
    clock.forward(61)
    assert bob.session() is None


def test_a_role_in_the_session_cache_is_not_believed(make: MakeServer) -> None:
    server = make(auth={"session": SessionOptions(cookie_cache=CookieCache(max_age=60))})
    ada = server.person("ada", "admin")
    ada.get("/get-session", {"disableCookieCache": "true"})
    assert ada.session()["user"]["role"] == "admin"
    server.sql("update user set role = 'user'")
    assert ada.session()["user"]["role"] == "admin"
    assert ada.get("/admin/list-users").status == 403
    wanted = {"permissions": {"user": ["list"]}}
    assert ada.post("/admin/has-permission", wanted).json["success"] is False


class TestEveryWayIn:
    """X4: whatever makes a session asks."""

    def test_links(self, make: MakeServer) -> None:
        mails: list[MagicLinkMail] = []
        link = MagicLink(send_magic_link=lambda mail, _: mails.append(mail))
        server = make(auth={"plugins": [link]})
        bob, ada = server.person("bob"), server.person("ada", "admin")
        server.act(ada, "ban-user", "bob")
        bob.post("/sign-in/magic-link", {"email": "bob@example.com"})
        server.auth.blocking.close()
        [mail] = mails
        answer = bob.get("/magic-link/verify", {"token": mail.token, "callbackURL": "/"})
        assert answer.status in (302, 403)
        assert "BANNED_USER" in (answer.header("location") or answer.code or "")
        assert bob.session() is None
        assert server.sessions("bob") == 0

    def test_codes(self, make: MakeServer) -> None:
        codes: list[CodeMail] = []
        code = EmailOTP(send_verification_otp=lambda one, _: codes.append(one))
        server = make(auth={"plugins": [code]})
        bob, ada = server.person("bob"), server.person("ada", "admin")
        server.act(ada, "ban-user", "bob")
        body = {"email": "bob@example.com", "type": "sign-in"}
        bob.post("/email-otp/send-verification-otp", body)
        server.auth.blocking.close()
        [mail] = codes
        answer = bob.post("/sign-in/email-otp", {"email": "bob@example.com", "otp": mail.otp})
        assert banned(answer)
        assert server.sessions("bob") == 0

    def test_tokens_and_bearers(self, make: MakeServer) -> None:
        server = make(auth={"plugins": [OneTimeToken(), Bearer()]})
        bob, ada = server.person("bob"), server.person("ada", "admin")
        token = bob.get("/one-time-token/generate").json["token"]
        bearer = bob.session()["session"]["token"]
        server.act(ada, "ban-user", "bob")
        other = server.browser()
        assert other.post("/one-time-token/verify", {"token": token}).status >= 400
        assert other.get("/get-session", authorization=f"Bearer {bearer}").json is None

    def test_functions_of_the_server(self, server: AdminServer) -> None:
        server.person("bob")
        server.act(server.person("ada", "admin"), "ban-user", "bob")
        given = SignInEmail(email="bob@example.com", password="password1234")
        with pytest.raises(APIError) as refused:
            server.auth.blocking.api.sign_in_email(given)
        assert refused.value.code == "BANNED_USER"


def test_an_administrator_who_is_banned_leaves_the_places_of_others(server: AdminServer) -> None:
    server.person("bob")
    ada, eve = server.person("ada", "admin"), server.person("eve", "admin")
    assert server.act(eve, "impersonate-user", "bob").status == 200
    assert eve.session()["user"]["name"] == "bob"
    server.act(ada, "ban-user", "eve")
    assert eve.session() is None
    assert server.sessions("bob") == 1


def test_one_who_loses_the_role_does_too(server: AdminServer) -> None:
    server.person("bob")
    ada, eve = server.person("ada", "admin"), server.person("eve", "admin")
    server.act(eve, "impersonate-user", "bob")
    server.act(ada, "set-role", "eve", role="support")
    assert eve.session() is None


def test_origins_are_known(server: AdminServer) -> None:
    ada = server.person("ada", "admin")
    server.person("bob")
    evil = Browser(server.auth, origin="https://evil.example")
    evil.jar = ada.jar
    assert server.act(evil, "ban-user", "bob").code == "INVALID_ORIGIN"
