"""Passwords of people who are signed in."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from tests.core.features.conftest import MakeServer, Server, at_once
from tests.support.browser import Browser
from watchword import APIError, ModelHooks, SetPassword

OLD, NEW = "password1234", "another-password"


@pytest.fixture
def ada(server: Server) -> Browser:
    browser = server.browser()
    browser.sign_up()
    return browser


def change(browser: Browser, **body: Any) -> Any:
    return browser.post("/change-password", {"newPassword": NEW, "currentPassword": OLD, **body})


def test_the_password_is_changed_and_sessions_stay(server: Server, ada: Browser) -> None:
    other = server.browser()
    other.sign_in()
    answer = change(ada)
    assert answer.status == 200
    assert answer.json == {"token": None, "user": ada.session()["user"]}
    assert other.session() is not None
    assert server.browser().sign_in().code == "INVALID_EMAIL_OR_PASSWORD"
    assert server.browser().sign_in(password=NEW).status == 200


def test_s6_others_are_signed_out_and_this_browser_gets_a_new_token(
    server: Server, ada: Browser
) -> None:
    other = server.browser()
    other.sign_in()
    old = ada.session()["session"]["token"]
    answer = change(ada, revokeOtherSessions=True)
    token = answer.json["token"]
    assert token not in (None, old)
    assert ada.session()["session"]["token"] == token
    assert other.session() is None
    assert server.rows("select count(*) from session") == [(1,)]


def test_a_short_session_stays_short(server: Server) -> None:
    browser = server.browser()
    browser.sign_up(rememberMe=False)
    answer = change(browser, revokeOtherSessions=True)
    assert "Max-Age" not in str(answer.cookie("better-auth.session_token"))
    assert browser.session()["session"]["expiresAt"] == "2030-01-02T00:00:00.000Z"


def test_a_vetoed_session_changes_nothing(make_server: MakeServer) -> None:
    made: list[object] = []

    def only_one(values: object, call: object) -> Literal[False] | None:
        made.append(values)
        return None if len(made) == 1 else False

    server = make_server(database_hooks={"session": ModelHooks(create_before=only_one)})
    browser = server.browser()
    browser.sign_up()
    answer = change(browser, revokeOtherSessions=True)
    assert (answer.status, answer.code) == (500, "FAILED_TO_GET_SESSION")
    assert browser.session() is not None
    assert browser.post("/verify-password", {"password": OLD}).status == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"newPassword": "short"}, "PASSWORD_TOO_SHORT"),
        ({"newPassword": "x" * 129}, "PASSWORD_TOO_LONG"),
        ({"newPassword": "password\x001"}, "INVALID_PASSWORD"),
        ({"currentPassword": "x" * 129}, "PASSWORD_TOO_LONG"),
        ({"currentPassword": "wrong-password"}, "INVALID_PASSWORD"),
        ({"currentPassword": OLD + "\n"}, "INVALID_PASSWORD"),
        ({"currentPassword": OLD.upper()}, "INVALID_PASSWORD"),
        ({"currentPassword": ""}, "INVALID_PASSWORD"),
        ({"currentPassword": None}, "VALIDATION_ERROR"),
        ({"currentPassword": [OLD]}, "VALIDATION_ERROR"),
        ({"currentPassword": {"password": OLD}}, "VALIDATION_ERROR"),
        ({"currentPassword": True}, "VALIDATION_ERROR"),
        ({"revokeOtherSessions": "true"}, "VALIDATION_ERROR"),
    ],
)
def test_w6_refusals(ada: Browser, body: dict[str, Any], code: str) -> None:
    answer = change(ada, **body)
    assert (answer.status, answer.code) == (400, code)
    assert ada.post("/verify-password", {"password": OLD}).json == {"status": True}


@pytest.mark.parametrize(
    "password", ["wrong-password", OLD + "\n", OLD.upper(), "", None, [OLD], {"a": OLD}, True, 0]
)
def test_w6_only_the_password_itself_verifies(ada: Browser, password: Any) -> None:
    answer = ada.post("/verify-password", {"password": password})
    assert answer.status == 400
    assert answer.code == ("INVALID_PASSWORD" if type(password) is str else "VALIDATION_ERROR")


def test_too_long_a_password_is_not_verified(ada: Browser) -> None:
    assert ada.post("/verify-password", {"password": "x" * 129}).code == "PASSWORD_TOO_LONG"


def test_without_a_password_there_is_nothing_to_change_or_verify(
    server: Server, ada: Browser
) -> None:
    server.rows("update account set password = null")
    assert change(ada).code == "CREDENTIAL_ACCOUNT_NOT_FOUND"
    assert ada.post("/verify-password", {"password": OLD}).code == "INVALID_PASSWORD"
    server.rows("delete from account")
    assert change(ada).code == "CREDENTIAL_ACCOUNT_NOT_FOUND"
    assert ada.post("/verify-password", {"password": OLD}).code == "INVALID_PASSWORD"


@pytest.mark.parametrize("path", ["/change-password", "/verify-password"])
def test_nobody_is_signed_in(server: Server, path: str) -> None:
    body = {"newPassword": NEW, "currentPassword": OLD, "password": OLD}
    answer = server.browser().post(path, body)
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")


def test_setting_a_password_is_not_offered_over_http(ada: Browser) -> None:
    assert ada.post("/set-password", {"newPassword": NEW}).status == 404


@pytest.fixture
def cookie(ada: Browser) -> dict[str, str]:
    return {"cookie": "; ".join(f"{name}={value}" for name, value in ada.jar.items())}


@pytest.mark.parametrize("before", ["delete from account", "update account set password = null"])
def test_the_application_sets_a_first_password_once(
    server: Server, cookie: dict[str, str], before: str
) -> None:
    server.rows(before)
    api = server.auth.blocking.api
    with pytest.raises(APIError, match="PASSWORD_TOO_SHORT"):
        api.set_password(SetPassword(new_password="short"), headers=cookie)
    assert api.set_password(SetPassword(new_password=NEW), headers=cookie).status is True
    assert server.browser().sign_in(password=NEW).status == 200
    with pytest.raises(APIError, match="PASSWORD_ALREADY_SET"):
        api.set_password(SetPassword(new_password=OLD), headers=cookie)


def test_setting_a_password_needs_a_session(server: Server) -> None:
    with pytest.raises(APIError, match="UNAUTHORIZED"):
        server.auth.blocking.api.set_password(SetPassword(new_password=NEW))


def test_of_fifty_changes_at_once_one_wins(threaded: MakeServer) -> None:
    server = threaded()
    server.browser().sign_up()
    browsers = [server.browser() for _ in range(50)]
    for browser in browsers:
        browser.sign_in()
    answers = at_once(lambda n: change(browsers[n], newPassword=f"password-number-{n}"))
    statuses = [answer.status for answer in answers]
    assert sorted(statuses) == [200] + [400] * 49
    assert {a.code for a in answers} == {None, "INVALID_PASSWORD"}
    winner = statuses.index(200)
    assert server.browser().sign_in(password=f"password-number-{winner}").status == 200


def test_fifty_first_passwords_at_once_make_one(threaded: MakeServer) -> None:
    server = threaded()
    browser = server.browser()
    browser.sign_up()
    server.rows("delete from account")
    cookie = "; ".join(f"{name}={value}" for name, value in browser.jar.items())

    def set_one(number: int) -> str | None:
        given = SetPassword(new_password=f"password-number-{number}")
        try:
            server.auth.blocking.api.set_password(given, headers={"cookie": cookie})
        except APIError as error:
            return error.code
        return None

    answers = at_once(set_one)
    assert answers.count(None) == 1
    assert answers.count("PASSWORD_ALREADY_SET") == 49
    assert server.rows("select count(*) from account") == [(1,)]
