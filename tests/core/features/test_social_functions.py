"""Each provider's functions of the application, `def` and `async def`, through both entrances."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Annotated, Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Browser
from tests.support.social import World, begin, parameters, sign_in, social_auth
from watchword import Column, User
from watchword.oauth.profile import Identity, UserInfo
from watchword.oauth.tokens import Tokens

Function = Callable[..., Any]


class Member(User, kw_only=True):
    nickname: str | None = None
    visits: int = 0
    tier: Annotated[str, Column(input=False)] = "free"


def plain(function: Function) -> Function:
    return function


def awaited(function: Function) -> Function:
    @wraps(function)
    async def later(*args: object) -> object:
        return function(*args)

    return later


both_kinds = pytest.mark.parametrize("form", [plain, awaited])
Form = Callable[[Function], Callable[..., Awaitable[Any] | Any]]


@both_kinds
def test_a_profile_is_mapped_to_the_typed_user(
    make_auth: MakeAuth, world: World, kind: str, form: Form
) -> None:
    def mapped(profile: Mapping[str, object]) -> dict[str, object]:
        assert profile["sub"] == "g-1"
        return {"name": "Countess", "nickname": "al", "visits": 3, "tier": "gold", "id": "g-2"}

    auth = social_auth(
        make_auth, world, user_type=Member, provider={"map_profile_to_user": form(mapped)}
    )
    browser = Browser(auth, kind)
    sign_in(browser)
    user = browser.session()["user"]
    assert (user["name"], user["nickname"], user["visits"]) == ("Countess", "al", 3)
    assert user["tier"] == "free", "a field without input comes from nowhere outside"
    assert browser.get("/list-accounts").json[0]["accountId"] == "g-1"


@both_kinds
def test_the_application_asks_for_the_person_itself(
    make_auth: MakeAuth, world: World, kind: str, form: Form
) -> None:
    def asked(tokens: Tokens) -> UserInfo:
        assert tokens.access_token
        one = Identity(id="own-1", name="Own", email="own@example.com", email_verified=True)
        return UserInfo(identity=one)

    auth = social_auth(make_auth, world, provider={"get_user_info": form(asked)})
    browser = Browser(auth, kind)
    sign_in(browser, "github")
    assert browser.session()["user"]["email"] == "own@example.com"
    assert browser.get("/list-accounts").json[0]["accountId"] == "own-1"
    assert not [one for one in world.asked if "api.github.com" in str(one.url)]


@both_kinds
def test_the_application_renews_tokens_itself(
    make_auth: MakeAuth, world: World, kind: str, form: Form
) -> None:
    def renewed(refresh_token: str) -> Tokens:
        ends = datetime(2031, 1, 1, tzinfo=UTC)
        return Tokens(access_token=f"own {refresh_token[:7]}", access_token_expires_at=ends)

    auth = social_auth(make_auth, world, provider={"refresh_access_token": form(renewed)})
    browser = Browser(auth, kind)
    sign_in(browser)
    account = browser.get("/list-accounts").json[0]["id"]
    answer = browser.post("/refresh-token", {"accountId": account})
    assert answer.json["accessToken"] == "own refresh"
    assert answer.json["accessTokenExpiresAt"] == "2031-01-01T00:00:00.000Z"


@both_kinds
@pytest.mark.parametrize("genuine", [True, False, 1, None])
def test_the_application_checks_id_tokens_itself(
    make_auth: MakeAuth, world: World, kind: str, form: Form, genuine: Any
) -> None:
    def checked(*given: object) -> Any:
        assert given[:2] == ("opaque", "n")
        return genuine

    def asked(tokens: Tokens) -> UserInfo:
        return UserInfo(identity=Identity(id="own-1", email="own@example.com"))

    functions = {"verify_id_token": form(checked), "get_user_info": form(asked)}
    browser = Browser(social_auth(make_auth, world, provider=functions), kind)
    token = {"token": "opaque", "nonce": "n"}
    answer = browser.post("/sign-in/social", {"provider": "github", "idToken": token})
    assert answer.status == (200 if genuine is True else 401)
    assert answer.code == (None if genuine is True else "INVALID_TOKEN")


def test_where_to_come_back_and_what_to_ask_for_are_options(
    make_auth: MakeAuth, world: World
) -> None:
    own = "https://elsewhere.example/back"
    options = {"redirect_uri": own, "scope": ["more"], "disable_default_scope": True}
    browser = Browser(social_auth(make_auth, world, provider=options))
    asked = begin(browser, scopes=["most"])
    assert (asked["redirect_uri"], asked["scope"]) == (own, "more most")
    sign_in(browser)
    assert parameters(f"/?{world.asked[-1].content.decode()}")["redirect_uri"] == own
    assert begin(Browser(social_auth(make_auth, world)))["redirect_uri"].startswith(ORIGIN)
