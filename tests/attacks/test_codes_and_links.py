"""What strangers try with mailed codes and links, and with bearer tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.code_server import ASK, CHANGE, FORGOT, RESET, SEND, SIGN_IN, other
from tests.support.browser import Answer, Browser, Clock
from tests.support.databases import redis_keys
from watchword import (
    Auth,
    ChangeEmail,
    EmailVerification,
    FailedSignIns,
    ModelHooks,
    PasswordReset,
    RateLimit,
)
from watchword.pipeline.rate_counters import MemoryCounters
from watchword.plugins import Bearer, EmailOTP, MagicLink, OneTimeTokenSession
from watchword.runtime.blocking import finish
from watchword.storage.memory import MemoryStorage
from watchword.storage.redis import RedisStorage

EVE, ADA = "eve@evil.example", "ada@example.com"


class Mails:
    """A server that mails links and codes, and everybody's mailbox."""

    def __init__(self, make_auth: MakeAuth, **options: Any) -> None:
        self.sent: list[Any] = []
        self.auth: Auth[Any] = make_auth(
            change_email=ChangeEmail(enabled=True),
            email_verification=EmailVerification(send_verification_email=self._send),
            password_reset=PasswordReset(send_reset_password=self._send),
            plugins=[
                MagicLink(send_magic_link=self._send),
                OneTimeTokenSession(),
                EmailOTP(
                    send_verification_otp=self._send,
                    change_email=True,
                    wrong_guesses=FailedSignIns(most=5),
                ),
            ],
            **options,
        )

    def _send(self, mail: object, request: object) -> None:
        self.sent.append(mail)

    def browser(self) -> Browser:
        return Browser(self.auth)

    def mail(self, browser: Browser, path: str, body: object) -> Any:
        """What a request mailed."""
        before = len(self.sent)
        assert browser.post(path, body).status == 200
        self.auth.blocking.runtime.drain()
        return self.sent[before]


def open_magic_link(mails: Mails) -> Answer:
    browser = mails.browser()
    link = mails.mail(browser, "/sign-in/magic-link", {"email": ADA})
    return browser.get("/magic-link/verify", {"token": link.token})


def sign_in_by_code(mails: Mails) -> Answer:
    browser = mails.browser()
    code = mails.mail(browser, SEND, {"email": ADA, "type": "sign-in"}).otp
    return browser.post(SIGN_IN, {"email": ADA, "otp": code})


def reset_by_link(mails: Mails) -> Answer:
    browser = mails.browser()
    token = mails.mail(browser, "/request-password-reset", {"email": ADA}).token
    return browser.post("/reset-password", {"token": token, "newPassword": "another-1234"})


def reset_by_code(mails: Mails) -> Answer:
    browser = mails.browser()
    code = mails.mail(browser, FORGOT, {"email": ADA}).otp
    return browser.post(RESET, {"email": ADA, "otp": code, "password": "another-1234"})


def change_password(mails: Mails) -> Answer:
    browser = mails.browser()
    assert browser.sign_in(ADA).status == 200
    both = {"currentPassword": "password1234", "newPassword": "another-1234"}
    return browser.post("/change-password", {**both, "revokeOtherSessions": True})


@pytest.mark.parametrize(
    "take_back",
    [open_magic_link, sign_in_by_code, reset_by_link, reset_by_code, change_password],
)
def test_m7_a_link_to_another_address_dies_with_the_sessions_that_could_ask_for_it(
    make_auth: MakeAuth, clock: Clock, take_back: Callable[[Mails], Answer]
) -> None:
    mails = Mails(make_auth)
    eve = mails.browser()
    assert eve.sign_up(ADA).status == 200
    link = mails.mail(eve, "/change-email", {"newEmail": EVE})
    clock.forward(5)
    assert take_back(mails).status == 200
    assert eve.session() is None
    stranger = mails.browser()
    answer = stranger.get("/verify-email", {"token": link.token})
    assert (answer.status, answer.code) == (401, "INVALID_TOKEN")
    assert stranger.session() is None


def test_m7_links_of_the_rightful_owner_work_afterwards(make_auth: MakeAuth, clock: Clock) -> None:
    mails = Mails(make_auth)
    mails.browser().sign_up(ADA)
    assert reset_by_link(mails).status == 200
    clock.forward(1)
    ada = mails.browser()
    ada.sign_in(ADA, password="another-1234")
    link = mails.mail(ada, "/change-email", {"newEmail": "ada@new.example"})
    assert ada.get("/verify-email", {"token": link.token}).status == 200
    assert ada.session()["user"]["email"] == "ada@new.example"


@pytest.mark.parametrize("way", ["password", "token"])
def test_m7_a_sign_in_on_its_way_ends_with_what_it_was_allowed_by(
    make_auth: MakeAuth, way: str
) -> None:
    armed: list[bool] = []

    def take_back(values: object, call: object) -> None:
        if armed and armed.pop():
            assert reset_by_link(mails).status == 200

    hooks = {"session": ModelHooks(create_before=take_back)}
    mails = Mails(make_auth, database_hooks=hooks)
    eve, late = mails.browser(), mails.browser()
    eve.sign_up(ADA)
    token = eve.get("/one-time-token-session/generate").json["token"]
    armed.append(True)
    if way == "password":
        answer = late.sign_in(ADA)
        assert (answer.status, answer.code) == (401, "INVALID_EMAIL_OR_PASSWORD")
    else:
        answer = late.post("/one-time-token-session/verify", {"token": token})
        assert (answer.status, answer.json["message"]) == (400, "Session not found")
    assert answer.cookies == ()
    assert finish(mails.auth.blocking.runtime.engine.count("session")) == 0


def test_t4_codes_for_a_mailbox_of_ones_own_do_not_clear_the_count_of_another(
    make_auth: MakeAuth,
) -> None:
    mails = Mails(make_auth)
    eve = mails.browser()
    assert eve.sign_up(ADA).status == 200
    code = mails.mail(mails.browser(), SEND, {"email": ADA, "type": "sign-in"}).otp

    def guess() -> int:
        guessed = {"email": ADA, "otp": other(code)}
        return mails.browser().post(SIGN_IN, guessed).status

    assert [guess() for _ in range(4)] == [400, 400, 400, 403]
    own = mails.mail(eve, ASK, {"newEmail": EVE}).otp
    mails.browser().sign_up(EVE)  # so that the right code changes nothing
    assert eve.post(CHANGE, {"newEmail": EVE, "otp": own}).status == 400
    assert [guess() for _ in range(2)] == [400, 429]


def test_t4_guesses_at_the_code_of_a_new_address_are_counted_for_that_address(
    make_auth: MakeAuth,
) -> None:
    mails = Mails(make_auth)
    eve = mails.browser()

    def sign_in() -> int:
        own = mails.mail(eve, SEND, {"email": EVE, "type": "sign-in"}).otp
        return eve.post(SIGN_IN, {"email": EVE, "otp": own}).status

    assert sign_in() == 200
    for _ in range(5):
        assert eve.post(CHANGE, {"newEmail": ADA, "otp": "x"}).status == 400
        assert sign_in() == 200
    assert eve.post(CHANGE, {"newEmail": ADA, "otp": "x"}).status == 429
    assert mails.browser().post(SIGN_IN, {"email": ADA, "otp": "x"}).status == 429


def test_i4_a_letter_whose_lower_case_is_ascii_is_nobodys_address(make_auth: MakeAuth) -> None:
    mails = Mails(make_auth)
    mails.browser().sign_up("kim@example.com")
    lookalike = "\N{KELVIN SIGN}im@example.com"
    refused = mails.browser().post(SEND, {"email": lookalike, "type": "sign-in"})
    assert (refused.status, refused.code) == (400, "INVALID_EMAIL")
    refused = mails.browser().post(FORGOT, {"email": lookalike})
    assert (refused.status, refused.code) == (400, "INVALID_EMAIL")
    mails.auth.blocking.runtime.drain()
    assert mails.sent == []


def test_e3_an_unknown_address_costs_a_reset_request_the_same_rows(make_auth: MakeAuth) -> None:
    mails = Mails(make_auth)
    mails.browser().sign_up(ADA)

    def rows() -> int:
        return finish(mails.auth.blocking.runtime.engine.count("verification"))

    counts = [rows()]
    for email in (ADA, "nobody@example.com"):
        assert mails.browser().post("/request-password-reset", {"email": email}).status == 200
        counts.append(rows())
    assert counts == [0, 2, 4]


@pytest.fixture(params=["memory", "redis"])
def keys(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryStorage(clock)
        return
    with redis_keys() as space:
        yield RedisStorage(space.url, prefix=space.prefix)


def test_l4_a_bearer_token_that_is_the_key_of_a_counter_clears_nothing(
    make_auth: MakeAuth, keys: Any
) -> None:
    auth = make_auth(secondary_storage=keys, plugins=[Bearer()], rate_limit=RateLimit(enabled=True))
    wrong = {"email": ADA, "password": "wrong-1234"}

    def guess() -> int:
        return Browser(auth).post("/sign-in/email", wrong).status

    assert [guess() for _ in range(4)] == [401, 401, 401, 429]
    for address in ("no-trusted-ip", "203.0.113.7"):
        key = f"{address}|/sign-in/email"
        assert Browser(auth).post("/sign-out", authorization=f"Bearer {key}").status == 200
    assert guess() == 429


def test_s4_a_bearer_token_that_is_the_key_of_a_list_hides_no_session(
    make_auth: MakeAuth, keys: Any
) -> None:
    auth = make_auth(secondary_storage=keys, plugins=[Bearer()])
    eve = Browser(auth)
    user = eve.sign_up(ADA).json["user"]["id"]
    hide = f"Bearer active-sessions-{user}"
    assert Browser(auth).post("/sign-out", authorization=hide).status == 200
    owner = Browser(auth)
    owner.sign_in(ADA)
    assert owner.post("/revoke-other-sessions").status == 200
    assert eve.session() is None


@pytest.mark.parametrize(
    "token", ["a\0b", "\udcff", "a b", "\x7f", "\N{LATIN SMALL LETTER E WITH ACUTE}"]
)
def test_g1_a_bearer_token_of_no_tokens_letters_is_no_session(
    make_auth: MakeAuth, token: str
) -> None:
    auth = make_auth(plugins=[Bearer()])
    answer = Browser(auth).get("/get-session", authorization=f"Bearer {token}")
    assert (answer.status, answer.json) == (200, None)
    assert Browser(auth).post("/sign-out", authorization=f"Bearer {token}").status == 200


def test_g1_long_addresses_and_paths_are_no_failures(make_auth: MakeAuth, database: str) -> None:
    auth = make_auth(
        database=database,
        rate_limit=RateLimit(enabled=True, storage="database"),
        plugins=[EmailOTP(send_verification_otp=lambda mail, request: None)],
    )
    # What repeats itself would be compressed, and fit into an index.
    mixed = "".join(f"{number * 7919 % 65_536:04x}" for number in range(2000))
    assert Browser(auth).get(f"/{mixed}").status == 404
    email = f"{mixed}@example.com"
    for path, body in (
        ("/sign-up/email", {"name": "A", "email": email, "password": "password1234"}),
        (SEND, {"email": email, "type": "sign-in"}),
        (SIGN_IN, {"email": email, "otp": "123456"}),
    ):
        assert Browser(auth).post(path, body).status in (200, 400)
    auth.blocking.close()


def test_l5_a_long_path_is_not_kept(make_auth: MakeAuth, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    consume = MemoryCounters.consume

    async def noted(self: MemoryCounters, call: Any, key: str, rule: Any) -> int | None:
        seen.append(key)
        return await consume(self, call, key, rule)

    monkeypatch.setattr(MemoryCounters, "consume", noted)
    auth = make_auth(rate_limit=RateLimit(enabled=True, max=2))
    path = "/" + 60_000 * "x"
    assert [Browser(auth).get(path).status for _ in range(3)] == [404, 404, 429]
    assert Browser(auth).get(path + "y").status == 429
    assert set(seen) == {"203.0.113.7|unknown"}
