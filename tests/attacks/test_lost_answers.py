"""Redis does what it is asked, and its answer gets lost: the client asks again, or hears nothing.

What is good once is good once all the same, and what was told to be over is over; each flow is run
with the answer to each of its commands lost.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.plugins.factor_server import PAPER, TOTP, Person
from tests.plugins.factor_server import key as key_of_app
from tests.support.browser import Answer, Browser, Clock
from tests.support.databases import KeySpace
from tests.support.redis_proxy import RedisProxy, redis_proxy
from watchword import Auth, EmailAndPassword, PasswordReset, RateLimit
from watchword.plugins import ApiKey, EmailOTP, MagicLink, OneTimeToken, TwoFactor
from watchword.plugins.api_key import ApiKeyConfig, CreateApiKey, VerifyApiKey
from watchword.storage.redis import RedisStorage

FAULTS = {
    "lost once": ["lost"],
    "lost twice": ["lost", "lost"],
    "a copy": ["-READONLY You can't write against a read only replica."],
}
PASSWORD = "password1234"


@pytest.fixture
def proxy(redis: KeySpace) -> Iterator[RedisProxy]:
    with redis_proxy(redis.url) as made:
        yield made


@pytest.fixture
def storage(proxy: RedisProxy, redis: KeySpace) -> RedisStorage:
    # Each look at the clock is a second later: no call fails for the outage of another one.
    return RedisStorage(proxy.url, prefix=redis.prefix, clock=itertools.count().__next__)


class Site:
    """A server whose sessions, promises and keys are in Redis alone, and new people each time."""

    def __init__(self, make_auth: MakeAuth, storage: RedisStorage, clock: Clock) -> None:
        self.mails: list[Any] = []

        def send(mail: object, request: object) -> None:
            self.mails.append(mail)

        self.clock = clock
        self.auth: Auth[Any] = make_auth(
            secondary_storage=storage,
            email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
            password_reset=PasswordReset(send_reset_password=send),
            rate_limit=RateLimit(enabled=False),
            plugins=[
                ApiKey(config=ApiKeyConfig(storage="secondary-storage")),
                EmailOTP(send_verification_otp=send),
                MagicLink(send_magic_link=send),
                OneTimeToken(),
                TwoFactor(),
            ],
        )
        self._people = itertools.count()

    def browser(self, jar: dict[str, str] | None = None) -> Browser:
        made = Browser(self.auth)
        made.jar.update(jar or {})
        return made

    def person(self) -> tuple[str, Browser]:
        email, browser = f"u{next(self._people)}@example.com", self.browser()
        assert browser.sign_up(email).status == 200
        return email, browser

    def mailed(self, path: str, body: dict[str, str]) -> Any:
        assert self.browser().post(path, body).status == 200
        self.auth.blocking.runtime.drain()
        return self.mails[-1]

    def challenged(self) -> tuple[Person, dict[str, str]]:
        """Somebody with an app and backup codes, and the cookies between his two factors."""
        email, browser = self.person()
        enrolling = browser.post("/two-factor/enable", {"password": PASSWORD})
        server = cast("Any", self)
        person = Person(
            server, browser, key_of_app(enrolling), enrolling.json["backupCodes"], email
        )
        assert browser.post(TOTP, {"code": person.code()}).status == 200
        self.clock.forward(60)
        return person, person.asked().jar


Try = Callable[[], Answer]


def link(site: Site) -> Try:
    mail = site.mailed("/sign-in/magic-link", {"email": site.person()[0]})
    query = dict(parse_qsl(urlsplit(mail.url).query))
    return lambda: site.browser().get("/magic-link/verify", query)


def reset(site: Site) -> Try:
    asked = {"email": site.person()[0], "redirectTo": "/new"}
    token = site.mailed("/request-password-reset", asked).token
    new = {"token": token, "newPassword": "password5678"}
    return lambda: site.browser().post("/reset-password", new)


def mailed_code(site: Site) -> Try:
    asked = {"email": site.person()[0], "type": "sign-in"}
    mail = site.mailed("/email-otp/send-verification-otp", asked)
    given = {"email": mail.email, "otp": mail.otp}
    return lambda: site.browser().post("/sign-in/email-otp", given)


def handed_over(site: Site) -> Try:
    token = site.person()[1].get("/one-time-token/generate").json["token"]
    return lambda: site.browser().post("/one-time-token/verify", {"token": token})


def code_of_an_app(site: Site) -> Try:
    person, jar = site.challenged()
    given = {"code": person.code()}
    return lambda: site.browser(jar).post(TOTP, given)


def code_on_paper(site: Site) -> Try:
    person, _ = site.challenged()
    given = {"code": person.paper[0]}
    # A challenge of its own each time.
    jars = [person.asked().jar for _ in range(3)]
    return lambda: site.browser(jars.pop()).post(PAPER, given)


def is_good(answer: Answer) -> bool:
    signed_in = answer.cookie("better-auth.session_token")
    return answer.status == 200 or (signed_in is not None and "Max-Age=0" not in signed_in)


ONCE = [link, reset, mailed_code, handed_over, code_of_an_app, code_on_paper]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("flow", ONCE)
def test_what_is_good_once_is_good_once(
    make_auth: MakeAuth,
    storage: RedisStorage,
    proxy: RedisProxy,
    clock: Clock,
    flow: Callable[[Site], Try],
    fault: str,
) -> None:
    site = Site(make_auth, storage, clock)
    attempt = flow(site)
    proxy.watch()
    assert is_good(attempt())
    for number in range(len(proxy.seen)):
        attempt = flow(site)
        proxy.watch(dict(enumerate(FAULTS[fault], number)))
        answers = [attempt()]
        proxy.watch()
        answers += [attempt(), attempt()]
        good = [answer for answer in answers if is_good(answer)]
        assert len(good) <= 1, f"command {number}"
        assert answers[0].status != 500, f"command {number}"
        assert answers[0].status != 503 or not is_good(answers[0])


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("path", ["/sign-out", "/revoke-sessions", "/revoke-other-sessions"])
def test_whoever_is_told_that_a_session_is_over_is_told_the_truth(
    make_auth: MakeAuth,
    storage: RedisStorage,
    proxy: RedisProxy,
    clock: Clock,
    path: str,
    fault: str,
) -> None:
    site = Site(make_auth, storage, clock)
    for number in itertools.count():
        email, browser = site.person()
        ended = site.browser(browser.jar)
        if path == "/revoke-other-sessions":
            browser = site.browser()
            browser.sign_in(email)
        proxy.watch(dict(enumerate(FAULTS[fault], number)))
        answer = browser.post(path, {})
        reached = len(proxy.seen)
        proxy.watch()
        assert answer.status in (200, 503)
        assert answer.status == 503 or ended.session() is None, f"command {number}"
        if number >= reached:
            break


def test_uses_of_a_key_are_counted_and_the_key_is_listed_once(
    make_auth: MakeAuth, storage: RedisStorage, proxy: RedisProxy, clock: Clock
) -> None:
    site = Site(make_auth, storage, clock)
    for number in range(10):
        _, browser = site.person()
        proxy.watch({number: "lost"})
        browser.post("/api-key/create", {"name": "mine"})
        proxy.watch()
        assert len(browser.get("/api-key/list").json["apiKeys"]) <= 1, f"command {number}"
    user = browser.session()["user"]["id"]
    api = site.auth.blocking.api
    for number in range(3):
        made = api.create_api_key(CreateApiKey(user_id=user, remaining=2))
        proxy.watch({number: "lost"})
        used = [api.verify_api_key(VerifyApiKey(key=made.key)).valid for _ in range(4)]
        proxy.watch()
        assert used.count(True) <= 2, f"command {number}"
