"""Action tokens: a mailed code confirms one sensitive action of who is signed in."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.action_server import (
    DELETE,
    FREE,
    SEND,
    VERIFY,
    ActionServer,
    MakeActionServer,
    action_server,
    cookies,
    verify,
    wrong,
)
from tests.support.browser import Browser, Clock
from watchword import (
    APIError,
    ConfigurationError,
    Request,
)
from watchword.configuration.options import CookieCache, SessionOptions, VerificationOptions
from watchword.crypto.signing import mac
from watchword.database.facade import Database
from watchword.plugins import ActionToken, action_token
from watchword.plugins.action_token import (
    ActionTokenMail,
    ConsumeActionToken,
)
from watchword.records import Verification
from watchword.results import Status
from watchword.storage.memory import MemoryStorage

REFUSED = b'{"message":"Invalid or expired code","code":"INVALID_TOKEN"}'


@pytest.fixture
def make_server(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeActionServer:
    return action_server(make_auth, tmp_path, kind)


@pytest.fixture
def server(make_server: MakeActionServer) -> ActionServer:
    return make_server(resend_after=0, rate_limit=FREE)


def test_a_mailed_code_becomes_a_grant(server: ActionServer, clock: Clock) -> None:
    ada = server.signed_up()
    asked = ada.post(SEND, {"type": DELETE})
    assert (asked.status, asked.json, asked.cookies) == (200, {"status": True}, ())
    [mail] = server.mails()
    assert (mail.user.email, mail.type) == ("ada@example.com", DELETE)
    assert mail.expires_at == clock() + timedelta(minutes=10)
    assert re.fullmatch("[1-9][0-9]{5}", mail.token)
    assert mail.token not in repr(mail)
    answer = verify(ada, mail.token)
    assert (answer.status, answer.json, answer.cookies) == (200, {"status": True}, ())
    session = ada.session()["session"]
    assert server.promised() == [(f"action-grant:{session['id']}:{DELETE}", session["id"])]


def test_d2_codes_are_kept_as_a_keyed_hash(server: ActionServer) -> None:
    ada = server.signed_up()
    code = server.code(ada)
    [(identifier, value)] = server.promised()
    assert identifier == f"action-token:{ada.session()['user']['id']}:{DELETE}"
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}:0", value)
    assert code not in value


@pytest.mark.parametrize("path", [SEND, VERIFY])
def test_nobody_gets_or_redeems_a_code(server: ActionServer, path: str) -> None:
    answer = Browser(server.auth, server.kind).post(path, {"type": DELETE, "token": "123456"})
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("path", [SEND, VERIFY])
def test_other_sites_may_not_ask(server: ActionServer, path: str) -> None:
    ada = server.signed_up()
    body = {"type": DELETE, "token": "123456"}
    answer = ada.post(path, body, origin="https://evil.example")
    assert (answer.status, answer.code) == (403, "INVALID_ORIGIN")


@pytest.mark.parametrize("path", [SEND, VERIFY])
def test_the_session_cache_does_not_vouch(make_server: MakeActionServer, path: str) -> None:
    cache = SessionOptions(cookie_cache=CookieCache(max_age=300))
    server = make_server(auth={"session": cache})
    ada = server.signed_up()
    server.sql("delete from session")
    answer = ada.post(path, {"type": DELETE, "token": "123456"})
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    "type", ["", "A", "-a", "a b", "a\n", "a!b", "ä", "x" * 65, None, 5, ["a"], {"a": 1}]
)
def test_types_are_short_plain_texts(server: ActionServer, type: object) -> None:
    ada = server.signed_up()
    for path in (SEND, VERIFY):
        answer = ada.post(path, {"type": type, "token": "123456"})
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert server.promised() == []


@pytest.mark.parametrize(
    "token",
    [
        "",
        " 123456",
        "123456\n",
        "12345a",
        "\u0661\u0662\u0663\u0664\u0665\u0666",
        "1" * 33,
        None,
        123456,
        ["123456"],
        {"a": "1"},
    ],
)
def test_t2_codes_are_texts_of_ascii_digits(server: ActionServer, token: object) -> None:
    answer = verify(server.signed_up(), token)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


def test_m1_t3_every_failure_answers_the_same(server: ActionServer, clock: Clock) -> None:
    ada, eve = server.signed_up(), server.signed_up("eve@example.com")
    answers = [verify(ada, "123456")]  # never sent
    code = server.code(ada)
    answers += [
        verify(ada, code, "email-change"),  # another type
        verify(eve, code),  # another user
        verify(ada, wrong(code)),
        verify(ada, code[:5]),
        verify(ada, f"{code}0"),
        verify(ada, code, "no-such-type"),
    ]
    code = server.code(ada)
    assert verify(ada, code).status == 200
    answers.append(verify(ada, code))  # used
    old = server.code(ada)
    new = server.code(ada)
    answers.append(verify(ada, old))  # replaced
    clock.forward(600)
    answers.append(verify(ada, new))  # expired
    code = server.code(ada)
    answers += [verify(ada, wrong(code)) for _ in range(3)]
    answers.append(verify(ada, code))  # no attempts left
    answers.append(verify(ada, code))  # gone
    assert {(answer.status, answer.response.body) for answer in answers} == {(400, REFUSED)}
    assert {answer.response.headers for answer in answers} == {answers[0].response.headers}


def test_a_refusal_takes_the_same_work_with_and_without_a_code(
    server: ActionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    real = {name: getattr(Database, name) for name in ("find_one", "update", "delete", "take")}

    def noted(name: str) -> Any:
        async def run(self: Database, model: type[Any], *args: Any, **rest: Any) -> Any:
            if model is Verification:
                done.append("read" if name == "find_one" else "write")
            return await real[name](self, model, *args, **rest)

        return run

    ada = server.signed_up()
    code = server.code(ada)
    for name in real:
        monkeypatch.setattr(Database, name, noted(name))
    macs: list[str] = []
    monkeypatch.setattr(action_token, "mac", lambda *args: macs.append(args[0]) or mac(*args))
    for type in (DELETE, "never-sent"):
        assert verify(ada, wrong(code), type).status == 400
    assert done == ["read", "read", "write"] * 2
    assert len(macs) == 2


def test_a_code_lives_as_long_as_the_option_says(
    make_server: MakeActionServer, clock: Clock
) -> None:
    server = make_server(expires_in=timedelta(minutes=2))
    ada = server.signed_up()
    code = server.code(ada)
    clock.forward(119)
    assert verify(ada, code).status == 200
    code = server.code(ada)
    clock.forward(120)
    assert verify(ada, code).status == 400


def test_t1_a_code_survives_three_wrong_guesses_but_one(server: ActionServer) -> None:
    ada = server.signed_up()
    code = server.code(ada)
    assert [verify(ada, wrong(code)).status for _ in range(2)] == [400, 400]
    assert server.promised()[0][1].endswith(":2")
    assert verify(ada, code).status == 200


def test_one_code_lives_per_user_and_type(server: ActionServer) -> None:
    ada, eve = server.signed_up(), server.signed_up("eve@example.com")
    first = server.code(ada)
    assert verify(ada, wrong(first)).status == 400
    other = server.code(ada, "email-change")
    of_eve = server.code(eve)
    second = server.code(ada)
    assert len(server.promised()) == 3
    assert verify(ada, second).status == 200, "a new code starts with no wrong guesses"
    assert verify(ada, other, "email-change").status == 200
    assert verify(eve, of_eve).status == 200


def test_only_listed_types_are_sent(make_server: MakeActionServer) -> None:
    server = make_server(types={DELETE})
    ada = server.signed_up()
    server.code(ada)
    refused = ada.post(SEND, {"type": "email-change"})
    assert (refused.status, refused.code) == (400, "INVALID_REQUEST")
    assert len(server.mails()) == 1


def test_codes_go_to_verified_addresses_only(make_server: MakeActionServer) -> None:
    server = make_server(require_verified_email=True, types={DELETE})
    ada = server.signed_up()
    assert ada.post(SEND, {"type": "other"}).code == "INVALID_REQUEST"
    refused = ada.post(SEND, {"type": DELETE})
    assert (refused.status, refused.code) == (403, "EMAIL_NOT_VERIFIED")
    assert (server.mails(), server.promised()) == ([], [])
    server.sql("update user set emailVerified = 1")
    server.code(ada)


def test_m8_the_mail_goes_to_the_stored_address(server: ActionServer) -> None:
    ada = server.signed_up()
    ada.post(SEND, {"type": DELETE, "email": "eve@example.com", "user": {"email": "x"}})
    assert [mail.user.email for mail in server.mails()] == ["ada@example.com"]


@pytest.mark.parametrize(
    ("environ", "production", "logged"),
    [
        ({"WATCHWORD_ENV": "development"}, None, True),
        ({"NODE_ENV": "development"}, None, True),
        ({}, None, False),
        ({}, False, False),
        ({"WATCHWORD_ENV": "test"}, None, False),
        ({"WATCHWORD_ENV": "development"}, True, False),
        ({"WATCHWORD_ENV": "production", "NODE_ENV": "development"}, None, False),
        ({"WATCHWORD_ENV": "development", "NODE_ENV": "production"}, False, False),
    ],
)
def test_m9_the_code_is_logged_only_where_the_environment_says_development(
    make_server: MakeActionServer,
    caplog: pytest.LogCaptureFixture,
    environ: dict[str, str],
    production: bool | None,
    logged: bool,
) -> None:
    server = make_server(auth={"environ": environ, "production": production})
    with caplog.at_level(logging.DEBUG):
        ada = server.signed_up()
        answer = ada.post(SEND, {"type": DELETE})
        [mail] = server.mails()
    assert mail.token not in answer.response.body.decode()
    lines = [record.getMessage() for record in caplog.records if mail.token in record.getMessage()]
    assert lines == ([f"[DEV] Verification code: {mail.token}"] if logged else [])


def test_the_log_line_can_be_switched_off(
    make_server: MakeActionServer, caplog: pytest.LogCaptureFixture
) -> None:
    environ = {"WATCHWORD_ENV": "development"}
    server = make_server(log_in_development=False, auth={"environ": environ})
    server.code(server.signed_up())
    assert "[DEV]" not in caplog.text


def test_a_sender_that_fails_is_logged_without_data(
    make_server: MakeActionServer, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[ActionTokenMail] = []

    async def fail(mail: ActionTokenMail, request: Request | None) -> None:
        seen.append(mail)
        raise RuntimeError(f"no mail for {mail.user.email}: {mail.token}")

    server = make_server(send_token=fail)
    ada = server.signed_up()
    with caplog.at_level(logging.DEBUG, "watchword"):
        assert ada.post(SEND, {"type": DELETE}).status == 200
        server.auth.blocking.runtime.drain()
    assert "failed with RuntimeError" in caplog.text
    assert seen[0].token not in caplog.text
    assert "ada@example.com" not in caplog.text
    assert verify(ada, seen[0].token).status == 200


def test_hashed_identifiers_and_a_secondary_storage_do_as_well(
    make_server: MakeActionServer, clock: Clock
) -> None:
    hashed = VerificationOptions(store_identifier="hashed")
    for options in ({"verification": hashed}, {"secondary_storage": MemoryStorage(clock)}):
        server = make_server(auth=options)
        ada = server.signed_up(f"{'-'.join(options)}@example.com".replace("_", "-"))
        server.confirmed(ada)
        api, body = server.auth.blocking.api, ConsumeActionToken(type=DELETE)
        assert api.consume_action_token(body, headers=cookies(ada)) == Status()
        with pytest.raises(APIError, match="ACTION_CONFIRMATION_REQUIRED"):
            api.consume_action_token(body, headers=cookies(ada))
    assert all(DELETE not in identifier for identifier, _ in server.promised())


@pytest.mark.parametrize("digits", [6, 12])
def test_codes_have_as_many_digits_as_the_option_says(
    make_server: MakeActionServer, digits: int
) -> None:
    server = make_server(digits=digits)
    ada = server.signed_up()
    code = server.code(ada)
    assert re.fullmatch(f"[1-9][0-9]{{{digits - 1}}}", code)
    assert verify(ada, code).status == 200


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("expires_in", 0),
        ("grant_ttl", 0),
        ("resend_after", 86_401),
        ("digits", 5),
        ("digits", "6"),
        ("allowed_attempts", 0),
        ("types", {"Upper"}),
        ("protect", {"/delete-user": "two words"}),
        ("protect", {"*": DELETE}),
        ("protect", {"/one-time-token/*": DELETE}),
    ],
)
def test_wrong_options_are_refused_by_name(option: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"ActionToken\.{option}"):
        ActionToken(**{"send_token": print, option: value})


def test_protected_types_must_be_among_the_types() -> None:
    with pytest.raises(ConfigurationError, match="'b' is not among the types"):
        ActionToken(send_token=print, types={"a"}, protect={"/delete-user": "b"})
