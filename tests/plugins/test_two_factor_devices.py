"""Trusted devices: browsers that are asked for no second factor for a while."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.factor_server import (
    ASKED,
    DISABLE,
    ENABLE,
    PASSWORD,
    SESSION,
    TOTP,
    TRUST,
    FactorServer,
    MakeFactorServer,
    Person,
    factor_server,
    names_set,
)
from tests.support.browser import SECRET, Browser, Clock
from watchword.crypto.signing import mac, sign_cookie_value
from watchword.http.cookies import encode_value
from watchword.storage.memory import MemoryStorage


@pytest.fixture
def make_server(make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str) -> MakeFactorServer:
    return factor_server(make_auth, clock, tmp_path, kind)


@pytest.fixture
def server(make_server: MakeFactorServer) -> FactorServer:
    return make_server()


def trusted(person: Person, **extra: object) -> Browser:
    browser = person.asked(**extra)
    answer = browser.post(TOTP, {"code": person.code(), "trustDevice": True})
    assert names_set(answer)["trust_device"] is True
    person.server.clock.forward(60)
    return browser


def rows(server: FactorServer) -> list[tuple[str, str]]:
    return server.sql(
        "select identifier, value from verification where identifier like 'trust-device-%'"
    )


def test_f7_a_trusted_device_is_asked_for_nothing_and_its_cookie_rotates(
    server: FactorServer,
) -> None:
    person = server.with_app()
    browser = trusted(person)
    [before] = rows(server)
    old = browser.jar[TRUST]
    browser.post("/sign-out", {})
    answer = browser.sign_in()
    assert answer.json["user"]["twoFactorEnabled"] is True
    assert names_set(answer) == {"session_token": True, "trust_device": True}
    line = answer.cookie(TRUST)
    assert line is not None
    assert "Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax" in line
    [after] = rows(server)
    assert before != after
    assert browser.jar[TRUST] != old
    thief = server.browser()
    thief.jar = {TRUST: old}
    answer = thief.sign_in()
    assert answer.json == ASKED
    assert TRUST not in thief.jar
    assert rows(server) == [after], "the owner's trust is not the thief's to end"


def test_a_trusted_device_is_remembered(server: FactorServer) -> None:
    person = server.with_app()
    browser = person.asked(rememberMe=False)
    answer = browser.post(TOTP, {"code": person.code(), "trustDevice": True})
    assert names_set(answer) == {
        "session_token": True,
        "two_factor": False,
        "trust_device": True,
        "dont_remember": False,
    }


def test_trust_ends_by_its_time_unless_it_is_used(server: FactorServer) -> None:
    person = server.with_app()
    browser = trusted(person)
    for _ in range(3):
        server.clock.forward(2_592_000 - 120)
        assert "user" in browser.sign_in().json
    server.clock.forward(2_592_000)
    assert browser.sign_in().json == ASKED


def test_f7_trust_is_of_one_user(server: FactorServer) -> None:
    ada = server.with_app()
    bob = server.with_app("bob@example.com")
    browser = trusted(ada)
    answer = browser.sign_in("bob@example.com")
    assert answer.json == ASKED
    assert TRUST not in browser.jar
    forged = server.browser()
    user_id = bob.browser.session()["user"]["id"]
    [(identifier, _)] = rows(server)
    payload = f"{mac(f'{user_id}!{identifier}', SECRET)}!{identifier}"
    forged.jar = {TRUST: encode_value(sign_cookie_value(payload, SECRET))}
    assert forged.sign_in("bob@example.com").json == ASKED


@pytest.mark.parametrize("secondary", [False, True])
def test_f7_trust_ends_on_all_devices_when_the_factor_is_turned_off(
    make_server: MakeFactorServer, clock: Clock, secondary: bool
) -> None:
    auth = {"secondary_storage": MemoryStorage(clock)} if secondary else {}
    server = make_server(auth=auth)
    person = server.with_app()
    browser, other = trusted(person), trusted(person)
    assert TRUST in browser.jar
    assert browser.post(DISABLE, {"password": PASSWORD}).status == 200
    assert TRUST not in browser.jar
    clock.forward(60)
    again = browser.post(ENABLE, {"password": PASSWORD, "method": "otp"})
    assert again.status == 200
    assert other.sign_in().json["twoFactorRedirect"] is True
    clock.forward(1)
    fresh = server.browser()
    fresh.sign_in()
    code = server.code(fresh)
    fresh.post("/two-factor/verify-otp", {"code": code, "trustDevice": True})
    assert "user" in fresh.sign_in().json, "new trust is good"


@pytest.mark.parametrize(
    "value", ["", "x", "!", "a!b", "a!trust-device-b", "!" * 1000, "trust-device-x!", "é!é"]
)
def test_odd_cookies_are_no_trust(server: FactorServer, value: str) -> None:
    server.with_app()
    browser = server.browser()
    browser.jar = {TRUST: encode_value(sign_cookie_value(value, SECRET))}
    assert browser.sign_in().json == ASKED


def test_cookies_of_other_kinds_are_neither_trust_nor_challenge(server: FactorServer) -> None:
    person = server.with_app()
    waiting = person.asked()
    for name in (TRUST, "better-auth.two_factor"):
        for value in (person.browser.jar[SESSION], waiting.jar["better-auth.two_factor"]):
            browser = server.browser()
            browser.jar = {name: value}
            if name == TRUST:
                assert browser.sign_in().json == ASKED
            elif value == person.browser.jar[SESSION]:
                answer = browser.post(TOTP, {"code": person.code()})
                assert answer.code == "INVALID_TWO_FACTOR_COOKIE"
