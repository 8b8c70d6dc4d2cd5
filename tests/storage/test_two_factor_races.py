"""Second factors under fifty callers at once, on every database."""

from __future__ import annotations

import asyncio
from base64 import b32decode
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.browser import ORIGIN, SECRET, Answer, Browser, Clock
from tests.support.crowd import CALLERS
from watchword import Auth, EmailAndPassword
from watchword.crypto.passwords import Argon2Cost
from watchword.database.contract import Storage
from watchword.plugins import TwoFactor
from watchword.plugins.two_factor import AccountLockout, OTPOptions, SecondFactor, WhoseBackupCodes
from watchword.plugins.two_factor.totp import totp_code, totp_step
from watchword.runtime.blocking import finish

CHEAP = Argon2Cost(memory=64, passes=1, lanes=1)
PASSWORD = "password1234"
TOTP, PAPER = "/two-factor/verify-totp", "/two-factor/verify-backup-code"
SEND, OTP = "/two-factor/send-otp", "/two-factor/verify-otp"
DEVICE = "better-auth.trust_device"
INVALID = (401, "INVALID_CODE")
LOST = (401, "INVALID_TWO_FACTOR_COOKIE")
LOCKED = (429, "ACCOUNT_TEMPORARILY_LOCKED")


class World:
    """A server, and Ada with an app and backup codes."""

    def __init__(self, storage: Storage, **options: Any) -> None:
        self.clock, self.sent = Clock(), list[str]()
        sender = OTPOptions(send_otp=lambda code, request: self.sent.append(code.otp))
        self.auth: Auth[Any] = Auth(
            database=storage,
            secret=SECRET,
            base_url=ORIGIN,
            email_and_password=EmailAndPassword(enabled=True, argon2_cost=CHEAP),
            plugins=[TwoFactor(otp=sender, **options)],
            clock=self.clock,
            environ={},
        )
        self.auth.blocking.migrate()
        self.ada = Browser(self.auth)
        self.ada.sign_up()
        made = self.ada.post("/two-factor/enable", {"password": PASSWORD}).json
        [secret] = parse_qs(urlsplit(made["totpURI"]).query)["secret"]
        self.key = b32decode(secret + "=" * (-len(secret) % 8))
        self.paper: list[str] = made["backupCodes"]
        assert self.ada.post(TOTP, {"code": self.code()}).status == 200
        self.clock.forward(60)

    def code(self, steps: int = 0) -> str:
        return totp_code(self.key, totp_step(self.clock(), 30) + steps, 6)

    def wrong(self) -> str:
        near = {self.code(steps) for steps in (-1, 0, 1)}
        return next(text for text in ("000000", "111111", "222222", "333333") if text not in near)

    def asked(self) -> Browser:
        browser = Browser(self.auth)
        assert browser.sign_in().json["twoFactorRedirect"] is True
        return browser

    def waiting(self, number: int = CALLERS) -> list[Browser]:
        """As many browsers, each with a challenge of its own."""
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda _: self.asked(), range(number)))

    def count(self, model: str) -> int:
        return finish(self.auth.blocking.runtime.engine.count(model, ()))

    def row(self) -> dict[str, Any]:
        found = finish(self.auth.blocking.runtime.engine.find_one(SecondFactor.__model__, ()))
        assert found is not None
        return dict(found)


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


def copies(browser: Browser) -> list[Browser]:
    """Fifty browsers with the same cookies."""
    made = [Browser(browser.auth) for _ in range(CALLERS)]
    for one in made:
        one.jar.update(browser.jar)
    return made


def together(browsers: list[Browser], work: Callable[[int, Browser], Answer]) -> Counter[Any]:
    def one(number: int) -> tuple[int, str | None]:
        answer = work(number, browsers[number])
        return answer.status, answer.code

    with ThreadPoolExecutor(CALLERS) as pool:
        return Counter(pool.map(one, range(len(browsers))))


def test_f4_a_code_of_the_app_lets_one_of_fifty_sign_ins_through(make_world: MakeWorld) -> None:
    world = make_world(account_lockout=AccountLockout(max_failed_attempts=1000))
    before, code = world.count("session"), world.code()
    found = together(world.waiting(), lambda number, browser: browser.post(TOTP, {"code": code}))
    assert found == {(200, None): 1, INVALID: CALLERS - 1}
    assert world.count("session") == before + 1
    assert world.asked().post(TOTP, {"code": world.code(1)}).status == 200


async def test_f4_a_code_of_the_app_lets_one_through_on_a_loop(make_world: MakeWorld) -> None:
    world = make_world(account_lockout=AccountLockout(max_failed_attempts=1000))
    code, browsers = world.code(), world.waiting()

    async def one(browser: Browser) -> int:
        return (await world.auth.handle(browser.request("POST", TOTP, {"code": code}))).status

    try:
        statuses = await asyncio.gather(*map(one, browsers))
    finally:
        await world.auth.close()
    assert sorted(statuses) == [200] + [401] * (CALLERS - 1)


def test_f2_a_challenge_begins_one_session(make_world: MakeWorld) -> None:
    world = make_world()
    before, code = world.count("session"), world.code()
    found = together(
        copies(world.asked()), lambda number, browser: browser.post(TOTP, {"code": code})
    )
    assert found == {(200, None): 1, LOST: CALLERS - 1}
    assert world.count("session") == before + 1


def test_f2_no_more_than_five_wrong_codes_are_compared_for_a_challenge(
    make_world: MakeWorld,
) -> None:
    world = make_world(account_lockout=AccountLockout(max_failed_attempts=1000))
    browsers, wrong = copies(world.asked()), world.wrong()

    def guess(number: int, browser: Browser) -> Answer:
        return browser.post((TOTP, PAPER)[number % 2], {"code": wrong})

    found = together(browsers, guess)
    compared = found[INVALID] + found[401, "INVALID_BACKUP_CODE"]
    too_many = found[400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE"]
    assert 1 <= compared <= 5
    assert too_many <= 1
    assert compared + too_many + found[LOST] == CALLERS
    assert world.row()["failedVerificationCount"] == compared


def test_f3_of_fifty_wrong_codes_none_is_lost(make_world: MakeWorld) -> None:
    world = make_world(account_lockout=AccountLockout(max_failed_attempts=1000))
    wrong = world.wrong()
    found = together(world.waiting(), lambda number, browser: browser.post(TOTP, {"code": wrong}))
    assert found == {INVALID: CALLERS}
    assert world.row()["failedVerificationCount"] == CALLERS


def test_f3_a_burst_compares_exactly_as_many_as_are_allowed(make_world: MakeWorld) -> None:
    world = make_world()
    wrong = world.wrong()
    found = together(world.waiting(), lambda number, browser: browser.post(TOTP, {"code": wrong}))
    assert found == {INVALID: 10, LOCKED: CALLERS - 10}
    row = world.row()
    assert row["failedVerificationCount"] == 10
    assert row["lockedUntil"] is not None
    answer = world.asked().post(TOTP, {"code": world.code()})
    assert (answer.status, answer.code) == LOCKED


def test_f5_a_backup_code_has_one_winner(make_world: MakeWorld) -> None:
    world = make_world(account_lockout=AccountLockout(max_failed_attempts=1000))
    code = world.paper[0]
    found = together(world.waiting(), lambda number, browser: browser.post(PAPER, {"code": code}))
    assert found[200, None] == 1
    assert found[401, "INVALID_BACKUP_CODE"] + found[409, None] == CALLERS - 1
    user_id = world.ada.session()["user"]["id"]
    left = world.auth.blocking.api.view_backup_codes(WhoseBackupCodes(user_id=user_id))
    assert left.backup_codes == world.paper[1:]


def test_f5_different_backup_codes_at_once_all_work(make_world: MakeWorld) -> None:
    world = make_world()
    found = together(
        world.waiting(4), lambda number, browser: browser.post(PAPER, {"code": world.paper[number]})
    )
    assert found == {(200, None): 4}
    user_id = world.ada.session()["user"]["id"]
    left = world.auth.blocking.api.view_backup_codes(WhoseBackupCodes(user_id=user_id))
    assert left.backup_codes == world.paper[4:]


def test_t1_a_sent_code_has_one_winner_and_counts_exactly(make_world: MakeWorld) -> None:
    world = make_world(account_lockout=AccountLockout(max_failed_attempts=1000))
    waiting = world.asked()
    assert waiting.post(SEND, {}).status == 200
    world.auth.blocking.runtime.drain()
    code = world.sent[-1]
    found = together(copies(waiting), lambda number, browser: browser.post(OTP, {"code": code}))
    assert found[200, None] == 1
    again = world.asked()
    assert again.post(SEND, {}).status == 200
    world.auth.blocking.runtime.drain()
    wrong = "".join(str(9 - int(digit)) for digit in world.sent[-1])
    found = together(copies(again), lambda number, browser: browser.post(OTP, {"code": wrong}))
    assert found[INVALID] == 5
    assert found[400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE"] == 1
    assert found[400, "OTP_HAS_EXPIRED"] == CALLERS - 6


def test_f7_a_trusted_device_is_exchanged_once(make_world: MakeWorld) -> None:
    world = make_world()
    browser = world.asked()
    browser.post(TOTP, {"code": world.code(), "trustDevice": True})
    device = Browser(world.auth)
    device.jar[DEVICE] = browser.jar[DEVICE]
    answers: list[Any] = []

    def sign_in(number: int, one: Browser) -> Answer:
        answer = one.sign_in()
        answers.append("user" in answer.json)
        return answer

    assert together(copies(device), sign_in) == {(200, None): CALLERS}
    assert Counter(answers) == {True: 1, False: CALLERS - 1}


def test_setting_up_at_once_leaves_one_row(make_world: MakeWorld) -> None:
    world = make_world()
    bob = Browser(world.auth)
    bob.sign_up("bob@example.com")
    body = {"password": PASSWORD}
    found = together(
        copies(bob)[:10], lambda number, browser: browser.post("/two-factor/enable", body)
    )
    assert found == {(200, None): 10}
    assert world.count(SecondFactor.__model__) == 2
