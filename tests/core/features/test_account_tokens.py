"""Tokens of linked accounts, and their renewal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import httpx2
import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from tests.support.social import REFRESH, TOKEN, World, parameters, sign_in, social_auth
from watchword import AccountOptions, APIError, Auth, OfAccount

PATHS = ("/get-access-token", "/refresh-token")


def signed_in(auth: Auth[Any], kind: str = "blocking", provider: str = "google") -> Browser:
    browser = Browser(auth, kind)
    assert sign_in(browser, provider).status == 302
    return browser


def account_of(browser: Browser) -> str:
    found = browser.get("/list-accounts").json
    return next(one["id"] for one in found if one["providerId"] != "credential")


def rotating(world: World) -> None:
    """Each refresh token is good once, as with many providers."""
    numbers, good = count(1), [REFRESH]

    def answer(request: httpx2.Request) -> httpx2.Response:
        shown = parameters(f"/?{request.content.decode()}")["refresh_token"]
        if shown != good[0]:
            return httpx2.Response(400, json={"error": "invalid_grant"})
        number = next(numbers)
        good[0] = f"refresh-{number}"
        tokens = {"access_token": f"access-{number}", "refresh_token": good[0]}
        return httpx2.Response(200, json={**tokens, "expires_in": 3600})

    world.fails = answer


def test_nobody_is_signed_in(browser: Browser) -> None:
    answers = [browser.post(path, {"accountId": "x"}) for path in PATHS]
    for answer in (*answers, browser.get("/account-info", {"accountId": "x"})):
        assert (answer.status, answer.response.body) == (401, b"")


def test_without_a_provider_there_are_no_tokens(browser: Browser) -> None:
    browser.sign_up()
    (one,) = browser.get("/list-accounts").json
    for path in PATHS:
        assert browser.post(path, {"accountId": "x"}).code == "ACCOUNT_NOT_FOUND"
        assert browser.post(path, {"accountId": one["id"]}).code == "PROVIDER_NOT_SUPPORTED"
    answer = browser.get("/account-info", {"accountId": one["id"]})
    assert (answer.status, answer.code) == (400, "PROVIDER_NOT_CONFIGURED")


@pytest.mark.parametrize("body", [{}, {"providerId": "google"}, {"accountId": "x", "y": 1}])
def test_only_an_id_names_an_account(browser: Browser, body: dict[str, Any]) -> None:
    browser.sign_up()
    for path in PATHS:
        answer = browser.post(path, body)
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_token_that_is_valid_is_handed_out(
    make_auth: MakeAuth, world: World, kind: str, encrypted: bool
) -> None:
    options = AccountOptions(encrypt_oauth_tokens=encrypted)
    browser = signed_in(social_auth(make_auth, world, account=options), kind)
    answer = browser.post("/get-access-token", {"accountId": account_of(browser)})
    assert answer.status == 200
    assert answer.json["accessToken"] == TOKEN
    assert answer.json["scopes"] == ["email", "profile"]
    assert answer.json["accessTokenExpiresAt"] == "2030-01-01T01:00:00.000Z"
    assert answer.json["idToken"].count(".") == 2
    assert len(world.asked) == 1


def test_a_plain_token_is_read_after_encryption_was_switched_on(
    make_auth: MakeAuth, world: World
) -> None:
    browser = signed_in(social_auth(make_auth, world))
    options = AccountOptions(encrypt_oauth_tokens=True)
    browser.auth = social_auth(make_auth, world, account=options)
    answer = browser.post("/get-access-token", {"accountId": account_of(browser)})
    assert answer.json["accessToken"] == TOKEN


def test_a_token_that_ends_is_renewed_first(
    make_auth: MakeAuth, world: World, clock: Clock, kind: str
) -> None:
    browser = signed_in(social_auth(make_auth, world), kind)
    account = account_of(browser)
    rotating(world)
    clock.forward(3594)
    assert browser.post("/get-access-token", {"accountId": account}).json["accessToken"] == TOKEN
    clock.forward(2)
    for _ in range(2):
        answer = browser.post("/get-access-token", {"accountId": account})
        assert answer.json["accessToken"] == "access-1"
    assert len(world.asked) == 2


def test_of_many_who_ask_at_once_one_renews(
    make_auth: MakeAuth, world: World, clock: Clock
) -> None:
    browser = signed_in(social_auth(make_auth, world))
    account = account_of(browser)
    rotating(world)
    clock.forward(3600)

    def ask(_: int) -> str:
        copy = Browser(browser.auth)
        copy.jar = dict(browser.jar)
        return copy.post("/get-access-token", {"accountId": account}).json["accessToken"]

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(ask, range(50))) == {"access-1"}
    assert len(world.asked) == 2


def test_tokens_are_renewed_on_demand(
    make_auth: MakeAuth, world: World, rows: Any, kind: str
) -> None:
    browser = signed_in(social_auth(make_auth, world), kind)
    account = account_of(browser)
    rotating(world)
    answer = browser.post("/refresh-token", {"accountId": account})
    assert (answer.status, list(answer.json)) == (
        200,
        [
            *("accessToken", "refreshToken", "accessTokenExpiresAt", "refreshTokenExpiresAt"),
            *("scope", "idToken", "providerId", "accountId"),
        ],
    )
    assert (answer.json["accessToken"], answer.json["refreshToken"]) == ("access-1", "refresh-1")
    assert (answer.json["scope"], answer.json["accountId"]) == ("email,profile", account)
    assert rows("select accessToken, refreshToken from account") == [("access-1", "refresh-1")]


def test_a_provider_that_refuses_changes_nothing(
    make_auth: MakeAuth, world: World, rows: Any, clock: Clock
) -> None:
    browser = signed_in(social_auth(make_auth, world))
    account = account_of(browser)
    before = rows("select accessToken, refreshToken from account")
    for answer in (httpx2.Response(400), httpx2.Response(200, json={"access_token": ""})):
        world.fails = lambda request, answer=answer: answer
        told = browser.post("/refresh-token", {"accountId": account})
        assert (told.status, told.code) == (400, "FAILED_TO_REFRESH_ACCESS_TOKEN")
    clock.forward(3600)
    told = browser.post("/get-access-token", {"accountId": account})
    assert (told.status, told.code) == (400, "FAILED_TO_GET_ACCESS_TOKEN")
    assert rows("select accessToken, refreshToken from account") == before


def test_without_a_refresh_token_nothing_is_renewed(
    make_auth: MakeAuth, world: World, rows: Any
) -> None:
    browser = signed_in(social_auth(make_auth, world))
    rows("update account set refreshToken = null")
    answer = browser.post("/refresh-token", {"accountId": account_of(browser)})
    assert answer.code == "REFRESH_TOKEN_NOT_FOUND"
    rows("update account set accessToken = null")
    answer = browser.post("/get-access-token", {"accountId": account_of(browser)})
    assert answer.code == "FAILED_TO_GET_ACCESS_TOKEN"
    answer = browser.get("/account-info", {"accountId": account_of(browser)})
    assert answer.code == "ACCESS_TOKEN_NOT_FOUND"


def test_the_provider_is_asked_who_it_is(make_auth: MakeAuth, world: World, kind: str) -> None:
    browser = signed_in(social_auth(make_auth, world), kind, "github")
    account = account_of(browser)
    answer = browser.get("/account-info", {"accountId": account})
    assert answer.status == 200
    assert answer.json["user"] == {
        "name": "Ada",
        "email": "ada@example.com",
        "image": None,
        "emailVerified": True,
    }
    assert answer.json["data"]["login"] == "ada"
    expected = {"id": account, "providerId": "github", "accountId": "7"}
    assert answer.json["account"] == expected
    world.user = {"id": 8}
    answer = browser.get("/account-info", {"accountId": account})
    assert (answer.status, answer.code) == (401, "FAILED_TO_GET_USER_INFO")


def test_s7_only_the_users_own_accounts_are_found(make_auth: MakeAuth, world: World) -> None:
    auth = social_auth(make_auth, world)
    browser = signed_in(auth)
    account, user_id = account_of(browser), browser.session()["user"]["id"]
    eve = Browser(auth)
    eve.sign_up("eve@example.com")
    for path in PATHS:
        answer = eve.post(path, {"accountId": account, "userId": user_id})
        assert (answer.status, answer.code) == (400, "ACCOUNT_NOT_FOUND")
    answer = eve.get("/account-info", {"accountId": account, "userId": user_id})
    assert answer.code == "ACCOUNT_NOT_FOUND"
    assert Browser(auth).post(PATHS[0], {"accountId": account, "userId": user_id}).status == 401


def test_c4_a_session_that_was_revoked_gets_no_token(make_auth: MakeAuth, world: World) -> None:
    browser = signed_in(social_auth(make_auth, world))
    account, jar = account_of(browser), dict(browser.jar)
    browser.post("/sign-out")
    browser.jar = jar
    assert browser.post("/get-access-token", {"accountId": account}).status == 401


def test_the_server_asks_for_a_user(make_auth: MakeAuth, world: World) -> None:
    auth = social_auth(make_auth, world)
    browser = signed_in(auth)
    account, user_id = account_of(browser), browser.session()["user"]["id"]
    ask = auth.blocking.api.get_access_token
    assert ask(OfAccount(account_id=account, user_id=user_id)).access_token == TOKEN
    with pytest.raises(APIError, match="USER_ID_OR_SESSION_REQUIRED"):
        ask(OfAccount(account_id=account))
    with pytest.raises(APIError, match="ACCOUNT_NOT_FOUND"):
        ask(OfAccount(account_id=account, user_id="another"))


def test_a_visitor_does_not_say_whose_account_it_is(make_auth: MakeAuth, world: World) -> None:
    """Applications hand on the headers of a request, and its body."""
    auth = social_auth(make_auth, world)
    browser = signed_in(auth)
    given = OfAccount(account_id=account_of(browser), user_id=browser.session()["user"]["id"])
    ask = auth.blocking.api.get_access_token
    host = {"host": "localhost:3000"}
    for visitor in ({"headers": host}, {"headers": {}}, {"checked": auth.blocking.check(host)}):
        with pytest.raises(APIError) as refused:
            ask(given, **dict[str, Any](visitor))
        assert refused.value.status == 401


def test_tokens_are_not_printed(make_auth: MakeAuth, world: World) -> None:
    auth = social_auth(make_auth, world)
    browser = signed_in(auth)
    given = OfAccount(account_id=account_of(browser), user_id=browser.session()["user"]["id"])
    assert TOKEN not in repr(auth.blocking.api.get_access_token(given))
    assert REFRESH not in repr(auth.blocking.api.refresh_token(given))
