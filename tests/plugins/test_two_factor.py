"""Second factors: setting them up, signing in with them, turning them off."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.factor_server import (
    ADA,
    ASKED,
    COOKIE,
    DISABLE,
    ENABLE,
    FRESH_CODES,
    OTP,
    PAPER,
    PASSWORD,
    SEND,
    SESSION,
    TOTP,
    URI,
    FactorServer,
    MakeFactorServer,
    Person,
    factor_server,
    key,
    names_set,
    outcome,
)
from tests.support.browser import Clock
from tests.support.vectors import vectors
from watchword import APIError, ConfigurationError, DeleteUser, RateLimit
from watchword.plugins import TwoFactor
from watchword.plugins.two_factor import (
    AccountLockout,
    BackupCodeOptions,
    CodeCipher,
    OTPOptions,
    TOTPOptions,
    TOTPSecret,
    WhoseBackupCodes,
)

FLOW = vectors("flows", "vectors-plugins-1.json")["twoFactor"]
INVALID = (401, "INVALID_CODE")
NO_CHALLENGE = (401, "INVALID_TWO_FACTOR_COOKIE")


@pytest.fixture
def make_server(make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str) -> MakeFactorServer:
    return factor_server(make_auth, clock, tmp_path, kind)


@pytest.fixture
def server(make_server: MakeFactorServer) -> FactorServer:
    return make_server()


# setting up


def test_an_app_is_set_up_and_asked_for_after_its_first_code(server: FactorServer) -> None:
    browser = server.browser()
    browser.sign_up()
    before = dict(browser.jar)
    answer = browser.post(ENABLE, {"password": PASSWORD, "issuer": "Vec"})
    assert answer.status == 200
    assert set(answer.json) == set(FLOW["enable"]["body"])
    assert answer.cookies == ()
    assert answer.json["totpURI"].startswith("otpauth://totp/Vec:ada%40example.com?secret=")
    codes = answer.json["backupCodes"]
    assert len(set(codes)) == 10
    assert all(len(code) == 11 and code[5] == "-" for code in codes)
    [(secret, stored, verified)] = server.sql("select secret, backupCodes, verified from twoFactor")
    assert verified == 0
    assert not any(code in stored for code in codes)
    assert "otpauth" not in secret
    assert server.browser().sign_in().json["user"]["twoFactorEnabled"] is False
    person = _person(server, browser, answer)
    done = browser.post(TOTP, {"code": person.code()})
    assert done.status == 200
    assert done.json["user"]["twoFactorEnabled"] is True
    assert browser.session()["session"]["token"] == done.json["token"]
    assert browser.jar != before
    old = server.browser()
    old.jar = before
    assert old.session() is None, "the session before it is over"
    assert server.sql("select verified from twoFactor") == [(1,)]
    assert server.browser().sign_in().json == ASKED


def test_a_rotated_session_is_as_old_as_the_one_before(server: FactorServer) -> None:
    person = server.enrolling()
    made = person.browser.session()["session"]["createdAt"]
    server.clock.forward(600)
    person.browser.post(TOTP, {"code": person.code()})
    assert person.browser.session()["session"]["createdAt"] == made


def test_codes_by_mail_are_set_up_at_once(server: FactorServer) -> None:
    browser = server.by_mail()
    assert browser.session()["user"]["twoFactorEnabled"] is True
    assert server.sql("select count(*) from twoFactor") == [(0,)]
    assert server.browser().sign_in().json == {**ASKED, "twoFactorMethods": ["otp"]}


def test_a_sent_code_sets_up_codes_by_mail(server: FactorServer) -> None:
    browser = server.browser()
    browser.sign_up()
    code = server.code(browser)
    done = browser.post(OTP, {"code": code})
    assert done.json["user"]["twoFactorEnabled"] is True
    assert browser.session()["session"]["token"] == done.json["token"]
    assert server.browser().sign_in().json["twoFactorRedirect"] is True


def test_an_app_may_count_at_once(make_server: MakeFactorServer) -> None:
    server = make_server(skip_verification_on_enable=True)
    browser = server.browser()
    browser.sign_up()
    answer = browser.post(ENABLE, {"password": PASSWORD})
    assert browser.session()["user"]["twoFactorEnabled"] is True
    person = _person(server, browser, answer)
    waiting = person.asked()
    assert waiting.post(TOTP, {"code": person.code()}).status == 200


def test_an_app_that_was_never_finished_is_replaced(server: FactorServer) -> None:
    person = server.enrolling()
    again = person.browser.post(ENABLE, {"password": PASSWORD})
    assert key(again) != person.key
    assert server.sql("select count(*) from twoFactor") == [(1,)]
    assert outcome(person.browser.post(TOTP, {"code": person.code()})) == INVALID
    fresh = _person(server, person.browser, again)
    assert person.browser.post(TOTP, {"code": fresh.code()}).status == 200
    assert outcome(person.browser.post(ENABLE, {"password": PASSWORD})) == (
        400,
        "TOTP_ALREADY_ENABLED",
    )


@pytest.mark.parametrize("verified", [None, 1])
def test_a_row_without_a_word_on_it_counts_as_set_up(server: FactorServer, verified: Any) -> None:
    person = server.with_app()
    server.sql("update twoFactor set verified = ?, failedVerificationCount = null", verified)
    answer = person.browser.post(ENABLE, {"password": PASSWORD})
    assert outcome(answer) == (400, "TOTP_ALREADY_ENABLED")
    waiting = person.asked()
    assert outcome(waiting.post(TOTP, {"code": person.wrong()})) == INVALID
    assert server.sql("select failedVerificationCount from twoFactor") == [(1,)]
    assert waiting.post(TOTP, {"code": person.code()}).status == 200


@pytest.mark.parametrize("path", [ENABLE, DISABLE, URI, FRESH_CODES])
@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("wrong-password", (400, "INVALID_PASSWORD")),
        (PASSWORD + "\n", (400, "INVALID_PASSWORD")),
        (PASSWORD.upper(), (400, "INVALID_PASSWORD")),
        ("", (400, "INVALID_PASSWORD")),
        ("x" * 129, (400, "PASSWORD_TOO_LONG")),
        ("x" * 1_000_000, (400, "PASSWORD_TOO_LONG")),
        (None, (400, "VALIDATION_ERROR")),
        ([PASSWORD], (400, "VALIDATION_ERROR")),
        (True, (400, "VALIDATION_ERROR")),
        ({"a": 1}, (400, "VALIDATION_ERROR")),
    ],
)
def test_w6_only_the_password_opens(
    server: FactorServer, path: str, password: Any, expected: Any
) -> None:
    person = server.with_app()
    before = server.sql("select * from twoFactor")
    assert outcome(person.browser.post(path, {"password": password})) == expected
    assert server.sql("select * from twoFactor") == before
    missing = person.browser.post(path, {})
    assert outcome(missing) == (400, "VALIDATION_ERROR")
    assert outcome(server.browser().post(path, {"password": PASSWORD})) == (401, "UNAUTHORIZED")
    assert outcome(server.browser().post(path, {})) == (400, "VALIDATION_ERROR")


def test_what_is_switched_off_is_not_set_up(make_server: MakeFactorServer) -> None:
    server = make_server(otp=None, totp=TOTPOptions(disable=True))
    browser = server.browser()
    browser.sign_up()
    ask = {"password": PASSWORD}
    assert outcome(browser.post(ENABLE, ask)) == (400, "TOTP_NOT_CONFIGURED")
    assert outcome(browser.post(ENABLE, {**ask, "method": "otp"})) == (400, "OTP_NOT_CONFIGURED")
    assert outcome(browser.post(URI, ask)) == (400, "TOTP_NOT_CONFIGURED")
    assert outcome(browser.post(TOTP, {"code": "1"})) == (400, "TOTP_NOT_CONFIGURED")
    assert outcome(browser.post(SEND, {})) == (400, "OTP_NOT_CONFIGURED")
    assert outcome(browser.post(PAPER, {"code": "1"})) == (400, "BACKUP_CODES_NOT_ENABLED")
    wrong = browser.post(ENABLE, {**ask, "method": "sms"})
    assert outcome(wrong) == (400, "VALIDATION_ERROR")


def test_the_uri_is_shown_again_with_the_same_issuer(make_server: MakeFactorServer) -> None:
    server = make_server(issuer="Mine")
    person = server.enrolling()
    uri = person.browser.post(URI, {"password": PASSWORD}).json["totpURI"]
    assert uri.startswith("otpauth://totp/Mine:")
    assert key(person.browser.post(URI, {"password": PASSWORD})) == person.key
    own = make_server(totp=TOTPOptions(issuer="App"), issuer="Mine").enrolling("eve@example.com")
    assert "issuer=App" in own.browser.post(URI, {"password": PASSWORD}).json["totpURI"]
    nobody = server.browser()
    nobody.sign_up("bob@example.com")
    assert outcome(nobody.post(URI, {"password": "wrong"})) == (400, "TOTP_NOT_ENABLED")


# without a password


def test_who_has_no_password_needs_none_where_options_say_so(
    make_server: MakeFactorServer,
) -> None:
    server = make_server(allow_passwordless=True)
    browser = server.browser()
    browser.sign_up()
    assert outcome(browser.post(ENABLE, {})) == (400, "INVALID_PASSWORD"), "he has one"
    server.sql("delete from account")
    answer = browser.post(ENABLE, {})
    assert answer.status == 200
    person = _person(server, browser, answer)
    assert browser.post(TOTP, {"code": person.code()}).status == 200
    for path in (URI, FRESH_CODES):
        assert browser.post(path, {}).status == 200
    server.clock.forward(86_400)
    for path in (URI, FRESH_CODES, DISABLE):
        assert outcome(browser.post(path, {})) == (403, "SESSION_NOT_FRESH")


def test_parts_may_be_passwordless_alone(make_server: MakeFactorServer) -> None:
    server = make_server(
        totp=TOTPOptions(allow_passwordless=True),
        backup_codes=BackupCodeOptions(allow_passwordless=False),
    )
    person = server.with_app()
    server.sql("delete from account")
    assert person.browser.post(URI, {}).status == 200
    for path in (FRESH_CODES, DISABLE):
        assert outcome(person.browser.post(path, {})) == (400, "VALIDATION_ERROR")
        wrong = person.browser.post(path, {"password": PASSWORD})
        assert outcome(wrong) == (400, "INVALID_PASSWORD")


# signing in


def test_f1_after_the_password_there_is_a_challenge_and_nothing_else(server: FactorServer) -> None:
    person = server.with_app()
    sessions = server.sql("select token from session order by token")
    browser = server.browser()
    answer = browser.sign_in()
    assert (answer.status, answer.json) == (200, ASKED)
    assert names_set(answer) == {"session_token": False, "session_data": False, "two_factor": True}
    assert server.sql("select token from session order by token") == sessions
    assert browser.session() is None
    line = answer.cookie(COOKIE)
    assert line is not None
    assert "Max-Age=600; Path=/; HttpOnly; SameSite=Lax" in line
    rows = server.sql("select identifier, value, expiresAt from verification")
    user_id = person.browser.session()["user"]["id"]
    pending = [row for row in rows if row[0].startswith("2fa-")]
    identifier = line.partition("=")[2].partition(".")[0]
    ends = pending[0][2]
    assert pending == [(identifier, user_id, ends), (f"2fa-attempts-{identifier}", "0", ends)]
    bare = server.browser()
    assert bare.get("/get-session", authorization=f"Bearer {identifier}").json is None
    bare.jar = {SESSION: browser.jar[COOKIE]}
    assert bare.session() is None


@pytest.mark.parametrize("way", [TOTP, OTP, PAPER])
def test_a_right_code_signs_in_once(server: FactorServer, way: str) -> None:
    person = server.with_app()
    waiting = person.asked()
    code = {TOTP: person.code, PAPER: lambda: person.paper[0], OTP: lambda: server.code(waiting)}[
        way
    ]
    given, before = {"code": code()}, dict(waiting.jar)
    answer = waiting.post(way, given)
    assert answer.status == 200
    assert set(answer.json) == {"token", "user"}
    assert names_set(answer) == {"session_token": True, "two_factor": False}
    assert waiting.session()["session"]["token"] == answer.json["token"]
    assert waiting.session()["user"] == answer.json["user"]
    thief = server.browser()
    thief.jar = before
    assert outcome(thief.post(way, given)) == NO_CHALLENGE


def test_the_choice_not_to_be_remembered_outlives_the_challenge(server: FactorServer) -> None:
    person = server.with_app()
    waiting = person.asked(rememberMe=False)
    answer = waiting.post(TOTP, {"code": person.code()})
    line = answer.cookie(SESSION)
    assert line is not None
    assert "Max-Age" not in line
    ends = waiting.session()["session"]["expiresAt"]
    assert ends == "2030-01-02T00:01:00.000Z"
    server.clock.forward(60)
    lasting = person.asked()
    lasting.post(TOTP, {"code": person.code()})
    assert lasting.session()["session"]["expiresAt"] == "2030-01-08T00:02:00.000Z"


def test_a_callback_url_stays_as_a_header(server: FactorServer) -> None:
    server.with_app()
    answer = server.browser().sign_in(callbackURL="/home")
    assert (answer.status, answer.json) == (200, ASKED)
    assert answer.header("location") == "/home"


def test_f2_five_wrong_codes_end_a_challenge(server: FactorServer) -> None:
    person = server.with_app()
    waiting = person.asked()
    for way in (TOTP, PAPER, TOTP, PAPER, TOTP):
        assert waiting.post(way, {"code": person.wrong()}).status == 401
    before = dict(waiting.jar)
    assert outcome(waiting.post(TOTP, {"code": person.code()})) == (
        400,
        "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE",
    )
    assert COOKIE not in waiting.jar
    waiting.jar = before
    assert outcome(waiting.post(TOTP, {"code": person.code()})) == NO_CHALLENGE
    assert outcome(waiting.post(SEND, {})) == NO_CHALLENGE
    assert person.asked().post(TOTP, {"code": person.code()}).status == 200


def test_the_fifth_try_may_be_right(server: FactorServer) -> None:
    person = server.with_app()
    waiting = person.asked()
    for _ in range(4):
        assert outcome(waiting.post(TOTP, {"code": person.wrong()})) == INVALID
    assert waiting.post(TOTP, {"code": person.code()}).status == 200
    assert server.sql("select failedVerificationCount from twoFactor") == [(0,)]


def test_f2_a_challenge_ends_by_its_time(server: FactorServer) -> None:
    person = server.with_app()
    waiting = person.asked()
    server.clock.forward(600)
    for way in (TOTP, PAPER):
        assert outcome(waiting.post(way, {"code": person.code()})) == NO_CHALLENGE
    assert outcome(waiting.post(SEND, {})) == NO_CHALLENGE


def test_f3_ten_wrong_codes_in_a_row_lock_the_account(server: FactorServer) -> None:
    person = server.with_app()
    for _ in range(2):
        waiting = person.asked()
        for _ in range(5):
            assert outcome(waiting.post(TOTP, {"code": person.wrong()})) == INVALID
    locked = (429, "ACCOUNT_TEMPORARILY_LOCKED")
    waiting = person.asked()
    for way, code in ((TOTP, person.code()), (PAPER, person.paper[0]), (OTP, "1")):
        assert outcome(waiting.post(way, {"code": code})) == locked
    attempts = server.sql("select value from verification where identifier like '2fa-attempts%'")
    assert ("0",) in attempts, "no attempt was spent"
    server.clock.forward(899)
    assert outcome(person.asked().post(TOTP, {"code": person.code()})) == locked
    server.clock.forward(1)
    waiting = person.asked()
    assert outcome(waiting.post(TOTP, {"code": person.wrong()})) == INVALID
    assert server.sql("select failedVerificationCount, lockedUntil from twoFactor") == [(1, None)]
    assert waiting.post(TOTP, {"code": person.code()}).status == 200
    assert server.sql("select failedVerificationCount, lockedUntil from twoFactor") == [(0, None)]


def test_f3_codes_by_mail_lock_who_has_no_app(server: FactorServer) -> None:
    server.by_mail()
    for _ in range(2):
        waiting = server.browser()
        waiting.sign_in()
        code = server.code(waiting)
        for _ in range(5):
            assert outcome(waiting.post(OTP, {"code": _other(code)})) == INVALID
    waiting = server.browser()
    waiting.sign_in()
    code = server.code(waiting)
    assert outcome(waiting.post(OTP, {"code": _other(code)})) == (429, "ACCOUNT_TEMPORARILY_LOCKED")


def test_f3_the_lock_may_be_off(make_server: MakeFactorServer) -> None:
    server = make_server(account_lockout=AccountLockout(enabled=False))
    person = server.with_app()
    for _ in range(4):
        waiting = person.asked()
        for _ in range(5):
            assert outcome(waiting.post(TOTP, {"code": person.wrong()})) == INVALID
    assert person.asked().post(TOTP, {"code": person.code()}).status == 200


def test_f3_guesses_of_who_is_signed_in_are_counted_too(server: FactorServer) -> None:
    person = server.with_app()
    for _ in range(10):
        assert outcome(person.browser.post(TOTP, {"code": person.wrong()})) == INVALID
    locked = (429, "ACCOUNT_TEMPORARILY_LOCKED")
    assert outcome(person.browser.post(TOTP, {"code": person.code()})) == locked


# a code is good once


def test_f4_a_code_is_accepted_once_over_all_challenges(server: FactorServer) -> None:
    person = server.with_app()
    code, earlier = person.code(), person.code(-1)
    assert person.asked().post(TOTP, {"code": code}).status == 200
    for used in (code, earlier):
        assert outcome(person.asked().post(TOTP, {"code": used})) == INVALID
        assert outcome(person.browser.post(TOTP, {"code": used})) == INVALID
    assert person.asked().post(TOTP, {"code": person.code(1)}).status == 200


def test_f4_the_code_that_ended_the_set_up_is_used(server: FactorServer) -> None:
    person = server.enrolling()
    code = person.code()
    assert person.browser.post(TOTP, {"code": code}).status == 200
    assert outcome(person.asked().post(TOTP, {"code": code})) == INVALID


def test_f5_a_backup_code_works_once_and_the_rest_stays(server: FactorServer) -> None:
    person = server.with_app()
    assert person.asked().post(PAPER, {"code": person.paper[3]}).status == 200
    again = person.asked()
    assert outcome(again.post(PAPER, {"code": person.paper[3]})) == (401, "INVALID_BACKUP_CODE")
    for odd in (
        person.paper[4].replace("-", ""),
        f" {person.paper[4]}",
        person.paper[4].swapcase(),
    ):
        assert outcome(again.post(PAPER, {"code": odd})) == (401, "INVALID_BACKUP_CODE")
    user_id = person.browser.session()["user"]["id"]
    seen = server.auth.blocking.api.view_backup_codes(WhoseBackupCodes(user_id=user_id))
    assert seen.backup_codes == person.paper[:3] + person.paper[4:]
    assert person.asked().post(PAPER, {"code": person.paper[4]}).status == 200


def test_a_backup_code_may_be_used_up_without_a_session(server: FactorServer) -> None:
    person = server.with_app()
    waiting = person.asked()
    answer = waiting.post(PAPER, {"code": person.paper[0], "disableSession": True})
    assert (answer.status, set(answer.json), answer.cookies) == (200, {"user"}, ())
    token = person.browser.session()["session"]["token"]
    signed_in = person.browser.post(PAPER, {"code": person.paper[1], "disableSession": True})
    assert signed_in.json["token"] == token


def test_new_backup_codes_replace_the_old_ones(server: FactorServer) -> None:
    person = server.with_app()
    answer = person.browser.post(FRESH_CODES, {"password": PASSWORD})
    assert answer.json["status"] is True
    assert not set(answer.json["backupCodes"]) & set(person.paper)
    waiting = person.asked()
    wrong = waiting.post(PAPER, {"code": person.paper[0]})
    assert outcome(wrong) == (401, "INVALID_BACKUP_CODE")
    assert waiting.post(PAPER, {"code": answer.json["backupCodes"][0]}).status == 200
    nobody = server.by_mail("bob@example.com")
    none = nobody.post(FRESH_CODES, {"password": PASSWORD})
    assert outcome(none) == (400, "TWO_FACTOR_NOT_ENABLED")
    late = server.enrolling("eve@example.com").browser.post(FRESH_CODES, {"password": "wrong"})
    assert outcome(late) == (400, "TWO_FACTOR_NOT_ENABLED")


@pytest.mark.parametrize(
    "form",
    ["plain", "encrypted", CodeCipher(encrypt=lambda t: t[::-1], decrypt=lambda t: t[::-1])],
)
def test_backup_codes_are_stored_as_the_options_say(
    make_server: MakeFactorServer, form: Any
) -> None:
    options = BackupCodeOptions(amount=3, length=6, store_backup_codes=form)
    person = make_server(backup_codes=options).with_app()
    assert [len(code) for code in person.paper] == [7, 7, 7]
    [(stored,)] = person.server.sql("select backupCodes from twoFactor")
    plain = '["' + '","'.join(person.paper) + '"]'
    assert (stored == plain) == (form == "plain")
    assert person.asked().post(PAPER, {"code": person.paper[2]}).status == 200


async def _own_codes() -> list[str]:
    return ["one", "two"]


def test_backup_codes_may_be_made_by_the_application(make_server: MakeFactorServer) -> None:
    options = BackupCodeOptions(custom_backup_codes_generate=_own_codes)
    person = make_server(backup_codes=options).with_app()
    assert person.paper == ["one", "two"]
    assert person.asked().post(PAPER, {"code": "two"}).status == 200


# codes that are sent


@pytest.mark.parametrize(
    "form",
    [
        "plain",
        "hashed",
        "encrypted",
        lambda text: f"h:{text[::-1]}",
        CodeCipher(encrypt=lambda t: f"e:{t}", decrypt=lambda t: t[2:]),
    ],
)
def test_sent_codes_are_stored_as_the_options_say(make_server: MakeFactorServer, form: Any) -> None:
    sent: list[Any] = []
    options = OTPOptions(send_otp=lambda code, request: sent.append(code), store_otp=form, digits=8)
    server = make_server(otp=options)
    server.sent = sent
    server.by_mail()
    waiting = server.browser()
    waiting.sign_in()
    code = server.code(waiting)
    assert len(code) == 8
    [(stored,)] = server.sql("select value from verification where identifier like '2fa-otp-%'")
    assert (stored == f"{code}:0") == (form == "plain")
    assert outcome(waiting.post(OTP, {"code": _other(code)})) == INVALID
    assert waiting.post(OTP, {"code": code}).status == 200


def test_t1_five_wrong_guesses_end_a_sent_code(make_server: MakeFactorServer) -> None:
    server = make_server(account_lockout=AccountLockout(max_failed_attempts=100))
    server.by_mail()
    waiting = server.browser()
    waiting.sign_in()
    code = server.code(waiting)
    for _ in range(5):
        assert outcome(waiting.post(OTP, {"code": _other(code)})) == INVALID
    too_many = (400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE")
    assert outcome(waiting.post(OTP, {"code": code})) == too_many
    assert outcome(waiting.post(OTP, {"code": code})) == (400, "OTP_HAS_EXPIRED")
    second = server.code(waiting)
    assert waiting.post(OTP, {"code": second}).status == 200


def test_a_sent_code_ends_by_its_time_and_with_the_next_one(server: FactorServer) -> None:
    server.by_mail()
    waiting = server.browser()
    waiting.sign_in()
    first, second = server.code(waiting), server.code(waiting)
    if first != second:
        assert outcome(waiting.post(OTP, {"code": first})) == INVALID
    server.clock.forward(180)
    assert outcome(waiting.post(OTP, {"code": second})) == (400, "OTP_HAS_EXPIRED")


def test_t3_a_sent_code_is_for_its_challenge_alone(server: FactorServer) -> None:
    server.by_mail()
    one, other = server.browser(), server.browser()
    one.sign_in()
    other.sign_in()
    code = server.code(one)
    assert outcome(other.post(OTP, {"code": code})) == (400, "OTP_HAS_EXPIRED")
    assert one.post(OTP, {"code": code}).status == 200


def test_a_sender_that_fails_is_logged_without_the_code(
    make_server: MakeFactorServer, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    def fail(code: Any, request: Any) -> None:
        seen.append(code.otp)
        raise RuntimeError("no mail today")

    server = make_server(otp=OTPOptions(send_otp=fail))
    server.by_mail()
    waiting = server.browser()
    waiting.sign_in()
    with caplog.at_level(logging.DEBUG):
        assert waiting.post(SEND).json == {"status": True}
        server.auth.blocking.runtime.drain()
    assert seen
    assert seen[0] not in caplog.text
    assert caplog.text


# turning it off


def test_turning_off_forgets_everything(server: FactorServer) -> None:
    person = server.with_app()
    before = dict(person.browser.jar)
    answer = person.browser.post(DISABLE, {"password": PASSWORD})
    assert answer.json == {"status": True}
    assert person.browser.session()["user"]["twoFactorEnabled"] is False
    assert server.sql("select count(*) from twoFactor") == [(0,)]
    assert server.browser().sign_in().json["user"]["email"] == ADA
    old = server.browser()
    old.jar = before
    assert old.session() is None
    assert person.browser.post(DISABLE, {"password": PASSWORD}).json == {"status": True}


def test_a_user_who_is_deleted_leaves_no_factor(make_server: MakeFactorServer) -> None:
    server = make_server(auth={"delete_user": DeleteUser(enabled=True)})
    person = server.with_app()
    waiting = person.asked()
    assert person.browser.post("/delete-user", {"password": PASSWORD}).status == 200
    assert server.sql("select count(*) from twoFactor") == [(0,)]
    assert outcome(waiting.post(TOTP, {"code": person.code()})) == NO_CHALLENGE


def test_a_new_password_ends_challenges(server: FactorServer) -> None:
    person = server.with_app()
    waiting = person.asked()
    change = {"currentPassword": PASSWORD, "newPassword": "another-password"}
    assert person.browser.post("/change-password", change).status == 200
    for way, code in ((TOTP, person.code()), (PAPER, person.paper[0])):
        assert outcome(waiting.post(way, {"code": code})) == NO_CHALLENGE
    assert outcome(waiting.post(SEND, {})) == NO_CHALLENGE


# from Python, and options


def test_functions_for_the_server_alone(server: FactorServer) -> None:
    api = server.auth.blocking.api
    assert api.generate_totp(TOTPSecret(secret="abc")).code.isdecimal()
    with pytest.raises(APIError, match="BACKUP_CODES_NOT_ENABLED"):
        api.view_backup_codes(WhoseBackupCodes(user_id="nobody"))
    person = server.with_app()
    server.sql("update twoFactor set backupCodes = 'broken', secret = 'broken'")
    user_id = person.browser.session()["user"]["id"]
    with pytest.raises(APIError, match="INVALID_BACKUP_CODE"):
        api.view_backup_codes(WhoseBackupCodes(user_id=user_id))
    waiting = person.asked()
    assert outcome(waiting.post(TOTP, {"code": "1"})) == (400, "TOTP_NOT_ENABLED")
    assert outcome(waiting.post(PAPER, {"code": "1"})) == (401, "INVALID_BACKUP_CODE")
    for path in ("/totp/generate", "/two-factor/view-backup-codes"):
        assert server.browser().post(path, {"userId": user_id}).status == 404


def test_three_requests_in_ten_seconds(make_server: MakeFactorServer) -> None:
    server = make_server(auth={"rate_limit": RateLimit(enabled=True)})
    statuses = [server.browser().post(TOTP, {"code": "1"}).status for _ in range(4)]
    assert statuses == [401, 401, 401, 429]


@pytest.mark.parametrize(
    ("build", "option"),
    [
        (lambda: TOTPOptions(digits=7), "TOTPOptions.digits"),  # type: ignore[arg-type]
        (lambda: TOTPOptions(period=0), "TOTPOptions.period"),
        (lambda: BackupCodeOptions(amount=0), "BackupCodeOptions.amount"),
        (lambda: BackupCodeOptions(length=5), "BackupCodeOptions.length"),
        (
            lambda: BackupCodeOptions(store_backup_codes="hashed"),  # type: ignore[arg-type]
            "BackupCodeOptions.store_backup_codes",
        ),
        (lambda: AccountLockout(max_failed_attempts=0), "AccountLockout.max_failed_attempts"),
        (lambda: AccountLockout(duration=0), "AccountLockout.duration"),
        (lambda: OTPOptions(send_otp=print, digits=3), "OTPOptions.digits"),
        (lambda: OTPOptions(send_otp=print, allowed_attempts=0), "OTPOptions.allowed_attempts"),
        (lambda: TwoFactor(two_factor_cookie_max_age=0), "TwoFactor.two_factor_cookie_max_age"),
        (lambda: TwoFactor(trust_device_max_age=10**9), "TwoFactor.trust_device_max_age"),
        (lambda: TwoFactor(otp=print), "TwoFactor.otp"),  # type: ignore[arg-type]
    ],
)
def test_options_that_cannot_work_are_refused(build: Any, option: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        build()
    assert refusal.value.option == option


def _person(server: FactorServer, browser: Any, answer: Any) -> Person:
    return Person(server, browser, key(answer), answer.json["backupCodes"])


def _other(code: str) -> str:
    return "".join(str(9 - int(digit)) for digit in code)
