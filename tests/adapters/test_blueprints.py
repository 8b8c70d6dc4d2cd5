"""Applications that a function makes, and blueprints: guards on all of one, and the server in one.

In Flask and in Quart, which share their extension.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flask
import pytest
import quart

from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from tests.adapters.echo import EchoAuth
from watchword import ConfigurationError
from watchword.adapters import flask as on_flask
from watchword.adapters import quart as on_quart

AL = [("Cookie", "user=al")]


@dataclass(frozen=True)
class Framework:
    """What differs between the two."""

    module: Any
    application: Any
    blueprint: Any
    client: Callable[[Any], Client]

    def app(self, **options: Any) -> Any:
        return self.application("app", **options)

    def part(self, name: str, url_prefix: str | None = None) -> Any:
        """A blueprint with a page that says who is there."""
        made = self.blueprint(name, name, url_prefix=url_prefix)
        made.add_url_rule("/page", endpoint="page", view_func=page())
        made.add_url_rule("/other", endpoint="other", view_func=page(), methods=["POST"])
        return made


def page() -> Callable[[], str]:
    """A view; another one each time, since guards know the views around which they stand."""
    return lambda: "page"


@pytest.fixture(params=["flask", "quart"])
def kit(request: pytest.FixtureRequest) -> Framework:
    if request.param == "flask":
        return Framework(on_flask, flask.Flask, flask.Blueprint, WSGIClient)
    return Framework(on_quart, quart.Quart, quart.Blueprint, ASGIClient)


# applications that a function makes


def test_an_extension_may_be_made_before_the_application(kit: Framework, auth: EchoAuth) -> None:
    watchword = kit.module.Watchword(auth)
    for _ in range(2):
        app = kit.app()
        watchword.init_app(app)
        app.add_url_rule("/me", view_func=watchword.login_required(page()))
        assert kit.client(app).send("GET", "/api/auth/ok").body == b"echo"
        assert kit.client(app).send("GET", "/me").status == 401
        assert kit.client(app).send("GET", "/me", AL).status == 200


def test_each_application_may_have_a_server_of_its_own(kit: Framework) -> None:
    """As with tests, that make the application anew with a database of their own."""
    watchword = kit.module.Watchword()
    part = kit.blueprint("part", "part")
    part.add_url_rule("/mine", endpoint="mine", view_func=watchword.login_required(page()))
    part.add_url_rule("/roles", endpoint="roles", view_func=kit.module.login_required(page()))
    made: list[tuple[Client, EchoAuth]] = []
    for _ in range(2):
        app, auth = kit.app(), EchoAuth()
        watchword.init_app(app, auth)
        app.register_blueprint(part)
        made.append((kit.client(app), auth))
    for client, auth in made:
        assert client.send("GET", "/mine", AL).status == 200
        assert client.send("GET", "/roles").status == 401
        client.send("GET", "/api/auth/ok")
        assert len(auth.script.checks) == 2
        assert len(auth.script.seen) == 1


def test_whoever_names_no_server_is_told(kit: Framework, auth: EchoAuth) -> None:
    watchword = kit.module.Watchword()
    with pytest.raises(ConfigurationError, match="nobody said which server is meant"):
        watchword.init_app(kit.app())
    with pytest.raises(ConfigurationError, match="made for another server"):
        kit.module.Watchword(EchoAuth()).init_app(kit.app(), auth)
    watchword.init_app(kit.app(), auth)
    bare = kit.app()
    bare.config["PROPAGATE_EXCEPTIONS"] = True
    bare.add_url_rule("/", view_func=watchword.login_required(page()))
    with pytest.raises(RuntimeError, match="init_app"):
        kit.client(bare).send("GET", "/", AL)


# guards on all of a blueprint


def test_a_guard_on_a_blueprint_stands_before_all_of_it(kit: Framework, auth: EchoAuth) -> None:
    app, outer, inner = kit.app(), kit.part("outer", "/outer"), kit.part("inner", "/inner")
    kit.module.Watchword(auth, app)
    kit.module.guard_all(outer, kit.module.login_required)
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    app.register_blueprint(kit.part("open", "/open"))
    client = kit.client(app)
    for path in ("/outer/page", "/outer/inner/page"):
        assert client.send("GET", path).status == 401
        assert client.send("GET", path, AL).body == b"page"
        assert client.send("POST", path.replace("page", "other")).status == 401
    assert client.send("GET", "/open/page").body == b"page"
    assert client.send("GET", "/api/auth/ok").body == b"echo"


def test_renewed_cookies_come_out_of_it(kit: Framework, auth: EchoAuth) -> None:
    app, part = kit.app(), kit.part("part", "/part")
    kit.module.Watchword(auth, app)
    kit.module.guard_all(part, kit.module.login_required)
    app.register_blueprint(part)
    answer = kit.client(app).send("GET", "/part/page", [("Cookie", "user=al; renew=1")])
    assert len(answer.all("set-cookie")) == 2
    assert [value.lower() for value in answer.all("vary")] == ["cookie"]


def test_a_guard_with_a_login_page(kit: Framework, auth: EchoAuth) -> None:
    app, part = kit.app(), kit.part("part", "/part")
    kit.module.Watchword(auth, app)
    kit.module.guard_all(part, kit.module.login_required(login_url="/sign-in"))
    app.register_blueprint(part)
    answer = kit.client(app).send("GET", "/part/page?a=1&b=%2F")
    assert answer.status == 302
    assert answer.all("location") == ["/sign-in?next=%2Fpart%2Fpage%3Fa%3D1%26b%3D%252F"]
    posted = kit.client(app).send("POST", "/part/other")
    assert posted.all("location") == ["/sign-in"]


def test_a_guard_on_an_application_leaves_the_server_open(kit: Framework, auth: EchoAuth) -> None:
    app = kit.app(static_folder=".", static_url_path="/static")
    staff = EchoAuth("/staff/auth")
    kit.module.Watchword(auth, app)
    kit.module.Watchword(staff, app, name="staff")
    guard = kit.module.login_required(login_url="/sign-in")
    kit.module.guard_all(app, guard, except_for=["login", "part.page"])
    app.add_url_rule("/sign-in", endpoint="login", view_func=page())
    app.add_url_rule("/", endpoint="home", view_func=page())
    app.register_blueprint(kit.part("part", "/part"))
    client = kit.client(app)
    assert client.send("POST", "/api/auth/sign-in/email").body == b"echo"
    assert client.send("POST", "/staff/auth/sign-in/email").body == b"echo"
    assert client.send("GET", "/sign-in").body == b"page"
    assert client.send("GET", "/part/page").body == b"page"
    assert client.send("GET", "/").status == 302
    assert client.send("POST", "/part/other").status == 302
    assert client.send("GET", "/static/drivers.py").status == 302
    assert client.send("GET", "/no-such-page").status == 404
    assert client.send("GET", "/", AL).body == b"page"


def test_methods_are_told_to_anybody(kit: Framework, auth: EchoAuth) -> None:
    """A preflight has no cookie: whoever guards an application has CORS all the same."""
    app = kit.app()
    kit.module.Watchword(auth, app)
    kit.module.guard_all(app, kit.module.login_required)
    app.add_url_rule("/", endpoint="home", view_func=page())
    own: dict[str, Any] = {"methods": ["OPTIONS"], "provide_automatic_options": False}
    app.add_url_rule("/own", endpoint="own", view_func=page(), **own)
    answer = kit.client(app).send("OPTIONS", "/")
    assert (answer.status, answer.body) == (200, b"")
    assert "GET" in answer.all("allow")[0]
    assert kit.client(app).send("OPTIONS", "/own").status == 401


def test_a_login_page_that_is_guarded_itself_does_not_send_in_circles(
    kit: Framework, auth: EchoAuth
) -> None:
    app = kit.app()
    kit.module.Watchword(auth, app)
    kit.module.guard_all(app, kit.module.login_required(login_url="/sign-in"))
    app.add_url_rule("/sign-in", endpoint="login", view_func=page())
    assert kit.client(app).send("GET", "/sign-in?next=%2F").status == 401


def test_one_name_is_not_taken_for_all_that_it_contains(kit: Framework) -> None:
    """`endpoint in "login"` would leave "log" and "in" open as well."""
    guard = kit.module.login_required
    with pytest.raises(ConfigurationError, match="except_for"):
        kit.module.guard_all(kit.part("part"), guard, except_for="login")


def test_a_blueprint_without_a_guard_is_not_called_guarded(kit: Framework) -> None:
    with pytest.raises(ConfigurationError, match="no guard was given"):
        kit.module.guard_all(kit.part("part"))


def test_several_guards_ask_in_order(kit: Framework, auth: EchoAuth) -> None:
    asked: list[str] = []

    def guard(name: str, inner: Any) -> Any:
        def decorate(view: Any) -> Any:
            guarded = inner(view)
            if kit.module is on_flask:

                def noting() -> Any:
                    asked.append(name)
                    return guarded()

                return noting

            async def noting_async() -> Any:
                asked.append(name)
                return await guarded()

            return noting_async

        return decorate

    app, part = kit.app(), kit.part("part", "/part")
    kit.module.Watchword(auth, app)
    one, two = (guard(name, kit.module.login_required) for name in ("one", "two"))
    kit.module.guard_all(part, one, two)
    app.register_blueprint(part)
    kit.client(app).send("GET", "/part/page")
    assert asked == ["one"]
    kit.client(app).send("GET", "/part/page", AL)
    assert asked == ["one", "one", "two"]


# the server itself in a blueprint


def test_a_blueprint_may_mount_the_server(kit: Framework) -> None:
    auth = EchoAuth("/v1/inner/auth")
    app, outer = kit.app(), kit.part("outer", "/v1")
    inner = kit.part("inner", "/inner")
    kit.module.guard_all(outer, kit.module.login_required)
    inner.register_blueprint(kit.module.Watchword(auth).blueprint(url_prefix="/auth"))
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    client = kit.client(app)
    for path in ("/v1/inner/auth", "/v1/inner/auth/ok", "/v1/inner/auth/a%2Fb//"):
        assert client.send("POST", path).body == b"echo", "guards of the blueprint are not its own"
        assert auth.last.request.path == path
    assert client.send("GET", "/v1/inner/page").status == 401
    assert client.send("GET", "/v1/inner/page", AL).body == b"page"


def test_and_is_told_of_the_server_where_the_application_is_made(kit: Framework) -> None:
    watchword = kit.module.Watchword()
    for _ in range(2):
        auth, app = EchoAuth(), kit.app()
        app.register_blueprint(watchword.blueprint(auth=auth, url_prefix="/api/auth"))
        app.add_url_rule("/me", view_func=watchword.login_required(page()))
        assert kit.client(app).send("GET", "/api/auth/ok").body == b"echo"
        assert kit.client(app).send("GET", "/me", AL).body == b"page"
        assert len(auth.script.checks) == 1


@pytest.mark.parametrize("prefix", ["/v1", "/v1/", "/api/auth", None])
def test_a_prefix_that_is_not_the_base_path_is_refused(
    kit: Framework, auth: EchoAuth, prefix: str | None
) -> None:
    app, outer = kit.app(), kit.part("outer", prefix)
    outer.register_blueprint(kit.module.Watchword(auth).blueprint(url_prefix="/auth"))
    with pytest.raises(ConfigurationError, match="the server answers at '/api/auth'") as refused:
        app.register_blueprint(outer)
    assert refused.value.option == "base_path"


def test_a_path_of_its_own_is_held_against_it(kit: Framework) -> None:
    """Below a prefix that the server strips, the application sees less than the whole path."""
    auth = EchoAuth("/shop/api/auth")
    app = kit.app()
    blueprint = kit.module.Watchword(auth, path="/api/auth").blueprint(url_prefix="/api/auth")
    app.register_blueprint(blueprint)
    assert kit.client(app).send("GET", "/api/auth/ok", root="/shop").body == b"echo"
    assert auth.last.request.path == "/shop/api/auth/ok"
