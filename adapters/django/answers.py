"""What Django sends: responses of the core as they are, cookies as the core has written them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http.cookies import Morsel
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from watchword.adapters.wire import answer_of, framed
from watchword.errors import APIError
from watchword.http.response import Response

_WITHOUT_LENGTH = (204, 304)


class Verbatim(HttpResponse):
    """Sends the headers it was given; none is invented, by a middleware of Django's neither."""

    def has_header(self, header: str) -> bool:
        # What has no body has no length either (RFC 9110, 8.6).
        if header.lower() == "content-length" and self.status_code in _WITHOUT_LENGTH:
            return True
        return super().has_header(header)

    __contains__ = has_header


class CookieLine(Morsel[str]):
    """One `Set-Cookie` line, word for word. Its attributes can be looked at."""

    def __init__(self, line: str) -> None:
        super().__init__()
        self._line = line
        pair, *attributes = line.split("; ")
        name, _, value = pair.partition("=")
        self.set(name, value, value)
        for attribute in attributes:
            key, _, text = attribute.partition("=")
            if self.isReservedKey(key):
                self[key.lower()] = text or "1"

    def OutputString(self, attrs: Any = None) -> str:
        """The line."""
        return self._line

    def output(self, attrs: Any = None, header: str = "Set-Cookie:") -> str:
        """The line behind a header's name."""
        return f"{header} {self._line}".lstrip()

    def __reduce__(self) -> tuple[type[CookieLine], tuple[str]]:
        return type(self), (self._line,)


def answer(response: Response, method: str | None) -> HttpResponse:
    """A response of the core."""
    headers, body = framed(response, method or "GET")
    made = Verbatim(body, status=response.status)
    del made.headers["Content-Type"]
    for name, value in headers:
        if name != "set-cookie":
            made.headers[name] = f"{made.headers[name]}, {value}" if name in made.headers else value
    put_cookies(made, response.cookies)
    return made


def refusal(error: APIError, method: str | None) -> HttpResponse:
    """An error as its answer."""
    return answer(answer_of(error), method)


def keep_from_cache(http: HttpRequest) -> None:
    """Have Django's cache of whole sites leave an answer alone: before 5.2 it asks nobody else,
    `no-store` neither."""
    cast("Any", http)._cache_update_cache = False


def put_cookies(response: HttpResponseBase, lines: Iterable[str]) -> None:
    """Put `Set-Cookie` lines before those of the response: a view that signs out has the last word.

    Several may carry one name, which Django's jar has once.
    """
    jar: dict[str, Any] = response.cookies
    own: Mapping[str, Any] = dict(jar)
    jar.clear()
    for line in lines:
        made = CookieLine(line)
        key = made.key
        while key in jar or key in own:
            key += "'"
        _put(jar, key, made)
    for key, morsel in own.items():
        _put(jar, key, morsel)


def _put(jar: dict[str, Any], key: str, morsel: object) -> None:
    """As it is: a jar's own way makes a morsel of what it gets."""
    dict[str, Any].__setitem__(jar, key, morsel)
