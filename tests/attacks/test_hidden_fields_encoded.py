"""W7: a hidden field (`Column(returned=False)`) stays hidden whatever encodes its record: not only
answers of the server, but what an application's own routes give back in their framework's way."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import fastapi
import flask
import litestar
import msgspec
import pytest
import quart
from fastapi.encoders import jsonable_encoder
from litestar.di import NamedDependency
from pydantic import BaseModel, ConfigDict

from tests.adapters.drivers import ASGIClient, WSGIClient
from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from tests.support.litestar_app import LitestarApp
from watchword import Auth, Column, SessionAndUser, User
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import litestar as on_litestar
from watchword.adapters import quart as on_quart
from watchword.records import Account

NOW = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
SECRET = "nobody-sees-this"
Hidden = Annotated[str, Column(input=False, returned=False)]


class Member(User, kw_only=True):
    notes: Hidden = SECRET
    later: Declared | None = None


Declared = str


class Renamed(Member, kw_only=True):
    """Has a `__post_init__` of its own, which sees what is hidden."""

    seen: Annotated[str, Column(returned=False)] = ""

    def __post_init__(self) -> None:
        self.seen = self.notes


class Patron(Renamed, kw_only=True):
    lang: str = "en"


@dataclass
class Page:
    user: User


def member(kind: type[Member] = Member) -> Member:
    return kind(id="1", name="Ada", email="ada@example.com", created_at=NOW, updated_at=NOW)


def account() -> Account:
    return Account(
        id="1",
        account_id="1",
        provider_id="credential",
        user_id="1",
        password=SECRET,
        created_at=NOW,
        updated_at=NOW,
    )


def asked_of_iterables(value: Any) -> bytes:
    return json.dumps(dict(value), default=str).encode()


ENCODERS: dict[str, Callable[[Any], bytes]] = {
    "msgspec.json": msgspec.json.encode,
    "msgspec.msgpack": msgspec.msgpack.encode,
    "to_builtins": lambda value: repr(msgspec.to_builtins(value)).encode(),
    "to_builtins-of-python": lambda value: repr(
        msgspec.to_builtins(value, builtin_types=(datetime,), str_keys=True)
    ).encode(),
    "inside": lambda value: msgspec.json.encode({"page": [Page(value)]}),
    "asdict": lambda value: repr(msgspec.structs.asdict(value)).encode(),
    "astuple": lambda value: repr(msgspec.structs.astuple(value)).encode(),
    "fastapi": lambda value: repr(jsonable_encoder([{"user": value}])).encode(),
    "dict": asked_of_iterables,
    "json.dumps": lambda value: json.dumps(value, default=lambda found: dict(found)).encode(),
    "repr": lambda value: repr(value).encode(),
}


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("kind", [Member, Renamed, Patron])
def test_no_encoder_sees_a_hidden_field(kind: type[Member], encoder: str) -> None:
    record = member(kind)
    assert SECRET.encode() not in ENCODERS[encoder](record)
    assert record.notes == SECRET
    record.notes = f"{SECRET}-2"
    assert SECRET.encode() not in ENCODERS[encoder](record)
    assert record.notes == f"{SECRET}-2"


@pytest.mark.parametrize("encoder", ENCODERS)
def test_no_encoder_sees_the_hash_of_an_account(encoder: str) -> None:
    assert SECRET.encode() not in ENCODERS[encoder](account())


def test_records_that_are_decoded_hide_as_well() -> None:
    made = msgspec.convert(
        {"id": "1", "name": "", "email": "", "createdAt": NOW, "updatedAt": NOW, "notes": SECRET},
        Member,
    )
    assert made.notes == SECRET
    assert SECRET.encode() not in msgspec.json.encode(made)


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))],  # noqa: S301
)
@pytest.mark.parametrize("kind", [Member, Patron])
def test_copies_keep_what_is_hidden(kind: type[Member], copied: Callable[[Any], Any]) -> None:
    record = member(kind)
    record.notes = "changed"
    made = copied(record)
    assert made == record
    assert made.notes == "changed"
    made.notes = "changed again"
    assert made != record
    assert record.notes == "changed"


def test_a_copy_that_lost_what_is_hidden_does_not_take_the_default_for_it() -> None:
    record = member()
    record.notes = "changed"
    made = msgspec.structs.replace(record, name="Countess")
    with pytest.raises(AttributeError, match="notes is hidden"):
        _ = made.notes
    assert made.name == "Countess"


def test_a_dict_of_a_record_is_what_a_client_sees() -> None:
    shown = dict(member())
    assert shown["createdAt"] == "2026-01-01T12:30:15.123Z"
    assert "notes" not in shown


class Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    name: str


@pytest.fixture
def browser(make_auth: MakeAuth, kind: str) -> Browser:
    browser = Browser(make_auth(user_type=Member), kind)
    browser.sign_up()
    return browser


def in_fastapi(auth: Auth[Any], path: str, cookies: list[tuple[str, str]]) -> bytes:
    app = fastapi.FastAPI()
    on_fastapi.mount(app, auth)
    me = fastapi.Depends(on_fastapi.CurrentUser(auth))
    session = fastapi.Depends(on_fastapi.CurrentSession(auth))

    @app.get("/user")
    async def user(found: Member = me):
        return found

    @app.get("/session")
    async def both(found: Any = session):
        return {"page": [found]}

    @app.get("/declared")
    async def declared(found: Member = me) -> list[User]:
        return [found]

    @app.get("/generic")
    async def generic(found: Any = session) -> SessionAndUser[Member]:
        return found

    @app.get("/model", response_model=Shown)
    async def model(found: Any = me) -> Any:
        return found

    assert all(map(callable, (user, both, declared, generic, model)))
    assert app.openapi()["paths"]
    answer = ASGIClient(app).send("GET", path, cookies)
    assert answer.status == 200
    return answer.body


def in_litestar(auth: Auth[Any], path: str, cookies: list[tuple[str, str]]) -> bytes:
    @litestar.get("/user", sync_to_thread=False)
    def user(user: NamedDependency[Member]) -> Member:
        return user

    @litestar.get("/base", sync_to_thread=False)
    def base(user: NamedDependency[User], optional_user: NamedDependency[User | None]) -> User:
        assert optional_user == user
        return user

    @litestar.get("/session", sync_to_thread=False)
    def both(
        session: NamedDependency[SessionAndUser[User]],
    ) -> dict[str, list[SessionAndUser[User]]]:
        return {"page": [session]}

    plugin = on_litestar.WatchwordPlugin(auth)
    app = LitestarApp([user, base, both], plugins=[plugin])
    answer = ASGIClient(app).send("GET", path, cookies)
    assert answer.status == 200, answer.body
    return answer.body


def in_flask(auth: Auth[Any], path: str, cookies: list[tuple[str, str]]) -> bytes:
    app = flask.Flask("app")
    watchword = on_flask.Watchword(auth, app)

    @app.get("/user")
    def user() -> flask.Response:
        return flask.jsonify(on_flask.current_user)

    @app.get("/typed")
    def typed() -> flask.Response:
        return flask.jsonify(user=watchword.user)

    @app.get("/session")
    def both() -> dict[str, Any]:
        return {"page": [watchword.session]}

    assert all(map(callable, (user, typed, both)))
    answer = WSGIClient(app).send("GET", path, cookies)
    assert answer.status == 200
    return answer.body


def in_quart(auth: Auth[Any], path: str, cookies: list[tuple[str, str]]) -> bytes:
    app = quart.Quart("app")
    watchword = on_quart.Watchword(auth, app)

    @app.get("/user")
    @watchword.login_required
    async def user() -> quart.Response:
        return quart.jsonify(on_quart.current_user)

    @app.get("/typed")
    async def typed() -> quart.Response:
        return quart.jsonify(user=await watchword.user)

    @app.get("/session")
    async def both() -> dict[str, Any]:
        return {"page": [await watchword.session]}

    assert all(map(callable, (user, typed, both)))
    answer = ASGIClient(app).send("GET", path, cookies)
    assert answer.status == 200
    return answer.body


@pytest.mark.parametrize(
    ("framework", "path"),
    [
        *((in_fastapi, path) for path in ("/user", "/session", "/declared", "/generic", "/model")),
        *((in_litestar, path) for path in ("/user", "/base", "/session")),
        *((in_flask, path) for path in ("/user", "/typed", "/session")),
        *((in_quart, path) for path in ("/user", "/typed", "/session")),
    ],
)
def test_routes_that_give_a_record_back_do_not_show_it(
    browser: Browser, framework: Callable[..., bytes], path: str
) -> None:
    cookies = "; ".join(f"{name}={value}" for name, value in browser.jar.items())
    body = framework(browser.auth, path, [("cookie", cookies)])
    assert b"Ada" in body
    assert SECRET.encode() not in body
    assert b"notes" not in body
