"""The account cookie: where tokens are without a database, and what it may say beside one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.core.features.test_account_tokens import account_of, rotating, signed_in
from tests.support.browser import Browser, Clock
from tests.support.social import TOKEN, World, begin, come_back, sign_in, social_auth
from watchword import (
    AccountOptions,
    Auth,
    CookieCache,
    EmailAndPassword,
    OfAccount,
    SessionOptions,
    VersionedSecret,
)

COOKIE = "better-auth.account_data"
BODY = {"useAccountCookie": True}
ON = AccountOptions(store_account_cookie=True)
OFF = AccountOptions(store_account_cookie=False)
NO_PASSWORDS = EmailAndPassword()


def without_database(make_auth: MakeAuth, world: World, **options: Any) -> Auth[Any]:
    given = {"database": None, "email_and_password": NO_PASSWORDS, **options}
    return social_auth(make_auth, world, **given)


def test_it_is_there_without_a_database_and_where_it_is_wanted(
    make_auth: MakeAuth, world: World, kind: str
) -> None:
    for auth, there in (
        (without_database(make_auth, world), True),
        (without_database(make_auth, world, account=OFF), False),
        (social_auth(make_auth, world), False),
        (social_auth(make_auth, world, account=ON), True),
    ):
        browser = signed_in(auth, kind)
        assert (COOKIE in browser.jar) == there
        answer = browser.post("/get-access-token", BODY)
        assert answer.code == (None if there else "ACCOUNT_NOT_FOUND")
        assert not there or answer.json["accessToken"] == TOKEN


def test_another_process_without_a_database_knows_the_tokens(
    make_auth: MakeAuth, world: World, clock: Clock
) -> None:
    browser = signed_in(without_database(make_auth, world))
    browser.auth = without_database(make_auth, world)
    rotating(world)
    clock.forward(3600)
    for _ in range(2):
        answer = browser.post("/get-access-token", BODY)
        assert answer.json["accessToken"] == "access-1"
    answer = browser.post("/refresh-token", BODY)
    assert (answer.json["accessToken"], answer.json["refreshToken"]) == ("access-2", "refresh-2")
    assert browser.post("/get-access-token", BODY).json["accessToken"] == "access-2"


def test_beside_a_database_the_row_has_the_last_word(
    make_auth: MakeAuth, world: World, rows: Any
) -> None:
    browser = signed_in(social_auth(make_auth, world, account=ON))
    old = dict(browser.jar)
    rotating(world)
    assert browser.post("/refresh-token", {"accountId": account_of(browser)}).status == 200
    assert browser.jar == old, "another way of asking leaves the cookie alone"
    assert browser.post("/get-access-token", BODY).json["accessToken"] == "access-1"
    rows("delete from account")
    assert browser.post("/get-access-token", BODY).code == "ACCOUNT_NOT_FOUND"


def test_somebody_elses_cookie_says_nothing(make_auth: MakeAuth, world: World) -> None:
    for auth in (
        social_auth(make_auth, world, account=ON),
        without_database(make_auth, world),
    ):
        ada = signed_in(auth)
        world.claims |= {"sub": "g-2", "email": "bob@example.com"}
        bob = signed_in(auth)
        bob.jar[COOKIE] = ada.jar[COOKIE]
        for path in ("/get-access-token", "/refresh-token"):
            assert bob.post(path, BODY).code == "ACCOUNT_NOT_FOUND"
        world.claims |= {"sub": "g-1", "email": "ada@example.com"}


@pytest.mark.parametrize("value", ["", "x", "a.b.c.d.e", "e30.e30.e30.e30.e30", "ä" * 40])
def test_what_is_no_cookie_of_ours_is_none(make_auth: MakeAuth, world: World, value: str) -> None:
    browser = signed_in(without_database(make_auth, world))
    browser.jar[COOKIE] = value
    answer = browser.post("/get-access-token", BODY)
    assert (answer.status, answer.code) == (400, "ACCOUNT_NOT_FOUND")


def test_the_session_cookie_is_no_account_cookie(make_auth: MakeAuth, world: World) -> None:
    browser = signed_in(without_database(make_auth, world))
    browser.jar[COOKIE] = browser.jar["better-auth.session_data"]
    assert browser.post("/get-access-token", BODY).code == "ACCOUNT_NOT_FOUND"


def test_it_ends_by_itself(make_auth: MakeAuth, world: World, clock: Clock) -> None:
    browser = signed_in(social_auth(make_auth, world, account=ON))
    clock.forward(299)
    assert browser.post("/get-access-token", BODY).status == 200
    clock.forward(2)
    assert browser.post("/get-access-token", BODY).code == "ACCOUNT_NOT_FOUND"


def test_it_lives_on_with_the_session_cache(
    make_auth: MakeAuth, world: World, clock: Clock
) -> None:
    cached = SessionOptions(cookie_cache=CookieCache(enabled=True, max_age=600))
    browser = signed_in(social_auth(make_auth, world, account=ON, session=cached))
    clock.forward(550)
    browser.get("/get-session", {"disableCookieCache": "1"})
    clock.forward(550)
    assert browser.post("/get-access-token", BODY).status == 200


def test_it_goes_with_the_session(make_auth: MakeAuth, world: World) -> None:
    for auth in (social_auth(make_auth, world, account=ON), without_database(make_auth, world)):
        browser = signed_in(auth)
        browser.post("/sign-out", {})
        assert not browser.jar


def test_a_long_one_comes_in_pieces_and_goes_whole(make_auth: MakeAuth, world: World) -> None:
    world.claims["groups"] = "g" * 2800
    browser = signed_in(without_database(make_auth, world))
    pieces = [name for name in browser.jar if name.startswith(f"{COOKIE}.")]
    assert len(pieces) > 1
    assert browser.post("/get-access-token", BODY).json["accessToken"] == TOKEN
    world.claims.pop("groups")
    assert sign_in(browser).status == 302
    assert COOKIE in browser.jar
    assert not [name for name in browser.jar if name.startswith(f"{COOKIE}.")]
    world.claims["groups"] = "g" * 2800
    sign_in(browser)
    browser.post("/sign-out", {})
    assert not browser.jar


def test_an_exchanged_secret_vouches_for_no_cookie(make_auth: MakeAuth, world: World) -> None:
    first, second = "first secret " * 4, "second secret " * 4
    old = without_database(make_auth, world, secret=None, secrets=[VersionedSecret(1, first)])
    browser = signed_in(old)
    cookie = browser.jar[COOKIE]
    both = [VersionedSecret(2, second), VersionedSecret(1, first)]
    new = without_database(make_auth, world, secret=None, secrets=both)
    other = signed_in(new)
    other.jar[COOKIE] = cookie
    assert other.post("/get-access-token", BODY).code == "ACCOUNT_NOT_FOUND"


@pytest.mark.parametrize(
    "body",
    [
        {"useAccountCookie": False},
        {"useAccountCookie": "true"},
        {"useAccountCookie": None},
        {"useAccountCookie": True, "accountId": "x"},
        {"useAccountCookie": False, "accountId": "x"},
    ],
)
def test_an_account_is_named_in_one_way(
    make_auth: MakeAuth, world: World, body: dict[str, Any]
) -> None:
    browser = signed_in(social_auth(make_auth, world, account=ON))
    for path in ("/get-access-token", "/refresh-token"):
        answer = browser.post(path, body)
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


def test_a_query_cannot_ask_for_the_cookie(make_auth: MakeAuth, world: World) -> None:
    auth = social_auth(make_auth, world, account=ON)
    browser = signed_in(auth)
    answer = browser.get("/account-info", {"useAccountCookie": "true"})
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    headers = {"cookie": "; ".join(f"{name}={value}" for name, value in browser.jar.items())}
    found = auth.blocking.api.account_info(OfAccount(use_account_cookie=True), headers=headers)
    assert found.account.provider_id == "google"


def test_linking_leaves_it_alone(make_auth: MakeAuth, world: World) -> None:
    browser = signed_in(social_auth(make_auth, world, account=ON))
    cookie = browser.jar[COOKIE]
    answer = browser.post("/link-social", {"provider": "github"})
    state = answer.json["url"].partition("state=")[2].partition("&")[0]
    come_back(browser, state, "github")
    assert browser.jar[COOKIE] == cookie
    assert begin(browser)["state"]


def test_of_many_requests_of_one_process_one_renews(
    make_auth: MakeAuth, world: World, clock: Clock
) -> None:
    browser = signed_in(without_database(make_auth, world))
    rotating(world)
    clock.forward(3600)

    def ask(_: int) -> str:
        copy = Browser(browser.auth)
        copy.jar = dict(browser.jar)
        return copy.post("/get-access-token", BODY).json["accessToken"]

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(ask, range(20))) == {"access-1"}
