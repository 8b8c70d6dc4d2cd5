"""Resetting a password by mail."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.features.conftest import MakeServer, Server, at_once
from tests.support.browser import Answer, Browser, Clock
from watchword import Request, User, VerificationOptions

ASK = {"email": "ada@example.com"}
NEW = "another-password"


def asked(server: Server) -> str:
    """A token that was mailed to Ada."""
    server.browser().post("/request-password-reset", ASK)
    return server.mails().last.token


def reset(server: Server, token: Any, password: Any = NEW) -> Answer:
    return server.browser().post("/reset-password", {"newPassword": password, "token": token})


@pytest.fixture
def ada(server: Server) -> Browser:
    browser = server.browser()
    browser.sign_up()
    return browser


def test_the_mailed_token_sets_a_new_password(server: Server, ada: Browser) -> None:
    body = {"email": "ADA@example.com", "redirectTo": "/reset?a=1"}
    answer = server.browser().post("/request-password-reset", body)
    assert answer.json == {
        "status": True,
        "message": "If this email exists in our system, check your email for the reset link",
    }
    mail = server.mails().last
    assert mail.user.email == "ada@example.com"
    assert len(mail.token) == 24
    assert mail.url == (
        f"http://localhost:3000/api/auth/reset-password/{mail.token}?callbackURL=%2Freset%3Fa%3D1"
    )
    done = reset(server, mail.token)
    assert done.json == {"status": True}
    assert done.cookies == ()
    assert server.browser().sign_in().code == "INVALID_EMAIL_OR_PASSWORD"
    assert server.browser().sign_in(password=NEW).status == 200


@pytest.mark.parametrize(
    ("callback", "location"),
    [
        ("/reset?a=1#f", "http://localhost:3000/reset?a=1&token={}#f"),
        ("/reset?token=old", "http://localhost:3000/reset?token={}"),
        ("/reset?token=a&b=c d&token=e", "http://localhost:3000/reset?token={}&b=c+d"),
        ("/réset?a=é", "http://localhost:3000/r%C3%A9set?a=%C3%A9&token={}"),
        ("http://localhost:3000", "http://localhost:3000/?token={}"),
    ],
)
def test_the_link_leads_to_the_page_with_the_token(
    server: Server, ada: Browser, callback: str, location: str
) -> None:
    token = asked(server)
    answer = server.browser().get(f"/reset-password/{token}", {"callbackURL": callback})
    assert (answer.status, answer.header("location")) == (302, location.format(token))
    assert reset(server, token).status == 200


def test_the_link_says_when_it_is_over(server: Server, ada: Browser, clock: Clock) -> None:
    token = asked(server)
    clock.forward(3600)
    answer = server.browser().get(f"/reset-password/{token}", {"callbackURL": "/reset"})
    assert answer.header("location") == "http://localhost:3000/reset?error=INVALID_TOKEN"


ERROR_PAGE = "http://localhost:3000/api/auth/error?error="


def test_a_link_without_a_page_says_what_is_missing(
    server: Server, ada: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    asking = server.browser().post("/request-password-reset", {"email": "ada@example.com"})
    assert asking.status == 200
    assert "reset_page" in caplog.text
    mail = server.mails().last
    assert mail.token not in caplog.text
    for token, error in ((mail.token, "RESET_PAGE_MISSING"), ("no-token", "INVALID_TOKEN")):
        answer = server.browser().get(f"/reset-password/{token}", {"callbackURL": ""})
        assert answer.header("location") == ERROR_PAGE + error
    assert server.browser().get(f"/reset-password/{mail.token}").code == "VALIDATION_ERROR"
    assert reset(server, mail.token).status == 200


def test_a_page_of_the_options_takes_links_that_name_none(make_server: MakeServer) -> None:
    server = make_server(reset={"reset_page": "/new-password"})
    browser = server.browser()
    browser.sign_up()
    server.browser().post("/request-password-reset", {"email": "ada@example.com"})
    mail = server.mails().last
    assert mail.url.endswith("?callbackURL=%2Fnew-password")
    place = server.browser().get(f"/reset-password/{mail.token}", {"callbackURL": "/new-password"})
    assert place.header("location") == f"http://localhost:3000/new-password?token={mail.token}"


@pytest.mark.parametrize("url", ["https://evil.example/x", "//evil.example", "/..//evil.example"])
def test_r7_the_token_goes_to_trusted_pages_only(server: Server, ada: Browser, url: str) -> None:
    token = asked(server)
    answer = server.browser().get(f"/reset-password/{token}", {"callbackURL": url})
    assert (answer.status, answer.code) == (403, "INVALID_CALLBACK_URL")
    asking = server.browser().post("/request-password-reset", {**ASK, "redirectTo": url})
    assert (asking.status, asking.code) == (403, "INVALID_REDIRECT_URL")


def test_e1_known_and_unknown_addresses_get_the_same_answer(server: Server, ada: Browser) -> None:
    known = server.browser().post("/request-password-reset", ASK)
    unknown = server.browser().post("/request-password-reset", {"email": "bob@example.com"})
    assert known.response == unknown.response
    assert server.mails().kinds == ["reset"]


def test_m9_the_answer_does_not_hold_the_token(server: Server, ada: Browser) -> None:
    answer = server.browser().post("/request-password-reset", ASK)
    assert server.mails().last.token not in str(answer.response)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "PASSWORD_TOO_SHORT"),
        ("x" * 129, "PASSWORD_TOO_LONG"),
        ("password\x001", "INVALID_PASSWORD"),
        (None, "VALIDATION_ERROR"),
    ],
)
def test_m3_a_refused_password_does_not_burn_the_token(
    server: Server, ada: Browser, password: str | None, code: str
) -> None:
    token = asked(server)
    answer = reset(server, token, password)
    assert (answer.status, answer.code) == (400, code)
    assert reset(server, token).status == 200


def test_m1_a_token_serves_once_and_as_it_is(server: Server, ada: Browser) -> None:
    token = asked(server)
    user_id = ada.session()["user"]["id"]
    session = ada.session()["session"]["token"]
    others = [token.swapcase(), token[:-1], token + "x", "*", "%", "_" * 24, user_id, session, ""]
    for other in others:
        answer = reset(server, other)
        assert (answer.status, answer.code) == (400, "INVALID_TOKEN")
    for other in ([token], None, {"token": token}):
        assert reset(server, other).code == "VALIDATION_ERROR"
    assert reset(server, token).status == 200
    assert reset(server, token).code == "INVALID_TOKEN"


def test_m1_a_deletion_token_resets_nothing(make_server: MakeServer) -> None:
    outbox: list[str] = []
    server = make_server(
        delete={"send_delete_account_verification": lambda mail, _: outbox.append(mail.token)}
    )
    browser = server.browser()
    browser.sign_up()
    browser.post("/delete-user", {})
    server.mails()
    for token in (outbox[0], f"delete-account-{outbox[0]}"):
        assert reset(server, token).code == "INVALID_TOKEN"


def test_the_token_may_stand_in_the_query(server: Server, ada: Browser) -> None:
    token = asked(server)
    browser = server.browser()
    headers = {"content-type": "application/json"}
    data = b'{"newPassword": "another-password"}'
    twice = browser.send(
        "POST", "/reset-password", query={"token": [token, token]}, data=data, headers=headers
    )
    assert twice.code == "INVALID_TOKEN"
    answer = browser.send(
        "POST", "/reset-password", query={"token": token}, data=data, headers=headers
    )
    assert answer.status == 200


def test_an_expired_token_is_refused(server: Server, ada: Browser, clock: Clock) -> None:
    token = asked(server)
    clock.forward(3600)
    assert reset(server, token).code == "INVALID_TOKEN"


def test_older_tokens_stay_good_until_one_is_used(server: Server, ada: Browser) -> None:
    first = asked(server)
    second = asked(server)
    third = asked(server)
    assert reset(server, first).status == 200
    assert reset(server, second).code == "INVALID_TOKEN"
    assert reset(server, third).code == "INVALID_TOKEN"


def test_m4_changing_the_password_voids_reset_tokens_but_only_ones_own(
    server: Server, ada: Browser
) -> None:
    bob = server.browser()
    bob.sign_up("bob@example.com")
    bob.post("/request-password-reset", {"email": "bob@example.com"})
    foreign = server.mails().last.token
    token = asked(server)
    body = {"newPassword": NEW, "currentPassword": "password1234"}
    assert ada.post("/change-password", body).status == 200
    assert reset(server, token).code == "INVALID_TOKEN"
    assert reset(server, foreign).status == 200


@pytest.mark.parametrize("form", ["plain", "hashed"])
def test_m4_holds_however_identifiers_are_stored(make_server: MakeServer, form: Any) -> None:
    server = make_server(verification_rows=VerificationOptions(store_identifier=form))
    server.browser().sign_up()
    first, second = asked(server), asked(server)
    stored = [row[0] for row in server.rows("select identifier from verification")]
    assert (f"reset-password:{first}" in stored) is (form == "plain")
    assert reset(server, first).status == 200
    assert reset(server, second).code == "INVALID_TOKEN"


def test_m7_a_reset_ends_the_sessions_of_a_never_verified_address(
    server: Server, ada: Browser
) -> None:
    assert reset(server, asked(server)).status == 200
    assert ada.session() is None


@pytest.mark.parametrize("revoke", [False, True])
def test_s6_a_reset_ends_sessions_as_configured(make_server: MakeServer, revoke: bool) -> None:
    server = make_server(reset={"revoke_sessions": revoke})
    browser = server.browser()
    browser.sign_up()
    server.rows("update user set emailVerified = 1")
    reset(server, asked(server))
    assert (browser.session() is None) is revoke


def test_the_application_is_told_of_a_reset(make_server: MakeServer) -> None:
    told: list[str] = []

    async def note(user: User, request: Request | None) -> None:
        told.append(user.email)

    server = make_server(reset={"on_password_reset": note})
    server.browser().sign_up()
    token = asked(server)
    reset(server, token)
    reset(server, token)
    assert told == ["ada@example.com"]


def test_a_user_without_a_password_gets_one(server: Server, ada: Browser) -> None:
    server.rows("delete from account")
    assert reset(server, asked(server)).status == 200
    assert server.browser().sign_in(password=NEW).status == 200


def test_a_user_who_is_gone_cannot_reset(server: Server, ada: Browser) -> None:
    token = asked(server)
    server.rows("delete from session")
    server.rows("delete from account")
    server.rows("delete from user")
    answer = reset(server, token)
    assert (answer.status, answer.code) == (400, "USER_NOT_FOUND")


def test_without_a_mailer_it_is_switched_off(make_server: MakeServer) -> None:
    server = make_server(reset={"send_reset_password": None})
    answer = server.browser().post("/request-password-reset", ASK)
    assert (answer.status, answer.code) == (400, "RESET_PASSWORD_DISABLED")


def test_fifty_resets_with_one_token_set_one_password(threaded: MakeServer) -> None:
    server = threaded()
    server.browser().sign_up()
    token = asked(server)
    statuses = at_once(lambda n: reset(server, token, f"password-number-{n}").status)
    assert sorted(statuses) == [200] + [400] * 49
    winner = statuses.index(200)
    signed_in = server.browser().sign_in(password=f"password-number-{winner}")
    assert signed_in.status == 200
    assert server.rows("select count(*) from account") == [(1,)]
    left = "select count(*) from verification where identifier like 'reset-password:%'"
    assert server.rows(left) == [(0,)]
