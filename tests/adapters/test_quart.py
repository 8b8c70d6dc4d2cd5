"""What is particular to Quart: proxies that wait for nobody, bodies that are read ahead, hooks,
sockets, its own test client and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import quart
from hypercorn.middleware import ProxyFixMiddleware

from tests.adapters.apps import quart_app
from tests.adapters.drivers import ASGIClient
from tests.adapters.echo import RENEWED, EchoAuth
from tests.adapters.sockets import talk
from watchword import APIError, testing
from watchword.adapters.quart import (
    Watchword,
    auth_request,
    current_session,
    current_user,
    login_required,
)

ALICE = [("Cookie", "user=alice")]
FORM = [("Content-Type", "application/x-www-form-urlencoded")]
BODY = b"resource=a&resource=b"


@pytest.fixture
def app(auth: EchoAuth) -> quart.Quart:
    return quart_app(auth)


def test_a_proxy_that_nobody_asked_for_says_what_to_do(app: quart.Quart) -> None:
    @app.get("/early")
    async def early() -> str:
        return current_user.name

    assert callable(early)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(LookupError, match="nobody has asked yet who is signed in"):
        ASGIClient(app).send("GET", "/early", ALICE)


def test_it_may_be_asked_for_before_all_views(auth: EchoAuth) -> None:
    app = quart.Quart("app")
    watchword = Watchword(auth, app)
    app.before_request(watchword.load)

    @app.get("/")
    async def page() -> str:
        return await quart.render_template_string(
            "{{ user.name if user else 'nobody' }}", user=current_user
        )

    @app.get("/both")
    def in_a_thread() -> str:
        assert current_session.session.user_id == current_user.id
        return current_user.email

    assert all(map(callable, (page, in_a_thread)))
    client = ASGIClient(app)
    assert client.send("GET", "/", ALICE).body == b"alice"
    assert client.send("GET", "/").body == b"nobody"
    assert client.send("GET", "/both", ALICE).body == b"alice@example.com"
    assert len(auth.script.checks) == 3


def test_a_login_page_may_be_the_answer(app: quart.Quart) -> None:
    @app.get("/account")
    @login_required(login_url="/sign-in")
    async def account() -> str:
        return current_user.name

    assert callable(account)
    answer = ASGIClient(app).send("GET", "/account?a=1", [("Cookie", "renew=1")])
    assert (answer.status, answer.all("location")) == (302, ["/sign-in?next=%2Faccount%3Fa%3D1"])
    assert answer.all("set-cookie") == list(RENEWED)
    assert ASGIClient(app).send("GET", "/account", [("Cookie", "user=al")]).body == b"al"


@pytest.mark.parametrize("read", ["get_data", "get_json", "form", "body"])
def test_hooks_read_nothing_of_what_the_server_is_sent(
    app: quart.Quart, auth: EchoAuth, read: str
) -> None:
    async def hook() -> None:
        found: Any = getattr(quart.request, read)
        waiting: Any = found() if callable(found) else found
        assert not await waiting

    app.before_request(hook)
    ASGIClient(app).send("POST", "/api/auth/ok", FORM, body=BODY)
    assert auth.last.data == BODY


def test_bodies_of_the_applications_own_are_read_as_ever(app: quart.Quart) -> None:
    @app.post("/own")
    async def own() -> str:
        return ",".join((await quart.request.form).getlist("resource"))

    assert callable(own)
    assert ASGIClient(app).send("POST", "/own", FORM, body=BODY).body == b"a,b"


async def echoed() -> bytes:
    data = await quart.request.get_data()
    assert isinstance(data, bytes)
    return data


def test_so_are_those_of_its_routes_below_the_base_path(auth: EchoAuth) -> None:
    app = quart.Quart("app")
    Watchword(auth, app)
    app.add_url_rule("/api/auth/own", view_func=echoed, methods=["POST"])
    client = ASGIClient(app)
    assert client.send("POST", "/api/auth/own", body=b"a" * 5000).body == b"a" * 5000
    assert client.send("POST", "/api/auth/ok", body=b"b").body == b"echo"
    assert auth.last.data == b"b"


def test_and_beside_a_server_at_the_root() -> None:
    auth, staff = EchoAuth(""), EchoAuth("/staff")
    app = quart.Quart("app")
    Watchword(auth, app)
    Watchword(staff, app, name="staff")
    app.add_url_rule("/mine", view_func=echoed, methods=["POST"])
    client = ASGIClient(app)
    assert client.send("POST", "/mine", body=b"mine").body == b"mine"
    for path, server in (("/ok", auth), ("/staff/ok", staff)):
        assert client.send("POST", path, body=path.encode()).body == b"echo"
        assert server.last.data == path.encode()
    assert client.send("POST", "/ok", body=b"x" * 1001).status == 413


def test_a_client_that_leaves_does_not_stop_what_it_began(app: quart.Quart, auth: EchoAuth) -> None:
    """Quart cancels a view whose client is gone; half a sign-up must not be left behind."""
    gone = ASGIClient(app).send("POST", "/api/auth/ok", FORM, chunks=[BODY], extra={"x": 1})
    assert gone.status == 200
    answer = ASGIClient(app).send(
        "POST", "/api/auth/ok", FORM, chunks=[BODY], extra={"disconnects": True}
    )
    assert answer.status == 400
    assert len(auth.script.seen) == 1


def test_hooks_after_the_request_see_its_responses(app: quart.Quart, auth: EchoAuth) -> None:
    async def stamp(response: Any) -> Any:
        response.headers["x-stamp"] = quart.request.endpoint
        return response

    app.after_request(stamp)
    assert ASGIClient(app).send("GET", "/api/auth/ok").all("x-stamp") == ["watchword"]


def test_debug_mode_changes_nothing(app: quart.Quart, auth: EchoAuth) -> None:
    app.debug = app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = True
    ASGIClient(app).send("POST", "/api/auth/ok/", FORM, body=BODY)
    assert (auth.last.request.path, auth.last.data) == ("/api/auth/ok/", BODY)
    assert ASGIClient(app).send("GET", "/me").status == 401


def test_middleware_around_the_application_has_its_say(app: quart.Quart, auth: EchoAuth) -> None:
    """Whether it is put there before the extension or after it, and though it copies the scope."""
    for wrapped in (app, quart_app(auth)):
        wrapped.asgi_app = ProxyFixMiddleware(wrapped.asgi_app, mode="legacy", trusted_hops=1)
        forwarded = [("X-Forwarded-For", "198.51.100.9"), ("X-Forwarded-Proto", "https")]
        ASGIClient(wrapped).send("GET", "/api/auth/ok", forwarded)
        assert auth.last.request.client == "198.51.100.9"
        assert ASGIClient(wrapped).send("GET", "/me", ALICE).body == b"alice@example.com"


def test_the_refusal_of_a_host_that_is_none_is_an_answer(app: quart.Quart) -> None:
    given = {"headers": [(b"host", b"a" * 300 + b".example")]}
    for path in ("/api/auth/ok", "/me"):
        assert ASGIClient(app).send("GET", path, extra=given).status == 400


async def test_its_own_test_client(app: quart.Quart) -> None:
    async with app.test_app() as running:
        client = running.test_client()
        assert (await client.get("/me")).status_code == 401
        answer = await client.get("/me", headers={"Cookie": "user=alice; renew=1"})
        assert await answer.get_data() == b"alice@example.com"
        assert answer.headers.getlist("set-cookie") == list(RENEWED)


async def test_the_server_is_closed_after_serving(auth: EchoAuth) -> None:
    async with quart_app(auth).test_app():
        assert auth.script.closed == 0
    assert auth.script.closed == 1


async def test_the_request_for_calls_of_ones_own(app: quart.Quart) -> None:
    async with app.test_request_context("/a%2Fb?c=1", headers={"Cookie": "user=alice"}):
        assert (auth_request().query, auth_request().headers.get("cookie")) == ("c=1", "user=alice")


async def test_the_proxies_need_a_request_and_the_extension(app: quart.Quart) -> None:
    async with app.app_context():
        with pytest.raises(RuntimeError, match="context"):
            bool(current_user.id)
    async with quart.Quart("bare").test_request_context("/"):
        with pytest.raises(RuntimeError, match="no Watchword extension"):
            bool(current_user.id)


def test_a_guard_above_its_route_is_found_out(app: quart.Quart) -> None:
    @app.get("/wrong")
    async def wrong() -> str:
        return "open"

    guarded = login_required(wrong)
    assert callable(guarded)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(RuntimeError, match="above its route"):
        ASGIClient(app).send("GET", "/wrong")


def test_requests_of_one_task_are_told_apart(app: quart.Quart) -> None:
    client = ASGIClient(app)

    async def both() -> list[str]:
        found: list[str] = []
        for name in ("alice", "bob"):
            async with app.test_request_context("/", headers={"Cookie": f"user={name}"}):
                user = await app.extensions["watchword"].user
                found.append(user.name)
        return found

    assert client.run(both()) == ["alice", "bob"]


def test_web_sockets_below_the_base_path_are_refused(app: quart.Quart) -> None:
    heard = talk(ASGIClient(app), "/api/auth/ok", ALICE, denials=False)
    assert not heard.accepted
    assert heard.closed is not None


@pytest.mark.parametrize("denials", [True, False])
def test_an_error_of_a_web_socket_is_its_reason(auth: EchoAuth, denials: bool) -> None:
    app = quart.Quart("app")
    Watchword(auth, app)

    @app.websocket("/late")
    async def late() -> None:
        await quart.websocket.send("hello")
        raise APIError(409, "GONE_ELSEWHERE")

    @app.websocket("/early")
    async def early() -> None:
        raise APIError(409, "GONE_ELSEWHERE")

    assert all(map(callable, (late, early)))
    client = ASGIClient(app)
    assert talk(client, "/late", denials=denials).closed == (1008, "GONE_ELSEWHERE")
    refused = talk(client, "/early", denials=denials)
    assert not refused.accepted
    assert (refused.denial or refused.closed) in ((409, "GONE_ELSEWHERE"), (1008, "GONE_ELSEWHERE"))


def test_renewed_cookies_go_out_with_the_acceptance(auth: EchoAuth) -> None:
    app = quart.Quart("app")
    Watchword(auth, app)

    @app.websocket("/ws")
    @login_required
    async def socket() -> None:
        await quart.websocket.send(current_user.email)

    assert callable(socket)
    heard = talk(ASGIClient(app), "/ws", [("Cookie", "user=al; renew=1")])
    assert (heard.texts, heard.cookies) == (["al@example.com"], list(RENEWED))
    assert talk(ASGIClient(app), "/ws").denial == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("limit", [None, 0.05])
async def test_a_stream_lasts_longer_than_quarts_own_limit(limit: float | None) -> None:
    """Where `timeout` is None, as the page says; left alone it is cut off."""
    auth = testing.auth(base_url="http://localhost")
    app = quart.Quart("app")
    watchword = Watchword(auth, app)
    cookies = testing.session_cookies(auth, testing.make_user(auth))

    async def news() -> AsyncIterator[str]:
        yield "data: first\n\n"
        await asyncio.sleep(0.2)
        yield "data: last\n\n"

    @app.get("/events")
    async def events() -> quart.Response:
        live = await watchword.live_session()
        response = quart.Response(live.through(news()), content_type="text/event-stream")
        response.timeout = limit
        return response

    assert callable(events)
    sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    async with app.test_client().request("/events", headers=sent) as link:
        await link.send_complete()
        heard = b""
        with suppress(asyncio.CancelledError, asyncio.TimeoutError):
            while b"last" not in heard:
                heard += await asyncio.wait_for(link.receive(), 0.5)
    assert (b"last" in heard) == (limit is None)
    await auth.close()
