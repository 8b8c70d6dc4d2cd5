"""What the client sends, keeps and refuses, without a network."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Annotated, Any

import httpx2
import msgspec
import pytest

from watchword import (
    APIError,
    Auth,
    Call,
    Column,
    ConfigurationError,
    EmailAndPassword,
    Redirect,
    Request,
    Response,
    Session,
    SetPassword,
    SignInEmail,
    SignUpEmail,
    UpdateUser,
    User,
)
from watchword.adapters.asgi import ASGIApp
from watchword.adapters.wsgi import WSGIApp
from watchword.client import AsyncClient, Client, ClientError, NoAnswer, UnexpectedAnswer
from watchword.features.password_reset import FollowResetLink
from watchword.plugin import Plugin, get, post
from watchword.plugins import Bearer, MagicLink
from watchword.plugins.admin import ListUsers
from watchword.plugins.magic_link import MagicLinkMail, SignInMagicLink, VerifyMagicLink
from watchword.server_api import WithHeaders

ORIGIN = "https://auth.example"
ADA = SignInEmail(email="ada@example.com", password="correct horse")
USER = {
    "id": "1",
    "name": "Ada",
    "email": "ada@example.com",
    "emailVerified": True,
    "createdAt": "2030-01-01T00:00:00.000Z",
    "updatedAt": "2030-01-01T00:00:00.000Z",
}
SESSION = {
    "id": "2",
    "token": "t",
    "userId": "1",
    "expiresAt": "2030-01-08T00:00:00.000Z",
    "createdAt": "2030-01-01T00:00:00.000Z",
    "updatedAt": "2030-01-01T00:00:00.000Z",
}
FOUND = {"user": USER, "session": SESSION}


class Server:
    """Answers all requests in the same way, and notes them."""

    def __init__(self, answer: Callable[[httpx2.Request], httpx2.Response] | httpx2.Response):
        self.asked: list[httpx2.Request] = []
        self._answer = answer

    def client(self, **options: Any) -> Client:
        return Client(ORIGIN, transport=httpx2.MockTransport(self._handle), **options)

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        return self._answer if isinstance(self._answer, httpx2.Response) else self._answer(request)


def answering(value: object, status: int = 200, **headers: str) -> Server:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Server(lambda _: httpx2.Response(status, json=value, headers=named))


def unreachable(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("no")


def test_a_get_is_sent_again_and_nothing_else_is() -> None:
    server = Server(unreachable)
    with pytest.raises(NoAnswer) as failed:
        server.client(retries=2).api.get_session()
    assert (failed.value.reason, failed.value.host) == ("unreachable", "auth.example")
    assert len(server.asked) == 3
    for call in (
        lambda: server.client().api.sign_in_email(ADA),
        lambda: server.client().api.magic_link_verify(VerifyMagicLink(token="x")),
        lambda: server.client(retries=0).api.get_session(),
    ):
        server.asked.clear()
        with pytest.raises(ClientError):
            call()
        assert len(server.asked) == 1


def test_what_took_too_long_is_not_asked_again() -> None:
    def late(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("late")

    server = Server(late)
    with pytest.raises(NoAnswer, match="timeout"):
        server.client().api.get_session()
    assert len(server.asked) == 1


def test_a_get_that_gets_through_later() -> None:
    tries = iter([unreachable, unreachable, lambda _: httpx2.Response(200, json=FOUND)])
    found = Server(lambda request: next(tries)(request)).client().api.get_session()
    assert found is not None
    assert found.user.name == "Ada"


def test_what_is_sent() -> None:
    server = answering({"success": True})
    server.client(token="abc").api.sign_out()
    (asked,) = server.asked
    assert (asked.method, str(asked.url)) == ("POST", f"{ORIGIN}/api/auth/sign-out")
    assert asked.headers["origin"] == ORIGIN
    assert asked.headers["authorization"] == "Bearer abc"
    assert asked.headers["accept-encoding"] == "identity"
    assert (asked.headers["content-type"], asked.content) == ("application/json", b"{}")


def test_only_what_was_given_is_sent() -> None:
    server = answering({"status": True})
    api = server.client().api
    api.update_user(UpdateUser(image=None), extra={"lang": "de"})
    assert json.loads(server.asked[-1].content) == {"image": None, "lang": "de"}
    api.update_user(UpdateUser(name="A"))
    assert json.loads(server.asked[-1].content) == {"name": "A"}
    listed = answering({"users": [], "total": 0})
    wanted = ListUsers(search_value="a&b", limit=5, filter_value=True, filter_field="x y")
    listed.client().api.list_users(wanted, query={"more": "1"})
    assert dict(listed.asked[0].url.params) == {
        "searchValue": "a&b",
        "limit": "5",
        "filterValue": "true",
        "filterField": "x y",
        "more": "1",
    }


@pytest.mark.parametrize(
    ("base_url", "base_path", "url"),
    [
        ("https://a.example", None, "https://a.example/api/auth/ok"),
        ("https://A.example:443/", None, "https://a.example/api/auth/ok"),
        ("http://localhost:5000/own/", None, "http://localhost:5000/own/ok"),
        ("https://a.example", "/x", "https://a.example/x/ok"),
        ("https://a.example/y", "", "https://a.example/ok"),
    ],
)
def test_where_the_server_is(base_url: str, base_path: str | None, url: str) -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(200, json={"ok": True})

    transport = httpx2.MockTransport(answer)
    Client(base_url, base_path=base_path, transport=transport).api.ok()
    assert asked == [url]


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "auth.example"},
        {"base_url": "ftp://auth.example"},
        {"base_url": "https://ada:secret@auth.example"},
        {"base_url": "https://auth.example?token=secret"},
        {"base_url": ORIGIN, "base_path": "api"},
        {"base_url": ORIGIN, "timeout": 0},
        {"base_url": ORIGIN, "retries": 50},
        {"base_url": ORIGIN, "most_bytes": 1},
        {"base_url": ORIGIN, "user_type": int},
        {"base_url": ORIGIN, "plugins": [Bearer()]},
    ],
)
def test_options_that_are_wrong(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Client(**options)
    assert "secret" not in str(refused.value)


def test_no_redirect_is_followed() -> None:
    server = Server(httpx2.Response(302, headers={"location": "https://elsewhere.example/?x=1"}))
    with pytest.raises(Redirect) as led:
        server.client(token="abc").api.magic_link_verify(VerifyMagicLink(token="x"))
    assert led.value.location == "https://elsewhere.example/?x=1"
    assert len(server.asked) == 1
    moved = Server(httpx2.Response(301, headers={"location": "https://elsewhere.example"}))
    with pytest.raises(UnexpectedAnswer):
        moved.client(token="abc").api.get_session()
    assert len(moved.asked) == 1


def test_answers_are_bounded() -> None:
    endless = Server(lambda _: httpx2.Response(200, content=b"[" + b" " * 5000))
    with pytest.raises(NoAnswer, match="too large"):
        endless.client(most_bytes=4096).api.get_session()
    packed = Server(
        lambda _: httpx2.Response(
            200, stream=httpx2.ByteStream(b"x"), headers={"content-encoding": "gzip"}
        )
    )
    with pytest.raises(NoAnswer, match="encoded"):
        packed.client().api.get_session()


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 100_000, b"\xff", b"[]", b'{"user":5}'])
def test_what_is_no_result_is_said_so(body: bytes) -> None:
    server = Server(lambda _: httpx2.Response(200, content=body))
    with pytest.raises(UnexpectedAnswer) as failed:
        server.client().api.sign_in_email(ADA)
    assert "sign_in_email was answered with 200" in str(failed.value)


def test_a_result_that_does_not_fit_tells_where_and_no_value() -> None:
    odd = {**FOUND, "session": {**SESSION, "expiresAt": "hunter2"}}
    with pytest.raises(UnexpectedAnswer, match=r"session\.expiresAt") as failed:
        answering(odd).client().api.get_session()
    assert "hunter2" not in str(failed.value)


def test_fields_of_newer_servers_are_left_out() -> None:
    newer = {"user": {**USER, "new": 1}, "session": {**SESSION, "new": {}}, "new": []}
    found = answering(newer).client().api.get_session()
    assert found is not None
    assert (found.user.id, found.session.expires_at.year) == ("1", 2030)


def test_errors_are_those_of_the_server() -> None:
    server = answering(
        {"code": "TOO_MANY", "message": "Wait", "left": 3},
        429,
        x_retry_after="7",
        set_cookie="a=b",
        set_auth_token="secret",
    )
    with pytest.raises(APIError) as refused:
        server.client().api.sign_in_email(ADA)
    error = refused.value
    assert (error.status, error.code, error.message) == (429, "TOO_MANY", "Wait")
    assert error.extra == {"left": 3}
    assert error.headers == (("x-retry-after", "7"),)
    for body in (b"", b"<h1>Bad Gateway</h1>", b"[]", b'{"code":5,"message":[]}'):
        broken = Server(httpx2.Response(502, content=body))
        with pytest.raises(APIError) as refused:
            broken.client().api.get_session()
        assert (refused.value.status, refused.value.code, refused.value.message) == (
            502,
            None,
            None,
        )


def test_the_jar_keeps_what_the_server_sets() -> None:
    server = answering(
        None, set_cookie="__Secure-better-auth.session_token=abc.def; Path=/; Secure"
    )
    client = server.client()
    client.api.get_session()
    client.api.get_session()
    assert "cookie" not in server.asked[0].headers
    assert server.asked[1].headers["cookie"] == "__Secure-better-auth.session_token=abc.def"
    assert "abc" not in repr(client) + repr(client.api.get_session)


def test_a_token_comes_and_goes_with_the_session() -> None:
    answers = iter(
        [
            httpx2.Response(200, json=None, headers={"set-auth-token": "new"}),
            httpx2.Response(
                200,
                json={"success": True},
                headers={"set-cookie": "better-auth.session_token=; Max-Age=0; Path=/"},
            ),
        ]
    )
    client = Server(lambda _: next(answers)).client()
    client.api.get_session()
    assert client.token == "new"
    assert "new" not in repr(client)
    client.api.sign_out()
    assert client.token is None


def test_a_call_for_somebody_else_leaves_the_session_alone() -> None:
    server = answering(None, set_cookie="better-auth.session_token=theirs", set_auth_token="theirs")
    client = server.client(token="mine")
    client.api.get_session(headers={"Cookie": "better-auth.session_token=x"})
    (asked,) = server.asked
    assert asked.headers["cookie"] == "better-auth.session_token=x"
    assert "authorization" not in asked.headers
    assert (client.token, len(client.cookies)) == ("mine", 0)
    client.api.get_session(headers=[("authorization", "Bearer theirs")])
    assert server.asked[-1].headers["authorization"] == "Bearer theirs"
    assert client.token == "mine"


def test_a_header_is_one_line() -> None:
    server = answering(None)
    with pytest.raises(NoAnswer, match="no header"):
        server.client(token="a\r\nx: y").api.get_session()
    assert server.asked == []


def test_what_no_server_answers_is_refused() -> None:
    server = answering(None)
    api = server.client().api
    with pytest.raises(LookupError, match="never served over HTTP"):
        api.set_password(SetPassword(new_password="new horse"))
    with pytest.raises(TypeError, match="request="):
        api.get_session(request=Request(method="GET", path="/"))
    with pytest.raises(AttributeError, match=r"nearest are .*sign_in_email"):
        api.sign_in_emial  # noqa: B018  # pyright: ignore
    assert server.asked == []


@pytest.mark.parametrize("token", ["", ".", ".."])
def test_a_path_holds_no_other_path(token: str) -> None:
    server = answering(None)
    api = server.client().api
    with pytest.raises(ValueError, match="another path"):
        api.request_password_reset_callback(
            FollowResetLink(callback_url="/"), params={"token": token}
        )
    with pytest.raises(TypeError, match="token"):
        api.request_password_reset_callback(FollowResetLink(callback_url="/"))
    api.request_password_reset_callback(
        FollowResetLink(callback_url="/"), params={"token": "a/../b?c"}
    )
    assert (
        server.asked[0].url.raw_path == b"/api/auth/reset-password/a%2F..%2Fb%3Fc?callbackURL=%2F"
    )


class Handing(BaseHTTPRequestHandler):
    """Answers with secrets."""

    def do_GET(self) -> None:
        self.send_response(200)
        for name in ("set-auth-token", "set-cookie"):
            self.send_header(name, "session=hunter2")
        self.send_header("content-length", "4")
        self.end_headers()
        self.wfile.write(b"null")

    def log_message(self, format: str, *args: object) -> None:
        pass


async def test_nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with HTTPServer(("127.0.0.1", 0), Handing) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        url = f"http://127.0.0.1:{server.server_port}"
        with Client(url, token="hunter2") as client:
            assert client.api.magic_link_verify(VerifyMagicLink(token="hunter2"), as_response=True)
            assert client.token == "session=hunter2"
        async with AsyncClient(url, token="hunter2") as other:
            assert await other.api.get_session() is None
        server.shutdown()
        serving.join()
    with pytest.raises(NoAnswer) as failed, client:
        client.api.magic_link_verify(VerifyMagicLink(token="hunter2"))
    assert "httpcore2" in {record.name.partition(".")[0] for record in caplog.records}
    assert "hunter2" not in caplog.text + str(failed.value)


class Member(User):
    lang: str = "en"
    tier: Annotated[str, Column(input=False)] = "free"


class Device(Session):
    label: str | None = None


class Greeting(msgspec.Struct):
    text: str
    to: User


@dataclass(frozen=True, kw_only=True)
class Greeter(Plugin):
    """Greets."""

    id = "greeter"

    @get("/greet/:name", requires="session")
    async def greet(self, call: Call) -> Greeting:
        found = call.lookup
        assert found is not None
        assert found.found is not None
        return Greeting(call.params["name"], found.found.user)

    @post("/page")
    async def page(self, call: Call) -> Response:
        return Response(200, (("content-type", "text/html"),), b"<p>")

    @post("/word")
    async def word(self, call: Call) -> str:
        return "é"


def server_of_members() -> Auth[Member]:
    auth = Auth(
        database="sqlite://",
        base_url="http://localhost:5000",
        secret="8Wq0vZr4TnYb7LkXc2Hs9Pd5Fg1Jm3Ra",
        user_type=Member,
        email_and_password=EmailAndPassword(enabled=True),
        plugins=[Bearer(), Greeter()],
    )
    auth.blocking.migrate()
    return auth


def test_records_and_plugins_of_the_application() -> None:
    auth = server_of_members()
    client = Client(
        "http://localhost:5000",
        user_type=Member,
        records=[Device],
        plugins=[Greeter],
        transport=httpx2.WSGITransport(app=WSGIApp(auth)),
    )
    ada = SignUpEmail(name="Ada", email="ada@example.com", password="correct horse")
    made = client.api.sign_up_email(ada, extra={"lang": "de"}, return_headers=True)
    assert isinstance(made, WithHeaders)
    assert (type(made.value.user), made.value.user.lang) == (Member, "de")
    assert any("session_token" in line for line in made.cookies)
    found = client.api.get_session()
    assert found is not None
    assert isinstance(found.session, Device)
    greeted = client.api.call(Greeter.greet)(params={"name": "bob"})
    assert (greeted.text, greeted.to.id) == ("bob", made.value.user.id)
    assert isinstance(greeted.to, Member)
    assert client.api.call(Greeter.page)().body == b"<p>"
    assert client.api.call(Greeter.word)() == "é"
    stranger = Client("http://localhost:5000")
    with pytest.raises(LookupError, match="plugins="):
        stranger.api.call(Greeter.greet)
    auth.blocking.close()


def test_a_link_that_asks_first_is_redeemed_by_who_calls_its_function() -> None:
    mails: list[MagicLinkMail] = []
    plugin = MagicLink(send_magic_link=lambda mail, request: mails.append(mail), confirm=True)
    auth = Auth(
        database="sqlite://",
        base_url="http://localhost:5000",
        secret="8Wq0vZr4TnYb7LkXc2Hs9Pd5Fg1Jm3Ra",
        plugins=[plugin],
    )
    auth.blocking.migrate()
    transport = httpx2.WSGITransport(app=WSGIApp(auth))
    with Client("http://localhost:5000", transport=transport) as client:
        client.api.sign_in_magic_link(SignInMagicLink(email="ada@example.com"))
        auth.blocking.runtime.drain()
        opened = client.api.magic_link_verify(VerifyMagicLink(token=mails[0].token))
        assert opened.user.email == "ada@example.com"
        found = client.api.get_session()
        assert found is not None
        assert found.session.id == opened.session.id
    auth.blocking.close()


async def test_an_application_in_the_same_process() -> None:
    auth = server_of_members()
    transport = httpx2.ASGITransport(app=ASGIApp(auth))
    async with AsyncClient(
        "http://localhost:5000", user_type=Member, transport=transport
    ) as client:
        ada = SignUpEmail(name="Ada", email="ada@example.com", password="correct horse")
        assert (await client.api.sign_up_email(ada)).user.tier == "free"
        found = await client.api.get_session()
        assert found is not None
        assert found.user.lang == "en"
    await auth.close()


def test_nothing_is_loaded_before_it_is_used() -> None:
    program = """
import sys
import watchword.client as client
loaded = [one for one in sys.modules if one == "httpx2" or one.startswith("watchword.plugins.")]
assert loaded == [], loaded
one = client.Client("https://auth.example")
one.api.get_session
loaded = [one for one in sys.modules if one.startswith("watchword.plugins.")]
assert loaded == [], loaded
"""
    subprocess.run([sys.executable, "-c", program], check=True)
