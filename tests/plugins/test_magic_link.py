"""Links by mail: asking for one and opening it, once and in time."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.link_server import ADA, OPEN, SEND, LinkServer, MakeLinkServer, link_server
from tests.support.browser import ORIGIN, Browser, Clock
from tests.support.vectors import vectors
from watchword import (
    ConfigurationError,
    RateLimit,
    RateLimitRule,
    Redirect,
    Request,
)
from watchword.plugins import MagicLink
from watchword.plugins.magic_link import MagicLinkMail, SignInMagicLink, VerifyMagicLink

FLOW = vectors("flows", "vectors-plugins-1.json")["magicLink"]
ASKED = {
    "name": "Nn",
    "callbackURL": "/dash?x=1&y=z",
    "newUserCallbackURL": "/welcome",
    "errorCallbackURL": "/err",
}
USED = f"{ORIGIN}/?error=INVALID_TOKEN"


@pytest.fixture
def make_server(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeLinkServer:
    return link_server(make_auth, tmp_path, kind)


@pytest.fixture
def server(make_server: MakeLinkServer) -> LinkServer:
    return make_server()


def test_a_link_signs_up_and_in(server: LinkServer) -> None:
    browser = server.browser()
    answer = server.click(server.mail("New@Example.com", **ASKED), browser)
    assert (answer.status, answer.header("location")) == (302, FLOW["verify"]["location"])
    assert answer.response.body == b""
    (line,) = answer.cookies
    assert line.endswith("; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax")
    user = browser.session()["user"]
    assert (user["email"], user["name"], user["emailVerified"]) == ("new@example.com", "Nn", True)
    assert server.sql("select count(*) from account") == [(0,)]
    again = server.click(server.sent[0])
    assert (again.status, again.header("location")) == (302, FLOW["replay"]["location"])
    assert again.cookies == ()


def test_a_known_user_keeps_name_password_and_sessions(server: LinkServer) -> None:
    laptop = server.browser()
    laptop.sign_up()
    server.sql("update user set emailVerified = 1")
    phone = server.browser()
    answer = server.click(server.mail(ADA.upper(), **ASKED), phone)
    assert answer.header("location") == f"{ORIGIN}/dash?x=1&y=z", "nobody new"
    assert phone.session()["user"] == laptop.session()["user"]
    assert server.browser().sign_in().status == 200


def test_m7_an_address_that_was_never_proven_belongs_to_who_opens_the_link(
    server: LinkServer,
) -> None:
    """M7: password, linked accounts and sessions of whoever registered the address are gone."""
    stranger, owner = server.browser(), server.browser()
    stranger.sign_up()
    taken = server.click(server.mail(callbackURL="/home", newUserCallbackURL="/new"), owner)
    assert taken.header("location") == f"{ORIGIN}/home"
    assert stranger.session() is None
    assert server.browser().sign_in().status == 401
    assert server.sql("select count(*) from account") == [(0,)]
    assert owner.session()["user"]["emailVerified"] is True


def test_links_and_rows_are_those_of_the_reference(make_server: MakeLinkServer) -> None:
    told = FLOW["plain"]["sent"]
    server = make_server(generate_token=lambda email: told["token"])
    # The vector's target has a letter that only server-side calls may use.
    body = SignInMagicLink(
        email=told["email"],
        name="Nn",
        callback_url="/dash?x=1&y=é",
        new_user_callback_url="/welcome",
        error_callback_url="/err",
    )
    server.auth.blocking.api.sign_in_magic_link(body)
    (mail,) = server.mails()
    assert mail == MagicLinkMail(**told)
    (row,) = FLOW["plain"]["verification"]
    assert server.rows() == [(row["identifier"], row["value"], "2030-01-01T00:05:00.000Z")]


def test_hashed_tokens_are_not_in_the_database(make_server: MakeLinkServer) -> None:
    told = FLOW["hashed"]["sent"]
    server = make_server(store_token="hashed", generate_token=lambda email: told["token"])
    mail = server.mail(told["email"], name="Nn")
    (row,) = FLOW["hashed"]["verification"]
    assert [found[:2] for found in server.rows()] == [(row["identifier"], row["value"])]
    assert server.click(mail).header("location") == f"{ORIGIN}/"


def test_rows_of_the_reference_can_be_redeemed(server: LinkServer) -> None:
    (row,) = FLOW["plain"]["verification"]
    server.sql(
        "insert into verification (id, identifier, value, expiresAt, createdAt, updatedAt)"
        " values ('1', ?, ?, '2030-01-01T00:05:00.000Z', ?, ?)",
        *(row["identifier"], row["value"], *["2030-01-01T00:00:00.000Z"] * 2),
    )
    browser = server.browser()
    assert browser.get(OPEN, {"token": FLOW["plain"]["sent"]["token"]}).status == 200
    assert browser.session()["user"]["name"] == "Nn"


def test_own_generator_and_own_hasher_may_be_async(make_server: MakeLinkServer) -> None:
    async def generate(email: str) -> str:
        return f"for-{email}"

    async def store(token: str) -> str:
        return token[::-1]

    server = make_server(generate_token=generate, store_token=store)
    mail = server.mail()
    assert mail.token == f"for-{ADA}"
    assert server.rows()[0][0] == f"magic-link:{mail.token[::-1]}"
    assert server.open(mail.token).status == 200


def test_a_generator_that_gives_nothing_leaves_it_to_the_plugin(
    make_server: MakeLinkServer,
) -> None:
    server = make_server(generate_token=lambda email: "")
    assert re.fullmatch("[a-zA-Z]{32}", server.mail().token)
    assert server.open("").header("location") == USED


def test_m9_only_the_mailbox_gets_the_token(server: LinkServer) -> None:
    """M9, M8: the answer has no token, and the mail goes to the address of the row."""
    answer = server.browser().post(SEND, {"email": "Ada@Example.com"})
    (mail,) = server.mails()
    assert mail.token not in str(answer.response)
    assert (mail.email, mail.metadata) == ("Ada@Example.com", None)
    assert '"email":"Ada@Example.com"' in server.rows()[0][1]
    assert mail.token not in repr(mail)


def test_metadata_goes_to_the_sender(server: LinkServer) -> None:
    given = {"campaign": "spring", "nested": {"a": [1, None]}}
    assert server.mail(metadata=given).metadata == given


def test_a_link_without_a_target_answers_with_the_session(server: LinkServer) -> None:
    browser = server.browser()
    answer = browser.get(OPEN, {"token": server.mail().token})
    assert answer.status == 200
    assert list(answer.json) == ["token", "user", "session"]
    found = browser.session()
    assert answer.json == {"token": found["session"]["token"], **found}


def test_what_is_not_remembered_stays_so(server: LinkServer) -> None:
    browser = server.browser()
    browser.sign_up()
    browser.sign_in(rememberMe=False)
    answer = server.click(server.mail("other@example.com"), browser)
    assert "Max-Age" not in str(answer.cookie("better-auth.session_token"))


def test_a_link_ends_after_five_minutes(server: LinkServer, clock: Clock) -> None:
    early, late = server.mail(), server.mail()
    clock.forward(299)
    assert server.click(early).header("location") == f"{ORIGIN}/"
    clock.forward(1)
    assert server.click(late).header("location") == USED
    assert server.rows() == []


def test_the_life_of_a_link_is_an_option(make_server: MakeLinkServer, clock: Clock) -> None:
    server = make_server(expires_in=timedelta(minutes=10))
    mail = server.mail()
    clock.forward(599)
    assert server.click(mail).header("location") == f"{ORIGIN}/"


def test_any_number_of_links_may_be_alive(server: LinkServer) -> None:
    mails = [server.mail() for _ in range(3)]
    assert {server.click(mail).header("location") for mail in mails} == {f"{ORIGIN}/"}


def test_m1_nothing_but_the_token_serves(server: LinkServer) -> None:
    """M1, M2: tokens are random; others, parts, wildcards and tokens of other purposes fail."""
    browser = server.browser()
    browser.sign_up()
    browser.post("/request-password-reset", {"email": ADA})
    session = browser.session()
    mail = server.mail()
    tries = [mail.token[:-1], mail.token.swapcase(), f"{mail.token} ", f"magic-link:{mail.token}"]
    tries += ["%", "_" * 32, "", session["session"]["token"], session["user"]["id"], ADA]
    assert {server.open(tried).header("location") for tried in tries} == {USED}
    assert server.open(mail.token).status == 200


@pytest.mark.parametrize(
    "value",
    [
        '{"email":"ada@example.com"}',
        '{"type":"email-otp","email":"ada@example.com"}',
        '{"type":"magic-link","email":"ada@example.com","admin":true}',
        '{"type":"magic-link","email":"ada@example.com","name":null}',
        '{"type":"magic-link","email":"ada"}',
        '{"type":"magic-link"}',
        '["magic-link"]',
        "user-id",
        "[" * 100_000,
        "",
    ],
)
def test_m1_a_row_of_another_form_serves_nobody_and_stays(server: LinkServer, value: str) -> None:
    """M1: what is no promise of a link is not redeemed as one."""
    mail = server.mail()
    server.sql("update verification set value = ?", value)
    assert server.click(mail).header("location") == USED
    assert [row[1] for row in server.rows()] == [value]


@pytest.mark.parametrize(
    "query", [{}, {"token": ["a", "b"]}, {"token": "x", "callbackURL": ["/a", "/b"]}]
)
def test_m1_a_token_and_a_target_are_one_text(server: LinkServer, query: dict[str, Any]) -> None:
    """M1, R6: neither is missing nor repeated."""
    answer = server.browser().get(OPEN, query)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"email": "ada"},
        {"email": None},
        {"email": [ADA]},
        {"email": ADA, "name": 5},
        {"email": ADA, "name": None},
        {"email": ADA, "metadata": "x"},
        {"email": ADA, "metadata": [1]},
    ],
)
def test_asking_is_validated(server: LinkServer, body: object) -> None:
    answer = server.browser().post(SEND, body)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert (server.rows(), server.mails()) == ([], [])


def test_e1_asking_does_not_tell_who_is_known(make_server: MakeLinkServer) -> None:
    """E1, E3: nobody is looked up, whether sign-up is possible or not."""
    server = make_server(disable_sign_up=True)
    server.browser().sign_up()
    answers = [
        server.browser().post(SEND, {"email": email}) for email in (ADA, "nobody@example.com")
    ]
    assert answers[0].response == answers[1].response
    assert len(server.mails()) == 2


def test_links_can_be_for_known_users_alone(make_server: MakeLinkServer) -> None:
    server = make_server(disable_sign_up=True)
    mail = server.mail("nobody@example.com", errorCallbackURL="/err?x=1")
    answer = server.click(mail)
    expected = f"{ORIGIN}/err?x=1&error=new_user_signup_disabled"
    assert (answer.status, answer.header("location")) == (302, expected)
    assert (answer.cookies, server.rows()) == ((), [])
    assert server.sql("select count(*) from user") == [(0,)]
    server.browser().sign_up()
    assert server.click(server.mail()).header("location") == f"{ORIGIN}/"


def test_a_failing_sender_fails_nobody_and_is_logged_without_the_link(
    make_server: MakeLinkServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def send(mail: MagicLinkMail, request: Request | None) -> None:
        assert request is not None
        raise RuntimeError(mail.url)

    server = make_server(send_magic_link=send, generate_token=lambda email: "secretly")
    with caplog.at_level(logging.INFO):
        assert server.browser().post(SEND, {"email": ADA}).status == 200
        server.mails()
    assert "RuntimeError" in caplog.text
    assert "secretly" not in caplog.text
    assert server.open("secretly").status == 200


def test_both_paths_have_limits_of_their_own(make_server: MakeLinkServer) -> None:
    browser = make_server(auth={"rate_limit": RateLimit(enabled=True)}).browser()
    asked = [browser.post(SEND, {"email": ADA}).status for _ in range(6)]
    assert asked == [200] * 5 + [429]
    opened = [browser.get(OPEN, {"token": "x"}) for _ in range(6)]
    assert [answer.status for answer in opened] == [302] * 5 + [429]
    assert opened[-1].header("x-retry-after") == "60"
    below = [browser.get(f"{OPEN}/x").status for _ in range(6)]
    assert below == [404] * 5 + [429]


def test_the_limit_is_an_option(make_server: MakeLinkServer) -> None:
    rule = RateLimitRule(window=5, max=1)
    browser = make_server(rate_limit=rule, auth={"rate_limit": RateLimit(enabled=True)}).browser()
    assert [browser.post(SEND, {"email": ADA}).status for _ in range(2)] == [200, 429]


def test_links_can_be_asked_for_and_opened_from_python(server: LinkServer) -> None:
    api = server.auth.blocking.api
    api.sign_in_magic_link(SignInMagicLink(email=ADA, callback_url="/home"))
    (mail,) = server.mails()
    found = api.magic_link_verify(VerifyMagicLink(token=mail.token), return_headers=True)
    assert found.value.user.email == ADA
    assert found.value.token in found.cookies[0]
    with pytest.raises(Redirect) as raised:
        api.magic_link_verify(VerifyMagicLink(token=mail.token, error_callback_url="/err"))
    assert raised.value.location == f"{ORIGIN}/err?error=INVALID_TOKEN"


@pytest.mark.parametrize("value", [0, -1, timedelta(0), float("nan")])
def test_a_life_of_nothing_is_a_configuration_error(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"MagicLink\.expires_in"):
        MagicLink(send_magic_link=print, expires_in=value)


def test_an_unknown_form_of_storage_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="'encrypted' is no known form"):
        MagicLink(send_magic_link=print, store_token="encrypted")  # type: ignore[arg-type]


def test_more_attempts_have_no_effect_and_that_is_said(
    make_server: MakeLinkServer, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_server(allowed_attempts=3)
    assert "allowed_attempts has no effect" in caplog.text
    mail = server.mail()
    locations = [server.click(mail).header("location") for _ in range(2)]
    assert locations == [f"{ORIGIN}/", USED]
    with pytest.raises(ConfigurationError, match=r"MagicLink\.allowed_attempts"):
        MagicLink(send_magic_link=print, allowed_attempts=0)


def test_neither_path_takes_another_method(server: LinkServer) -> None:
    browser = Browser(server.auth, server.kind)
    assert browser.post(OPEN, {"token": server.mail().token}).status == 404
    assert browser.get(SEND).status == 404
