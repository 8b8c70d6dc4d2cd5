"""What is particular to Litestar: its CSRF check, guards on everything, prefixes of paths."""

from __future__ import annotations

import litestar
import pytest
from litestar.config.csrf import CSRFConfig
from litestar.di import NamedDependency, Provide
from litestar.exceptions import ImproperlyConfiguredException
from litestar.testing import TestClient

from tests.adapters.apps import litestar_app
from tests.adapters.drivers import ASGIClient
from tests.adapters.echo import EchoAuth
from tests.support.litestar_app import LitestarApp
from watchword.adapters.litestar import WatchwordPlugin, requires_session

FORM = [("Content-Type", "application/x-www-form-urlencoded")]


def test_the_csrf_check_of_litestar_leaves_the_server_alone(auth: EchoAuth) -> None:
    app = litestar_app(auth, csrf_config=CSRFConfig(secret="s" * 32))
    answer = ASGIClient(app).send("POST", "/api/auth/ok", FORM, body=b"a=1&a=2")
    assert answer.status == 200
    assert answer.all("set-cookie") == []
    assert auth.last.data == b"a=1&a=2"


def test_a_guard_on_everything_spares_the_server(auth: EchoAuth) -> None:
    client = ASGIClient(litestar_app(auth, guards=[requires_session]))
    assert client.send("GET", "/open").status == 401
    assert client.send("POST", "/api/auth/sign-in/email").status == 200
    assert [seen.request.path for seen in auth.script.seen] == ["/api/auth/sign-in/email"]


def test_limits_of_litestar_are_for_its_own_requests(auth: EchoAuth) -> None:
    client = ASGIClient(litestar_app(auth, request_max_body_size=5))
    assert client.send("POST", "/api/auth/ok", FORM, body=b"x" * 100).status == 200
    assert auth.last.data == b"x" * 100


def with_route(path: str, auth: EchoAuth) -> litestar.Litestar:
    @litestar.get(path, media_type="text/plain")
    async def show() -> str:
        return "mine"

    return LitestarApp([show], plugins=[WatchwordPlugin(auth)], openapi_config=None)


@pytest.mark.parametrize("path", ["/api/authors/{name:str}", "/api/auth-log/{day:int}/x"])
def test_a_route_that_litestar_would_not_tell_from_the_mount_is_an_error(
    auth: EchoAuth, path: str
) -> None:
    with pytest.raises(ImproperlyConfiguredException, match="WatchwordMiddleware"):
        with_route(path, auth)


@pytest.mark.parametrize(
    ("path", "target"), [("/api/authors", "/api/authors"), ("/api/{name:str}", "/api/au")]
)
def test_routes_beside_the_mount_are_the_applications(
    auth: EchoAuth, path: str, target: str
) -> None:
    assert ASGIClient(with_route(path, auth)).send("GET", target).body == b"mine"
    assert auth.script.seen == []


def test_a_prefix_of_the_application_belongs_to_the_base_path() -> None:
    auth = EchoAuth("/v1/api/auth")
    plugin = WatchwordPlugin(auth, path="/api/auth")
    app = LitestarApp([], plugins=[plugin], path="/v1", openapi_config=None)
    ASGIClient(app).send("GET", "/v1/api/auth/a%2Fb/")
    assert auth.last.request.path == "/v1/api/auth/a%2Fb/"


def test_a_root_path_of_the_server_belongs_to_the_base_path() -> None:
    auth = EchoAuth("/v1/api/auth")
    plugin = WatchwordPlugin(auth, path="/api/auth")
    app = LitestarApp([], plugins=[plugin], openapi_config=None)
    ASGIClient(app).send("GET", "/api/auth/a%2Fb//", root="/v1")
    assert auth.last.request.path == "/v1/api/auth/a%2Fb//"


def test_dependencies_of_the_application_win(auth: EchoAuth) -> None:
    async def user() -> str:
        return "mine"

    @litestar.get("/", media_type="text/plain")
    async def show(user: NamedDependency[str]) -> str:
        return user

    app = LitestarApp(
        [show],
        plugins=[WatchwordPlugin(auth)],
        dependencies={"user": Provide(user)},
        openapi_config=None,
    )
    assert ASGIClient(app).send("GET", "/").body == b"mine"


def test_openapi_of_litestar_is_not_disturbed(auth: EchoAuth) -> None:
    @litestar.get("/")
    async def show() -> str:
        return ""

    app = LitestarApp([show], plugins=[WatchwordPlugin(auth)])
    assert list(app.openapi_schema.to_schema()["paths"]) == ["/"]


def test_the_lifespan_closes_the_server(auth: EchoAuth) -> None:
    with TestClient(litestar_app(auth)) as client:
        assert client.get("/open").text == "nobody"
        assert client.get("/api/auth/ok?a=b%2Fc").text == "echo"
        assert auth.script.closed == 0
    assert auth.script.closed == 1
    assert (auth.last.request.path, auth.last.request.query) == ("/api/auth/ok", "a=b%2Fc")
