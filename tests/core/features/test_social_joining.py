"""Signing in with a provider as somebody who is known here: whose account it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from tests.support.social import (
    REFRESH,
    TOKEN,
    World,
    come_back,
    error_of,
    parameters,
    registered,
    sign_in,
    social_auth,
)
from watchword import (
    AccountLinking,
    AccountOptions,
    Auth,
    CookieCache,
    EmailVerification,
    Mail,
    Request,
    SessionOptions,
)
from watchword.crypto.symmetric import decrypt
from watchword.plugins import PhoneNumber


def server(make_auth: MakeAuth, world: World, **options: Any) -> Auth[Any]:
    return social_auth(make_auth, world, **options)


def account(**options: Any) -> AccountOptions:
    return AccountOptions(**options)


def linking(**options: Any) -> AccountOptions:
    return AccountOptions(linking=AccountLinking(**options))


@pytest.mark.parametrize(
    ("local", "vouched", "options", "linked"),
    [
        (False, True, {}, False),
        (True, True, {}, True),
        (True, False, {}, False),
        (True, "true", {}, True),
        (True, 1, {}, False),
        (True, "yes", {}, False),
        (True, False, {"trusted_providers": ["google"]}, True),
        (True, False, {"trusted_providers": ["github"]}, False),
        (False, True, {"trusted_providers": ["google"]}, False),
        (False, True, {"require_local_email_verified": False}, True),
        (True, True, {"enabled": False}, False),
        (True, True, {"disable_implicit_linking": True}, False),
    ],
)
def test_a5_who_is_joined(
    make_auth: MakeAuth,
    world: World,
    rows: Any,
    local: bool,
    vouched: object,
    options: dict[str, Any],
    linked: bool,
) -> None:
    auth = server(make_auth, world, account=linking(**options))
    registered(auth, rows, verified=local)
    world.claims["email_verified"] = vouched
    browser = Browser(auth)
    assert error_of(sign_in(browser)) == (None if linked else "account_not_linked")
    assert (browser.session() is not None) == linked
    assert rows("select count(*) from user") == [(1,)]
    found = rows("select count(*) from account where providerId = 'google'")
    assert found == [(int(linked),)]


@pytest.mark.parametrize("vouched", [True, False])
def test_m7_nothing_of_a_stranger_stays_with_an_address_that_was_never_proven(
    make_auth: MakeAuth, world: World, vouched: bool
) -> None:
    """Also where the application trusts a provider that does not vouch for addresses."""
    options = linking(require_local_email_verified=False, trusted_providers=["google"])
    auth = server(make_auth, world, account=options)
    world.claims["email_verified"] = vouched
    stranger = Browser(auth)
    stranger.sign_up()
    browser = Browser(auth)
    assert error_of(sign_in(browser)) is None
    assert browser.session()["user"]["emailVerified"] is vouched
    assert stranger.session() is None
    assert Browser(auth).sign_in().status == 401


@pytest.mark.parametrize("vouched", [True, False])
def test_m7_a_strangers_number_is_in_no_copy_of_the_user(
    make_auth: MakeAuth, world: World, rows: Any, vouched: bool
) -> None:
    auth = server(
        make_auth,
        world,
        account=linking(require_local_email_verified=False, trusted_providers=["google"]),
        session=SessionOptions(cookie_cache=CookieCache(enabled=True)),
        plugins=[PhoneNumber()],
    )
    world.claims["email_verified"] = vouched
    Browser(auth).sign_up()
    rows("update user set phoneNumber = '+15551234567', phoneNumberVerified = 1")
    browser = Browser(auth)
    assert error_of(sign_in(browser)) is None
    user = browser.session()["user"]
    assert (user["phoneNumber"], user["phoneNumberVerified"]) == (None, False)


def test_joining_may_take_over_the_profile(make_auth: MakeAuth, world: World, rows: Any) -> None:
    auth = server(make_auth, world, account=linking(update_user_info_on_link=True))
    registered(auth, rows, verified=True)
    browser = Browser(auth)
    sign_in(browser)
    assert browser.session()["user"]["name"] == "Ada Lovelace"


def test_an_address_becomes_verified_when_the_provider_says_so(
    make_auth: MakeAuth, world: World
) -> None:
    auth = server(make_auth, world)
    world.claims["email_verified"] = False
    browser = Browser(auth)
    sign_in(browser)
    assert browser.session()["user"]["emailVerified"] is False
    world.claims["email_verified"] = True
    sign_in(browser)
    assert browser.session()["user"]["emailVerified"] is True


@pytest.mark.parametrize("update", [True, False])
def test_tokens_are_renewed_with_a_sign_in(
    make_auth: MakeAuth, world: World, rows: Any, update: bool
) -> None:
    auth = server(make_auth, world, account=account(update_account_on_sign_in=update))
    sign_in(Browser(auth))
    rows("update account set accessToken = 'old', scope = 'kept'")
    sign_in(Browser(auth))
    assert rows("select accessToken, scope from account") == [(TOKEN if update else "old", "kept")]


def test_a_provider_may_have_the_last_word_about_a_user(make_auth: MakeAuth, world: World) -> None:
    auth = server(make_auth, world, provider={"override_user_info_on_sign_in": True})
    browser = Browser(auth)
    sign_in(browser)
    world.claims.update(name="Countess", email="countess@example.com", email_verified=False)
    assert error_of(sign_in(browser)) is None
    user = browser.session()["user"]
    assert (user["name"], user["email"]) == ("Countess", "countess@example.com")
    assert user["emailVerified"] is False


@pytest.mark.parametrize("way", ["sign in", "link"])
def test_a_provider_that_tells_no_name_has_no_say_in_it(
    make_auth: MakeAuth, world: World, way: str
) -> None:
    linking = AccountLinking(update_user_info_on_link=True)
    options = {"override_user_info_on_sign_in": True}
    auth = server(make_auth, world, provider=options, account=account(linking=linking))
    browser = Browser(auth)
    sign_in(browser)
    world.claims.update(name="", picture=None)
    world.user.update(name=None, login="")
    if way == "sign in":
        assert error_of(sign_in(browser)) is None
    else:
        url = browser.post("/link-social", {"provider": "github"}).json["url"]
        assert error_of(come_back(browser, parameters(url)["state"], "github")) is None
    user = browser.session()["user"]
    assert (user["name"], user["image"]) == ("Ada Lovelace", None)


def test_what_was_verified_meanwhile_stays_verified(
    make_auth: MakeAuth, world: World, rows: Any
) -> None:
    def verifies(*given: Any) -> None:
        rows("update user set emailVerified = 1")

    world.claims["email_verified"] = False
    options = {"override_user_info_on_sign_in": True}
    browser = Browser(server(make_auth, world, provider=options, validate_user_info=verifies))
    for _ in range(2):
        assert error_of(sign_in(browser)) is None
    assert browser.session()["user"]["emailVerified"] is True


def test_an_address_of_somebody_else_is_not_taken_over(make_auth: MakeAuth, world: World) -> None:
    auth = server(make_auth, world, provider={"override_user_info_on_sign_in": True})
    sign_in(Browser(auth))
    Browser(auth).sign_up("eve@example.com")
    world.claims["email"] = "eve@example.com"
    assert error_of(sign_in(Browser(auth))) == "unable_to_update_account"


def test_tokens_may_be_encrypted(make_auth: MakeAuth, world: World, rows: Any) -> None:
    auth = server(make_auth, world, account=account(encrypt_oauth_tokens=True))
    sign_in(Browser(auth))
    ((access, refresh),) = rows("select accessToken, refreshToken from account")
    secrets = auth.config.secrets
    assert [decrypt(access, secrets), decrypt(refresh, secrets)] == [TOKEN, REFRESH]


def test_an_account_without_its_user_signs_nobody_in(
    make_auth: MakeAuth, world: World, rows: Any
) -> None:
    auth = server(make_auth, world)
    sign_in(Browser(auth))
    rows("delete from session")
    with closing(sqlite3.connect(auth.storage.path)) as database, database:  # type: ignore[attr-defined]
        database.execute("pragma foreign_keys = off")
        database.execute("delete from user")
    assert error_of(sign_in(Browser(auth))) == "unable_to_link_account"


def test_two_rows_of_one_account_sign_nobody_in(
    make_auth: MakeAuth, world: World, rows: Any
) -> None:
    auth = server(make_auth, world)
    sign_in(Browser(auth))
    columns = "providerId, accountId, userId, createdAt, updatedAt"
    rows(f"insert into account (id, {columns}) select 'copy', {columns} from account")
    assert error_of(sign_in(Browser(auth))) == "internal_server_error"


@pytest.mark.parametrize("again", [False, True])
def test_a_provider_may_want_proof_of_the_address(
    make_auth: MakeAuth, world: World, again: bool
) -> None:
    mails: list[Mail] = []

    def send(mail: Mail, request: Request | None) -> None:
        mails.append(mail)

    verification = EmailVerification(send_verification_email=send, send_on_sign_in=again)
    options = {"require_email_verification": True}
    auth = server(make_auth, world, provider=options, email_verification=verification)
    world.claims["email_verified"] = False
    browser = Browser(auth)
    for _ in range(2):
        assert error_of(sign_in(browser)) == "email_not_verified"
        assert browser.session() is None
    auth.blocking.runtime.drain()
    assert [mail.user.email for mail in mails] == ["ada@example.com"] * (1 + again)
