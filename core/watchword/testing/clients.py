"""Test clients of all frameworks, known by what they can do: none of them is imported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from http.cookies import Morsel
from types import SimpleNamespace
from typing import Any, TypeAlias

Taker: TypeAlias = Callable[[Sequence[str]], None]
"""Takes Set-Cookie lines."""

_KNOWN = (
    "the test clients of Flask, Quart, Werkzeug, Django, Starlette, FastAPI and Litestar, "
    "httpx and httpx2"
)


def taker_of(client: Any, host: str | None = None) -> Taker:
    """What makes a client take Set-Cookie lines, as if the application had sent them to it.

    They belong to the client's own host, or to `host`; and where it speaks plain HTTP they are not
    `Secure`: what is told of tests must not depend on the address that the server has in
    production. Raises `TypeError` for a client of no known kind, `ValueError` for one without an
    address.
    """
    if callable(getattr(client, "set_cookie", None)):
        if hasattr(client, "websocket_connection_class"):
            return partial(_put_into_quart, client, host or _host_of(client))
        return partial(_put_into_werkzeug, client, host or _host_of(client))
    if callable(getattr(client, "force_login", None)):
        return partial(_put_into_django, client)
    if callable(getattr(client, "build_request", None)):
        address = "/" if host is None else f"{client.base_url.scheme or 'http'}://{host}/"
        request = client.build_request("GET", address)
        if not request.url.host:
            raise ValueError('the client has no address; give it base_url="http://testserver"')
        return partial(_put_into_httpx, client, request)
    raise TypeError(
        f"{type(client).__name__} is none of {_KNOWN}; give it testing.session_cookies(...)"
    )


def _host_of(client: Any) -> str:
    application = getattr(client, "application", None) or getattr(client, "app", None)
    named = getattr(application, "config", {}).get("SERVER_NAME") or "localhost"
    return named.partition(":")[0]


def _put_into_werkzeug(client: Any, host: str, lines: Sequence[str]) -> None:
    for name, value, path in map(_read, lines):
        client.set_cookie(name, value, domain=host, path=path)


def _put_into_quart(client: Any, host: str, lines: Sequence[str]) -> None:
    for name, value, path in map(_read, lines):
        client.set_cookie(host, name, value, path=path)


def _read(line: str) -> tuple[str, str, str]:
    """Name, value and path of a Set-Cookie line."""
    pair, *rest = line.split("; ")
    attributes = {name.lower(): value for name, _, value in (o.partition("=") for o in rest)}
    name, _, value = pair.partition("=")
    return name, value, attributes.get("path", "/")


def _put_into_django(client: Any, lines: Sequence[str]) -> None:
    for line in lines:
        name, _, value = line.partition(";")[0].partition("=")
        morsel = Morsel[str]()
        morsel.set(name, value, value)
        client.cookies[name] = morsel


def _put_into_httpx(client: Any, request: Any, lines: Sequence[str]) -> None:
    dropped = {"domain"} if request.url.scheme == "https" else {"domain", "secure"}
    headers = [("set-cookie", _without(line, dropped)) for line in lines]
    # What the client's jar reads of a response.
    answer = SimpleNamespace(request=request, headers=type(client.headers)(headers))
    client.cookies.extract_cookies(answer)


def _without(line: str, dropped: set[str]) -> str:
    pair, *rest = line.split("; ")
    return "; ".join([pair, *(one for one in rest if one.partition("=")[0].lower() not in dropped)])
