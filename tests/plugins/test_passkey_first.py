"""Passkeys of people who are not signed in: whom the application knows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.passkey_server import (
    ADA,
    BOB,
    COOKIE,
    MADE,
    NEW,
    PasskeyServer,
    begun,
    outcome,
    passkey_server,
    register,
    sign_in,
)
from tests.support.authenticator import Authenticator
from tests.support.browser import Browser, Clock
from watchword import APIError, Call, User
from watchword.plugins.passkey import (
    NewCredential,
    PasskeyOwner,
    PasskeyRegistration,
    PasskeyUser,
)

Make = Callable[..., PasskeyServer]


async def by_address(context: str | None, call: Call) -> PasskeyUser | None:
    """Whoever knows an address: good enough for a test."""
    user = await call.db.find_one(User, email=context or "")
    return None if user is None else PasskeyUser(id=user.id, name=user.email, display_name="D")


@pytest.fixture
def make(make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str) -> Make:
    build = passkey_server(make_auth, clock, tmp_path, kind)

    def made(**options: Any) -> PasskeyServer:
        options.setdefault("resolve_user", by_address)
        registration = PasskeyRegistration(require_session=False, **options)
        return build(registration=registration)

    return made


def come(browser: Browser, key: Authenticator, context: str = ADA, **body: Any) -> Any:
    options = begun(browser, NEW, context=context)
    return browser.post(MADE, {"response": key.create(options), **body})


def test_the_application_says_who_it_is(make: Make) -> None:
    server = make()
    server.signed_up()
    browser, key = server.browser(), Authenticator()
    options = begun(browser, NEW, context=ADA)
    assert (options["user"]["name"], options["user"]["displayName"]) == (ADA, "D")
    answer = browser.post(MADE, {"response": key.create(options)})
    assert answer.status == 200
    assert "session" not in answer.json
    assert browser.session() is None
    assert sign_in(browser, key).status == 200
    assert browser.session()["user"]["email"] == ADA


def test_a_session_begins_with_the_passkey(make: Make) -> None:
    server = make()
    server.signed_up()
    browser = server.browser()
    server.clock.forward(60)
    answer = come(browser, Authenticator(), createSession=True)
    assert answer.json["user"]["email"] == browser.session()["user"]["email"] == ADA
    assert browser.session()["session"]["createdAt"] == "2030-01-01T00:01:00.000Z"


@pytest.mark.parametrize(
    "named", [None, PasskeyUser(id="", name="x"), PasskeyUser(id="x", name="")]
)
def test_nobody_is_known(make: Make, named: PasskeyUser | None) -> None:
    server = make(resolve_user=lambda context, call: named)
    assert outcome(server.browser().get(NEW)) == (400, "RESOLVED_USER_INVALID")
    refused = make(resolve_user=None).browser().get(NEW)
    assert outcome(refused) == (400, "RESOLVE_USER_REQUIRED")


def test_who_is_signed_in_needs_no_answer(make: Make) -> None:
    server = make(resolve_user=None)
    ada, key = server.with_passkey()
    assert register(ada, key).status == 200


def test_k2_an_old_session_gets_no_passkey_here_either(make: Make) -> None:
    server = make()
    ada, key = server.signed_up(), Authenticator()
    options = begun(ada, NEW)
    server.clock.forward(86_400 - 1)
    response = key.create(begun(ada, NEW))
    server.clock.forward(1)
    assert outcome(ada.get(NEW, {"context": ADA})) == (403, "SESSION_NOT_FRESH")
    for sent in (response, key.create(options)):
        assert outcome(ada.post(MADE, {"response": sent})) == (403, "SESSION_NOT_FRESH")
    assert server.sql("select count(*) from passkey") == [(0,)]


def test_a_user_who_does_not_exist(make: Make) -> None:
    server = make(resolve_user=lambda context, call: PasskeyUser(id="gone", name="x"))
    for signs_in in (False, True):
        answer = come(server.browser(), Authenticator(), createSession=signs_in)
        assert outcome(answer) == (400, "USER_NOT_FOUND")
    assert server.sql("select count(*) from passkey") == [(0,)]
    assert server.sql("select count(*) from session") == [(0,)]


def test_the_application_makes_the_user_when_the_passkey_is_there(make: Make) -> None:
    told: list[NewCredential] = []

    async def settle(made: NewCredential, call: Call) -> PasskeyOwner:
        told.append(made)
        user = await call.db.create(User, name="New", email=str(made.context))
        assert user is not None
        return PasskeyOwner(user_id=user.id, name="  First key ")

    def who(context: str | None, call: Call) -> PasskeyUser:
        return PasskeyUser(id="later", name=str(context))

    server = make(resolve_user=who, after_verification=settle)
    browser, key = server.browser(), Authenticator()
    answer = come(browser, key, createSession=True)
    assert answer.status == 200
    assert browser.session()["user"]["email"] == ADA
    assert answer.json["name"] == "First key"
    assert (told[0].user.id, told[0].context, told[0].user_verified) == ("later", ADA, True)
    assert ADA not in repr(told[0]).replace(repr(told[0].user), "")
    named = come(server.browser(), Authenticator(), BOB, name="Mine")
    assert named.json["name"] == "Mine"


def test_the_application_may_refuse(make: Make) -> None:
    def refuse(made: NewCredential, call: Call) -> PasskeyOwner:
        raise APIError(403, "NOT_THIS_ONE", "Another model")

    server = make(after_verification=refuse)
    server.signed_up()
    assert outcome(come(server.browser(), Authenticator())) == (403, "NOT_THIS_ONE")
    assert server.sql("select count(*) from passkey") == [(0,)]


def test_nobody_who_is_signed_in_gets_a_passkey_for_somebody_else(make: Make) -> None:
    server = make(after_verification=lambda made, call: PasskeyOwner(user_id="somebody"))
    ada = server.signed_up()
    answer = register(ada, Authenticator())
    assert outcome(answer) == (401, "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY")
    bob, browser, key = server.signed_up(BOB), server.browser(), Authenticator()
    response = key.create(begun(browser, NEW, context=ADA))
    bob.jar[COOKIE] = browser.jar[COOKIE]
    answer = bob.post(MADE, {"response": response})
    assert outcome(answer) == (401, "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY")


def test_a_challenge_ends_with_the_session_that_asked_for_it(make: Make) -> None:
    server = make()
    ada, key = server.signed_up(), Authenticator()
    response = key.create(begun(ada, NEW))
    away = server.browser()
    away.jar[COOKIE] = ada.jar[COOKIE]
    assert ada.post("/sign-out", {}).status == 200
    assert outcome(away.post(MADE, {"response": response})) == (400, "CHALLENGE_NOT_FOUND")


def test_a_challenge_ends_when_its_user_takes_the_account_back(make: Make) -> None:
    server = make()
    ada, browser, key = server.signed_up(), server.browser(), Authenticator()
    response = key.create(begun(browser, NEW, context=ADA))
    assert ada.post("/revoke-sessions", {}).status == 200
    assert outcome(browser.post(MADE, {"response": response})) == (400, "CHALLENGE_NOT_FOUND")
    assert server.sql("select count(*) from passkey") == [(0,)]
