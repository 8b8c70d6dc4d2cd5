"""Updating and deleting one's own user."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from tests.core.features.conftest import MakeServer, Server, at_once, follow
from tests.support.browser import Browser, Clock
from watchword import APIError, Column, ModelHooks, Request, User

DAY = 86_400
DELETED = {"success": True, "message": "User deleted"}


class Member(User, kw_only=True):
    lang: str = "en"
    role: Annotated[str, Column(input=False)] = "user"


def counts(server: Server) -> list[int]:
    return [
        server.rows(f"select count(*) from {table}")[0][0]
        for table in ("user", "session", "account")
    ]


@pytest.fixture
def ada(server: Server) -> Browser:
    browser = server.browser()
    browser.sign_up()
    return browser


def test_name_and_image_are_updated_and_the_cookie_set_anew(ada: Browser) -> None:
    answer = ada.post("/update-user", {"name": "Ada L.", "image": "https://example.com/a.png"})
    assert answer.json == {"status": True}
    assert answer.cookie("better-auth.session_token") is not None
    user = ada.session()["user"]
    assert (user["name"], user["image"]) == ("Ada L.", "https://example.com/a.png")
    ada.post("/update-user", {"image": None})
    user = ada.session()["user"]
    assert (user["name"], user["image"]) == ("Ada L.", None)


def test_additional_fields_are_updated_if_clients_may_set_them(make_server: MakeServer) -> None:
    browser = make_server(user_type=Member).browser()
    browser.sign_up()
    assert browser.post("/update-user", {"lang": "de"}).status == 200
    refused = browser.post("/update-user", {"lang": "fr", "role": "admin"})
    assert (refused.status, refused.code) == (400, "FIELD_NOT_ALLOWED")
    user = browser.session()["user"]
    assert (user["lang"], user["role"]) == ("de", "user")


@pytest.mark.parametrize(
    "field", ["id", "emailVerified", "createdAt", "updatedAt", "role", "token", "userId", "email"]
)
def test_s11_other_fields_are_not_set(ada: Browser, field: str) -> None:
    before = ada.session()["user"]
    answer = ada.post("/update-user", {field: "evil"})
    assert answer.status == 400
    ada.post("/update-user", {field: "evil", "name": "Ada"})
    after = ada.session()["user"]
    assert {**after, "updatedAt": None} == {**before, "updatedAt": None}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"email": "new@example.com"}, "EMAIL_CAN_NOT_BE_UPDATED"),
        ({"email": ["x"], "name": "Eve"}, "EMAIL_CAN_NOT_BE_UPDATED"),
        ({}, None),
        ({"email": ""}, None),
        ({"nothing": 1}, None),
        ({"name": 5}, "VALIDATION_ERROR"),
        ({"name": None}, "VALIDATION_ERROR"),
        ({"image": {"a": 1}}, "VALIDATION_ERROR"),
        ([], "VALIDATION_ERROR"),
    ],
)
def test_updates_that_are_refused(ada: Browser, body: Any, code: str | None) -> None:
    answer = ada.post("/update-user", body)
    assert (answer.status, answer.code) == (400, code)
    assert ada.session()["user"]["name"] == "Ada"


def test_a_vetoed_update_says_nothing(make_server: MakeServer) -> None:
    hooks = {"user": ModelHooks(update_before=lambda values, call: False)}
    browser = make_server(database_hooks=hooks).browser()
    browser.sign_up()
    assert browser.post("/update-user", {"name": "Eve"}).json == {"status": True}
    assert browser.session()["user"]["name"] == "Ada"


def test_a_fresh_session_may_delete_its_user(server: Server, ada: Browser) -> None:
    bob = server.browser()
    bob.sign_up("bob@example.com")
    answer = ada.post("/delete-user", {})
    assert answer.json == DELETED
    assert "Max-Age=0" in str(answer.cookie("better-auth.session_token"))
    assert counts(server) == [1, 1, 1]
    assert bob.session() is not None


def test_s9_an_old_session_needs_the_password(server: Server, ada: Browser, clock: Clock) -> None:
    clock.forward(DAY)
    refused = ada.post("/delete-user", {})
    assert (refused.status, refused.code) == (400, "SESSION_EXPIRED")
    assert counts(server) == [1, 1, 1]
    assert ada.post("/delete-user", {"password": "password1234"}).json == DELETED
    assert counts(server) == [0, 0, 0]


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("wrong-password", "INVALID_PASSWORD"),
        ("password1234\n", "INVALID_PASSWORD"),
        ("x" * 129, "PASSWORD_TOO_LONG"),
        (None, "VALIDATION_ERROR"),
        (["password1234"], "VALIDATION_ERROR"),
        (True, "VALIDATION_ERROR"),
    ],
)
def test_w6_a_wrong_password_deletes_nothing(
    server: Server, ada: Browser, password: Any, code: str
) -> None:
    answer = ada.post("/delete-user", {"password": password})
    assert (answer.status, answer.code) == (400, code)
    assert counts(server) == [1, 1, 1]


def test_a_password_where_there_is_none_is_refused(server: Server, ada: Browser) -> None:
    server.rows("delete from account")
    answer = ada.post("/delete-user", {"password": "password1234"})
    assert (answer.status, answer.code) == (400, "CREDENTIAL_ACCOUNT_NOT_FOUND")


def test_switched_off_it_is_not_there(make_server: MakeServer) -> None:
    browser = make_server(delete={"enabled": False}).browser()
    browser.sign_up()
    answer = browser.post("/delete-user", {})
    assert (answer.status, answer.response.body) == (404, b"")
    callback = browser.get("/delete-user/callback", {"token": "x"})
    assert (callback.status, callback.code) == (404, "NOT_FOUND")


def mailing(make_server: MakeServer, **options: Any) -> tuple[Server, list[Any]]:
    mails: list[Any] = []

    def send(mail: object, request: Request | None) -> None:
        mails.append(mail)

    delete = {"send_delete_account_verification": send, **options}
    return make_server(delete=delete), mails


def test_a_mailed_link_deletes(make_server: MakeServer) -> None:
    server, mails = mailing(make_server)
    browser = server.browser()
    browser.sign_up()
    asking = browser.post("/delete-user", {"password": "password1234", "callbackURL": "/bye"})
    assert asking.json == {"success": True, "message": "Verification email sent"}
    server.mails()
    (mail,) = mails
    assert (len(mail.token), mail.user.email) == (32, "ada@example.com")
    assert mail.token not in str(asking.response)
    assert mail.url == (
        f"http://localhost:3000/api/auth/delete-user/callback?token={mail.token}&callbackURL=%2Fbye"
    )
    assert counts(server) == [1, 1, 1]
    answer = follow(browser, mail.url)
    assert (answer.status, answer.header("location")) == (302, "/bye")
    assert counts(server) == [0, 0, 0]
    kept = server.rows("select identifier from verification")
    assert all(row[0].startswith("credential-generation:") for row in kept)


@pytest.mark.parametrize("way", ["body", "callback"])
def test_the_token_itself_deletes(make_server: MakeServer, way: str) -> None:
    server, mails = mailing(make_server)
    browser = server.browser()
    browser.sign_up()
    browser.post("/delete-user", {})
    server.mails()
    token = mails[0].token
    if way == "body":
        answer = browser.post("/delete-user", {"token": token})
    else:
        answer = browser.get("/delete-user/callback", {"token": token})
    assert answer.json == DELETED
    assert counts(server) == [0, 0, 0]


def test_m10_a_link_works_for_its_own_user_only(make_server: MakeServer) -> None:
    server, mails = mailing(make_server)
    ada, eve = server.browser(), server.browser()
    ada.sign_up()
    eve.sign_up("eve@example.com")
    for _ in range(3):
        ada.post("/delete-user", {})
    server.mails()
    stranger = follow(server.browser(), mails[0].url)
    assert (stranger.status, stranger.code) == (404, "FAILED_TO_GET_USER_INFO")
    foreign = follow(eve, mails[0].url)
    assert (foreign.status, foreign.code) == (404, "INVALID_TOKEN")
    assert eve.post("/delete-user", {"token": mails[1].token}).code == "INVALID_TOKEN"
    assert counts(server) == [2, 2, 2]
    assert follow(ada, mails[2].url).status == 302
    assert counts(server) == [1, 1, 1]


def test_m1_other_tokens_do_not_delete(make_server: MakeServer, clock: Clock) -> None:
    server, mails = mailing(make_server)
    ada = server.browser()
    signed_up = ada.sign_up().json
    ada.post("/request-password-reset", {"email": "ada@example.com"})
    reset = server.mails().last.token
    for token in (reset, f"reset-password:{reset}", signed_up["user"]["id"], "*", "%", "x"):
        assert ada.get("/delete-user/callback", {"token": token}).code == "INVALID_TOKEN"
        assert ada.post("/delete-user", {"token": token}).code == "INVALID_TOKEN"
    ada.post("/delete-user", {})
    server.mails()
    clock.forward(DAY)
    assert follow(ada, mails[0].url).code == "INVALID_TOKEN"
    assert counts(server) == [1, 1, 1]


def test_the_hook_before_may_refuse(make_server: MakeServer) -> None:
    def refuse(user: User, request: Request | None) -> None:
        raise APIError(409, "OWES_MONEY", "There are open invoices")

    server = make_server(delete={"before_delete": refuse})
    browser = server.browser()
    browser.sign_up()
    answer = browser.post("/delete-user", {})
    assert (answer.status, answer.code) == (409, "OWES_MONEY")
    assert counts(server) == [1, 1, 1]


def test_a_vetoed_deletion_leaves_the_user_without_sessions(make_server: MakeServer) -> None:
    gone: list[str] = []
    hooks = {"user": ModelHooks(delete_before=lambda user, call: False)}
    server = make_server(
        database_hooks=hooks, delete={"after_delete": lambda user, _: gone.append(user.id)}
    )
    browser = server.browser()
    browser.sign_up()
    assert browser.post("/delete-user", {}).json == DELETED
    assert counts(server) == [1, 0, 0]
    assert gone == []


def test_fifty_deletions_at_once_tell_the_application_once(threaded: MakeServer) -> None:
    gone: list[str] = []

    async def note(user: User, request: Request | None) -> None:
        gone.append(user.email)

    server = threaded(delete={"after_delete": note})
    server.browser().sign_up()
    browsers = [server.browser() for _ in range(50)]
    for browser in browsers:
        browser.sign_in()

    def work(number: int) -> int:
        if number % 5 == 0:
            return server.browser().sign_in().status
        return browsers[number].post("/delete-user", {}).status

    assert set(at_once(work)) <= {200, 401}
    assert gone == ["ada@example.com"]
    assert counts(server) == [0, 0, 0]


def test_fifty_uses_of_one_deletion_token(threaded: MakeServer) -> None:
    server, mails = mailing(threaded)
    browser = server.browser()
    browser.sign_up()
    browser.post("/delete-user", {})
    server.mails()
    answers = at_once(lambda _: follow_with(server, browser, mails[0].token))
    assert answers.count(200) == 1
    assert set(answers) <= {200, 401, 404}


def follow_with(server: Server, owner: Browser, token: str) -> int:
    """Use a token in the owner's session, from a browser of its own."""
    browser = server.browser()
    browser.jar = dict(owner.jar)
    return browser.get("/delete-user/callback", {"token": token}).status
