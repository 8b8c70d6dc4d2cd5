"""W5: what ends a mailed link or code ends it also when it happens in the middle of its use.

The place in between is a callback of the application: the password hasher, a callback before an
address is verified or a user deleted, a database hook.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.attacks.mailing_site import ADA, EVE, NEW, NEW_PASSWORD, OLD_PASSWORD, Site, Slow
from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, Browser, Clock
from watchword import ModelHooks


@pytest.fixture
def hasher() -> Slow:
    return Slow()


@pytest.fixture
def site(make_auth: MakeAuth, database: str, hasher: Slow) -> Site:
    made = Site(
        make_auth,
        database=database,
        verification={"before_email_verification": lambda user, request: made.interrupt()},
        database_hooks={
            "session": ModelHooks(create_before=lambda values, call: made.interrupt()),
        },
        **hasher.options(),
    )
    assert made.browser().sign_up(ADA).status == 200
    return made


def test_a_link_asked_for_while_a_reset_hashes_is_void(
    site: Site, hasher: Slow, clock: Clock
) -> None:
    thief = site.signed_in()
    tokens: list[str] = []

    def ask() -> None:
        clock.forward(5)  # later than the reset began
        tokens.append(site.mail(thief, "/change-email", {"newEmail": EVE}).token)
        tokens.append(site.mail(thief, "/request-password-reset", {"email": ADA}).token)

    token = site.mail(site.browser(), "/request-password-reset", {"email": ADA}).token
    hasher.meanwhile.append(ask)
    body = {"token": token, "newPassword": NEW_PASSWORD}
    assert site.browser().post("/reset-password", body).status == 200
    moved, reset = tokens
    assert site.browser().get("/verify-email", {"token": moved}).code == "INVALID_TOKEN"
    body = {"token": reset, "newPassword": "third-12345"}
    assert site.browser().post("/reset-password", body).code == "INVALID_TOKEN"
    assert site.address(NEW_PASSWORD) == ADA


def test_a_password_that_is_reset_while_another_reset_hashes_stays(
    site: Site, hasher: Slow
) -> None:
    """The second one was mailed before the first one was done."""
    token = site.mail(site.browser(), "/request-password-reset", {"email": ADA}).token
    hasher.meanwhile.append(lambda: site.reset())
    body = {"token": token, "newPassword": "third-12345"}
    assert site.browser().post("/reset-password", body).code == "INVALID_TOKEN"
    assert site.address(NEW_PASSWORD) == ADA


def revoke(site: Site, owner: Browser, thief: Browser) -> None:
    assert owner.post("/revoke-other-sessions").status == 200


def revoke_one(site: Site, owner: Browser, thief: Browser) -> None:
    token = thief.session()["session"]["token"]
    assert owner.post("/revoke-session", {"token": token}).status == 200


def sign_out(site: Site, owner: Browser, thief: Browser) -> None:
    left_open = site.browser()
    left_open.jar = dict(thief.jar)
    assert left_open.post("/sign-out").status == 200


def reset(site: Site, owner: Browser, thief: Browser) -> None:
    assert site.reset().status == 200


def recreate(site: Site, owner: Browser, thief: Browser) -> None:
    """The account is deleted, and another person makes one at its address."""
    token = site.mail(owner, "/delete-user", {}).token
    assert owner.get("/delete-user/callback", {"token": token}).status == 200
    body = {"name": "Another", "email": ADA, "password": OLD_PASSWORD}
    assert site.browser().post("/sign-up/email", body).status == 200


BETWEEN = [revoke, revoke_one, sign_out, reset, recreate]


@pytest.mark.parametrize("between", BETWEEN)
def test_a_code_for_another_address_is_void_in_the_middle_of_its_use(
    site: Site, between: Callable[[Site, Browser, Browser], None]
) -> None:
    owner, thief = site.signed_in(), site.signed_in()
    code = site.mail(thief, "/email-otp/request-email-change", {"newEmail": EVE}).otp
    site.meanwhile.append(lambda: between(site, owner, thief))
    answer = thief.post("/email-otp/change-email", {"newEmail": EVE, "otp": code})
    assert (answer.status, answer.code) == (400, "INVALID_OTP")
    assert answer.cookies == ()
    assert site.browser().sign_in(EVE).status == 401
    assert site.address(NEW_PASSWORD if between is reset else OLD_PASSWORD) == ADA


@pytest.mark.parametrize("between", [revoke, revoke_one, sign_out, reset])
@pytest.mark.parametrize("way", ["link", "password"])
def test_a_deletion_is_void_in_the_middle_of_it(
    site: Site, between: Callable[[Site, Browser, Browser], None], way: str
) -> None:
    owner, thief = site.signed_in(), site.signed_in()
    token = site.mail(thief, "/delete-user", {}).token
    site.meanwhile.append(lambda: between(site, owner, thief))
    if way == "link":
        answer = thief.get("/delete-user/callback", {"token": token})
        assert (answer.status, answer.code) == (404, "INVALID_TOKEN")
    else:
        answer = thief.post("/delete-user", {"token": token, "password": OLD_PASSWORD})
        assert (answer.status, answer.code) == (404, "INVALID_TOKEN")
    assert site.address(NEW_PASSWORD if between is reset else OLD_PASSWORD) == ADA


@pytest.mark.parametrize("between", [reset, recreate])
@pytest.mark.parametrize("way", ["link", "code", "verification"])
def test_a_sign_in_by_mail_is_void_in_the_middle_of_it(
    make_auth: MakeAuth,
    database: str,
    way: str,
    between: Callable[[Site, Browser, Browser], None],
) -> None:
    armed: list[Callable[[], object]] = []

    def hook(values: object, call: object) -> None:
        if armed:
            armed.pop()()

    site = Site(
        make_auth,
        database=database,
        verification={"auto_sign_in_after_verification": True},
        database_hooks={"session": ModelHooks(create_before=hook)},
    )
    owner, late = site.browser(), site.browser()
    owner.sign_up(ADA)

    def use() -> Answer:
        if way == "code":
            send = "/email-otp/send-verification-otp"
            code = site.mail(late, send, {"email": ADA, "type": "sign-in"}).otp
            armed.append(lambda: between(site, site.signed_in(), late))
            return late.post("/sign-in/email-otp", {"email": ADA, "otp": code})
        if way == "link":
            link = site.mail(late, "/sign-in/magic-link", {"email": ADA})
            armed.append(lambda: between(site, site.signed_in(), late))
            return late.get("/magic-link/verify", {"token": link.token})
        proof = site.mail(late, "/send-verification-email", {"email": ADA})
        armed.append(lambda: between(site, site.signed_in(), late))
        return late.get("/verify-email", {"token": proof.token})

    if way != "verification":
        # So that the password, which a proof of the mailbox takes away, is there in between.
        proof = site.mail(owner, "/send-verification-email", {"email": ADA})
        assert owner.get("/verify-email", {"token": proof.token}).status == 200
    answer = use()
    assert answer.cookies == ()
    assert late.session() is None


def test_of_two_clicks_at_once_one_changes_the_address(site: Site) -> None:
    owner = site.signed_in()
    token = site.mail(owner, "/change-email", {"newEmail": NEW}).token
    with ThreadPoolExecutor(8) as pool:
        codes = Counter(
            pool.map(lambda _: site.browser().get("/verify-email", {"token": token}).code, range(8))
        )
    assert codes == {None: 1, "INVALID_TOKEN": 7}
    assert owner.session()["user"]["email"] == NEW


def test_of_two_clicks_at_once_one_asks_the_new_address(make_auth: MakeAuth, database: str) -> None:
    questions: list[Any] = []
    change = {"send_change_email_confirmation": lambda mail, request: questions.append(mail)}
    site = Site(make_auth, database=database, change=change)
    owner = site.browser()
    owner.sign_up(ADA)
    proof = site.mail(owner, "/send-verification-email", {"email": ADA})
    owner.get("/verify-email", {"token": proof.token})
    owner.post("/change-email", {"newEmail": NEW})
    site.mails()
    before = len(site.sent)
    query = {"token": questions[0].token}
    with ThreadPoolExecutor(8) as pool:
        codes = Counter(
            pool.map(lambda _: site.browser().get("/verify-email", query).code, range(8))
        )
    assert codes == {None: 1, "INVALID_TOKEN": 7}
    assert len(site.mails()) == before + 1


def test_a_reset_that_fails_leaves_link_and_code_good(make_auth: MakeAuth, database: str) -> None:
    broken = [True]

    def refuse(values: object, call: object) -> None:
        if broken[0]:
            raise RuntimeError("the disk is full")

    site = Site(
        make_auth,
        database=database,
        database_hooks={"account": ModelHooks(update_before=refuse)},
    )
    site.browser().sign_up(ADA)
    browser = site.browser()
    token = site.mail(browser, "/request-password-reset", {"email": ADA}).token
    code = site.mail(browser, "/email-otp/request-password-reset", {"email": ADA}).otp
    by_code = {"email": ADA, "otp": code, "password": NEW_PASSWORD}
    by_link = {"token": token, "newPassword": "third-12345"}
    assert browser.post("/email-otp/reset-password", by_code).status == 500
    assert browser.post("/reset-password", by_link).status == 500
    broken.clear()
    broken.append(False)
    assert site.address() == ADA
    assert browser.post("/email-otp/reset-password", by_code).status == 200
    again = browser.post("/email-otp/reset-password", by_code)
    assert (again.status, again.code) == (400, "INVALID_OTP")
    assert browser.post("/reset-password", by_link).code == "INVALID_TOKEN", "void by now"


def test_of_many_who_reset_at_once_with_one_code_one_does(site: Site) -> None:
    code = site.mail(site.browser(), "/email-otp/request-password-reset", {"email": ADA}).otp

    def attempt(number: int) -> int:
        body = {"email": ADA, "otp": code, "password": f"password-{number}"}
        return site.browser().post("/email-otp/reset-password", body).status

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(attempt, range(8))) == {200: 1, 400: 7}
