"""The endpoints of a server in the document of the application, and in its pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import fastapi
import litestar
import msgspec
import pydantic
import pytest
from litestar.testing import TestClient as LitestarClient
from openapi_spec_validator import validate

from tests.support.browser import ORIGIN, SECRET
from watchword import Advanced, Auth, EmailAndPassword
from watchword.adapters.fastapi import CurrentUser, mount
from watchword.adapters.litestar import WatchwordPlugin
from watchword.plugins import OneTimeToken, OpenAPI


def server(base_path: str = "/api/auth", **options: Any) -> Auth[Any]:
    options.setdefault("secret", SECRET)
    options.setdefault("plugins", [OpenAPI(), OneTimeToken()])
    return Auth(
        database="sqlite://",
        base_url=ORIGIN + base_path,
        email_and_password=EmailAndPassword(enabled=True),
        environ={},
        **options,
    )


STAFF: dict[str, Any] = {
    "secret": SECRET[::-1],
    "advanced": Advanced(cookie_prefix="staff"),
}


class Status(pydantic.BaseModel):
    """The application has a type of this name, too."""

    lamps: int


class Ok(msgspec.Struct):
    """And another one."""

    lamps: int


def of_fastapi(*auths: Auth[Any], root_path: str = "") -> dict[str, Any]:
    app = fastapi.FastAPI()
    app.root_path = root_path
    for auth in auths:
        mount(app, auth)

    signed_in = [fastapi.Depends(CurrentUser(auths[0]))]

    @app.get("/status", operation_id="signInEmail", tags=["Auth"], dependencies=signed_in)
    async def status() -> Status:
        return Status(lamps=1)

    assert callable(status)
    assert app.openapi() is app.openapi()
    return app.openapi()


def of_litestar(*auths: Auth[Any]) -> dict[str, Any]:
    @litestar.get("/status", operation_id="signInEmail", tags=["Auth"])
    async def status() -> Ok:
        return Ok(lamps=1)

    plugins = [
        WatchwordPlugin(auth, prefix=f"p{place}_" if place else "")
        for place, auth in enumerate(auths)
    ]
    app = litestar.Litestar([status], plugins=plugins)
    with LitestarClient(app) as client:
        served: dict[str, Any] = client.get("/schema/openapi.json").json()
    assert app.openapi_schema.to_schema()["paths"].keys() == served["paths"].keys()
    return served


@pytest.fixture(params=[of_fastapi, of_litestar])
def document_of(request: pytest.FixtureRequest) -> Callable[..., dict[str, Any]]:
    return cast("Callable[..., dict[str, Any]]", request.param)


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def test_endpoints_stand_beside_routes(document_of: Callable[..., dict[str, Any]]) -> None:
    found = operations(document_of(server()))
    assert found["POST /api/auth/sign-in/email"]["tags"] == ["Auth"]
    assert found["GET /api/auth/one-time-token/generate"]["tags"] == ["Auth: One-time-token"]
    assert found["GET /status"]["operationId"] == "signInEmail"
    ids = [one["operationId"] for one in found.values()]
    assert len(ids) == len(set(ids)) > 30


def test_nothing_of_the_application_is_replaced(
    document_of: Callable[..., dict[str, Any]],
) -> None:
    document = document_of(server())
    validate(document)
    taken = {"Status", "Ok"} & {
        name for name, one in document["components"]["schemas"].items() if "lamps" in str(one)
    }
    assert len(taken) == 1
    (name,) = taken
    there = document["components"]["schemas"][f"Auth{name}"]
    assert "lamps" not in str(there)
    assert f"#/components/schemas/Auth{name}" in str(document["paths"])


def test_two_servers_stand_beside_each_other(
    document_of: Callable[..., dict[str, Any]],
) -> None:
    document = document_of(server("/users"), server("/staff", **STAFF))
    validate(document)
    assert {"/users/sign-out", "/staff/sign-out"} <= document["paths"].keys()
    ids = [one["operationId"] for one in operations(document).values()]
    assert len(ids) == len(set(ids))


def test_without_the_plugin_documents_are_as_ever(
    document_of: Callable[..., dict[str, Any]],
) -> None:
    assert list(document_of(server(plugins=[]))["paths"]) == ["/status"]


def test_a_root_path_is_not_said_twice() -> None:
    document = of_fastapi(server("/v1/api/auth"), root_path="/v1")
    assert "/api/auth/sign-out" in document["paths"]


def test_a_path_of_the_whole_application_is_said_once() -> None:
    app = litestar.Litestar(
        [], plugins=[WatchwordPlugin(server("/v1/api/auth"), path="/api/auth")], path="/v1"
    )
    assert "/v1/api/auth/sign-out" in app.openapi_schema.to_schema()["paths"]
