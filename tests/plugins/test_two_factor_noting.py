"""Sessions in which the second factor was given say so, wherever they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.factor_server import (
    ADA,
    DISABLE,
    ENABLE,
    FRESH_CODES,
    OTP,
    PAPER,
    PASSWORD,
    TOTP,
    URI,
    FactorServer,
    MakeFactorServer,
    Person,
    factor_server,
    key,
    outcome,
)
from tests.support.browser import Browser, Clock
from watchword import APIError, Call, ConfigurationError, Plugin, Session, SessionOptions
from watchword.configuration.options import CookieCache
from watchword.credential import Credential
from watchword.features.sessions import HowLately
from watchword.plugins import TwoFactor
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.storage.memory import MemoryStorage

NOT_GIVEN, NO_FACTOR = "SECOND_FACTOR_REQUIRED", "TWO_FACTOR_NOT_ENABLED"


def stores(clock: Clock) -> dict[str, dict[str, Any]]:
    jwe = CookieCache(enabled=True, strategy="jwe")
    return {
        "database": {},
        "cookie cache": {"session": SessionOptions(cookie_cache=CookieCache(enabled=True))},
        "jwe": {"session": SessionOptions(cookie_cache=jwe)},
        "secondary": {"secondary_storage": MemoryStorage(clock)},
        "both": {
            "secondary_storage": MemoryStorage(clock),
            "session": SessionOptions(store_in_database=True),
        },
    }


@pytest.fixture
def make_server(make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str) -> MakeFactorServer:
    make = factor_server(make_auth, clock, tmp_path, kind)

    def noting(**options: Any) -> FactorServer:
        return make(note_in_session=True, **options)

    return noting


@pytest.fixture(params=["database", "cookie cache", "jwe", "secondary", "both"])
def server(
    request: pytest.FixtureRequest, make_server: MakeFactorServer, clock: Clock
) -> FactorServer:
    return make_server(auth=stores(clock)[request.param])


def asked(browser: Browser, within: int | None = None) -> str | None:
    """How a route that asks for the second factor takes it; None: it lets in."""
    headers = {"cookie": "; ".join(f"{name}={value}" for name, value in browser.jar.items())}
    auth = browser.auth.blocking
    try:
        found = auth.api.require_second_factor(HowLately(within), checked=auth.check(headers))
    except APIError as refusal:
        return refusal.code
    assert found.user.email == ADA
    return None


def signed_in(person: Person, path: str, code: str, **more: object) -> Browser:
    browser = person.asked()
    answer = browser.post(path, {"code": code, **more})
    assert answer.status == 200, answer.json
    return browser


def test_each_kind_of_code_counts(server: FactorServer) -> None:
    person = server.with_app()
    app = signed_in(person, TOTP, person.code())
    paper = signed_in(person, PAPER, person.paper[0])
    waiting = person.asked()
    assert waiting.post(OTP, {"code": server.code(waiting)}).status == 200
    for browser in (person.browser, app, paper, waiting):
        assert asked(browser) is None
        assert browser.session()["session"]["secondFactorAt"] is not None


def test_each_kind_counts_while_signed_in(server: FactorServer) -> None:
    person = server.with_app()
    browser = person.browser

    def given(path: str, code: str) -> None:
        server.clock.forward(60)
        assert asked(browser, within=60) == NOT_GIVEN
        assert browser.post(path, {"code": code}).status == 200
        assert asked(browser, within=60) is None

    given(PAPER, person.paper[0])
    given(OTP, server.code(browser))
    server.clock.forward(60)
    given(TOTP, person.code(2))


def test_a_wrong_code_is_no_note(server: FactorServer) -> None:
    person = server.with_app()
    server.clock.forward(60)
    assert outcome(person.browser.post(TOTP, {"code": person.wrong()})) == (401, "INVALID_CODE")
    assert asked(person.browser, within=60) == NOT_GIVEN


def test_a_code_that_is_to_begin_no_session_notes_nothing(server: FactorServer) -> None:
    person = server.with_app()
    server.clock.forward(60)
    body = {"code": person.paper[0], "disableSession": True}
    assert person.browser.post(PAPER, body).status == 200
    assert asked(person.browser, within=60) == NOT_GIVEN


def test_switching_it_on_without_a_code_is_no_note(make_server: MakeFactorServer) -> None:
    server = make_server(skip_verification_on_enable=True)
    assert asked(server.by_mail()) == NOT_GIVEN
    browser = server.browser()
    browser.sign_up("bo@example.com")
    browser.post(ENABLE, {"password": PASSWORD})
    assert browser.session()["user"]["twoFactorEnabled"] is True
    assert browser.session()["session"]["secondFactorAt"] is None


def test_a_code_that_switches_it_on_is_a_note(server: FactorServer) -> None:
    browser = server.browser()
    browser.sign_up()
    assert asked(browser) == NO_FACTOR
    assert browser.post(OTP, {"code": server.code(browser)}).status == 200
    assert asked(browser) is None


def test_another_factor_was_given_nowhere(server: FactorServer) -> None:
    person = server.with_app()
    other = signed_in(person, TOTP, person.code())
    person.browser.post(DISABLE, {"password": PASSWORD})
    assert asked(other) == asked(person.browser) == NO_FACTOR
    assert person.browser.session()["session"]["secondFactorAt"] is None
    server.clock.forward(60)
    answer = person.browser.post(ENABLE, {"password": PASSWORD})
    person.key = key(answer)
    assert person.browser.post(TOTP, {"code": person.code()}).status == 200
    assert asked(person.browser) is None
    assert asked(other) == NOT_GIVEN


def test_renewals_keep_it(server: FactorServer) -> None:
    person = server.with_app()
    server.clock.forward(2 * 86_400)
    assert person.browser.get("/get-session").cookies
    assert asked(person.browser) is None
    assert asked(person.browser, within=3600) == NOT_GIVEN


def test_a_session_that_ends_while_a_code_is_given_stays_ended(server: FactorServer) -> None:
    person = server.with_app()
    cookies = dict(person.browser.jar)
    person.browser.post("/sign-out")
    late = server.browser()
    late.jar = cookies
    late.post(TOTP, {"code": person.code()})
    assert late.session() is None
    assert asked(late) == "UNAUTHORIZED"


def test_a_session_without_a_store_has_it_in_its_cookie(make_auth: MakeAuth, clock: Clock) -> None:
    server = factor_server(make_auth, clock, Path(), "blocking")(
        note_in_session=True, auth={"database": None}
    )
    person = server.with_app()
    assert asked(person.browser) is None
    server.clock.forward(60)
    assert asked(person.browser, within=60) == NOT_GIVEN
    assert person.browser.post(TOTP, {"code": person.code()}).status == 200
    assert asked(person.browser, within=60) is None


def test_a_vouched_session_has_given_none(make_server: MakeFactorServer) -> None:
    """Such as that of an API key: there is no row to note it in."""

    @dataclass(frozen=True, kw_only=True)
    class Key(Plugin):
        id: ClassVar[str] = "key"

        def credentials(self) -> Any:
            async def read(call: Call, value: str) -> SessionAndUser[User] | None:
                user = await call.db.find_one(User, email=value)
                assert user is not None
                now = call.now
                kind = call.config.tables.of(Session).record
                made = kind(
                    id="key",
                    token="key",
                    user_id=user.id,
                    expires_at=call.after(60),
                    created_at=now,
                    updated_at=now,
                )
                return SessionAndUser(session=made, user=user)

            return [Credential(header="x-key", read=read)]

    server = make_server(plugins=[Key()])
    person = server.with_app()
    auth = server.auth.blocking
    checked = auth.check({"x-key": ADA})
    with pytest.raises(APIError, match=NOT_GIVEN):
        auth.api.require_second_factor(HowLately(), checked=checked)
    answer = server.browser().post(TOTP, {"code": person.code()}, **{"x-key": ADA})
    assert answer.status == 200
    assert answer.cookies == ()


# without the option, and on the way to it


def test_without_the_option_there_is_no_column_and_no_question(
    make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str
) -> None:
    server = factor_server(make_auth, clock, tmp_path, kind)()
    person = server.with_app()
    assert "secondFactorAt" not in person.browser.session()["session"]
    columns = [row[1] for row in server.sql("pragma table_info(session)")]
    assert "secondFactorAt" not in columns
    assert "require_second_factor" not in server.auth.endpoints
    with pytest.raises(AttributeError, match="plugin"):
        _ = server.auth.blocking.api.require_second_factor


def test_migrate_adds_the_column_to_what_is_there(
    make_auth: MakeAuth, clock: Clock, tmp_path: Path
) -> None:
    make = factor_server(make_auth, clock, tmp_path, "blocking")
    before = make().with_app()
    server = make(note_in_session=True)  # brings the database up
    columns = {row[1]: row[3] for row in server.sql("pragma table_info(session)")}
    assert columns["secondFactorAt"] == 0, "may be NULL"
    here = server.browser()
    here.jar = dict(before.browser.jar)
    assert asked(here) == NOT_GIVEN, "of before the note"
    assert here.post(TOTP, {"code": before.code()}).status == 200
    assert asked(here) is None
    assert before.browser.session()["user"]["email"] == ADA, "a server without it goes on"
    assert signed_in(before, PAPER, before.paper[0]).session()["user"]["email"] == ADA


@pytest.mark.parametrize("wrong", ["yes", 1, None])
def test_a_wrong_option_is_refused(make_server: MakeFactorServer, wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="note_in_session"):
        TwoFactor(note_in_session=wrong)


@pytest.mark.parametrize("wrong", [0, -1, "5", 1.5])
def test_a_wrong_time_is_refused(make_server: MakeFactorServer, wrong: Any) -> None:
    server = make_server()
    person = server.with_app()
    headers = {"cookie": "; ".join(f"{k}={v}" for k, v in person.browser.jar.items())}
    api = server.auth.blocking.api
    for function in (api.require_second_factor, api.require_fresh_session):
        with pytest.raises(APIError) as caught:
            function(HowLately(wrong), headers=headers)
        assert caught.value.status == 400


def test_who_has_not_given_it_neither_sees_nor_replaces_it(server: FactorServer) -> None:
    person = server.with_app()
    trusted = signed_in(person, TOTP, person.code(), trustDevice=True)
    trusted.post("/sign-out")
    assert trusted.sign_in(ADA).status == 200
    assert asked(trusted) == NOT_GIVEN
    for path in (DISABLE, FRESH_CODES, URI, ENABLE):
        answer = trusted.post(path, {"password": PASSWORD})
        assert outcome(answer) == (403, NOT_GIVEN), path
        assert outcome(trusted.post(path, {"password": "wrong"})) == (400, "INVALID_PASSWORD")
    assert outcome(trusted.post(ENABLE, {"password": PASSWORD, "method": "otp"}))[0] == 403
    assert asked(person.browser) is None, "nothing was emptied"
    server.clock.forward(60)
    assert trusted.post(TOTP, {"code": person.code()}).status == 200
    assert trusted.post(FRESH_CODES, {"password": PASSWORD}).status == 200
    assert trusted.post(DISABLE, {"password": PASSWORD}).status == 200


def test_a_factor_that_was_never_finished_is_begun_again_with_the_password(
    server: FactorServer,
) -> None:
    person = server.enrolling()
    assert person.browser.post(URI, {"password": PASSWORD}).status == 200
    person.key = key(person.browser.post(ENABLE, {"password": PASSWORD}))
    assert person.browser.post(TOTP, {"code": person.code()}).status == 200
    assert asked(person.browser) is None


def test_an_app_that_was_begun_before_is_no_way_around_the_factor_that_is_on(
    server: FactorServer,
) -> None:
    person = server.enrolling()
    browser = person.browser
    assert browser.post(ENABLE, {"password": PASSWORD, "method": "otp"}).status == 200
    assert outcome(browser.post(TOTP, {"code": person.code()})) == (403, NOT_GIVEN)
    assert asked(browser) == NOT_GIVEN
    assert browser.post(OTP, {"code": server.code(browser)}).status == 200
    server.clock.forward(60)
    assert browser.post(TOTP, {"code": person.code()}).status == 200
    assert asked(browser) is None
