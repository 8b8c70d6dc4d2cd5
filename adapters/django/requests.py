"""A request of Django's as the core sees it, under WSGI and ASGI alike."""

from __future__ import annotations

import logging
from io import BytesIO
from typing import Any, cast
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest
from django.utils.encoding import repercent_broken_unicode
from msgspec.structs import replace

from watchword.adapters import asgi_scope, wsgi_environ
from watchword.adapters.wire import (
    bad_body,
    cut_short,
    declared_length,
    is_plain,
    target_path,
    undecoded,
)
from watchword.http.headers import Headers
from watchword.http.request import NO_BODY, Body, BodyTooLarge, Request

_log = logging.getLogger("watchword")


def request_of(http: HttpRequest, body: Body = NO_BODY) -> Request:
    """A request as `auth.blocking.api.sign_in_email(..., request=request_of(request))` wants it.

    Its path is undecoded and has the script's name (`FORCE_SCRIPT_NAME` too). Scheme and address
    are those that Django believes.
    """
    meta = http.META
    scope = _scope(http)
    if scope is None:
        made = replace(wsgi_environ.request_of(meta, body), path=_path_of_environ(http, meta))
    else:
        query: str | bytes = scope.get("query_string", b"")
        told = {
            **scope,
            "root_path": meta["SCRIPT_NAME"],
            # Django's own test client has it as text.
            "query_string": query.encode() if isinstance(query, str) else query,
        }
        made = asgi_scope.request_of(told, body)
    return replace(made, scheme=http.scheme or made.scheme, client=meta.get("REMOTE_ADDR") or None)


def http_in(*args: object, **kwargs: object) -> HttpRequest:
    """The request among what a view was called with. Raises `RuntimeError` where there is none."""
    for given in (*args, *kwargs.values()):
        http = getattr(given, "_request", given)  # Django REST framework's own is around it
        if isinstance(http, HttpRequest):
            return http
    raise RuntimeError("a guarded view must be given the request")


def _path_of_environ(http: HttpRequest, meta: dict[str, Any]) -> str:
    """The undecoded path. Django has decoded what the environ had of it, in a way of its own."""
    target: str | None = meta.get("REQUEST_URI") or meta.get("RAW_URI")
    if is_plain(http.path) and (target is None or target.partition("?")[0] == http.path):
        return http.path
    root = str(meta["SCRIPT_NAME"]).rstrip("/")
    raw = None if target is None else target_path(target)
    return undecoded(http.path, root, raw, _decoded)


def _decoded(raw: str) -> str:
    return repercent_broken_unicode(unquote_to_bytes(raw.encode("latin-1", "replace"))).decode()


def _scope(http: HttpRequest) -> dict[str, Any] | None:
    return getattr(http, "scope", None)


class DjangoBody:
    """The raw body of a request, also when a middleware has read it before.

    A form that a middleware parsed from a body with files is gone, and building it anew would be
    guessing: such a request is answered 400 and logged. Under ASGI Django has received all of the
    body before it asks anybody; it is read up to the limit here.
    """

    def __init__(self, http: HttpRequest) -> None:
        self._http = http

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises `BodyTooLarge`, `APIError` for a short or a consumed body."""
        http: Any = self._http
        if not hasattr(http, "_body"):
            if http._read_started:
                self._refuse()
            data = await self._pulled(limit)
            # As Django itself would have kept it, for whoever asks for `request.body` later.
            http._body, http._stream, http._read_started = data, BytesIO(data), True
        if len(http._body) > limit:
            raise BodyTooLarge
        return http._body

    async def _pulled(self, limit: int) -> bytes:
        scope = _scope(self._http)
        if scope is None:
            return await wsgi_environ.WSGIBody(self._http.META).read(limit)
        length = declared_length(Headers.of_bytes(scope["headers"]))
        if length is not None and length > limit:
            raise BodyTooLarge
        data: bytes = cast("Any", self._http)._stream.read(limit + 1)
        if len(data) > limit:
            raise BodyTooLarge
        if length is not None and len(data) < length:
            raise cut_short()
        return data

    def _refuse(self) -> None:
        _log.error(
            "the body of %s %r was parsed by a middleware before watchword could read it; read "
            "request.body first there, or leave watchword's paths alone",
            self._http.method,
            self._http.path,
        )
        raise bad_body("The request body was consumed before it could be read")
