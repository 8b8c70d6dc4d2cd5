"""Fields of the application's own: unique ones, validated ones, and those of accounts."""

from __future__ import annotations

import re
from typing import Annotated, Any

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.support.browser import Browser
from watchword import (
    Account,
    AccountOptions,
    Column,
    ConfigurationError,
    EmailAndPassword,
    ModelHooks,
    Session,
    SessionOptions,
    User,
)


def handle_of(text: str) -> str:
    """Lower case, letters and digits only."""
    if not re.fullmatch(r"\w{3,20}", text):
        raise ValueError("a handle has 3 to 20 letters and digits")
    return text.lower()


class Author(User, kw_only=True):
    handle: Annotated[str | None, Column(unique=True, validator=handle_of)] = None
    motto: str = "none"


class Desk(Session, kw_only=True):
    seat: Annotated[str | None, Column(unique=True, validator=handle_of)] = None


class Membership(Account, kw_only=True):
    plan: str = "free"
    seats: int | None = None
    billing_note: Annotated[str | None, Column(returned=False)] = None


@pytest.fixture
def browser(make_auth: MakeAuth, kind: str) -> Browser:
    auth = make_auth(user_type=Author, session=SessionOptions(model=Desk))
    return Browser(auth, kind)


def another(browser: Browser, **extra: Any) -> Any:
    return Browser(browser.auth, browser.kind).sign_up("bob@example.com", **extra)


def test_a_validator_makes_what_is_stored(browser: Browser) -> None:
    assert browser.sign_up(handle="AdaL").json["user"]["handle"] == "adal"
    assert browser.session()["user"]["handle"] == "adal"


def test_what_a_validator_refuses_is_refused_in_its_words(browser: Browser) -> None:
    refused = browser.sign_up(handle="a b")
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    assert "a handle has 3 to 20 letters and digits" in refused.json["message"]
    assert browser.sign_up().status == 200, "nothing was stored"
    refused = browser.post("/update-user", {"handle": "!"})
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    refused = browser.post("/update-session", {"seat": "!"})
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")


def test_a_validator_sees_values_of_the_right_type_only(browser: Browser) -> None:
    refused = browser.sign_up(handle=7)
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    assert browser.sign_up(handle=None).status == 200


def test_a_validator_cannot_be_asynchronous() -> None:
    async def later(value: str) -> str:
        return value

    with pytest.raises(ConfigurationError) as refused:
        Column(validator=later)
    assert refused.value.option == "Column.validator"


def test_signing_up_with_a_value_that_is_taken_is_refused(browser: Browser) -> None:
    browser.sign_up(handle="adal")
    refused = another(browser, handle="ADAL")
    assert (refused.status, refused.code) == (422, "FAILED_TO_CREATE_USER")
    assert another(browser, handle="bobby").status == 200, "no half of a user was left behind"


def test_many_may_have_no_value_in_a_unique_field(browser: Browser) -> None:
    browser.sign_up()
    assert another(browser).status == 200


def test_changing_to_a_value_that_is_taken_is_refused(browser: Browser) -> None:
    browser.sign_up(handle="adal")
    bob = Browser(browser.auth, browser.kind)
    bob.sign_up("bob@example.com", handle="bobby")
    refused = bob.post("/update-user", {"handle": "adal", "motto": "changed"})
    assert (refused.status, refused.code) == (422, "FAILED_TO_UPDATE_USER")
    kept = bob.get("/get-session").json["user"]
    assert (kept["handle"], kept["motto"]) == ("bobby", "none")
    assert bob.post("/update-user", {"handle": "bobby"}).status == 200, "one's own value is fine"


def test_sessions_may_have_unique_fields_too(browser: Browser) -> None:
    browser.sign_up()
    browser.post("/update-session", {"seat": "desk7"})
    phone = Browser(browser.auth, browser.kind)
    phone.sign_in()
    refused = phone.post("/update-session", {"seat": "desk7"})
    assert (refused.status, refused.code) == (422, "FAILED_TO_UPDATE_SESSION")
    assert phone.session()["session"]["seat"] is None


def test_a_value_that_is_taken_at_the_last_moment_is_refused_too(
    make_auth: MakeAuth, kind: str
) -> None:
    """What a hook puts in stands for another sign-up at the same moment."""
    late = ModelHooks(create_before=lambda values, call: {"handle": "adal"})
    browser = Browser(make_auth(user_type=Author, database_hooks={"user": late}), kind)
    assert browser.sign_up().status == 200
    refused = another(browser)
    assert (refused.status, refused.code) == (422, "FAILED_TO_CREATE_USER")


def test_e2_a_taken_value_does_not_tell_whether_the_address_is_taken(
    make_auth: MakeAuth, kind: str
) -> None:
    hiding = EmailAndPassword(enabled=True, auto_sign_in=False, argon2_cost=FAST)
    browser = Browser(make_auth(user_type=Author, email_and_password=hiding), kind)
    browser.sign_up(handle="adal")
    taken = browser.sign_up("ada@example.com", handle="adal")
    free = browser.sign_up("bob@example.com", handle="adal")
    assert (taken.status, taken.json) == (free.status, free.json)
    assert taken.status == 422


@pytest.fixture
def member(make_auth: MakeAuth, kind: str) -> Browser:
    noted = ModelHooks(create_before=lambda values, call: {"seats": 3, "billing_note": "late"})
    auth = make_auth(account=AccountOptions(model=Membership), database_hooks={"account": noted})
    browser = Browser(auth, kind)
    browser.sign_up()
    return browser


def test_the_list_of_accounts_has_their_own_fields(member: Browser) -> None:
    (account,) = member.get("/list-accounts").json
    assert (account["plan"], account["seats"]) == ("free", 3)
    assert account["providerId"] == "credential"


def test_hidden_fields_of_accounts_are_not_listed(member: Browser) -> None:
    (account,) = member.get("/list-accounts").json
    assert "billingNote" not in account
    assert "password" not in account
    assert set(account) == {
        *("id", "accountId", "providerId", "userId", "scopes", "createdAt", "updatedAt"),
        *("plan", "seats"),
    }


def test_fields_of_accounts_are_typed_in_server_side_calls(member: Browser) -> None:
    cookie = "; ".join(f"{name}={value}" for name, value in member.jar.items())
    (account,) = member.auth.blocking.api.list_user_accounts(headers={"cookie": cookie})
    assert getattr(account, "seats", None) == 3
    assert account.provider_id == "credential"


def test_clients_cannot_set_fields_of_accounts(make_auth: MakeAuth, kind: str) -> None:
    browser = Browser(make_auth(account=AccountOptions(model=Membership)), kind)
    browser.sign_up(plan="gold", seats=99)
    (account,) = browser.get("/list-accounts").json
    assert (account["plan"], account["seats"]) == ("free", None)


def test_two_servers_with_different_accounts_list_each_its_own(
    make_auth: MakeAuth, tmp_path: Any
) -> None:
    plain = Browser(make_auth(database=f"sqlite:///{tmp_path}/plain.db"))
    owned = Browser(make_auth(account=AccountOptions(model=Membership)))
    plain.sign_up()
    owned.sign_up()
    assert "plan" in owned.get("/list-accounts").json[0]
    assert "plan" not in plain.get("/list-accounts").json[0]
