"""Phone numbers: codes, signing in and up, whose a number is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.factor_server import ASKED, ENABLE, TOTP, key
from tests.plugins.phone_server import (
    FORGOT,
    NUMBER,
    OTHER,
    PASSWORD,
    SEND,
    SIGN_IN,
    VERIFY,
    MakePhoneServer,
    PhoneServer,
    other,
    outcome,
    phone_server,
)
from tests.support.browser import Browser, Clock
from tests.support.vectors import vectors
from watchword import APIError, FailedSignIns, User
from watchword.plugin import Call, ModelHooks, Plugin, Status, post
from watchword.plugins import Admin, EmailOTP, TwoFactor
from watchword.plugins.phone_number import (
    E164,
    ConsumePhoneNumberOTP,
    PhoneCode,
    VerifiedNumber,
)
from watchword.plugins.two_factor.totp import totp_code, totp_step

VECTOR = vectors("flows", "vectors-plugins-1.json")["phoneNumber"]
WRONG = (400, "INVALID_OTP")
GONE = (400, "OTP_NOT_FOUND")
NOBODY = (401, "INVALID_PHONE_NUMBER_OR_PASSWORD")


@pytest.fixture
def make_server(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakePhoneServer:
    return phone_server(make_auth, tmp_path, kind)


@pytest.fixture
def server(make_server: MakePhoneServer) -> PhoneServer:
    return make_server()


def test_the_recorded_rows(server: PhoneServer) -> None:
    number = VECTOR["sent"]["phoneNumber"]
    code = server.code(number)
    recorded = VECTOR["verification"][0]
    assert [row[0] for row in server.rows()] == [recorded["identifier"]]
    assert server.rows()[0][1] == recorded["value"].replace(VECTOR["sent"]["code"], code)
    assert server.rows()[0][2].startswith("2030-01-01T00:05:00")
    assert outcome(server.verify(other(code), number)) == WRONG
    value = VECTOR["afterOneWrong"][0]["value"].replace(VECTOR["sent"]["code"], code)
    assert server.rows()[0][1] == value
    assert server.verify(code, number).status == 200
    reset = server.reset_code(number)
    recorded = VECTOR["passwordReset"][0]
    assert [row[:2] for row in server.rows()] == [(recorded["identifier"], f"{reset}:0")]


def test_a_code_signs_up_and_in(server: PhoneServer) -> None:
    made = server.verify(server.code(), name="Eve", updatePhoneNumber=False)
    assert made.status == 200
    user = made.json["user"]
    assert made.json["status"] is True
    assert (user["phoneNumber"], user["phoneNumberVerified"]) == (NUMBER, True)
    assert (user["email"], user["emailVerified"]) == ("15551234567@phone.example.com", False)
    assert user["name"] == NUMBER, "that of the body is ignored"
    assert "better-auth.session_token" in made.cookies[0]
    again = server.verify(server.code())
    assert again.json["user"]["id"] == user["id"]
    silent = server.verify(server.code(), disableSession=True)
    assert (silent.json["token"], silent.cookies) == (None, ())
    assert server.sql("select count(*) from session") == [(2,)]


def test_t1_a_code_is_good_once_and_survives_three_guesses(server: PhoneServer) -> None:
    code = server.code()
    assert outcome(server.verify(code, OTHER)) == GONE
    for _ in range(3):
        assert outcome(server.verify(other(code))) == WRONG
    assert outcome(server.verify(code)) == (403, "TOO_MANY_ATTEMPTS")
    assert outcome(server.verify(code)) == GONE
    code = server.code()
    assert server.verify(code).status == 200
    assert outcome(server.verify(code)) == GONE


def test_a_new_code_ends_the_one_before(server: PhoneServer) -> None:
    first, second = server.code(), server.code()
    assert outcome(server.verify(first)) == (WRONG if first != second else (200, None))
    assert server.verify(second).status == 200


def test_t1_a_code_ends(server: PhoneServer, clock: Clock) -> None:
    code = server.code()
    clock.forward(301)
    assert outcome(server.verify(code)) == (400, "OTP_EXPIRED")
    assert outcome(server.verify(code)) == GONE


def test_t4_wrong_codes_are_bounded_over_all_codes(make_server: MakePhoneServer) -> None:
    server = make_server(wrong_guesses=FailedSignIns(most=4))
    statuses = [server.verify(other(server.code())).status for _ in range(5)]
    assert statuses == [400] * 4 + [429]
    assert server.verify(server.code(OTHER), OTHER).status == 200, "of another number"


@pytest.mark.parametrize("form", ["plain", "hashed", "encrypted"])
def test_how_codes_are_stored(make_server: MakePhoneServer, form: Any) -> None:
    server = make_server(store_otp=form)
    code = server.code()
    assert (server.rows()[0][1] == f"{code}:0") is (form == "plain")
    assert outcome(server.verify(other(code))) == WRONG
    assert server.verify(code).status == 200


def test_a_code_that_the_reference_sent_when_it_refused_a_sign_in(server: PhoneServer) -> None:
    server.verify(server.code())
    code = server.code()
    server.sql("update verification set value = ? where value = ?", code, f"{code}:0")
    server.sql("delete from verification where identifier like 'promise:%'")
    assert outcome(server.verify(other(code))) == WRONG
    assert server.rows()[0][1] == f"{code}:1"
    assert server.verify(code).status == 200


def test_a_number_is_given_to_who_is_signed_in(server: PhoneServer) -> None:
    ada = server.signed_up()
    code = server.code()
    body = {"phoneNumber": NUMBER, "code": code, "updatePhoneNumber": True}
    assert outcome(server.browser().post(VERIFY, body)) == (401, "USER_NOT_FOUND")
    given = ada.post(VERIFY, body)
    assert given.json["token"] == ada.session()["session"]["token"]
    assert given.json["user"]["email"] == "ada@example.com"
    assert ada.session()["user"]["phoneNumber"] == NUMBER
    assert outcome(server.give(ada)) == (400, "PHONE_NUMBER_EXIST"), "one's own"
    eve = server.signed_up("eve@example.com")
    assert outcome(server.give(eve)) == (400, "PHONE_NUMBER_EXIST")
    assert server.give(ada, OTHER).status == 200
    assert server.give(eve).status == 200, "it is free now"
    assert server.verify(server.code()).json["user"]["email"] == "eve@example.com"


def test_a_session_that_ended_meanwhile_is_given_no_number(server: PhoneServer) -> None:
    ada = server.signed_up()
    code = server.code()
    server.sql("delete from session")
    body = {"phoneNumber": NUMBER, "code": code, "updatePhoneNumber": True}
    assert outcome(ada.post(VERIFY, body)) == (401, "USER_NOT_FOUND")
    assert server.sql("select phoneNumber from user") == [(None,)]


def test_a_number_and_a_password(server: PhoneServer) -> None:
    server.ada()
    entered = server.sign_in()
    assert entered.json["user"]["email"] == "ada@example.com"
    assert "Max-Age=604800" in entered.cookies[0]
    assert "Max-Age" not in server.sign_in(rememberMe=False).cookies[0]
    wrong, unknown = server.sign_in(password="wrong horse"), server.sign_in(OTHER)
    assert [outcome(wrong), outcome(unknown)] == [NOBODY, NOBODY]
    assert wrong.json == unknown.json
    for number in (NUMBER, OTHER):
        assert outcome(server.sign_in(number, "x" * 129)) == (400, "PASSWORD_TOO_LONG")
    server.verify(server.code(OTHER), OTHER)
    assert outcome(server.sign_in(OTHER)) == NOBODY, "who has no password"


def test_the_second_factor_is_asked_for_after_a_password_alone(
    make_server: MakePhoneServer, clock: Clock
) -> None:
    server = make_server(plugins=[TwoFactor()])
    ada = server.ada()
    app = key(ada.post(ENABLE, {"password": PASSWORD}))
    assert ada.post(TOTP, {"code": totp_code(app, totp_step(clock(), 30), 6)}).status == 200
    clock.forward(60)
    waiting = server.browser()
    asked = waiting.post(SIGN_IN, {"phoneNumber": NUMBER, "password": PASSWORD})
    assert asked.json == {**ASKED, "twoFactorMethods": ["totp"]}
    assert waiting.session() is None
    assert waiting.post(TOTP, {"code": totp_code(app, totp_step(clock(), 30), 6)}).status == 200
    assert waiting.session()["user"]["phoneNumber"] == NUMBER
    assert server.verify(server.code()).json["token"], "a code is no password"


def test_e1_an_unverified_number_is_told_after_the_password(make_server: MakePhoneServer) -> None:
    server = make_server(require_verification=True)
    server.ada()
    server.sql("update user set phoneNumberVerified = 0")
    before = len(server.mails())
    assert outcome(server.sign_in(password="wrong horse")) == NOBODY
    assert len(server.mails()) == before
    refused = server.sign_in()
    assert (outcome(refused), refused.cookies) == ((401, "PHONE_NUMBER_NOT_VERIFIED"), ())
    [code] = [sent.code for sent in server.mails()[before:]]
    assert server.browser().post(FORGOT, {"phoneNumber": NUMBER}).json == {"status": True}
    server.auth.blocking.runtime.drain()
    assert server.resets == []
    assert server.verify(code).json["user"]["phoneNumberVerified"] is True
    assert server.sign_in().status == 200


def test_a_password_is_reset(server: PhoneServer) -> None:
    phone = server.browser()
    phone.post(VERIFY, {"phoneNumber": NUMBER, "code": server.code()})
    code = server.reset_code()
    assert outcome(server.reset(code, password="short")) == (400, "PASSWORD_TOO_SHORT")
    assert outcome(server.reset(code, password="x" * 129)) == (400, "PASSWORD_TOO_LONG")
    assert outcome(server.reset(other(code))) == WRONG
    assert outcome(server.verify(code)) == GONE, "another kind of code"
    assert server.reset(code).json == {"status": True}
    assert outcome(server.reset(code)) == GONE
    assert phone.session() is None, "the address was never proven"
    assert server.sign_in(password="another horse").status == 200


def test_e3_unknown_numbers_are_not_told_apart(server: PhoneServer) -> None:
    server.ada()
    answers: list[list[Any]] = []
    for number in (NUMBER, OTHER):
        nobody = server.browser()
        told = [nobody.post(path, {"phoneNumber": number}).json for path in (SEND, FORGOT)]
        told += [outcome(server.reset("000000", number)) for _ in range(5)]
        answers.append(told)
    assert answers[0] == answers[1]
    server.auth.blocking.runtime.drain()
    assert {sent.phone_number for sent in server.resets} == {NUMBER}


def test_what_takes_the_account_back_ends_its_codes(server: PhoneServer) -> None:
    server.ada()
    code, reset = server.code(), server.reset_code()
    assert server.reset(reset).status == 200
    assert outcome(server.verify(code)) == WRONG
    assert server.verify(server.code()).status == 200


def test_a_code_for_somebody_who_is_gone_makes_nobody(server: PhoneServer) -> None:
    server.ada()
    code = server.code()
    server.sql("update user set phoneNumber = null")
    assert outcome(server.verify(code)) == WRONG
    assert server.sql("select count(*) from user") == [(1,)]


def test_nobody_signs_up_where_that_is_not_wanted(make_server: MakePhoneServer) -> None:
    server = make_server(sign_up_on_verification=None)
    assert outcome(server.verify(server.code())) == (400, "FAILED_TO_UPDATE_USER")
    assert server.sql("select count(*) from user") == [(0,)]


@pytest.mark.parametrize("field", ["phoneNumber", "phoneNumberVerified"])
def test_numbers_are_not_set_elsewhere(server: PhoneServer, field: str) -> None:
    given: dict[str, Any] = {field: NUMBER if field == "phoneNumber" else True}
    refused = {
        "phoneNumber": ("PHONE_NUMBER_CANNOT_BE_SET", "PHONE_NUMBER_CANNOT_BE_UPDATED"),
        "phoneNumberVerified": ("FIELD_NOT_ALLOWED", "FIELD_NOT_ALLOWED"),
    }[field]
    ada = server.browser()
    assert outcome(ada.sign_up(**given)) == (400, refused[0])
    server.ada()
    assert outcome(ada.sign_up(**given)) == (400, refused[0]), "known addresses are no exception"
    assert ada.sign_up("eve@example.com").status == 200
    assert outcome(ada.post("/update-user", given)) == (400, refused[1])


def test_a_number_is_given_back(server: PhoneServer) -> None:
    ada = server.ada()
    assert ada.post("/update-user", {"phoneNumber": None}).status == 200
    user = ada.session()["user"]
    assert (user["phoneNumber"], user["phoneNumberVerified"]) == (None, False)
    assert outcome(server.sign_in()) == NOBODY


def test_numbers_that_come_from_elsewhere_are_dropped(make_server: MakePhoneServer) -> None:
    class Writing(Plugin):
        id = "writing"

        @post("/write")
        async def write(self, call: Call) -> Status:
            changes = {"phone_number": OTHER, "name": "Countess"}
            await call.db.update(User, changes, email="ada@example.com")
            return Status()

    def create(values: Any, call: Any) -> Any:
        return {"name": values["name"]}

    hooks = {"user": ModelHooks(create_before=create)}
    codes: list[Any] = []
    mailed = EmailOTP(send_verification_otp=lambda mail, _: codes.append(mail.otp))
    server = make_server(plugins=[Writing(), mailed], auth={"database_hooks": hooks})
    ada = server.ada()
    assert ada.post("/write", {}).status == 200
    user = ada.session()["user"]
    assert (user["name"], user["phoneNumber"]) == ("Countess", NUMBER)
    asked = {"email": "eve@example.com", "type": "sign-in"}
    server.browser().post("/email-otp/send-verification-otp", asked)
    server.auth.blocking.runtime.drain()
    body = {"email": "eve@example.com", "otp": codes[-1], "phoneNumber": NUMBER}
    answer = server.browser().post("/sign-in/email-otp", body)
    assert outcome(answer) == (400, "PHONE_NUMBER_CANNOT_BE_SET")


def test_m7_the_owner_of_the_address_gets_rid_of_a_strangers_number(
    make_server: MakePhoneServer,
) -> None:
    codes: list[Any] = []
    server = make_server(
        plugins=[EmailOTP(send_verification_otp=lambda mail, _: codes.append(mail.otp))]
    )
    stranger = server.ada()
    reset, waiting = server.reset_code(), server.code()
    owner = server.browser()
    owner.post("/email-otp/send-verification-otp", {"email": "ada@example.com", "type": "sign-in"})
    server.auth.blocking.runtime.drain()
    body = {"email": "ada@example.com", "otp": codes[-1]}
    entered = owner.post("/sign-in/email-otp", body).json["user"]
    assert (entered["phoneNumber"], entered["phoneNumberVerified"]) == (None, False)
    assert stranger.session() is None
    assert outcome(server.reset(reset)) == (400, "UNEXPECTED_ERROR")
    assert outcome(server.verify(waiting)) == WRONG
    assert server.verify(server.code()).json["user"]["id"] != entered["id"]


def test_a_proven_address_keeps_its_number(make_server: MakePhoneServer) -> None:
    codes: list[Any] = []
    server = make_server(
        plugins=[EmailOTP(send_verification_otp=lambda mail, _: codes.append(mail.otp))]
    )
    server.ada()
    server.sql("update user set emailVerified = 1")
    owner = server.browser()
    owner.post("/email-otp/send-verification-otp", {"email": "ada@example.com", "type": "sign-in"})
    server.auth.blocking.runtime.drain()
    body = {"email": "ada@example.com", "otp": codes[-1]}
    assert owner.post("/sign-in/email-otp", body).json["user"]["phoneNumber"] == NUMBER


def test_what_an_administrator_gives_is_yet_to_be_proven(make_server: MakePhoneServer) -> None:
    server = make_server(plugins=[Admin()], normal_form=E164())
    ada, eve, root = server.ada(), server.signed_up("eve@example.com"), server.browser()
    root.sign_up("root@example.com")
    server.sql("update user set role = 'admin' where email = 'root@example.com'")

    def give(browser: Browser, number: str) -> tuple[Any, ...]:
        body = {"userId": browser.session()["user"]["id"], "data": {"phoneNumber": number}}
        answer = root.post("/admin/update-user", body)
        return answer.json.get("phoneNumber"), answer.json.get("phoneNumberVerified"), answer.code

    assert give(ada, "+1 555 123 4567") == (NUMBER, True, None), "it is the one that was proven"
    assert give(ada, "+1 (555) 765-4321") == (OTHER, False, None)
    assert give(eve, OTHER)[2] == "USER_ALREADY_EXISTS"
    assert give(eve, "nobody")[2] == "INVALID_PHONE_NUMBER"
    assert eve.session()["user"]["phoneNumber"] is None


def test_what_an_administrator_says_is_proven_has_the_normal_form(
    make_server: MakePhoneServer,
) -> None:
    class Administering(Plugin):
        id = "administering"

        @post("/admin/create-user")
        async def make(self, call: Call) -> Status:
            names = {"name": "Eve", "email": "eve@example.com"}
            await call.db.create(
                User, **names, phone_number="+1 555 765 4321", phone_number_verified=True
            )
            return Status()

        @post("/admin/update-user")
        async def change(self, call: Call) -> Status:
            changes = {"phone_number": call.fields["to"], "phone_number_verified": True}
            await call.db.update(User, changes, email="eve@example.com")
            return Status()

    server = make_server(plugins=[Administering()], normal_form=E164())
    look = "select phoneNumber, phoneNumberVerified from user"
    assert server.browser().post("/admin/create-user", {}).status == 200
    assert server.sql(look) == [(OTHER, 1)]
    assert server.browser().post("/admin/update-user", {"to": "+1 555 123 4567"}).status == 200
    assert server.sql(look) == [(NUMBER, 1)]
    refused = server.browser().post("/admin/update-user", {"to": "nobody"})
    assert outcome(refused) == (400, "INVALID_PHONE_NUMBER")


@pytest.mark.parametrize("path", [SEND, VERIFY, SIGN_IN, FORGOT])
def test_o7_other_sites_send_nothing_and_sign_nobody_in(server: PhoneServer, path: str) -> None:
    server.ada()
    code = server.code() if path == VERIFY else ""
    body = {"phoneNumber": NUMBER, "code": code, "password": PASSWORD}
    answer = server.browser().post(path, body, origin="https://evil.example")
    assert (answer.status, answer.code, answer.cookies) == (403, "INVALID_ORIGIN", ())
    assert server.browser().post(path, body).status == 200


def test_a_provider_checks_codes(make_server: MakePhoneServer) -> None:
    asked: list[PhoneCode] = []

    async def check(code: PhoneCode, request: object) -> bool:
        asked.append(code)
        return code.code == "right"

    server = make_server(verify_otp=check)
    assert outcome(server.verify("wrong")) == WRONG
    assert server.verify("right").status == 200
    assert server.reset("right").json == {"status": True}
    assert server.sign_in(password="another horse").status == 200
    assert "right" not in repr(asked)


def test_who_is_told(make_server: MakePhoneServer) -> None:
    told: list[VerifiedNumber] = []
    server = make_server(callback_on_verification=lambda one, request: told.append(one))
    server.ada()
    server.verify(server.code())
    assert [one.phone_number for one in told] == [NUMBER, NUMBER]


def test_a_code_for_a_purpose_of_ones_own(make_server: MakePhoneServer) -> None:
    server = make_server()
    code = server.code()
    api = server.auth.blocking.api
    given = ConsumePhoneNumberOTP(phone_number=NUMBER, code=code)
    assert api.consume_phone_number_otp(given).status
    with pytest.raises(APIError, match="OTP_NOT_FOUND"):
        api.consume_phone_number_otp(given)
    assert server.browser().post("/phone-number/consume-otp", {}).status == 404


def test_without_a_sender(make_server: MakePhoneServer) -> None:
    server = make_server(send_otp=None, send_password_reset_otp=None)
    answer = server.browser().post(SEND, {"phoneNumber": NUMBER})
    assert outcome(answer) == (501, "SEND_OTP_NOT_IMPLEMENTED")
    assert server.browser().post(FORGOT, {"phoneNumber": NUMBER}).json == {"status": True}


def test_a_sender_that_fails_tells_nobody(
    make_server: MakePhoneServer, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(code: PhoneCode, request: object) -> None:
        raise RuntimeError(f"no text for {code.code}")

    server = make_server(send_otp=fail)
    assert server.browser().post(SEND, {"phoneNumber": NUMBER}).status == 200
    server.auth.blocking.runtime.drain()
    [(_, value, _)] = server.rows()
    assert value.partition(":")[0] not in caplog.text


def test_two_people_cannot_get_one_address(make_server: MakePhoneServer) -> None:
    server = make_server()
    assert Browser(server.auth).sign_up("15551234567@phone.example.com").status == 200
    assert outcome(server.verify(server.code())) == (422, "FAILED_TO_CREATE_USER")
