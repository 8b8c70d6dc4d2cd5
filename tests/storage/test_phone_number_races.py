"""Codes to phones, and whose a number is, under fifty callers at once, on every database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.browser import ORIGIN, SECRET, Answer, Browser
from tests.support.crowd import CALLERS, statuses_on_a_loop
from watchword import Auth, EmailAndPassword
from watchword.crypto.passwords import Argon2Cost
from watchword.database.contract import Condition, Storage
from watchword.plugins import PhoneNumber
from watchword.plugins.phone_number import SignUpOnVerification, VerifyPhoneNumber
from watchword.runtime.blocking import finish

CHEAP = Argon2Cost(memory=64, passes=1, lanes=1)
NUMBER = "+15551234567"
SEND, VERIFY = "/phone-number/send-otp", "/phone-number/verify"
FORGOT, RESET = "/phone-number/request-password-reset", "/phone-number/reset-password"
WRONG, GONE = (400, "INVALID_OTP"), (400, "OTP_NOT_FOUND")


class World:
    """A server, and what it sent."""

    def __init__(self, storage: Storage, **options: Any) -> None:
        self.sent: list[str] = []

        def send(code: Any, request: object) -> None:
            self.sent.append(code.code)

        made = SignUpOnVerification(get_temp_email=lambda number: f"{number[1:]}@example.com")
        plugin = PhoneNumber(
            send_otp=send, send_password_reset_otp=send, sign_up_on_verification=made, **options
        )
        self.auth: Auth[Any] = Auth(
            database=storage,
            secret=SECRET,
            base_url=ORIGIN,
            email_and_password=EmailAndPassword(enabled=True, argon2_cost=CHEAP),
            plugins=[plugin],
            environ={},
        )
        self.auth.blocking.migrate()

    def code(self, path: str = SEND, number: str = NUMBER) -> str:
        assert Browser(self.auth).post(path, {"phoneNumber": number}).status == 200
        self.auth.blocking.runtime.drain()
        return self.sent[-1]

    def count(self, model: str, *where: Condition) -> int:
        return finish(self.auth.blocking.runtime.engine.count(model, where))


MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(storage: Storage) -> Iterator[MakeWorld]:
    made: list[World] = []

    def make(**options: Any) -> World:
        made.append(World(storage, **options))
        return made[-1]

    yield make
    for world in made:
        world.auth.blocking.close()


def together(work: Callable[[int], Answer]) -> Counter[tuple[int, str | None]]:
    def one(number: int) -> tuple[int, str | None]:
        answer = work(number)
        return answer.status, answer.code

    with ThreadPoolExecutor(CALLERS) as pool:
        return Counter(pool.map(one, range(CALLERS)))


async def test_m1_a_code_signs_up_once(make_world: MakeWorld) -> None:
    world = make_world()
    body = {"phoneNumber": NUMBER, "code": world.code()}
    found = together(lambda _: Browser(world.auth).post(VERIFY, body))
    assert found == {(200, None): 1, GONE: CALLERS - 1}
    assert (world.count("user"), world.count("session")) == (1, 1)
    given = VerifyPhoneNumber(phone_number=NUMBER, code=world.code())
    statuses = await statuses_on_a_loop(
        world.auth, lambda: world.auth.api.verify_phone_number(given)
    )
    assert statuses == [200] + [400] * (CALLERS - 1)


def test_t1_wrong_codes_are_counted_exactly(make_world: MakeWorld) -> None:
    world = make_world()
    right = world.code()
    body = {"phoneNumber": NUMBER, "code": "000000" if right != "000000" else "111111"}
    found = together(lambda _: Browser(world.auth).post(VERIFY, body))
    assert found == {WRONG: 3, (403, "TOO_MANY_ATTEMPTS"): 1, GONE: CALLERS - 4}
    answer = Browser(world.auth).post(VERIFY, {**body, "code": right})
    assert (answer.status, answer.code) == GONE


def test_t1_of_fifty_wrong_codes_none_is_lost(make_world: MakeWorld) -> None:
    world = make_world(allowed_attempts=60)
    right = world.code()
    body = {"phoneNumber": NUMBER, "code": "000000" if right != "000000" else "111111"}
    assert together(lambda _: Browser(world.auth).post(VERIFY, body)) == {WRONG: CALLERS}
    assert world.count("verification", Condition("value", f"{right}:{CALLERS}")) == 1


def test_m1_a_password_is_reset_once(make_world: MakeWorld) -> None:
    world = make_world()
    signed_up = {"phoneNumber": NUMBER, "code": world.code()}
    assert Browser(world.auth).post(VERIFY, signed_up).status == 200
    code = world.code(FORGOT)

    def reset(number: int) -> Answer:
        body = {"phoneNumber": NUMBER, "otp": code, "newPassword": f"another horse {number}"}
        return Browser(world.auth).post(RESET, body)

    found = together(reset)
    assert found[200, None] == 1
    assert found[WRONG] + found[GONE] == CALLERS - 1
    assert world.count("account") == 1


def test_a_code_gives_a_number_to_one_of_fifty(make_world: MakeWorld) -> None:
    world = make_world()
    browsers = [Browser(world.auth) for _ in range(CALLERS)]
    for number, browser in enumerate(browsers):
        assert browser.sign_up(f"ada{number}@example.com").status == 200
    body = {"phoneNumber": NUMBER, "code": world.code(), "updatePhoneNumber": True}
    found = together(lambda number: browsers[number].post(VERIFY, body))
    assert found[200, None] == 1
    assert found[WRONG] + found[GONE] + found[400, "PHONE_NUMBER_EXIST"] == CALLERS - 1
    assert world.count("user", Condition("phoneNumber", NUMBER)) == 1
