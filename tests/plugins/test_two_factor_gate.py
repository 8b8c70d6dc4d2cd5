"""No way in ends in a session before the second factor."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.factor_server import (
    ADA,
    ASKED,
    COOKIE,
    PASSWORD,
    SESSION,
    TOTP,
    FactorServer,
    MakeFactorServer,
    Person,
    factor_server,
    names_set,
)
from tests.support.browser import Answer, Browser, Clock
from tests.support.social import World, begin, come_back, providers
from watchword import Advanced, Call, Hooks, Outgoing, Plugin, SessionOptions
from watchword.configuration.options import CookieCache
from watchword.database.contract import StorageUnavailable
from watchword.plugin_base import after
from watchword.plugins import Bearer, EmailOTP, MagicLink, OneTimeTokenSession
from watchword.plugins.two_factor import trusted_devices


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def mails() -> list[Any]:
    return []


@pytest.fixture
def make_server(
    make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str, world: World, mails: list[Any]
) -> MakeFactorServer:
    make = factor_server(make_auth, clock, tmp_path, kind)

    def send(mail: Any, request: object) -> None:
        mails.append(mail)

    def full(**options: Any) -> FactorServer:
        others = [
            Bearer(),
            MagicLink(send_magic_link=send),
            EmailOTP(send_verification_otp=send),
            OneTimeTokenSession(),
        ]
        auth = {
            "social_providers": providers(),
            "advanced": Advanced(outgoing=Outgoing(transport=world.transport)),
            **options.pop("auth", {}),
        }
        return make(plugins=[*others, *options.pop("plugins", ())], auth=auth, **options)

    return full


@dataclass(frozen=True, kw_only=True)
class Witness(Plugin):
    """Notes whose sessions hooks get to see."""

    id: ClassVar[str] = "witness"
    seen: list[str]

    @after(new_session=True)
    async def look(self, call: Call) -> None:
        assert call.new_session is not None
        self.seen.append(call.new_session.session.token)


def sessions(server: FactorServer) -> list[Any]:
    return server.sql("select token from session order by token")


def verified(server: FactorServer) -> Person:
    """Somebody whose address is proven: nobody else can have set the account up."""
    person = server.with_app()
    server.sql("update user set emailVerified = 1")
    return person


def by_link(server: FactorServer, mails: list[Any], callback: str | None) -> tuple[Browser, Answer]:
    browser = server.browser()
    body = {"email": ADA} | ({"callbackURL": callback} if callback else {})
    assert browser.post("/sign-in/magic-link", body).status == 200
    server.auth.blocking.runtime.drain()
    query = {"token": mails[-1].token} | ({"callbackURL": callback} if callback else {})
    return browser, browser.get("/magic-link/verify", query)


def by_code(server: FactorServer, mails: list[Any]) -> tuple[Browser, Answer]:
    browser = server.browser()
    browser.post("/email-otp/send-verification-otp", {"email": ADA, "type": "sign-in"})
    server.auth.blocking.runtime.drain()
    return browser, browser.post("/sign-in/email-otp", {"email": ADA, "otp": mails[-1].otp})


def test_f9_only_passwords_are_gated_unless_options_say_so(
    make_server: MakeFactorServer, mails: list[Any]
) -> None:
    server = make_server()
    server.with_app()
    assert by_link(server, mails, None)[1].json["user"]["email"] == ADA
    assert by_code(server, mails)[1].json["user"]["email"] == ADA


@pytest.mark.parametrize("way", ["link", "code"])
def test_f9_mailed_ways_in_ask_for_the_second_factor(
    make_server: MakeFactorServer, mails: list[Any], way: str
) -> None:
    server = make_server(every_sign_in=True)
    person = verified(server)
    before = sessions(server)
    browser, answer = by_link(server, mails, None) if way == "link" else by_code(server, mails)
    _is_challenge(server, browser, answer, before)
    assert answer.json == ASKED
    assert browser.post(TOTP, {"code": person.code()}).status == 200
    assert browser.session()["user"]["email"] == ADA


@pytest.mark.parametrize("way", ["link", "code"])
def test_a_factor_that_a_stranger_set_up_does_not_lock_the_owner_of_the_address_out(
    make_server: MakeFactorServer, mails: list[Any], way: str
) -> None:
    server = make_server(every_sign_in=True)
    stranger = server.with_app()
    waiting = stranger.asked()
    browser, answer = by_link(server, mails, None) if way == "link" else by_code(server, mails)
    user = answer.json["user"]
    assert (user["emailVerified"], user["twoFactorEnabled"]) == (True, False)
    assert browser.session()["user"] == user
    assert server.sql("select count(*) from twoFactor") == [(0,)]
    late = waiting.post(TOTP, {"code": stranger.code()})
    assert (late.status, late.code) == (401, "INVALID_TWO_FACTOR_COOKIE")


def test_f9_a_link_that_leads_somewhere_says_there_that_a_code_is_due(
    make_server: MakeFactorServer, mails: list[Any]
) -> None:
    server = make_server(every_sign_in=True)
    person = verified(server)
    before = sessions(server)
    browser, answer = by_link(server, mails, "/home?a=1")
    assert answer.status == 302
    _is_challenge(server, browser, answer, before)
    target = urlsplit(answer.header("location") or "")
    assert (target.path, parse_qs(target.query)) == (
        "/home",
        {"a": ["1"], "twoFactorRedirect": ["true"], "twoFactorMethods": ["totp,otp"]},
    )
    assert browser.post(TOTP, {"code": person.code()}).status == 200


def test_f9_identity_providers_ask_for_the_second_factor(
    make_server: MakeFactorServer, world: World
) -> None:
    server = make_server(every_sign_in=True)
    newcomer = server.browser()
    come_back(newcomer, begin(newcomer)["state"])
    user = newcomer.session()["user"]
    assert user is not None, "who is new has no second factor"
    server.sql("update user set twoFactorEnabled = 1")
    before = sessions(server)
    browser = server.browser()
    answer = come_back(browser, begin(browser)["state"])
    assert answer.status == 302
    _is_challenge(server, browser, answer, before)
    assert "twoFactorRedirect=true" in (answer.header("location") or "")
    code = server.code(browser)
    assert browser.post("/two-factor/verify-otp", {"code": code}).status == 200
    assert browser.session()["user"]["id"] == user["id"]


def test_f9_who_is_signed_in_and_gets_another_session_is_not_asked(
    make_server: MakeFactorServer,
) -> None:
    server = make_server(every_sign_in=True)
    person = server.with_app()
    change = {
        "currentPassword": PASSWORD,
        "newPassword": PASSWORD + "!",
        "revokeOtherSessions": True,
    }
    answer = person.browser.post("/change-password", change)
    assert answer.json["user"]["email"] == ADA
    assert person.browser.session() is not None
    token = person.browser.get("/one-time-token-session/generate").json["token"]
    other = server.browser()
    handed = other.post("/one-time-token-session/verify", {"token": token})
    assert handed.json["user"]["email"] == ADA, "the session that it comes from has passed"
    server.clock.forward(100_000)
    assert person.browser.session() is not None, "nor is one that is renewed"


@pytest.mark.parametrize("cache", ["compact", "jwt", "jwe"])
def test_c5_no_copy_of_a_session_is_written_while_a_factor_is_due(
    make_server: MakeFactorServer, cache: Any
) -> None:
    session = SessionOptions(cookie_cache=CookieCache(strategy=cache))
    server = make_server(auth={"session": session})
    person = server.with_app()
    browser = server.browser()
    answer = browser.sign_in()
    assert names_set(answer) == {"session_token": False, "session_data": False, "two_factor": True}
    assert "Max-Age=0" in (answer.cookie("better-auth.session_data") or "")
    assert browser.post(TOTP, {"code": person.code()}).status == 200
    assert "better-auth.session_data" in browser.jar


def test_f1_no_hook_sees_the_session_that_is_taken_back(make_server: MakeFactorServer) -> None:
    seen: list[str] = []
    results: list[Any] = []

    def watch(call: Call) -> None:
        if call.endpoint is not None and call.endpoint.path == "/sign-in/email":
            results.append((call.returned, call.new_session))

    server = make_server(plugins=[Witness(seen=seen)], auth={"hooks": Hooks(after=watch)})
    server.with_app()
    seen.clear()
    answer = server.browser().sign_in()
    assert answer.header("set-auth-token") is None
    assert seen == []
    [(returned, new_session)] = results
    assert new_session is None
    assert not hasattr(returned, "token")


def test_f1_a_store_that_fails_lets_nobody_in(
    make_server: MakeFactorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_server()
    server.with_app()
    before = sessions(server)

    async def down(*_: object) -> None:
        raise StorageUnavailable("down")

    browser = server.browser()
    for place in ("is_trusted", "binding", "challenge"):
        with monkeypatch.context() as patch:
            patch.setattr(f"watchword.plugins.two_factor.plugin.{place}", down)
            answer = browser.sign_in()
        assert answer.status == 503
        assert SESSION not in browser.jar
        assert sessions(server) == before
    assert trusted_devices.is_trusted is not down


def test_signing_in_ends_the_session_of_somebody_else_in_the_browser(
    make_server: MakeFactorServer,
) -> None:
    server = make_server()
    server.with_app()
    browser = server.browser()
    browser.sign_up("bob@example.com")
    assert browser.sign_in().json == ASKED
    assert browser.session() is None


def test_who_is_signed_in_proves_himself_not_whom_the_cookie_names(
    make_server: MakeFactorServer,
) -> None:
    server = make_server()
    ada = server.with_app()
    bob = server.with_app("bob@example.com")
    waiting = ada.asked()
    bob.browser.jar[COOKIE] = waiting.jar[COOKIE]
    answer = bob.browser.post(TOTP, {"code": ada.code()})
    assert (answer.status, answer.code) == (401, "INVALID_CODE")
    answer = bob.browser.post(TOTP, {"code": bob.code()})
    assert answer.json["user"]["email"] == "bob@example.com"


@pytest.mark.parametrize("field", ["code", "trustDevice", "disableSession"])
@pytest.mark.parametrize("value", [None, 5, [], {}, "x" * 1_000_000])
def test_odd_input_is_refused_and_spends_nothing(
    make_server: MakeFactorServer, field: str, value: Any
) -> None:
    server = make_server()
    person = server.with_app()
    waiting = person.asked()
    if field == "trustDevice" and value is None:
        value = "yes"
    for path in (TOTP, "/two-factor/verify-otp", "/two-factor/verify-backup-code"):
        if field == "disableSession" and not path.endswith("backup-code"):
            continue
        body = {"code": "123456", field: value}
        answer = waiting.post(path, body)
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert waiting.post("/two-factor/send-otp", {"trustDevice": 5}).status == 400
    assert waiting.post("/two-factor/send-otp", [1]).status == 400
    attempts = server.sql("select value from verification where identifier like '2fa-attempts%'")
    assert attempts == [("0",)]


def test_other_sites_cannot_answer_a_challenge(make_server: MakeFactorServer) -> None:
    server = make_server()
    person = server.with_app()
    waiting = person.asked()
    answer = waiting.post(TOTP, {"code": person.code()}, origin="https://evil.example")
    assert (answer.status, answer.code) == (403, "INVALID_ORIGIN")
    assert waiting.post(TOTP, {"code": person.code()}).status == 200


def test_what_happened_is_in_the_security_log(
    make_server: MakeFactorServer, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_server()
    with caplog.at_level(logging.INFO, "watchword.security"):
        person = server.with_app()
        person.asked().post("/two-factor/verify-backup-code", {"code": person.paper[0]})
        person.browser.post("/two-factor/disable", {"password": PASSWORD})
    for event in (
        "two_factor_enabled",
        "second_factor_asked",
        "backup_code_used",
        "two_factor_disabled",
    ):
        assert event in caplog.text
    assert person.paper[0] not in caplog.text


def _is_challenge(
    server: FactorServer, browser: Browser, answer: Answer, before: list[Any]
) -> None:
    set_or_not = names_set(answer)
    set_or_not.pop("state", None)
    assert set_or_not == {"session_token": False, "session_data": False, "two_factor": True}
    assert answer.header("set-auth-token") is None
    assert sessions(server) == before
    assert browser.session() is None
