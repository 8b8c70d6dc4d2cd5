"""What is tried against second factors by who has the password, a cookie, or a lucky moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.plugins.factor_server import (
    ADA,
    ASKED,
    COOKIE,
    DISABLE,
    ENABLE,
    OTP,
    PAPER,
    PASSWORD,
    SESSION,
    TOTP,
    FactorServer,
    MakeFactorServer,
    factor_server,
    key,
    outcome,
)
from tests.support.browser import ORIGIN, SECRET, Clock
from tests.support.providers import unsigned
from tests.support.social import World, begin, come_back, providers
from watchword import (
    AccountOptions,
    Advanced,
    Auth,
    Call,
    EmailAndPassword,
    ModelHooks,
    Outgoing,
    SessionOptions,
    VersionedSecret,
)
from watchword.configuration.options import CookieCache
from watchword.database.contract import StorageUnavailable
from watchword.plugins import Bearer, MagicLink, TwoFactor
from watchword.plugins.two_factor import OTPOptions, sent_codes
from watchword.records import Verification
from watchword.storage.memory import MemoryStorage
from watchword.verifications.guesses import replace_code


@pytest.fixture
def make_server(make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str) -> MakeFactorServer:
    return factor_server(make_auth, clock, tmp_path, kind)


@pytest.mark.parametrize("size", [10, 9000], ids=["one cookie", "in pieces"])
def test_f1_no_account_cookie_goes_to_a_browser_that_owes_a_factor(
    make_server: MakeFactorServer, size: int
) -> None:
    world = World()
    tokens = {"access_token": "t" * size, "id_token": unsigned(world.claims)}
    world.fails = lambda request: httpx2.Response(200, json=tokens)
    server = make_server(
        every_sign_in=True,
        auth={
            "account": AccountOptions(store_account_cookie=True),
            "social_providers": providers(),
            "advanced": Advanced(outgoing=Outgoing(transport=world.transport)),
        },
    )
    newcomer = server.browser()
    come_back(newcomer, begin(newcomer)["state"])
    kept = [name for name in newcomer.jar if name.startswith("better-auth.account_data")]
    assert len(kept) == (1 if size == 10 else 4)
    server.sql("update user set twoFactorEnabled = 1")
    browser = server.browser()
    come_back(browser, begin(browser)["state"])
    assert list(browser.jar) == [COOKIE]


def test_f1_a_sign_in_that_fails_behind_its_session_leaves_none(
    make_server: MakeFactorServer,
) -> None:
    armed, down, links = [False], [False], list[Any]()

    def trusted(request: object) -> list[str]:
        if down[0]:
            raise StorageUnavailable("the list of origins cannot be read")
        return ["https://app.example"]

    def begun(session: object, call: object) -> None:
        down[0] = armed[0]

    server = make_server(
        every_sign_in=True,
        plugins=[MagicLink(send_magic_link=lambda mail, request: links.append(mail)), Bearer()],
        auth={
            "trusted_origins": trusted,
            "database_hooks": {"session": ModelHooks(create_after=begun)},
        },
    )
    server.with_app()
    server.sql("update user set emailVerified = 1")
    before = server.sql("select token from session")
    browser = server.browser()
    browser.post("/sign-in/magic-link", {"email": ADA})
    server.auth.blocking.runtime.drain()
    armed[0] = True
    query = {"token": links[-1].token, "callbackURL": "https://app.example/home"}
    answer = browser.get("/magic-link/verify", query)
    assert (answer.status, answer.header("set-auth-token")) == (503, None)
    assert browser.jar == {}
    assert server.sql("select token from session") == before


def test_a_sign_in_that_fails_before_leaves_the_browser_as_it_was(
    make_server: MakeFactorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise StorageUnavailable("down")

    server = make_server()
    server.with_app()
    browser = server.browser()
    browser.sign_up("bob@example.com")
    before = dict(browser.jar)
    with monkeypatch.context() as patch:
        patch.setattr("watchword.features.email_password.set_session_cookies", fails)
        assert browser.sign_in().status == 503
    assert browser.jar == before


def test_f3_a_guess_that_took_no_ticket_opens_nothing(
    make_server: MakeFactorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_server()
    waiting = server.with_app().asked()
    sent = server.code(waiting)
    wrong = "000000" if sent != "000000" else "111111"
    for _ in range(5):
        assert outcome(waiting.post(OTP, {"code": wrong})) == (401, "INVALID_CODE")
    look = sent_codes.newest_verification

    async def overtaken(call: Call, identifier: str) -> Verification | None:
        found = await look(call, identifier)
        await replace_code(call, identifier, "424242", 180)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(sent_codes, "newest_verification", overtaken)
        answer = waiting.post(OTP, {"code": "424242"})
    assert outcome(answer) == (401, "INVALID_CODE")
    assert server.sql("select failedVerificationCount from twoFactor") == [(5,)]
    assert waiting.post(OTP, {"code": "424242"}).status == 200


def test_f1_a_challenge_is_no_session_and_a_session_no_challenge(
    make_server: MakeFactorServer,
) -> None:
    server = make_server(plugins=[Bearer()])
    person = server.with_app()
    signed = person.asked().jar[COOKIE]
    for token in (signed, unquote(signed), unquote(signed).partition(".")[0]):
        browser = server.browser()
        browser.jar[SESSION] = token
        assert browser.session() is None
        assert server.browser().get("/get-session", authorization=f"Bearer {token}").json is None
    for path in (TOTP, PAPER):
        browser = server.browser()
        browser.jar[COOKIE] = person.browser.jar[SESSION]
        answer = browser.post(path, {"code": person.code()})
        assert outcome(answer) == (401, "INVALID_TWO_FACTOR_COOKIE")


@pytest.mark.parametrize("spelling", [" {}", "{} ", "{}\n", "+{}", "wide"])
def test_t2_a_code_has_one_spelling(make_server: MakeFactorServer, spelling: str) -> None:
    server = make_server()
    person = server.with_app()

    def spelt(code: str) -> str:
        wide = {ord(digit): 0xFF10 + int(digit) for digit in "0123456789"}
        return code.translate(wide) if spelling == "wide" else spelling.format(code)

    waiting = person.asked()
    sent = server.code(waiting)
    assert outcome(waiting.post(OTP, {"code": spelt(sent)})) == (401, "INVALID_CODE")
    assert outcome(waiting.post(TOTP, {"code": spelt(person.code())})) == (401, "INVALID_CODE")
    printed = next(code for code in person.paper if any(map(str.isdecimal, code)))
    paper = outcome(waiting.post(PAPER, {"code": spelt(printed)}))
    assert paper == (401, "INVALID_BACKUP_CODE")


def test_nobody_turns_it_off_by_changing_a_profile(make_server: MakeFactorServer) -> None:
    server = make_server()
    person = server.with_app()
    for body in ({"twoFactorEnabled": False}, {"name": "Ada", "twoFactorEnabled": None}):
        person.browser.post("/update-user", body)
        assert server.sql("select twoFactorEnabled from user") == [(1,)]
    newcomer = server.browser()
    newcomer.sign_up("bob@example.com", twoFactorEnabled=True)
    assert newcomer.session()["user"]["twoFactorEnabled"] is False


@pytest.mark.parametrize("strategy", ["compact", "jwt", "jwe"])
def test_f1_sessions_in_cookies_alone_are_gated_too(
    clock: Clock, tmp_path: Path, kind: str, strategy: Any
) -> None:
    sent: list[Any] = []
    otp = OTPOptions(send_otp=lambda code, request: sent.append(code))
    auth = Auth(
        secret=SECRET,
        base_url=ORIGIN,
        clock=clock,
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
        session=SessionOptions(cookie_cache=CookieCache(enabled=True, strategy=strategy)),
        plugins=[Bearer(), TwoFactor(otp=otp)],
        environ={},
    )
    server = FactorServer(auth, clock, tmp_path / "none.db", kind, sent)
    person = server.with_app()
    waiting = person.asked()
    assert list(waiting.jar) == [COOKIE]
    assert waiting.session() is None
    code = person.code()
    assert waiting.post(TOTP, {"code": code}).status == 200
    assert waiting.session()["user"]["twoFactorEnabled"] is True
    assert outcome(person.asked().post(TOTP, {"code": code})) == (401, "INVALID_CODE")


def test_what_is_kept_in_a_secondary_storage_is_bounded_and_ends_as_in_a_database(
    make_server: MakeFactorServer, clock: Clock
) -> None:
    server = make_server(auth={"secondary_storage": MemoryStorage(clock)})
    person = server.with_app()
    trusted = person.asked()
    code = person.code()
    assert trusted.post(TOTP, {"code": code, "trustDevice": True}).status == 200
    waiting = person.asked()
    assert outcome(waiting.post(TOTP, {"code": code})) == (401, "INVALID_CODE")
    for _ in range(4):
        assert outcome(waiting.post(TOTP, {"code": person.wrong()})) == (401, "INVALID_CODE")
    over = (400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE")
    assert outcome(waiting.post(TOTP, {"code": person.code(1)})) == over
    assert trusted.sign_in().json["token"]
    clock.forward(60)
    assert person.browser.post(DISABLE, {"password": PASSWORD}).status == 200
    assert trusted.session()["user"]["twoFactorEnabled"] is False
    again = person.browser.post(ENABLE, {"password": PASSWORD})
    person.key = key(again)
    assert person.browser.post(TOTP, {"code": person.code()}).status == 200
    assert trusted.sign_in().json == ASKED


def test_w14_a_new_secret_reads_the_app_and_the_paper_but_an_older_one_vouches_for_no_device(
    make_server: MakeFactorServer,
) -> None:
    old, new = VersionedSecret(1, SECRET), VersionedSecret(2, SECRET[::-1])
    person = make_server(auth={"secret": None, "secrets": [old]}).with_app()
    trusted = person.asked()
    assert trusted.post(TOTP, {"code": person.code(), "trustDevice": True}).status == 200
    person.server.clock.forward(60)
    person.server = make_server(auth={"secret": None, "secrets": [new, old]})
    assert person.asked().post(PAPER, {"code": person.paper[0]}).status == 200
    assert person.asked().post(TOTP, {"code": person.code()}).status == 200
    trusted.auth = person.server.auth
    assert trusted.sign_in().json == ASKED


@pytest.mark.parametrize("stored", ["in the database", "beside it"])
def test_f7_a_shorter_trust_counts_for_those_who_have_it(
    make_server: MakeFactorServer, clock: Clock, stored: str
) -> None:
    beside = {"secondary_storage": MemoryStorage(clock)} if stored == "beside it" else {}
    person = make_server(auth=beside).with_app()
    trusted = person.asked()
    assert trusted.post(TOTP, {"code": person.code(), "trustDevice": True}).status == 200
    clock.forward(3600)
    assert trusted.sign_in().json["token"]
    clock.forward(3600)
    trusted.auth = make_server(auth=beside, trust_device_max_age=3600).auth
    assert trusted.sign_in().json == ASKED
