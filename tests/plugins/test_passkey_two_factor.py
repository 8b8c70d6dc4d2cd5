"""Where a second factor is asked for, and somebody comes with a passkey."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.factor_server import SESSION, TOTP, FactorServer, factor_server
from tests.plugins.passkey_server import LIST, MADE, NEW, begun, register, sign_in
from tests.support.authenticator import UP, UV, Authenticator
from tests.support.browser import Clock
from watchword import Call, User
from watchword.plugins import LastLoginMethod, Passkey
from watchword.plugins.passkey import PasskeyRegistration, PasskeyUser


async def by_address(context: str | None, call: Call) -> PasskeyUser | None:
    user = await call.db.find_one(User, email=context or "")
    return None if user is None else PasskeyUser(id=user.id, name=user.email)


@pytest.fixture
def make(make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str) -> Any:
    registration = PasskeyRegistration(require_session=False, resolve_user=by_address)
    build = factor_server(make_auth, clock, tmp_path, kind)

    def made(**options: Any) -> FactorServer:
        plugins = [Passkey(registration=registration), LastLoginMethod()]
        return build(plugins=plugins, **options)

    return made


@pytest.mark.parametrize("flags", [UP, UP | UV])
def test_passwords_alone_are_asked_for_a_second_factor(make: Any, flags: int) -> None:
    server: FactorServer = make()
    ada, key = server.with_app(), Authenticator(flags=flags)
    assert register(ada.browser, key).status == 200
    assert "session" in sign_in(server.browser(), key).json


def test_a_passkey_that_verified_its_user_is_two_factors(make: Any) -> None:
    server: FactorServer = make(every_sign_in=True)
    ada, key = server.with_app(), Authenticator(flags=UP | UV)
    assert register(ada.browser, key).status == 200
    browser = server.browser()
    answer = sign_in(browser, key)
    assert answer.json["user"]["twoFactorEnabled"] is True
    assert browser.session() is not None
    assert browser.jar["better-auth.last_used_login_method"] == "passkey"


def test_a_passkey_that_did_not_is_one(make: Any) -> None:
    server: FactorServer = make(every_sign_in=True)
    ada, key = server.with_app(), Authenticator(flags=UP)
    assert register(ada.browser, key).status == 200
    browser = server.browser()
    assert sign_in(browser, key).json["twoFactorRedirect"] is True
    assert SESSION not in browser.jar
    assert browser.session() is None
    assert browser.post(TOTP, {"code": ada.code()}).status == 200
    assert browser.session() is not None


def test_a_passkey_that_is_made_without_a_session_is_no_second_factor(make: Any) -> None:
    server: FactorServer = make(every_sign_in=True)
    ada, key = server.with_app(), Authenticator(flags=UP | UV)
    browser = server.browser()
    response = key.create(begun(browser, NEW, context=ada.email))
    answer = browser.post(MADE, {"response": response, "createSession": True})
    assert answer.json["twoFactorRedirect"] is True
    assert browser.session() is None


def test_who_is_signed_in_is_asked_for_none(make: Any) -> None:
    server: FactorServer = make(every_sign_in=True)
    ada, key = server.with_app(), Authenticator(flags=UP)
    answer = register(ada.browser, key, createSession=True)
    assert "session" in answer.json
    assert len(ada.browser.get(LIST).json) == 1
