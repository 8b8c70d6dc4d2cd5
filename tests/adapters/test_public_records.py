"""Users in the hands of the application: as plain dicts, as models of Pydantic, out of views."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any, cast

import fastapi
import flask
import msgspec
import pydantic
import pytest
import quart

from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from tests.adapters.test_records_in_answers import ADA, BOTH, NOW, SHOWN, SHOWN_BOTH, Member
from tests.support.browser import SECRET
from watchword import Auth, Column
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import quart as on_quart
from watchword.plugins import Admin, TwoFactor
from watchword.records import Account, Session, User

HIDDEN = "nobody-sees-this"


@dataclasses.dataclass
class Page:
    number: int
    member: Member


class Envelope(msgspec.Struct, rename="camel"):
    page_number: int
    members: list[Member]
    left_out: str | msgspec.UnsetType = msgspec.UNSET


class Labels(msgspec.Struct):
    color: str


class Labelled(User, kw_only=True):
    labels: Labels | None = None
    seen_at: datetime | None = None
    notes: Annotated[str, Column(input=False, returned=False)] = HIDDEN


@pytest.fixture
def auth() -> Iterator[Auth[Member]]:
    auth = Auth(
        database="sqlite://",
        user_type=Member,
        plugins=[Admin(), TwoFactor()],
        secret=SECRET,
        environ={},
    )
    yield auth
    auth.blocking.close()


def test_as_a_plain_dict(auth: Auth[Member]) -> None:
    assert auth.public(ADA) == SHOWN
    assert auth.public(BOTH) == SHOWN_BOTH
    snake = auth.public(ADA, snake_case=True)
    assert (snake["email_verified"], snake["created_at"]) == (False, SHOWN["createdAt"])
    assert snake.keys() == set(Member.__struct_fields__) - {"notes"}
    assert auth.public(BOTH, snake_case=True)["session"]["user_id"] == "1"
    listed = Envelope(1, [ADA])
    assert auth.public(listed, snake_case=True) == {"page_number": 1, "members": [snake]}
    with pytest.raises(TypeError, match="dict is no record"):
        auth.public({"id": "1"})  # pyright: ignore[reportArgumentType]


def test_nothing_in_our_hands_shows_what_is_hidden() -> None:
    copies = [ADA, copy.copy(ADA), copy.deepcopy(ADA), dataclasses.asdict(Page(1, ADA))["member"]]
    for one in copies:
        assert one.notes == HIDDEN
        shown = [
            repr(one),
            f"{one}",
            str(msgspec.to_builtins(one)),
            msgspec.json.encode(one).decode(),
            msgspec.msgpack.encode(one).decode("latin-1"),
            str(dict(one)),
            str(msgspec.structs.asdict(one)),
            repr(Page(1, one)),
        ]
        assert not any(HIDDEN in text for text in shown)


def in_flask(auth: Auth[Member]) -> tuple[Any, Client]:
    app = flask.Flask("app")
    on_flask.Watchword(auth, app)
    return app, WSGIClient(app)


def in_quart(auth: Auth[Member]) -> tuple[Any, Client]:
    app = quart.Quart("app")
    on_quart.Watchword(auth, app)
    return app, ASGIClient(app)


@pytest.mark.parametrize("build", [in_flask, in_quart])
def test_out_of_views(
    auth: Auth[Member], build: Callable[[Auth[Member]], tuple[Any, Client]]
) -> None:
    app, client = build(auth)
    given: list[tuple[Any, int, Any]] = [
        (ADA, 200, SHOWN),
        ((ADA, 201), 201, SHOWN),
        ((ADA, 201, {"x-own": "1"}), 201, SHOWN),
        ((ADA, {"x-own": "1"}), 200, SHOWN),
        (BOTH, 200, SHOWN_BOTH),
        ([ADA], 200, [SHOWN]),
        ({"user": ADA}, 200, {"user": SHOWN}),
        ({"page": Page(1, ADA)}, 200, {"page": {"number": 1, "member": SHOWN}}),
        (Envelope(1, [ADA]), 200, {"pageNumber": 1, "members": [SHOWN]}),
        ("text", 200, None),
        (("text", 202), 202, None),
    ]
    for at, (value, _, _) in enumerate(given):
        app.add_url_rule(f"/{at}", endpoint=str(at), view_func=lambda value=value: value)
    for at, (_, status, shown) in enumerate(given):
        answer = client.send("GET", f"/{at}")
        assert answer.status == status
        if shown is not None:
            assert json.loads(answer.body) == shown
            assert answer.all("content-type") == ["application/json"]
    assert json.loads(app.json.dumps(ADA)) == SHOWN


def members_app(auth: Auth[Any], value: Any) -> fastapi.FastAPI:
    app = fastapi.FastAPI()
    model: Any = on_fastapi.public_model(auth)
    listed = pydantic.create_model("Listed", total=(int, 1), users=(cast("Any", list)[model], ...))
    app.add_api_route("/one", lambda: value, response_model=model)
    app.add_api_route("/all", lambda: [value], response_model=list[model])
    app.add_api_route("/page", lambda: listed(users=[value]), response_model=listed)
    return app


def test_as_a_model_of_fastapi(auth: Auth[Member]) -> None:
    made = auth.config.tables.of(User).record
    user: Any = made(**{name: getattr(ADA, name) for name in Member.__struct_fields__})
    shown = auth.public(user)
    assert {"role", "banned", "twoFactorEnabled", "lang"} <= shown.keys()
    client = ASGIClient(members_app(auth, user))
    assert json.loads(client.send("GET", "/one").body) == shown
    assert json.loads(client.send("GET", "/all").body) == [shown]
    assert json.loads(client.send("GET", "/page").body) == {"total": 1, "users": [shown]}
    bare = ASGIClient(members_app(auth, ADA))
    assert json.loads(bare.send("GET", "/one").body)["role"] is None


def test_its_schema_stands_in_the_document(auth: Auth[Member]) -> None:
    document = members_app(auth, ADA).openapi()
    schema = document["components"]["schemas"]["Member"]
    moment = {"type": "string", "format": "date-time"}
    assert schema["properties"]["createdAt"].items() >= moment.items()
    assert schema["properties"]["lang"]["type"] == "string"
    assert {"role", "banned", "twoFactorEnabled"} <= schema["properties"].keys()
    assert set(schema["required"]) == schema["properties"].keys()
    assert "notes" not in schema["properties"]
    assert HIDDEN not in json.dumps(document)
    pydantic.TypeAdapter(dict[str, Any]).validate_json(json.dumps(document))


def test_models_of_other_records_hide_what_those_do(auth: Auth[Member]) -> None:
    account = on_fastapi.public_model(auth, Account).model_json_schema(mode="serialization")
    assert not {"password", "accessToken", "idToken"} & account["properties"].keys()
    session = on_fastapi.public_model(auth, Session).model_json_schema(mode="serialization")
    assert "impersonatedBy" in session["properties"]


def test_fields_that_pydantic_does_not_know() -> None:
    auth: Auth[Any] = Auth(database="sqlite://", user_type=Labelled, secret=SECRET, environ={})
    user = Labelled(
        id="1",
        name="Ada",
        email="ada@example.com",
        created_at=NOW,
        updated_at=NOW,
        seen_at=NOW,
        labels=Labels("red"),
    )
    app = fastapi.FastAPI()
    app.add_api_route("/", lambda: user, response_model=on_fastapi.public_model(auth))
    schema = app.openapi()["components"]["schemas"]["Labelled"]
    assert "labels" in schema["properties"]
    assert {"type": "null"} in schema["properties"]["seenAt"]["anyOf"]
    shown = json.loads(ASGIClient(app).send("GET", "/").body)
    assert shown == auth.public(user)
