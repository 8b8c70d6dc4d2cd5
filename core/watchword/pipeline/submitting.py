"""Running an endpoint for the browser whose form a page of the application answers.

The endpoint gets a request of its own, with all that the browser said about itself, and it goes the
whole way of one: nothing that holds for the endpoint is left out for the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast
from urllib.parse import quote

import msgspec

from watchword.call import Call
from watchword.configuration.configuration import Configuration
from watchword.configuration.site import UnknownHost
from watchword.endpoint import Endpoint
from watchword.errors import APIError
from watchword.http.bounds import LONGEST_VALUE
from watchword.http.headers import Headers
from watchword.http.json import encode
from watchword.http.query import encode_form, parse_query
from watchword.http.request import NO_BODY, BytesBody, Request
from watchword.http.response import Response, header_value
from watchword.http.speculation import is_speculative
from watchword.runtime.contract import Runtime
from watchword.submitted import Submitted

from .form_texts import OwnFields, last_of, own_fields, secret_names
from .origin_check import is_form
from .pipeline import AHEAD, Pipeline
from .responding import phrase, refusal_of

FormData = Mapping[str, object]
"""The fields of a form by the names on the wire: texts, lists of texts, or values of Python."""

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_OF_THE_PAGE = ("content-type", "content-length", "content-encoding", "transfer-encoding", "expect")
"""Headers that are about the body of the page's own request."""
_OF_THE_ANSWER = ("content-type", "content-length", "location", "set-cookie")


class Submitting:
    """Runs the endpoints of one configuration for pages."""

    def __init__(self, config: Configuration, pipeline: Pipeline) -> None:
        self._config = config
        self._pipeline = pipeline
        self._own = own_fields(config.tables)
        plugins = config.plugins.values()
        self._headers = dict(pair for one in plugins for pair in one.form_headers().items())

    async def submit(
        self,
        runtime: Runtime,
        name: str,
        request: Request,
        data: FormData | msgspec.Struct,
        params: Mapping[str, str],
    ) -> Submitted[Any]:
        """Run an endpoint as if the browser had sent it the form. Refusals are values.

        Raises `LookupError` for an endpoint that there is not, or that is not reached over HTTP,
        and `RuntimeError` where a page that is only looked at would change something.
        """
        route = self._pipeline.routes.get(name)
        if route is None or route.endpoint.traits.server_only:
            raise LookupError(
                f"no endpoint {name!r} can be reached over HTTP; is its plugin in Auth(plugins=)?"
            )
        endpoint = route.endpoint
        _check_method(endpoint, request)
        fields = _Fields(endpoint, self._own, data)
        if endpoint.traits.redeems and is_speculative(request):
            return _told(AHEAD, None, fields)
        kept: list[Call] = []
        try:
            site = self._config.sites.resolve(request, request.headers)
        except UnknownHost:
            return _told(Response(400), None, fields)
        headers = self._with_fields(request.headers, data)
        try:
            asked = _as_sent(
                endpoint, request.with_headers(headers), site.base_path, fields, params
            )
        except UnicodeEncodeError:  # no text, which no request can bring
            return _told(Response(400), None, fields)
        response = await self._pipeline.handle(asked, runtime, kept, of_form=is_form(request))
        return _told(response, kept[0].returned if kept else None, fields)

    def _with_fields(self, headers: Headers, data: FormData | msgspec.Struct) -> Headers:
        """The headers, with those that plugins take from fields."""
        for name, header in self._headers.items():
            value = data.get(name) if isinstance(data, Mapping) else None
            if isinstance(value, str) and value:
                headers = headers.replacing(header, header_value(value))
        return headers


def _check_method(endpoint: Endpoint[Any, Any], request: Request) -> None:
    if request.method in _SAFE_METHODS and endpoint.methods[0] not in _SAFE_METHODS:
        raise RuntimeError(
            f"{endpoint.name} changes something, and the page was only asked for "
            f"({request.method}): links, images and mail programs do that as well. Submit it where "
            "the page gets a form that is sent by POST"
        )


def _as_sent(
    endpoint: Endpoint[Any, Any],
    request: Request,
    base_path: str,
    fields: _Fields,
    params: Mapping[str, str],
) -> Request:
    method, query, body = endpoint.methods[0], "", NO_BODY
    headers = request.headers.without(*_OF_THE_PAGE)
    if method in _SAFE_METHODS:
        query = encode_form(fields.as_query())
    else:
        content = encode(fields.values)
        body = BytesBody(content)
        headers = headers.replacing("content-type", "application/json")
        headers = headers.replacing("content-length", str(len(content)))
    return msgspec.structs.replace(
        request,
        method=method,
        path=base_path + _path(endpoint.path, params),
        query=query,
        headers=headers,
        body=body,
    )


def _path(declared: str, params: Mapping[str, str]) -> str:
    return "/".join(
        quote(params.get(part[1:], ""), safe="") if part.startswith(":") else part
        for part in declared.split("/")
    )


class _Fields:
    """What a form said to an endpoint."""

    def __init__(
        self, endpoint: Endpoint[Any, Any], own: OwnFields, data: FormData | msgspec.Struct
    ) -> None:
        kind = endpoint.input
        self.names = own.readings_with(kind).keys()
        """Of all fields that the endpoint may know."""
        given = _builtins(data) if isinstance(data, msgspec.Struct) else data
        self.values = own.typed(kind, given)
        """By their names on the wire, as values of the endpoint's types."""
        hidden = own.secrets if kind is None else own.secrets | secret_names(kind)
        shown = (self.names & self.values.keys()) - hidden
        texts = {name: _as_typed(self.values[name], given[name]) for name in shown}
        self.shown = {name: text for name, text in texts.items() if text is not None}
        """What a page may show again."""

    def as_query(self) -> dict[str, str]:
        """The values as those of a query, where nothing and False are not there."""
        texts = ((name, _as_text(value)) for name, value in self.values.items())
        return {name: text for name, text in texts if text}


def _builtins(data: msgspec.Struct) -> FormData:
    return cast("FormData", msgspec.to_builtins(data))


def _as_typed(value: object, given: object) -> str | None:
    """The text of a field as it was typed; None for what cannot be shown in one."""
    if isinstance(value, bool):
        return "on" if value else ""
    text = _as_text(last_of(given))
    return text if text is not None and len(text) <= LONGEST_VALUE and _is_whole(text) else None


def _is_whole(text: str) -> bool:
    """Whether it can stand in a page: JSON in Python may hold halves of a character."""
    return text.isascii() or text == text.encode("utf-8", "replace").decode()


def _as_text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else ""
    if value is None:
        return ""
    return str(value) if isinstance(value, str | int | float) else None


def _told(response: Response, returned: object, fields: _Fields) -> Submitted[Any]:
    told = Submitted[Any](
        ok=response.status < 400,
        status=response.status,
        given=fields.shown,
        cookies=response.cookies,
        headers=tuple(pair for pair in response.headers if pair[0] not in _OF_THE_ANSWER),
    )
    if told.ok:
        return _done(told, response, returned)
    error = returned if isinstance(returned, APIError) else refusal_of(response)
    # Endpoints of OAuth have their own words for both (RFC 6749, 5.2).
    described = error.message or error.extra.get("error_description")
    message = str(described or phrase(response.status))
    return replace(
        told,
        code=str(error.code or error.extra.get("error") or ""),
        message=message,
        errors=_errors(error, message, fields),
        retry_after=_seconds(response),
    )


def _errors(error: APIError, message: str, fields: _Fields) -> dict[str, str]:
    if error.problems:
        return {place.partition(".")[2]: sentence for place, sentence in error.problems}
    return {next((name for name in error.field if name in fields.names), ""): message}


def _seconds(response: Response) -> int | None:
    text = response.header("x-retry-after") or response.header("retry-after")
    return int(text) if text is not None and text.isdecimal() else None


def _done(told: Submitted[Any], response: Response, returned: object) -> Submitted[Any]:
    location = response.header("location") if response.status >= 300 else None
    if location is not None or isinstance(returned, APIError | Response):
        asked = parse_query(location.partition("#")[0].partition("?")[2]) if location else {}
        methods = str(asked.get("twoFactorMethods", ""))
        return replace(
            told,
            url=location,
            second_factor="twoFactorRedirect" in asked,
            second_factor_methods=tuple(filter(None, methods.split(","))),
        )
    if getattr(returned, "two_factor_redirect", False) is True:
        methods = tuple(getattr(returned, "two_factor_methods", ()))
        return replace(told, second_factor=True, second_factor_methods=methods)
    url = getattr(returned, "url", None)
    return replace(told, value=returned, url=url if isinstance(url, str) else None)
