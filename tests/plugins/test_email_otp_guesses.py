"""Codes by mail: how they are stored, and who may guess how often."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.code_server import (
    ADA,
    CHECK,
    NOBODY,
    RESET,
    SIGN_IN,
    VERIFY,
    CodeServer,
    MakeCodeServer,
    code_server,
    other,
    outcome,
)
from tests.support.browser import Clock
from tests.support.vectors import vectors
from watchword import APIError, FailedSignIns, VerificationOptions
from watchword.plugins.email_otp import OTPFor
from watchword.storage.memory import MemoryStorage
from watchword.verifications.stored_codes import CodeCipher

FLOW = vectors("flows", "vectors-plugins-1.json")["emailOtp"]
META = vectors("meta", "vectors-plugins-1.json")
WRONG = (400, "INVALID_OTP")
TOO_MANY = (403, "TOO_MANY_ATTEMPTS")
FULL_WIDTH = "".join(chr(0xFF10 + digit) for digit in range(1, 7))
ARABIC = "".join(chr(0x0660 + digit) for digit in range(1, 7))


@pytest.fixture
def make_server(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeCodeServer:
    return code_server(make_auth, tmp_path, kind)


@pytest.fixture
def server(make_server: MakeCodeServer) -> CodeServer:
    return make_server()


# stored forms


@pytest.mark.parametrize("storage", ["plain", "hashed", "encrypted"])
def test_rows_are_those_of_the_reference(
    make_server: MakeCodeServer, clock: Clock, storage: str
) -> None:
    clock.time = datetime(2026, 1, 1, tzinfo=UTC)
    recorded = FLOW[storage]
    code, email = recorded["sent"]["otp"], recorded["sent"]["email"]
    server = make_server(
        store_otp=storage,
        generate_otp=lambda email, kind: code,
        auth={"secret": META["secret"]},
    )
    assert server.code(email=email) == code
    assert server.sign_in(other(code), email).status == 400
    [row] = server.rows()
    [expected] = recorded["afterOneWrong"]
    assert (row[0], row[2]) == (expected["identifier"], expected["expiresAt"])
    if storage == "encrypted":
        assert len(row[1]) == len(expected["value"]), "the nonce is random"
        server.sql(
            "update verification set value = ? where identifier = ?", expected["value"], row[0]
        )
    else:
        assert row[1] == expected["value"]
    assert server.sign_in(code, email).status == 200
    assert server.rows() == []


@pytest.mark.parametrize("storage", ["hashed", "encrypted"])
def test_codes_are_not_in_the_database(make_server: MakeCodeServer, storage: str) -> None:
    server = make_server(store_otp=storage)
    code = server.code()
    assert not any(code in text for row in server.rows() for text in row[:2])


def test_own_hash_functions_and_ciphers_may_be_async(make_server: MakeCodeServer) -> None:
    async def reverse(text: str) -> str:
        return f"x:{text[::-1]}"

    def back(text: str) -> str:
        assert text.startswith("x:"), "only what it made itself"
        return text[:1:-1]

    target = OTPFor(email=ADA, type="sign-in")
    for form in (reverse, CodeCipher(encrypt=reverse, decrypt=back)):
        server = make_server(store_otp=form)
        assert outcome(server.sign_in("123456")) == WRONG, "there is no code yet"
        code = server.code()
        assert server.rows()[-1][1] == f"x:{code[::-1]}:0"
        if isinstance(form, CodeCipher):
            assert server.auth.blocking.api.get_verification_otp(target).otp == code
        assert outcome(server.sign_in(other(code))) == WRONG
        assert server.sign_in(code).status == 200


def test_a_hashed_code_cannot_be_read(make_server: MakeCodeServer) -> None:
    for form in ("hashed", lambda code: code[::-1]):  # type: ignore[misc]
        server = make_server(store_otp=form)
        server.code()
        with pytest.raises(APIError) as raised:
            server.auth.blocking.api.get_verification_otp(OTPFor(email=ADA, type="sign-in"))
        assert (raised.value.status, raised.value.code) == (400, None)
        assert raised.value.message == "OTP is hashed, cannot return the plain text OTP"


def test_length_and_form_of_codes_are_options(make_server: MakeCodeServer) -> None:
    assert len(make_server(otp_length=8).code()) == 8
    made = iter(["own", "", None])

    async def generate(email: str, kind: str) -> str | None:
        assert (email, kind) == (ADA, "sign-in")
        return next(made)

    server = make_server(generate_otp=generate)
    assert server.code() == "own"
    assert [len(server.code()) for _ in range(2)] == [6, 6]


# one code


def test_t1_three_wrong_guesses_then_the_code_is_dead(server: CodeServer) -> None:
    code = server.code()
    guesses = [outcome(server.sign_in(other(code))) for _ in range(3)]
    assert guesses == [WRONG] * 3
    assert [outcome(server.sign_in(code)) for _ in range(2)] == [TOO_MANY, WRONG]
    assert server.rows() == []


def test_t1_guesses_count_over_all_endpoints(server: CodeServer) -> None:
    server.signed_up()
    for kind, path in (
        ("sign-in", SIGN_IN),
        ("email-verification", VERIFY),
        ("forget-password", RESET),
    ):
        code = server.code(kind)
        body = {"email": ADA, "otp": other(code), "password": "another-password"}
        first = server.check(other(code), kind=kind)
        second = server.browser().post(path, body)
        third = server.check(other(code), kind=kind)
        assert [outcome(answer) for answer in (first, second, third)] == [WRONG] * 3
        assert outcome(server.browser().post(path, {**body, "otp": code})) == TOO_MANY


def test_t1_the_number_of_guesses_is_an_option(make_server: MakeCodeServer) -> None:
    server = make_server(allowed_attempts=1)
    code = server.code()
    assert outcome(server.sign_in(other(code))) == WRONG
    assert outcome(server.sign_in(code)) == TOO_MANY


@pytest.mark.parametrize("given", [123456, 123456.0, None, True, ["123456"], {"otp": "123456"}])
def test_t2_a_code_is_a_text(make_server: MakeCodeServer, given: object) -> None:
    server = make_server(generate_otp=lambda email, kind: "123456")
    server.code()
    for path in (SIGN_IN, CHECK, VERIFY, RESET):
        body = {"email": ADA, "type": "sign-in", "otp": given, "password": "another-password"}
        assert outcome(server.browser().post(path, body)) == (400, "VALIDATION_ERROR")
    assert server.rows()[0][1] == "123456:0"


@pytest.mark.parametrize(
    "given", ["", " 123456", "123456 ", "123456\n", FULL_WIDTH, ARABIC, "0123456", "123456:0"]
)
def test_t2_a_code_is_exactly_that_text(make_server: MakeCodeServer, given: str) -> None:
    server = make_server(generate_otp=lambda email, kind: "123456")
    server.code()
    assert outcome(server.sign_in(given)) == WRONG


def test_t3_a_code_is_for_one_address_and_one_purpose(server: CodeServer) -> None:
    server.signed_up()
    server.signed_up("eve@example.com")
    code = server.code("email-verification")
    assert outcome(server.sign_in(code)) == WRONG
    for kind in ("sign-in", "forget-password", "change-email"):
        assert outcome(server.check(code, kind=kind)) == WRONG
    assert outcome(server.check(code, "eve@example.com", "email-verification")) == WRONG
    body = {"email": ADA, "otp": code, "password": "another-password"}
    assert outcome(server.browser().post(RESET, body)) == WRONG
    assert server.check(code, kind="email-verification").status == 200


def test_t3_a_code_ends_with_its_life(make_server: MakeCodeServer, clock: Clock) -> None:
    server = make_server(expires_in=120)
    code = server.code()
    clock.forward(119)
    assert outcome(server.check(code)) == (400, "USER_NOT_FOUND"), "right, and nobody is known"
    clock.forward(1)
    assert outcome(server.check(code)) == (400, "OTP_EXPIRED")
    assert outcome(server.sign_in(code)) == WRONG, "and is gone"
    code = server.code()
    clock.forward(120)
    assert outcome(server.sign_in(code)) == (400, "OTP_EXPIRED")


def test_a_checked_code_stays_good(server: CodeServer) -> None:
    server.signed_up()
    code = server.code()
    for _ in range(5):
        answer = server.check(code)
        assert (answer.status, answer.json, answer.cookies) == (200, {"success": True}, ())
    assert server.sign_in(code).status == 200
    assert outcome(server.check(code)) == WRONG


def test_a_new_code_ends_the_old_one(server: CodeServer) -> None:
    first = server.code()
    server.sign_in(other(first))
    second = server.code()
    assert len(server.rows()) == 1
    assert server.rows()[0][1] == f"{second}:0"
    if first != second:
        assert outcome(server.sign_in(first)) == WRONG
    assert server.sign_in(second).status == 200


def test_sending_sweeps_what_has_expired(server: CodeServer, clock: Clock) -> None:
    for number in range(3):
        server.code(email=f"u{number}@example.com")
    clock.forward(301)
    server.code()
    assert len(server.rows()) == 1


# sent again


@pytest.mark.parametrize("storage", ["plain", "encrypted"])
def test_a_code_can_be_sent_again_and_lives_longer(
    make_server: MakeCodeServer, clock: Clock, storage: str
) -> None:
    server = make_server(resend_strategy="reuse", store_otp=storage)
    first = server.code()
    server.sign_in(other(first))
    clock.forward(299)
    assert server.code() == first
    [row] = server.rows()
    assert (row[1][-2:], row[2]) == (":1", "2030-01-01T00:09:59.000Z"), "guesses still count"
    clock.forward(299)
    assert server.sign_in(first).status == 200


def test_hashed_used_up_and_expired_codes_are_not_sent_again(
    make_server: MakeCodeServer, clock: Clock
) -> None:
    made = iter(map(str, range(100_000, 100_010)))

    def next_code(email: str, kind: str) -> str:
        return next(made)

    server = make_server(resend_strategy="reuse", generate_otp=next_code)
    first = server.code()
    for _ in range(3):
        server.sign_in("000000")
    assert server.code() != first
    clock.forward(300)
    assert server.code() == "100002"
    hashed = make_server(resend_strategy="reuse", store_otp="hashed", generate_otp=next_code)
    assert hashed.code() == "100003"
    assert hashed.code() == "100004"


# one account


def guessed(server: CodeServer, email: str = ADA) -> list[int]:
    """What three wrong guesses at a fresh code are answered."""
    code = server.code(email=email)
    return [server.sign_in(other(code), email).status for _ in range(3)]


def test_t4_wrong_guesses_in_a_row_pause_the_account(
    make_server: MakeCodeServer, clock: Clock
) -> None:
    server = make_server(wrong_guesses=FailedSignIns(most=6, pause=60))
    assert guessed(server) == [400] * 3
    assert guessed(server) == [400] * 3
    code = server.code()
    paused = server.sign_in(code)
    assert (paused.status, paused.header("x-retry-after")) == (429, "60")
    assert server.check(code).status == 429, "over all endpoints"
    assert guessed(server, "eve@example.com") == [400] * 3, "others go on"
    clock.forward(60)
    assert server.sign_in(code).status == 200
    assert guessed(server) == [400] * 3, "the right code begins a new row"


def test_t4_the_row_of_an_unknown_address_ends_the_same(make_server: MakeCodeServer) -> None:
    server = make_server(wrong_guesses=FailedSignIns(most=2), disable_sign_up=True)
    server.signed_up()
    rows = [[server.check("000000x", email).status for _ in range(4)] for email in (ADA, NOBODY)]
    assert rows == [[400, 400, 429, 429]] * 2


def test_t4_a_hundred_guesses_are_the_default_and_none_has_no_bound(
    make_server: MakeCodeServer,
) -> None:
    server, codes = make_server(allowed_attempts=100), range(100)
    code = server.code()
    assert {server.sign_in(other(code)).status for _ in codes} == {400}
    assert server.sign_in(code).status == 429
    free = make_server(allowed_attempts=100, wrong_guesses=None)
    code = free.code()
    assert {free.sign_in(other(code)).status for _ in codes} == {400}
    assert free.sign_in(code).status == 403


# other places


def test_codes_live_in_the_secondary_storage_where_there_is_one(
    make_server: MakeCodeServer, clock: Clock
) -> None:
    store = MemoryStorage(clock)
    server = make_server(resend_strategy="reuse", auth={"secondary_storage": store})
    code = server.code()
    assert f"verification:sign-in-otp-{ADA}" in store.live()
    assert outcome(server.sign_in(other(code))) == WRONG
    clock.forward(200)
    assert server.code() == code
    clock.forward(200)
    assert [outcome(server.sign_in(other(code))) for _ in range(2)] == [WRONG] * 2
    assert outcome(server.sign_in(code)) == TOO_MANY
    assert outcome(server.sign_in(code)) == WRONG
    assert server.sign_in(server.code()).status == 200


def test_identifiers_may_be_hashed(make_server: MakeCodeServer) -> None:
    options = VerificationOptions(store_identifier="hashed")
    server = make_server(auth={"verification": options})
    code = server.code()
    assert ADA not in server.rows()[0][0]
    assert [outcome(server.sign_in(other(code))) for _ in range(3)] == [WRONG] * 3
    assert outcome(server.sign_in(code)) == TOO_MANY
    assert server.sign_in(server.code()).status == 200
