"""A route that gives a record back, whatever its annotation says, answers what the server's own
endpoints would: names and dates of the wire, and nothing that is hidden."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import fastapi
import litestar
import msgspec
import pydantic
import pytest
from litestar.dto import DTOConfig, MsgspecDTO
from litestar.exceptions import ImproperlyConfiguredException

from tests.adapters.drivers import Answer, ASGIClient
from tests.adapters.echo import EchoAuth
from tests.support.litestar_app import LitestarApp
from watchword import Column, User
from watchword.adapters.litestar import WatchwordPlugin
from watchword.records import Session
from watchword.results import SessionAndUser

NOW = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)


class Member(User, kw_only=True):
    lang: str = "en"
    notes: Annotated[str, Column(input=False, returned=False)] = "nobody-sees-this"


ADA = Member(id="1", name="Ada", email="ada@example.com", created_at=NOW, updated_at=NOW)
BOTH = SessionAndUser(
    session=Session(id="2", token="t", user_id="1", expires_at=NOW, created_at=NOW, updated_at=NOW),
    user=ADA,
)
SHOWN = {
    "id": "1",
    "name": "Ada",
    "email": "ada@example.com",
    "emailVerified": False,
    "image": None,
    "createdAt": "2026-01-01T12:30:15.123Z",
    "updatedAt": "2026-01-01T12:30:15.123Z",
    "lang": "en",
}
SHOWN_BOTH = {
    "session": {
        "id": "2",
        "expiresAt": "2026-01-01T12:30:15.123Z",
        "token": "t",
        "createdAt": "2026-01-01T12:30:15.123Z",
        "updatedAt": "2026-01-01T12:30:15.123Z",
        "ipAddress": None,
        "userAgent": None,
        "userId": "1",
    },
    "user": SHOWN,
}

GIVEN: list[tuple[Any, Any, Any]] = [
    (Member, ADA, SHOWN),
    (User, ADA, SHOWN),
    (User | None, ADA, SHOWN),
    (Any, ADA, SHOWN),
    (object, ADA, SHOWN),
    (list[Member], [ADA], [SHOWN]),
    (list[Any], [ADA], [SHOWN]),
    (dict[str, Any], {"page": [{"user": ADA}], "n": 1}, {"page": [{"user": SHOWN}], "n": 1}),
    (dict[str, object], {"user": ADA}, {"user": SHOWN}),
    (dict[str, Member], {"user": ADA}, {"user": SHOWN}),
    (dict, {"user": ADA}, {"user": SHOWN}),
    (tuple[User, ...], (ADA,), [SHOWN]),
    (SessionAndUser[Member], BOTH, SHOWN_BOTH),
    (Any, BOTH, SHOWN_BOTH),
]
IDS = [f"{hint}-{type(value).__name__}" for hint, value, _ in GIVEN]


@pytest.mark.parametrize(("hint", "value", "shown"), GIVEN, ids=IDS)
def test_in_fastapi(hint: Any, value: Any, shown: Any) -> None:
    app = fastapi.FastAPI()

    async def show() -> Any:
        return value

    app.add_api_route("/", show, response_model=hint)
    assert app.openapi()["paths"]
    assert_shows(ASGIClient(app).send("GET", "/"), shown)


def test_in_a_model_of_pydantic() -> None:
    class Page(pydantic.BaseModel):
        user: Any
        others: list[Any]

    made = Page(user=ADA, others=[BOTH])
    assert json.loads(made.model_dump_json()) == {"user": SHOWN, "others": [SHOWN_BOTH]}


def in_litestar(auth: EchoAuth, hint: Any, value: Any, **options: Any) -> Answer:
    async def show() -> Any:
        return value

    show.__annotations__["return"] = hint
    handler = litestar.get("/", **options)(show)
    app = LitestarApp([handler], plugins=[WatchwordPlugin(auth)])
    assert app.openapi_schema.to_schema()["paths"]
    return ASGIClient(app).send("GET", "/")


@pytest.mark.parametrize(("hint", "value", "shown"), GIVEN, ids=IDS)
def test_in_litestar(auth: EchoAuth, hint: Any, value: Any, shown: Any) -> None:
    assert_shows(in_litestar(auth, hint, value), shown)


def test_in_a_response_of_litestar(auth: EchoAuth) -> None:
    answer = in_litestar(
        auth, litestar.Response[Member], litestar.Response(ADA, headers={"x": "y"})
    )
    assert_shows(answer, SHOWN)
    assert answer.all("x") == ["y"]


def test_a_hook_of_the_application_goes_first_and_sees_the_record(auth: EchoAuth) -> None:
    seen: list[Any] = []

    async def hook(response: litestar.Response[Any]) -> litestar.Response[Any]:
        seen.append(response.content)
        return litestar.Response({"user": response.content})

    assert_shows(in_litestar(auth, Member, ADA, after_request=hook), {"user": SHOWN})
    assert seen == [ADA]


class Named(MsgspecDTO[Member]):
    config = DTOConfig(include={"name"})


@pytest.mark.parametrize("option", ["dto", "return_dto"])
def test_a_dto_of_the_application_has_the_last_word(auth: EchoAuth, option: str) -> None:
    assert_shows(in_litestar(auth, Member, ADA, **{option: Named}), {"name": "Ada"})


class Page(msgspec.Struct):
    number: int
    members: dict[str, list[Member | None]]


class WholePage(MsgspecDTO[Page]):
    config = DTOConfig(max_nested_depth=3)


class ButLanguage(MsgspecDTO[Member]):
    config = DTOConfig(exclude={"lang"}, rename_strategy="camel")


@pytest.mark.parametrize(
    ("hint", "dto"),
    [
        (Member, MsgspecDTO[Member]),
        (list[Member], ButLanguage),
        (Member | None, ButLanguage),
        (Page, WholePage),
    ],
)
@pytest.mark.parametrize("option", ["dto", "return_dto"])
def test_a_dto_that_would_show_what_is_hidden_without_naming_it_is_refused(
    auth: EchoAuth, hint: Any, dto: Any, option: str
) -> None:
    with pytest.raises(ImproperlyConfiguredException, match=r"Member\.notes, which is hidden"):
        in_litestar(auth, hint, None, **{option: dto})


class ButNotes(MsgspecDTO[Member]):
    config = DTOConfig(exclude={"notes"})


class WithNotes(MsgspecDTO[Member]):
    config = DTOConfig(include={"name", "notes"})


def test_a_dto_may_leave_it_out_or_name_it(auth: EchoAuth) -> None:
    assert "notes" not in json.loads(in_litestar(auth, Member, ADA, return_dto=ButNotes).body)
    shown = {"name": "Ada", "notes": "nobody-sees-this"}
    assert_shows(in_litestar(auth, list[Member], [ADA], return_dto=WithNotes), [shown])


def test_messagepack_keeps_its_own_dates(auth: EchoAuth) -> None:
    answer = in_litestar(auth, Member, ADA, media_type=litestar.MediaType.MESSAGEPACK)
    found = msgspec.msgpack.decode(answer.body)
    assert found.keys() == SHOWN.keys()
    assert found["createdAt"] == NOW


@pytest.mark.parametrize("value", ["text", {"at": "x"}, [1, 2], None])
def test_what_holds_no_record_stays_as_it_is(auth: EchoAuth, value: Any) -> None:
    answer = in_litestar(auth, Any, value, media_type="application/json")
    assert answer.body == (b"text" if value == "text" else msgspec.json.encode(value))


def assert_shows(answer: Answer, shown: dict[str, Any] | Sequence[Any]) -> None:
    assert answer.status in (200, 201), answer.body
    assert json.loads(answer.body) == shown


def test_one_handler_for_several_paths_and_applications(auth: EchoAuth) -> None:
    @litestar.get(["/", "/again"])
    async def show() -> Member:
        return ADA

    apps = [LitestarApp([show], plugins=[WatchwordPlugin(auth)]) for _ in range(2)]
    for client in map(ASGIClient, apps):
        assert_shows(client.send("GET", "/"), SHOWN)
        assert_shows(client.send("GET", "/again"), SHOWN)


def test_two_servers_in_one_application(auth: EchoAuth) -> None:
    @litestar.get("/")
    async def show() -> dict[str, Any]:
        return {"user": ADA}

    staff = WatchwordPlugin(EchoAuth("/staff"), prefix="staff_")
    app = LitestarApp([show], plugins=[WatchwordPlugin(auth), staff])
    assert_shows(ASGIClient(app).send("GET", "/"), {"user": SHOWN})
