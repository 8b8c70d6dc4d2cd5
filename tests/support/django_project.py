"""Django's settings are those of the process: all tests share them, and change what they need.

Databases are added for a test, and gone with it.
"""

from __future__ import annotations

import asyncio
import atexit
import io
from collections.abc import Callable, Coroutine, Generator, Iterable, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import django
import pymysql
from asgiref.sync import SyncToAsync
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.test import override_settings

from tests.adapters.drivers import (
    Answer,
    ASGIClient,
    Call,
    Client,
    Pairs,
    WSGIClient,
    run,
)
from watchword import Auth, testing
from watchword.adapters.asgi import Application, Message
from watchword.adapters.django import watchword_urls
from watchword.records import User

_folder = Path(mkdtemp(prefix="watchword-django-"))
atexit.register(rmtree, _folder, ignore_errors=True)

MIDDLEWARE = "watchword.adapters.django.middleware.WatchwordMiddleware"

if not settings.configured:
    pymysql.install_as_MySQLdb()  # as a project does that has no compiler
    settings.configure(
        SECRET_KEY="only-for-tests-0123456789-abcdefghijkl",
        USE_TZ=True,
        ALLOWED_HOSTS=["*"],
        LOGGING_CONFIG=None,
        ROOT_URLCONF="tests.support.django_urls",
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.admin",
            "django.contrib.messages",
            "django.contrib.sessions",
            "tests.support.django_people",
            "watchword.adapters.django",
        ],
        MIDDLEWARE=[],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": _folder / "default.db"}
        },
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
    )
    django.setup()


URLs: TypeAlias = Sequence[object] | Callable[[], Sequence[object]]

_served: list[Auth[Any]] = []


def served() -> Auth[Any]:
    """What the setting WATCHWORD names in tests."""
    return _served[-1]


@contextmanager
def project(auth: Auth[Any] | None, urls: URLs = (), **changed: Any) -> Generator[None, None, None]:
    """Settings under which Django serves `auth`, with URLs of the application behind its own."""
    given = {"ROOT_URLCONF": _URLs(auth, urls), "MIDDLEWARE": [MIDDLEWARE], **changed}
    if auth is not None:
        _served.append(auth)
        given["WATCHWORD"] = f"{__name__}.served"
    try:
        with override_settings(**given):
            yield
    finally:
        if auth is not None:
            _served.pop()


class _URLs:
    def __init__(self, auth: Auth[Any] | None, urls: URLs) -> None:
        self._auth = auth
        self._urls = urls

    @cached_property
    def urlpatterns(self) -> list[object]:
        own: Sequence[object] = () if self._auth is None else watchword_urls()
        return [*own, *(self._urls() if callable(self._urls) else self._urls)]


class DjangoClient:
    """A project behind a server, as `project` has it; `asynchronous` behind one that speaks ASGI.

    Django receives a body to its end there before it asks anybody (`reads_first`).
    """

    def __init__(
        self,
        auth: Auth[Any] | None,
        urls: URLs = (),
        *,
        asynchronous: bool = False,
        **changed: Any,
    ) -> None:
        self._given = (auth, urls)
        self._changed = changed
        self.reads_first = asynchronous
        with project(auth, urls, **changed):
            if asynchronous:
                client = ASGIClient(_until_answered(ASGIHandler()))
                client.run = lambda work: self.run(work)
                self._client: Client = client
            else:
                self._client = WSGIClient(_read_whole(WSGIHandler()))

    run: Callable[[Coroutine[Any, Any, Any]], Any] = staticmethod(run)

    def send(self, method: str, target: str, headers: Pairs = (), **rest: Any) -> Answer:
        auth, urls = self._given
        with project(auth, urls, **self._changed):
            return self._client.send(method, target, headers, **rest)

    def send_together(self, calls: Sequence[Call]) -> list[Answer]:
        auth, urls = self._given
        with project(auth, urls, **self._changed):
            return self._client.send_together(calls)


def _read_whole(app: WSGIApplication) -> WSGIApplication:
    """As servers do: who asks for so many bytes gets them, and fewer only at the end of the body.
    Django's own forms would be cut short otherwise."""

    def served(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgi.input"] = _Whole(environ["wsgi.input"])
        return app(environ, start_response)

    return served


class _Whole(io.BufferedIOBase):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int | None = -1, /) -> bytes:
        size = -1 if size is None else size
        read = b""
        while size < 0 or len(read) < size:
            piece = self._stream.read(-1 if size < 0 else size - len(read))
            if not piece:
                break
            read += piece
        return read


def _until_answered(app: Application) -> Application:
    """As servers do: behind the end of a body there is nothing but the end of the connection."""

    async def served(scope: Any, receive: Any, send: Any) -> None:
        ended = False

        async def received() -> Message:
            nonlocal ended
            if ended:
                await asyncio.Event().wait()
            message: Message = await receive()
            ended = not message.get("more_body", False)
            return message

        await app(scope, received, send)

    return served


def sqlite_settings(path: Path) -> dict[str, Any]:
    options: dict[str, Any] = {"timeout": 30}
    if django.VERSION >= (5, 1):
        options["init_command"] = "PRAGMA journal_mode=WAL"
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": options}


def settings_of(url: str) -> dict[str, Any]:
    """What Django is told of a URL of PostgreSQL or MySQL."""
    parts = urlsplit(url)
    name = "postgresql" if parts.scheme.startswith("postgres") else "mysql"
    options: dict[str, Any] = {}
    for path in parse_qs(parts.query).get("search_path", ()):
        options["options"] = f"-c search_path={path}"
    return {
        "ENGINE": f"django.db.backends.{name}",
        "NAME": parts.path[1:],
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


@contextmanager
def auth_of_a_test(folder: Path, **options: Any) -> Generator[Auth[User], None, None]:
    """A server behind `testserver`, which Django's test clients ask."""
    made = testing.auth(
        database=f"sqlite:///{folder}/app.db", base_url="http://testserver", **options
    )
    try:
        yield made
    finally:
        made.blocking.close()
        asyncio.run(made.close())


@contextmanager
def database(given: dict[str, Any]) -> Generator[str, None, None]:
    """A database in Django's settings; gives its alias."""
    alias = f"of_a_test_{token_hex(4)}"
    connections.settings[alias] = connections.configure_settings({"default": {}, alias: given})[
        alias
    ]
    try:
        yield alias
    finally:
        # Event loops without a server around them use one thread of asgiref's.
        SyncToAsync.single_thread_executor.submit(_forget, alias).result()
        _forget(alias)
        del connections.settings[alias]


def _forget(alias: str) -> None:
    connections[alias].close()
    del connections[alias]
