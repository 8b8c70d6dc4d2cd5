"""Phone numbers: what is taken for one, in which form, and which options there are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.phone_server import (
    FORGOT,
    NUMBER,
    PASSWORD,
    RESET,
    SEND,
    SIGN_IN,
    VERIFY,
    MakePhoneServer,
    PhoneServer,
    outcome,
    phone_server,
)
from watchword import ConfigurationError
from watchword.plugins import PhoneNumber
from watchword.plugins.phone_number import E164


@pytest.fixture
def make_server(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakePhoneServer:
    return phone_server(make_auth, tmp_path, kind)


@pytest.fixture
def server(make_server: MakePhoneServer) -> PhoneServer:
    return make_server()


@pytest.mark.parametrize("value", [5, None, ["x"], {"a": 1}, True, "x" * 256, "1" * 1_000_000])
@pytest.mark.parametrize("field", ["phoneNumber", "code", "otp", "password", "newPassword"])
def test_inputs(server: PhoneServer, field: str, value: Any) -> None:
    whole = {
        "phoneNumber": NUMBER,
        "code": "123456",
        "otp": "123456",
        "password": PASSWORD,
        "newPassword": PASSWORD,
    }
    taken = {
        SEND: ("phoneNumber",),
        VERIFY: ("phoneNumber", "code"),
        SIGN_IN: ("phoneNumber", "password"),
        FORGOT: ("phoneNumber",),
        RESET: ("phoneNumber", "otp", "newPassword"),
    }
    for path, fields in taken.items():
        answer = server.browser().post(path, {**whole, field: value})
        assert answer.status < 500
        if field in fields:
            too_long = "assword" in field and isinstance(value, str)
            code = "PASSWORD_TOO_LONG" if too_long else "VALIDATION_ERROR"
            assert outcome(answer) == (400, code)
    assert server.sql("select count(*) from user") == [(0,)]


@pytest.mark.parametrize(
    "text", ["+1 555 123 4567", "(555) 123-4567", "+1\u00a0555\u20111234567", "tel:+1-555-123-4567"]
)
def test_numbers_have_one_form(make_server: MakePhoneServer, text: str) -> None:
    server = make_server(normal_form=E164("US"))
    assert server.browser().post(SEND, {"phoneNumber": text}).status == 200
    [sent] = server.mails()
    assert sent.phone_number == NUMBER
    assert server.verify(sent.code, text).json["user"]["phoneNumber"] == NUMBER
    assert server.reset(server.reset_code()).status == 200
    assert server.sign_in(text, "another horse").status == 200


@pytest.mark.parametrize(
    "text", ["", "nobody", "+1555", "+" + "1" * 200, "+15551234567 ext. 5", "+999123456789"]
)
def test_what_is_no_number(make_server: MakePhoneServer, text: str) -> None:
    server = make_server(normal_form=E164("US"))
    for path in (SEND, VERIFY, SIGN_IN, FORGOT, RESET):
        body = {"code": "1", "otp": "1", "password": PASSWORD, "newPassword": PASSWORD}
        answer = server.browser().post(path, {**body, "phoneNumber": text})
        assert outcome(answer) == (400, "INVALID_PHONE_NUMBER")


@pytest.mark.parametrize("made", [5, "", "  ", b"+15551234567", "+1555\r\n1234567", "+1\0"])
def test_what_an_own_function_makes_and_is_no_number(
    make_server: MakePhoneServer, made: Any
) -> None:
    server = make_server(normal_form=lambda _: made)
    whole = {"phoneNumber": NUMBER, "code": "1", "otp": "1"}
    whole |= {"password": PASSWORD, "newPassword": PASSWORD}
    for path in (SEND, VERIFY, SIGN_IN, FORGOT, RESET):
        assert outcome(server.browser().post(path, whole)) == (400, "INVALID_PHONE_NUMBER")
    assert server.rows() == []


@pytest.mark.parametrize("text", ["", " ", "+1555\r\n1234567", "+1\0"])
def test_what_is_no_number_for_anybody(make_server: MakePhoneServer, text: str) -> None:
    server = make_server()
    assert outcome(server.browser().post(SEND, {"phoneNumber": text})) == (
        400,
        "INVALID_PHONE_NUMBER",
    )
    assert server.mails() == []


def test_a_validator(make_server: MakePhoneServer) -> None:
    async def american(number: str) -> bool:
        return number.startswith("+1")

    server = make_server(phone_number_validator=american)
    for path in (SEND, SIGN_IN):
        body = {"phoneNumber": "+4930123456", "password": PASSWORD}
        assert outcome(server.browser().post(path, body)) == (400, "INVALID_PHONE_NUMBER")


def test_the_library_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    with pytest.raises(ConfigurationError, match=r"watchword\[phone\]"):
        E164()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"otp_length": 3}, "otp_length"),
        ({"expires_in": 0}, "expires_in"),
        ({"allowed_attempts": 0}, "allowed_attempts"),
        ({"send_otp": "x"}, "send_otp"),
        ({"store_otp": "secret"}, "store_otp"),
        ({"normal_form": "US"}, "normal_form"),
        ({"require_verification": "no"}, "require_verification"),
        ({"sign_up_on_verification": True}, "sign_up_on_verification"),
    ],
)
def test_options_that_do_not_fit(options: Any, named: str) -> None:
    with pytest.raises(ConfigurationError, match=f"PhoneNumber.{named}"):
        PhoneNumber(**options)
    with pytest.raises(ConfigurationError, match="no region"):
        E164("XX")
