"""Everything that may happen once happens once, on every database: fifty callers at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.browser import ORIGIN, SECRET, Answer, Browser
from tests.support.crowd import CALLERS, statuses_in_threads, statuses_on_a_loop
from tests.support.plugins import every_plugin
from watchword import Auth, EmailAndPassword, RateLimit
from watchword.crypto.passwords import Argon2Cost
from watchword.database.contract import Storage
from watchword.plugins.email_otp import SignInByOTP
from watchword.plugins.magic_link import VerifyMagicLink
from watchword.plugins.one_time_token import VerifyOneTimeToken
from watchword.plugins.one_time_token_session import VerifyOneTimeTokenSession

CHEAP = Argon2Cost(memory=64, passes=1, lanes=1)
MakeServer = Callable[..., Auth[Any]]
ALLOWED = 7


@pytest.fixture
def mails() -> list[Any]:
    return []


@pytest.fixture
def make_server(storage: Storage, mails: list[Any]) -> Iterator[MakeServer]:
    made: list[Auth[Any]] = []

    def make(**options: Any) -> Auth[Any]:
        plugins = every_plugin(
            lambda mail, request: mails.append(mail),
            ActionToken={"require_verified_email": False, "resend_after": 0},
        )
        auth = Auth(
            database=storage,
            secret=SECRET,
            base_url=ORIGIN,
            email_and_password=EmailAndPassword(enabled=True, argon2_cost=CHEAP),
            plugins=plugins,
            environ={},
            **options,
        )
        auth.blocking.migrate()
        made.append(auth)
        return auth

    yield make
    for auth in made:
        auth.blocking.close()


@pytest.fixture
def auth(make_server: MakeServer) -> Auth[Any]:
    return make_server()


def mailed(auth: Auth[Any], mails: list[Any]) -> Any:
    auth.blocking.runtime.drain()
    return mails[-1]


def together(work: Callable[[int], Answer]) -> Counter[tuple[int, str | None]]:
    def one(number: int) -> tuple[int, str | None]:
        answer = work(number)
        return answer.status, answer.code

    with ThreadPoolExecutor(CALLERS) as pool:
        return Counter(pool.map(one, range(CALLERS)))


async def test_m1_a_token_hands_over_one_session(auth: Auth[Any]) -> None:
    laptop = Browser(auth)
    laptop.sign_up()
    token = laptop.get("/one-time-token/generate").json["token"]
    statuses = statuses_in_threads(auth, "/one-time-token/verify", {"token": token})
    assert statuses == [200] + [400] * 49
    body = VerifyOneTimeToken(token=laptop.get("/one-time-token/generate").json["token"])
    statuses = await statuses_on_a_loop(auth, lambda: auth.api.verify_one_time_token(body))
    assert statuses == [200] + [400] * 49


async def test_m1_a_token_begets_one_session(auth: Auth[Any]) -> None:
    laptop = Browser(auth)
    laptop.sign_up()
    token = laptop.get("/one-time-token-session/generate").json["token"]
    statuses = statuses_in_threads(auth, "/one-time-token-session/verify", {"token": token})
    assert statuses == [200] + [400] * 49
    assert len(laptop.get("/list-sessions").json) == 2
    body = VerifyOneTimeTokenSession(
        token=laptop.get("/one-time-token-session/generate").json["token"]
    )
    statuses = await statuses_on_a_loop(auth, lambda: auth.api.verify_one_time_token_session(body))
    assert statuses == [200] + [400] * 49


async def test_m1_a_link_opens_once(auth: Auth[Any], mails: list[Any]) -> None:
    Browser(auth).post("/sign-in/magic-link", {"email": "ada@example.com"})
    query = {"token": mailed(auth, mails).token}
    found = together(lambda number: Browser(auth).get("/magic-link/verify", query))
    assert sum(times for (status, _), times in found.items() if status == 200) == 1
    assert sum(times for (status, _), times in found.items() if status == 302) == 49
    Browser(auth).post("/sign-in/magic-link", {"email": "ada@example.com"})
    link = VerifyMagicLink(token=mailed(auth, mails).token)
    statuses = await statuses_on_a_loop(auth, lambda: auth.api.magic_link_verify(link))
    assert statuses.count(200) == 1


async def test_m1_a_code_signs_in_once(auth: Auth[Any], mails: list[Any]) -> None:
    send = {"email": "ada@example.com", "type": "sign-in"}
    Browser(auth).post("/email-otp/send-verification-otp", send)
    body = {"email": "ada@example.com", "otp": mailed(auth, mails).otp}
    found = together(lambda number: Browser(auth).post("/sign-in/email-otp", body))
    assert found == {(200, None): 1, (400, "INVALID_OTP"): 49}
    Browser(auth).post("/email-otp/send-verification-otp", send)
    code = SignInByOTP(email="ada@example.com", otp=mailed(auth, mails).otp)
    statuses = await statuses_on_a_loop(auth, lambda: auth.api.sign_in_email_otp(code))
    assert statuses == [200] + [400] * 49


def test_t1_wrong_codes_are_counted_exactly(auth: Auth[Any], mails: list[Any]) -> None:
    send = {"email": "ada@example.com", "type": "sign-in"}
    Browser(auth).post("/email-otp/send-verification-otp", send)
    right = mailed(auth, mails).otp
    wrong = {"email": "ada@example.com", "otp": "000000" if right != "000000" else "111111"}
    found = together(lambda number: Browser(auth).post("/sign-in/email-otp", wrong))
    assert found[403, "TOO_MANY_ATTEMPTS"] == 1
    assert found[400, "INVALID_OTP"] == 49
    answer = Browser(auth).post("/sign-in/email-otp", {**wrong, "otp": right})
    assert (answer.status, answer.code) == (400, "INVALID_OTP")


def test_m1_an_action_is_confirmed_once(auth: Auth[Any], mails: list[Any]) -> None:
    ada = Browser(auth)
    ada.sign_up()
    assert ada.post("/one-time-token/send-token", {"type": "account-delete"}).status == 200
    body = {"token": mailed(auth, mails).token, "type": "account-delete"}

    def confirm(number: int) -> Answer:
        browser = Browser(auth)
        browser.jar.update(ada.jar)
        return browser.post("/one-time-token/verify-token", body)

    assert together(confirm) == {(200, None): 1, (400, "INVALID_TOKEN"): 49}


def test_l1_fifty_requests_get_exactly_the_allowed_number_through(make_server: MakeServer) -> None:
    limit = RateLimit(enabled=True, storage="database", window=60, max=ALLOWED)
    auth = make_server(rate_limit=limit)

    def ask(number: int) -> Answer:
        return Browser(auth).get("/get-session", x_forwarded_for="203.0.113.9")

    assert together(ask) == {(200, None): ALLOWED, (429, None): CALLERS - ALLOWED}
