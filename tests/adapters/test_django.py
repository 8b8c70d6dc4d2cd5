"""The middleware of Django: `request.user` for all that is made for Django's users."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from django.contrib.auth import decorators
from django.contrib.auth.decorators import (
    login_required,
    permission_required,
    user_passes_test,
)
from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template import engines
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path
from django.views import View

from tests.adapters.drivers import Call
from tests.adapters.echo import RENEWED, EchoAuth
from tests.adapters.test_rights import ROLES
from tests.support.browser import Clock
from tests.support.django_project import MIDDLEWARE, DjangoClient, project
from watchword import Auth, testing
from watchword.adapters.django import SignedInUser, auth_of_settings, visit_of
from watchword.adapters.django import login_required as json_login_required
from watchword.adapters.django.answers import CookieLine, put_cookies
from watchword.http.response import Response
from watchword.plugins import Admin, Organization, Username
from watchword.records import User

SESSION = [("Cookie", "user=al; renew=1")]
COMMON = "django.middleware.common.CommonMiddleware"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"
since_5_1 = pytest.mark.skipif(django.VERSION < (5, 1), reason="Django has it since 5.1")


def text(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.user}")


async def awaited(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{await request.auser()}")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Auth[User]]:
    auth = testing.auth(
        database=f"sqlite:///{tmp_path}/app.db",
        base_url="http://testserver",
        clock=Clock(),
        plugins=[Admin(roles=ROLES), Username(), Organization()],
    )
    yield auth
    auth.blocking.close()
    asyncio.run(auth.close())


class Door:
    """Django's own test client before a project, signed in or not."""

    def __init__(self, auth: Auth[Any], urls: Any, **changed: Any) -> None:
        self._auth, self._urls, self._changed = auth, urls, changed

    def get(self, target: str, user: User | None = None, **more: Any) -> Any:
        with project(self._auth, self._urls, **self._changed):
            client = Client()
            if user is not None:
                testing.sign_in(self._auth, client, user)
            return client.get(target, **more)

    def aget(self, target: str, user: User | None = None) -> Any:
        async def ask() -> Any:
            client = AsyncClient()
            if user is not None:
                await testing.async_sign_in(self._auth, client, user)
            return await client.get(target)

        with project(self._auth, self._urls, **self._changed):
            return asyncio.run(ask())


def person(auth: Auth[User], name: str = "al", **more: Any) -> User:
    return testing.make_user(auth, name=name.title(), email=f"{name}@example.com", **more)


class TestUser:
    def test_it_has_what_users_of_django_have(self, server: Auth[User]) -> None:
        al = person(server, username="al_1")
        seen: list[Any] = []

        def page(request: HttpRequest) -> HttpResponse:
            seen.append(request.user)
            return HttpResponse()

        Door(server, [path("", page)]).get("/", al)
        [user] = seen
        assert (user.is_authenticated, user.is_anonymous, user.is_active) == (True, False, True)
        assert (user.is_staff, user.is_superuser) == (False, False)
        assert (user.pk, user.id, str(user)) == (al.id, al.id, "al_1")
        assert (user.get_username(), user.username) == ("al_1", "al_1")
        assert (user.get_full_name(), user.get_short_name(), user.email) == ("Al", "Al", al.email)
        assert user.email_verified is True
        assert user == SignedInUser(server.blocking.check({}).session or seen_of(user), user)
        assert "al@example.com" not in repr(user)
        with pytest.raises(AttributeError):
            _ = user.no_such_field

    def test_without_a_user_name_it_goes_by_the_address(self, server: Auth[User]) -> None:
        assert Door(server, [path("", text)]).get("/", person(server)).content == b"al@example.com"

    def test_nobody_is_anonymous(self, server: Auth[User]) -> None:
        door = Door(server, [path("", text), path("a", awaited)])
        assert door.get("/").content == b"AnonymousUser"
        assert door.aget("/a").content == b"AnonymousUser"

    def test_so_it_is_awaited(self, server: Auth[User]) -> None:
        door = Door(server, [path("a", awaited)])
        assert door.aget("/a", person(server)).content == b"al@example.com"

    def test_a_sync_view_under_asgi_knows_it_too(self, server: Auth[User]) -> None:
        door = Door(server, [path("", text)])
        assert door.aget("/", person(server)).content == b"al@example.com"

    def test_after_auser_it_is_there_for_templates_too(self, server: Auth[User]) -> None:
        async def page(request: HttpRequest) -> HttpResponse:
            await request.auser()
            return HttpResponse(f"{request.user}")

        door = Door(server, [path("", page)])
        assert door.aget("/", person(server)).content == b"al@example.com"

    def test_on_an_event_loop_it_must_be_awaited_first(self, server: Auth[User]) -> None:
        async def page(request: HttpRequest) -> HttpResponse:
            return HttpResponse(f"{request.user}")

        with pytest.raises(Exception, match=r"await request\.auser"):
            Door(server, [path("", page)]).aget("/")

    def test_a_banned_user_is_nobody_and_may_nothing(self, server: Auth[User]) -> None:
        al = person(server, role="admin")

        def page(request: HttpRequest) -> HttpResponse:
            known = request.user.is_authenticated
            server.blocking.users.disable(al.id)
            return HttpResponse(f"{known} {request.user.has_perm('report.read')}")  # pyright: ignore

        assert Door(server, [path("", page)]).get("/", al).content == b"True False"
        assert Door(server, [path("", text)]).get("/").content == b"AnonymousUser"


def seen_of(user: Any) -> Any:
    class Found:
        pass

    found: Any = Found()
    found.user, found.session = user.record, user.session
    return found


class TestRights:
    @pytest.fixture
    def pages(self) -> list[Any]:
        def listed(request: HttpRequest) -> HttpResponse:
            user: Any = request.user
            told = [
                user.has_perm("report.read"),
                user.has_perms(["report.read", "report.write"]),
                user.has_module_perms("report"),
                user.has_module_perms("project"),
                sorted(user.get_all_permissions()),
                user.roles,
            ]
            return HttpResponse(repr(told))

        async def told(request: HttpRequest) -> HttpResponse:
            user: Any = await request.auser()
            told = [
                await user.ahas_perm("report.read"),
                await user.ahas_perms(["report.read", "report.write"]),
                await user.ahas_module_perms("report"),
                await user.ahas_module_perms("project"),
                sorted(await user.aget_all_permissions()),
                user.roles,
            ]
            return HttpResponse(repr(told))

        return [path("sync", listed), path("async", told)]

    def test_they_are_those_of_the_roles_at_this_moment(
        self, server: Auth[User], pages: list[Any]
    ) -> None:
        al = person(server, role="support")
        wanted = [True, False, True, False, ["report.read", "user.list"], ("support",)]
        door = Door(server, pages)
        assert door.get("/sync", al).content.decode() == repr(wanted)
        assert door.aget("/async", al).content.decode() == repr(wanted)
        server.blocking.users.set_role(al.id, "writer")
        assert b"'writer'" in door.get("/sync", al).content

    def test_without_the_plugin_there_are_none(self, tmp_path: Path, pages: list[Any]) -> None:
        auth = testing.auth(database=f"sqlite:///{tmp_path}/b.db", base_url="http://testserver")
        answer = Door(auth, pages).get("/sync", person(auth))
        assert answer.content.decode() == repr([False, False, False, False, [], ()])
        auth.blocking.close()

    def test_they_are_asked_for_once(self, server: Auth[User], pages: list[Any]) -> None:
        seen: list[Any] = []

        def page(request: HttpRequest) -> HttpResponse:
            visit = visit_of(request)
            seen.append((visit.rights(), visit.rights()))
            return HttpResponse()

        Door(server, [path("", page)]).get("/", person(server, role="admin"))
        [(first, second)] = seen
        assert first is second


class TestDjangosOwnGuards:
    """They lead to LOGIN_URL, and back by `next`."""

    def test_login_required(self, server: Auth[User]) -> None:
        door = Door(server, [path("x", login_required(text))], LOGIN_URL="/in")
        assert door.get("/x?a=1").headers["Location"] == "/in?next=/x%3Fa%3D1"
        assert door.get("/x", person(server)).content == b"al@example.com"

    @since_5_1
    def test_login_required_of_an_async_view(self, server: Auth[User]) -> None:
        door = Door(server, [path("x", login_required(awaited))], LOGIN_URL="/in")
        assert door.aget("/x").headers["Location"] == "/in?next=/x"
        assert door.aget("/x", person(server)).content == b"al@example.com"

    def test_permission_required_and_tests(self, server: Auth[User]) -> None:
        named = permission_required("report.read", raise_exception=True)
        tested = user_passes_test(lambda user: str(user).startswith("al"))
        door = Door(server, [path("p", named(text)), path("t", tested(login_required(text)))])
        al, bo = person(server, role="support"), person(server, "bo")
        assert door.get("/p", al).status_code == 200
        assert door.get("/p", bo).status_code == 403
        assert door.get("/t", al).status_code == 200
        assert door.get("/t", bo).status_code == 302

    def test_mixins(self, server: Auth[User]) -> None:
        class Page(LoginRequiredMixin, View):
            def get(self, request: HttpRequest) -> HttpResponse:
                return text(request)

        class Report(PermissionRequiredMixin, View):
            permission_required = "report.write"

            def get(self, request: HttpRequest) -> HttpResponse:
                return text(request)

        door = Door(server, [path("p", Page.as_view()), path("r", Report.as_view())])
        al = person(server, role="support")
        assert door.get("/p").status_code == 302
        assert door.get("/p", al).status_code == 200
        assert door.get("/r", al).status_code == 403
        assert door.get("/r", person(server, "bo", role="writer")).status_code == 200

    @since_5_1
    def test_the_middleware_that_wants_everybody_signed_in(self, server: Auth[User]) -> None:
        urls = [path("x", text), path("open", decorators.login_not_required(text_of_nobody))]
        door = Door(server, urls, MIDDLEWARE=[MIDDLEWARE, LOGIN_REQUIRED], LOGIN_URL="/in")
        assert door.get("/x").headers["Location"] == "/in?next=/x"
        assert door.get("/open").status_code == 200
        assert door.get("/x", person(server)).content == b"al@example.com"
        assert door.aget("/x").status_code == 302
        # The server itself stays reachable, and looks for the session itself.
        assert door.get("/api/auth/ok").json() == {"ok": True}

    def test_templates(self, server: Auth[User]) -> None:
        shown = (
            "{{ user }} {{ user.name }} {% if perms.report.read %}reads{% endif %}"
            "{% if perms.report.write %}writes{% endif %} {{ user.is_authenticated }}"
        )

        def page(request: HttpRequest) -> HttpResponse:
            return HttpResponse(engines["django"].from_string(shown).render({}, request))

        door = Door(server, [path("", page)])
        answer = door.get("/", person(server, role="support"))
        assert answer.content == b"al@example.com Al reads True"
        assert door.get("/").content == b"AnonymousUser   False"
        bold = person(server, "bo", username="bo_b")
        server.blocking.users.update(bold.id, name="<script>alert(1)</script>")
        assert b"<script>" not in door.get("/", bold).content


def text_of_nobody(request: HttpRequest) -> HttpResponse:
    return HttpResponse("open")


class TestGuardsOfOurOwn:
    def test_a_class_is_guarded_as_a_view_or_by_its_methods(self, server: Auth[User]) -> None:
        class Page(View):
            @json_login_required
            def get(self, request: HttpRequest) -> HttpResponse:
                return text(request)

        class Waiting(View):
            @json_login_required
            async def get(self, request: HttpRequest) -> HttpResponse:
                return await awaited(request)

        class Plain(View):
            def get(self, request: HttpRequest) -> HttpResponse:
                return text(request)

        urls = [
            path("a", Page.as_view()),
            path("b", json_login_required(Plain.as_view())),
            path("c", Waiting.as_view()),
        ]
        door, al = Door(server, urls), person(server)
        for name in ("/a", "/b"):
            assert door.get(name).json()["code"] == "UNAUTHORIZED"
            assert door.get(name, al).content == b"al@example.com"
        assert door.aget("/c").json()["code"] == "UNAUTHORIZED"
        assert door.aget("/c", al).content == b"al@example.com"

    def test_pages_lead_to_a_login_page_by_url_or_by_name(self, server: Auth[User]) -> None:
        urls = [
            path("in", text, name="sign-in"),
            path("a", json_login_required(login_url="/in")(text)),
            path("b", json_login_required(login_url="sign-in")(text)),
        ]
        door = Door(server, urls)
        assert door.get("/a?x=1").headers["Location"] == "/in?next=%2Fa%3Fx%3D1"
        assert door.get("/b").headers["Location"] == "/in?next=%2Fb"

    def test_what_is_no_view_says_so(self) -> None:
        with pytest.raises(RuntimeError, match="must be given the request"):
            json_login_required(lambda: None)()

    def test_requests_of_a_framework_around_django_will_do(self, server: Auth[User]) -> None:
        class Wrapped:
            def __init__(self, http: HttpRequest) -> None:
                self._request = http

        def page(request: HttpRequest) -> HttpResponse:
            return guarded(Wrapped(request))

        @json_login_required
        def guarded(request: Any) -> HttpResponse:
            return text(request._request)

        door = Door(server, [path("", page)])
        assert door.get("/").status_code == 401
        assert door.get("/", person(server)).status_code == 200


class TestMiddleware:
    def test_without_it_guards_say_so(self, auth: EchoAuth) -> None:
        client = DjangoClient(auth, [path("", json_login_required(text))], MIDDLEWARE=[])
        assert client.send("GET", "/").status == 500
        with pytest.raises(ImproperlyConfigured, match="MIDDLEWARE"):
            visit_of(RequestFactory().get("/"))

    def test_streams_and_what_is_asked_for_behind_the_answer(self, auth: EchoAuth) -> None:
        def page(request: HttpRequest) -> StreamingHttpResponse:
            def late() -> Iterator[bytes]:
                yield f"{request.user}".encode()

            return StreamingHttpResponse(late())

        client = DjangoClient(auth, [path("", page)])
        answer = client.send("GET", "/", SESSION)
        assert answer.body == b"al@example.com"
        assert answer.all("set-cookie") == []

    def test_cookies_and_vary_join_those_of_the_view(self, auth: EchoAuth) -> None:
        def page(request: HttpRequest) -> HttpResponse:
            assert request.user.is_authenticated
            response = HttpResponse("x", headers={"Vary": "Accept"})
            response.set_cookie("session_token", "own")
            response.set_cookie("other", "1")
            return response

        answer = DjangoClient(auth, [path("", page)]).send("GET", "/", SESSION)
        assert answer.all("vary") == ["Accept, Cookie"]
        lines = answer.all("set-cookie")
        assert lines[:2] == list(RENEWED)
        assert [line.partition(";")[0] for line in lines[2:]] == ["session_token=own", "other=1"]

    def test_nobody_who_is_not_asked_for_varies(self, auth: EchoAuth) -> None:
        answer = DjangoClient(auth, [path("", text_of_nobody)]).send("GET", "/", SESSION)
        assert (answer.all("vary"), answer.all("set-cookie")) == ([], [])

    def test_it_wins_over_djangos_own_in_front_of_it(self, server: Auth[User]) -> None:
        own = "django.contrib.auth.middleware.AuthenticationMiddleware"
        door = Door(
            server,
            [path("", text)],
            MIDDLEWARE=[SESSIONS, own, MIDDLEWARE],
            SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        )
        assert door.get("/", person(server)).content == b"al@example.com"

    def test_behind_a_middleware_that_is_only_synchronous(self, server: Auth[User]) -> None:
        door = Door(
            server,
            [path("a", awaited), path("s", text)],
            MIDDLEWARE=[f"{__name__}.only_sync", MIDDLEWARE],
        )
        al = person(server)
        for name in ("/a", "/s"):
            assert door.aget(name, al).content == b"al@example.com"
        assert door.aget("/api/auth/ok").status_code == 200

    def test_requests_at_once_share_nothing(self, auth: EchoAuth) -> None:
        async def page(request: HttpRequest) -> HttpResponse:
            several = await asyncio.gather(*(request.watchword.asession() for _ in range(5)))  # pyright: ignore
            assert len({id(one) for one in several}) == 1
            return HttpResponse(f"{await request.auser()}")

        client = DjangoClient(auth, [path("", page)], asynchronous=True)
        calls = [Call("GET", "/", [("Cookie", f"user=u{number}")]) for number in range(5)]
        answers = client.send_together(calls)
        assert [answer.body for answer in answers] == [
            f"u{number}@example.com".encode() for number in range(5)
        ]
        assert len(auth.script.checks) == 5

    def test_a_handler_of_the_application_for_errors_wins(self, server: Auth[User]) -> None:
        urls = [path("", json_login_required(text))]
        door = Door(server, urls, MIDDLEWARE=[MIDDLEWARE, f"{__name__}.OwnErrors"])
        assert door.get("/").content == b"own: UNAUTHORIZED"

    def test_the_active_organization(self, server: Auth[User]) -> None:
        def page(request: HttpRequest) -> HttpResponse:
            return HttpResponse(f"{request.watchword.organization_id}")  # pyright: ignore

        door = Door(server, [path("", page)])
        assert door.get("/").content == b"None"
        assert door.get("/", person(server)).content == b"None"


def only_sync(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda request: get_response(request)


class OwnErrors:
    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Any) -> HttpResponse:
        return HttpResponse(f"own: {exception.code}", status=401)


class TestServer:
    """What Django does around views is done around the server's paths only where it must be."""

    def test_no_slash_is_added_and_no_length_invented(self, auth: EchoAuth) -> None:
        client = DjangoClient(auth, [], MIDDLEWARE=[COMMON, MIDDLEWARE], APPEND_SLASH=True)
        assert client.send("GET", "/api/auth/ok").status == 200
        assert client.send("GET", "/api/auth").status == 200
        auth.script.answer = Response(204)
        assert client.send("POST", "/api/auth/ok").headers == []

    def test_csrf_is_the_servers_own_affair(self, server: Auth[User]) -> None:
        urls: list[Any] = []
        csrf = "django.middleware.csrf.CsrfViewMiddleware"
        with project(server, urls, MIDDLEWARE=[csrf, MIDDLEWARE]):
            client = Client(enforce_csrf_checks=True)
            person(server, password="correct horse")
            given = {"email": "al@example.com", "password": "correct horse"}
            foreign = {"Origin": "https://evil.example", "Cookie": "x=1"}
            answer = client.post(
                "/api/auth/sign-in/email", given, "application/json", headers=foreign
            )
            assert answer.status_code == 403
            assert answer.json()["code"] == "INVALID_ORIGIN"
            own = {"Origin": "http://testserver"}
            answer = client.post("/api/auth/sign-in/email", given, "application/json", headers=own)
            assert answer.status_code == 200
            assert client.get("/api/auth/get-session").json()["user"]["email"] == given["email"]
            client.post("/api/auth/sign-out", {}, "application/json", headers=own)
            assert client.get("/api/auth/get-session").json() is None

    def test_transactions_around_requests_are_not_for_the_server(
        self, auth: EchoAuth, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
        for asynchronous in (False, True):
            client = DjangoClient(auth, asynchronous=asynchronous)
            assert client.send("GET", "/api/auth/ok").status == 200

    @pytest.mark.parametrize("read", ["body", "POST", "files"])
    def test_a_body_that_a_middleware_has_read(
        self, auth: EchoAuth, read: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        client = DjangoClient(auth, MIDDLEWARE=[f"{__name__}.reading_{read}", MIDDLEWARE])
        kind = [("Content-Type", "application/x-www-form-urlencoded")]
        if read == "files":
            kind = [("Content-Type", "multipart/form-data; boundary=x")]
        body = b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--\r\n"
        answer = client.send("POST", "/api/auth/ok", kind, body=body)
        if read == "files":
            assert answer.status == 400
            assert "parsed by a middleware" in caplog.text
        else:
            assert (answer.status, auth.last.data) == (200, body)

    def test_the_address_is_what_django_believes(self, auth: EchoAuth) -> None:
        """A middleware may know better who asks than the server does."""
        for asynchronous in (False, True):
            client = DjangoClient(
                auth,
                asynchronous=asynchronous,
                MIDDLEWARE=[f"{__name__}.with_address", MIDDLEWARE],
                SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
            )
            client.send("GET", "/api/auth/ok", [("X-Forwarded-Proto", "https")])
            assert auth.last.request.client == "198.51.100.7"
            assert auth.last.request.scheme == "https"


def reading_body(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read(request: HttpRequest) -> Any:
        assert request.body
        return get_response(request)

    return read


def reading_POST(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read(request: HttpRequest) -> Any:
        assert request.POST is not None
        return get_response(request)

    return read


reading_files = reading_POST


def with_address(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def known(request: HttpRequest) -> Any:
        request.META["REMOTE_ADDR"] = "198.51.100.7"
        return get_response(request)

    return known


class TestSetting:
    @pytest.mark.parametrize(
        ("value", "said"),
        [
            (None, "is missing"),
            ("auth", "dotted path"),
            (7, "is 7"),
            ("tests.nothing.here", "cannot be imported"),
            ("tests.adapters.echo.NOW", "is no Auth"),
            ("tests.adapters.echo.nothing", "must not be async"),
            ("builtins.dict", "is no Auth, and makes none"),
        ],
    )
    def test_what_is_wrong_with_it_is_told_at_the_start(self, value: object, said: str) -> None:
        with override_settings(WATCHWORD=value), pytest.raises(ImproperlyConfigured, match=said):
            auth_of_settings()

    def test_a_function_that_makes_one_is_called_once(self) -> None:
        with override_settings(WATCHWORD="tests.adapters.lone.made"):
            assert auth_of_settings() is auth_of_settings()


def test_a_cookie_line_can_be_looked_at_kept_and_sent() -> None:
    line = CookieLine("a.b=c%3D; Max-Age=60; Path=/; HttpOnly; SameSite=Lax")
    assert (line.key, line.value, line["max-age"], line["samesite"]) == ("a.b", "c%3D", "60", "Lax")
    assert pickle.loads(pickle.dumps(line)).output() == f"Set-Cookie: {line.OutputString()}"  # noqa: S301
    response = HttpResponse()
    put_cookies(response, ["a=1", "a=2"])
    assert [one.OutputString() for one in response.cookies.values()] == ["a=1", "a=2"]


LONE = """
import sys, django
from django.conf import settings
settings.configure(
    WATCHWORD="tests.adapters.lone.made",
    INSTALLED_APPS=["watchword.adapters.django"],
    MIDDLEWARE=["watchword.adapters.django.middleware.WatchwordMiddleware"],
    ROOT_URLCONF="watchword.adapters.django.urls",
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="x",
)
django.setup()
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from watchword.adapters.django import urls

def page(request):
    user = request.user
    told = user, user.is_authenticated, user.has_perm("a.b"), user.has_perms([])
    return HttpResponse(" ".join(map(str, told)))

urls.urlpatterns.append(path("", page))
assert Client().get("/").content == b"AnonymousUser False False True"
known = Client(headers={"cookie": "user=al"}).get("/").content
assert known == b"al@example.com True False True", known
assert Client().get("/api/auth/ok").content == b"echo"
assert not any(name.startswith("django.contrib.auth.models") for name in sys.modules)
"""


def test_projects_without_djangos_own_users() -> None:
    """`django.contrib.auth` need not be installed."""
    command = [sys.executable, "-c", LONE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
