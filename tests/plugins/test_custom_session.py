"""Custom session: what clients see of a session, and what stays as it was."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from watchword import (
    APIError,
    Auth,
    Call,
    Column,
    ConfigurationError,
    Session,
    SessionAndUser,
    SessionOptions,
    User,
)
from watchword.configuration.options import CookieCache
from watchword.plugins import Bearer, CustomSession, MultiSession
from watchword.runtime.blocking import finish

SESSION, DATA = "better-auth.session_token", "better-auth.session_data"
LIST = "/multi-session/list-device-sessions"
CACHE = SessionOptions(cookie_cache=CookieCache(max_age=300))


class Member(User, kw_only=True):
    """Users with something to keep from clients."""

    rating: Annotated[int, Column(returned=False, input=False)] = 7


@dataclass
class Seen:
    """What a function makes of a session, as a dataclass with a record inside."""

    who: Member
    until: object


def shape(found: SessionAndUser[Member], call: Call) -> dict[str, object]:
    return {"name": found.user.name, "rated": found.user.rating > 5, "path": call.path}


Make = Any


@pytest.fixture
def make(make_auth: MakeAuth, kind: str) -> Make:
    def made(own: Any = shape, *others: Any, **options: Any) -> Browser:
        plugins = [CustomSession(shape=own, **options.pop("custom", {})), *others]
        auth = make_auth(plugins=plugins, **{"user_type": Member, **options})
        return Browser(auth, kind)

    return made


def header_of(browser: Browser) -> dict[str, str]:
    return {"cookie": "; ".join(f"{name}={value}" for name, value in browser.jar.items())}


SHOWN = {"name": "Ada", "rated": True, "path": "/get-session"}


def test_clients_see_what_the_function_makes(make: Make) -> None:
    browser = make()
    answer = browser.get("/get-session")
    assert (answer.status, answer.json, answer.response.body) == (200, None, b"null")
    browser.sign_up()
    answer = browser.get("/get-session")
    assert answer.json == SHOWN
    assert answer.header("content-type") == "application/json"
    assert answer.header("cache-control") == "no-store"
    assert answer.header("pragma") == "no-cache"
    browser.post("/sign-out", {})
    assert browser.session() is None


async def later(found: SessionAndUser[Member], call: Call) -> object:
    await asyncio.sleep(0)
    return [found.user.name, found.session.user_id == found.user.id]


@pytest.mark.parametrize(
    ("own", "seen"),
    [
        (later, ["Ada", True]),
        (lambda found, call: None, None),
        (lambda found, call: "text", "text"),
        (lambda found, call: 0, 0),
        (lambda found, call: {"at": found.session.created_at}, {"at": "2030-01-01T00:00:00.000Z"}),
    ],
)
def test_whatever_can_be_json(make: Make, own: Any, seen: Any) -> None:
    browser = make(own)
    browser.sign_up()
    answer = browser.get("/get-session")
    assert (answer.status, answer.json) == (200, seen)
    assert json.loads(answer.response.body) == seen


@pytest.mark.parametrize(
    "own",
    [
        lambda found, call: found,
        lambda found, call: {"user": found.user, "all": [found, {"in": (found.user,)}]},
        lambda found, call: Seen(who=found.user, until=found.session.expires_at),
    ],
)
def test_hidden_fields_stay_hidden(make: Make, own: Any) -> None:
    browser = make(own)
    browser.sign_up()
    text = browser.get("/get-session").response.body.decode()
    assert "Ada" in text
    assert "rating" not in text


def test_the_function_sees_hidden_fields_that_no_cookie_holds(make: Make) -> None:
    browser = make(session=CACHE)
    browser.sign_up()
    sql = browser.auth.blocking.runtime.engine
    assert browser.session()["rated"] is True
    finish(sql.update("user", [], {"rating": 1}, everything=True))
    assert browser.session()["rated"] is False


def test_the_function_runs_each_time_and_its_answer_is_kept_nowhere(make_auth: MakeAuth) -> None:
    turns: list[int] = []

    def counted(found: SessionAndUser[User], call: Call) -> dict[str, int]:
        turns.append(1)
        return {"turn": len(turns)}

    browser = Browser(make_auth(plugins=[CustomSession(shape=counted)], session=CACHE))
    browser.sign_up()
    assert turns == []
    assert [browser.session() for _ in range(3)] == [{"turn": turn} for turn in (1, 2, 3)]
    kept = browser.auth.config.session_cache
    assert kept is not None
    opened = kept.codec.open(browser.jar[DATA], now=browser.auth.config.options.clock().timestamp())
    assert opened is not None
    assert set(json.loads(opened.text)) >= {"session", "user"}
    assert "turn" not in str(opened.text)


def test_cookies_of_a_renewal_come_along(make: Make, clock: Clock) -> None:
    browser = make(shape, Bearer(), session=CACHE)
    browser.sign_up()
    clock.forward(2 * 86_400)
    answer = browser.get("/get-session")
    assert answer.json == SHOWN
    assert answer.cookie(SESSION) is not None
    assert answer.cookie(DATA) is not None
    assert answer.header("set-auth-token") is not None


def test_cookies_of_an_ended_session_are_taken_away(make: Make, clock: Clock) -> None:
    browser = make()
    browser.sign_up()
    clock.forward(8 * 86_400)
    answer = browser.get("/get-session")
    assert answer.json is None
    assert "Max-Age=0" in (answer.cookie(SESSION) or "")


def test_other_answers_have_session_and_user_as_ever(make: Make) -> None:
    browser = make()
    assert browser.sign_up().json["user"]["name"] == "Ada"
    assert browser.post("/update-user", {"name": "Eve"}).json == {"status": True}
    (listed,) = browser.get("/list-sessions").json
    assert "token" in listed
    assert browser.session()["name"] == "Eve"


def test_deferred_renewals_still_work(make: Make, clock: Clock) -> None:
    browser = make(session=SessionOptions(defer_refresh=True))
    browser.sign_up()
    clock.forward(2 * 86_400)
    assert browser.get("/get-session").cookies == ()
    answer = browser.post("/get-session")
    assert answer.json == SHOWN
    assert answer.cookie(SESSION) is not None


def test_from_python_session_and_user_are_typed(make_auth: MakeAuth) -> None:
    plugins = [CustomSession[Member](shape=shape)]
    auth: Auth[Member] = make_auth(plugins=plugins, user_type=Member)
    browser = Browser(auth)
    browser.sign_up()
    me = header_of(browser)
    found = auth.blocking.api.get_session(headers=me)
    assert found is not None
    assert (found.user.name, found.user.rating) == ("Ada", 7)
    assert isinstance(found.session, Session)
    checked = auth.blocking.check(me)
    assert checked.session is not None
    assert checked.session.user.rating == 7


def test_a_response_for_a_browser_is_as_clients_see_it(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[CustomSession(shape=shape)], user_type=Member, session=CACHE)
    browser = Browser(auth)
    browser.sign_up()
    api, page = auth.blocking.api, browser.request("GET", "/page")
    for response in (
        api.get_session(headers=header_of(browser), as_response=True),
        api.get_session(request=page, as_response=True),
    ):
        assert json.loads(response.body) == SHOWN


def test_a_function_that_refuses(make: Make) -> None:
    def refuse(found: object, call: object) -> None:
        raise APIError(403, "NOT_TODAY", "Come back tomorrow", {"when": "tomorrow"})

    browser = make(refuse)
    assert browser.session() is None
    browser.sign_up()
    answer = browser.get("/get-session")
    assert (answer.status, answer.code, answer.json["when"]) == (403, "NOT_TODAY", "tomorrow")
    assert SESSION in browser.jar


@pytest.mark.parametrize("own", [lambda found, call: 1 / 0, lambda found, call: object()])
def test_a_function_that_fails(make: Make, own: Any, caplog: pytest.LogCaptureFixture) -> None:
    browser = make(own)
    token = browser.sign_up().json["token"]
    answer = browser.get("/get-session")
    assert (answer.status, answer.response.body) == (500, b"")
    assert SESSION in browser.jar
    assert token not in caplog.text


def test_a_function_that_quotes_the_token(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    def quote(found: SessionAndUser[Member], call: Call) -> object:
        raise ValueError(found.session.token)

    browser = make(quote)
    token = browser.sign_up().json["token"]
    assert browser.get("/get-session").status == 500
    assert token not in caplog.text


def test_a_database_that_fails_is_no_signed_out_user(make: Make, tmp_path: Path) -> None:
    browser = make()
    browser.sign_up()
    with closing(sqlite3.connect(tmp_path / "test.db")) as database, database:
        database.execute("drop table session")
    assert browser.get("/get-session").status == 503


def test_listed_sessions_are_shaped_if_the_option_says_so(make: Make) -> None:
    def name(found: SessionAndUser[Member], call: Call) -> object:
        return {"name": found.user.name, "member": found.user}

    for option, keys in ((False, {"session", "user"}), (True, {"name", "member"})):
        browser = make(name, MultiSession(), custom={"shape_device_sessions": option})
        browser.sign_up(f"ada-{option}@example.com")
        (listed,) = browser.get(LIST).json
        assert set(listed) == keys
        assert "rating" not in str(listed)
        empty = Browser(browser.auth, browser.kind).get(LIST)
        assert empty.json == []


def test_one_that_fails_fails_the_list(make: Make) -> None:
    def refuse(found: object, call: object) -> None:
        raise APIError(403, "NOT_TODAY")

    browser = make(refuse, MultiSession(), custom={"shape_device_sessions": True})
    browser.sign_up()
    assert browser.get(LIST).code == "NOT_TODAY"


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"shape": None}, "CustomSession.shape"),
        ({"shape": "user"}, "CustomSession.shape"),
        ({"shape": shape, "shape_device_sessions": "yes"}, "shape_device_sessions"),
    ],
)
def test_options_that_do_not_fit(options: Any, names: str) -> None:
    with pytest.raises(ConfigurationError, match=names):
        CustomSession(**options)


def test_a_list_that_there_is_not(make_auth: MakeAuth) -> None:
    with pytest.raises(ConfigurationError, match="list-device-sessions"):
        make_auth(plugins=[CustomSession(shape=shape, shape_device_sessions=True)])


class Unknown(msgspec.Struct):
    """Nothing is hidden in it."""

    name: str


def test_structs_of_ones_own(make: Make) -> None:
    browser = make(lambda found, call: Unknown(found.user.name))
    browser.sign_up()
    assert browser.session() == {"name": "Ada"}
