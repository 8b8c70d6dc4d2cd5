"""Listing accounts and giving them up."""

from __future__ import annotations

import contextlib
import threading

import pytest

from tests.core.conftest import MakeAuth
from tests.core.features.conftest import MakeServer, Server, at_once
from tests.support.browser import Browser, Clock
from watchword import AccountOptions, ModelHooks

INSERT = """insert into account
    (id, accountId, providerId, userId, scope, accessToken, createdAt, updatedAt)
    select ?, 'gh-1', 'github', id, 'read, write', 'secret', createdAt, updatedAt
    from user where email = ?"""


def link(server: Server, account: str, email: str = "ada@example.com") -> None:
    server.rows(INSERT, account, email)


@pytest.fixture
def ada(server: Server) -> Browser:
    browser = server.browser()
    browser.sign_up()
    return browser


def test_accounts_are_listed_without_secrets(server: Server, ada: Browser) -> None:
    link(server, "one")
    user_id = ada.session()["user"]["id"]
    answer = ada.get("/list-accounts")
    assert answer.status == 200
    listed = {account["providerId"]: account for account in answer.json}
    assert listed["github"] == {
        "id": "one",
        "accountId": "gh-1",
        "providerId": "github",
        "userId": user_id,
        "scopes": ["read", "write"],
        "createdAt": "2030-01-01T00:00:00.000Z",
        "updatedAt": "2030-01-01T00:00:00.000Z",
    }
    assert listed["credential"]["scopes"] == []
    assert "argon2" not in str(answer.response.body)
    assert "secret" not in str(answer.response.body)


def test_nobody_is_signed_in(server: Server) -> None:
    browser = server.browser()
    assert browser.get("/list-accounts").code == "UNAUTHORIZED"
    assert browser.post("/unlink-account", {"accountId": "x"}).code == "UNAUTHORIZED"


def test_one_of_two_accounts_is_given_up(server: Server, ada: Browser) -> None:
    link(server, "one")
    assert ada.post("/unlink-account", {"accountId": "one"}).json == {"status": True}
    (left,) = ada.get("/list-accounts").json
    assert left["providerId"] == "credential"
    refused = ada.post("/unlink-account", {"accountId": left["id"]})
    assert (refused.status, refused.code) == (400, "FAILED_TO_UNLINK_LAST_ACCOUNT")
    assert ada.get("/list-accounts").json == [left]


def test_s7_other_peoples_accounts_are_left_alone(server: Server, ada: Browser) -> None:
    server.browser().sign_up("bob@example.com")
    link(server, "one")
    link(server, "bobs", "bob@example.com")
    foreign = ada.post("/unlink-account", {"accountId": "bobs"})
    unknown = ada.post("/unlink-account", {"accountId": "nothing"})
    assert (foreign.status, foreign.code) == (400, "ACCOUNT_NOT_FOUND")
    assert foreign.response == unknown.response
    assert server.rows("select count(*) from account") == [(4,)]


def test_an_old_session_gives_nothing_up(server: Server, ada: Browser, clock: Clock) -> None:
    link(server, "one")
    clock.forward(86_400)
    answer = ada.post("/unlink-account", {"accountId": "one"})
    assert (answer.status, answer.code) == (403, "SESSION_NOT_FRESH")


@pytest.mark.parametrize("body", [{}, {"accountId": None}, {"accountId": ["one"]}])
def test_other_input_is_refused(ada: Browser, body: dict[str, object]) -> None:
    assert ada.post("/unlink-account", body).code == "VALIDATION_ERROR"


def test_a8_of_two_accounts_given_up_at_once_one_stays(threaded: MakeServer) -> None:
    both = threading.Barrier(2)

    def meet(account: object, call: object) -> None:
        # Whoever is let in alone waits in vain; two who are let in together go on together.
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.2)

    server = threaded(database_hooks={"account": ModelHooks(delete_before=meet)})
    owner = server.browser()
    owner.sign_up()
    link(server, "one")
    ids = [row[0] for row in server.rows("select id from account")]

    def unlink(number: int) -> int:
        browser = server.browser()
        browser.jar = dict(owner.jar)
        return browser.post("/unlink-account", {"accountId": ids[number]}).status

    assert sorted(at_once(unlink, 2)) == [200, 400]
    assert server.rows("select count(*) from account") == [(1,)]


def test_a8_of_all_accounts_given_up_at_once_one_stays(threaded: MakeServer) -> None:
    server = threaded()
    owner = server.browser()
    owner.sign_up()
    for number in range(49):
        link(server, f"account-{number}")
    ids = [row[0] for row in server.rows("select id from account")]

    def unlink(number: int) -> int:
        browser = server.browser()
        browser.jar = dict(owner.jar)
        return browser.post("/unlink-account", {"accountId": ids[number]}).status

    assert sorted(at_once(unlink)) == [200] * 49 + [400]
    assert server.rows("select count(*) from account") == [(1,)]


def test_the_last_account_can_be_given_up_where_the_application_says_so(
    make_auth: MakeAuth,
) -> None:
    browser = Browser(make_auth(account=AccountOptions(allow_unlinking_all=True)))
    browser.sign_up()
    (only,) = browser.get("/list-accounts").json
    assert browser.post("/unlink-account", {"accountId": only["id"]}).json == {"status": True}
    assert browser.get("/list-accounts").json == []
    assert browser.sign_in().code == "INVALID_EMAIL_OR_PASSWORD"
