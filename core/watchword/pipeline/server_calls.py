"""Server-side calls: an endpoint as a function, and who is behind a request.

A call acts on the server's own behalf, or on that of a browser: with `request=` the endpoint is
run as if that browser had called it, with all that the endpoint asks of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

import msgspec

from watchword.call import Call, SessionLookup
from watchword.configuration.configuration import Configuration
from watchword.configuration.site import UnknownHost
from watchword.errors import APIError
from watchword.http.headers import Headers, HeaderSource
from watchword.http.json import InvalidJSON, decode
from watchword.http.request import NO_BODY, Request
from watchword.http.response import Response
from watchword.observability.request_log import refused
from watchword.runtime.contract import Runtime
from watchword.server_api import Arguments, WithHeaders
from watchword.sessions.checked import Checked
from watchword.sessions.sessions import WITHOUT_RENEWAL, SessionCodes, current_session, finish_call

from .pipeline import Outcome, Pipeline, Route
from .responding import known_error, respond


class ServerCalls:
    """Runs the endpoints of one configuration from Python."""

    def __init__(self, config: Configuration, pipeline: Pipeline) -> None:
        self._config = config
        self._pipeline = pipeline

    async def check(
        self, runtime: Runtime, headers: HeaderSource, request: Request | None, *, renew: bool
    ) -> Checked[Any]:
        """Who is behind a request. No hook of an endpoint runs, and refusals are nobody."""
        given, vary = Headers.of(headers), self._config.vary
        try:
            site = self._config.sites.resolve(request, given)
        except UnknownHost:
            return Checked(None, (), vary)
        call = Call(self._config, runtime, site, request=request, headers=given)
        if not renew:
            call.query = WITHOUT_RENEWAL
        try:
            found = await current_session(call)
            await finish_call(call)
        except APIError:
            found = None
        finally:
            if call.deferred is not None:
                await call.hand_over()
        return Checked(found, tuple(call.cookies.lines()), vary, call)

    async def run(self, runtime: Runtime, name: str, arguments: Arguments) -> Any:
        """Run an endpoint. Raises `APIError`, unless the response itself is asked for."""
        route = self._pipeline.routes[name]
        call, form = self._call(runtime, route, arguments), arguments.form
        asked = call.request
        try:
            ended = None if asked is None else await self._pipeline.admit(call, asked, route)
            if ended is None:
                outcome = await self._pipeline.run(call, route)
            else:
                outcome = Outcome(ended if form == "response" else _refusal(ended))
        except Exception as error:
            answer = known_error(error)
            if answer is None:
                raise
            if answer.status >= 400:
                call.withhold()
            outcome = Outcome(answer)
        finally:
            if call.deferred is not None:
                await call.hand_over()
        if form == "response":
            return respond(call, outcome.value, status=outcome.status)
        value = outcome.value
        if isinstance(value, APIError):
            refused(call, value)
            raise value
        return value if form == "value" else WithHeaders(value, respond(call, value))

    def _call(self, runtime: Runtime, route: Route, arguments: Arguments) -> Call:
        call = (
            self._own_call(runtime, route, arguments)
            if arguments.request is None
            else self._browsers_call(runtime, route, arguments, arguments.request)
        )
        call.query, call.params = arguments.query, arguments.params
        if arguments.input is not None or arguments.extra:
            given = {**_fields(arguments.input), **arguments.extra}
            if route.endpoint.source == "query":
                call.query = cast("dict[str, str]", {**call.query, **given})
            else:
                call.body = given
        return call

    def _own_call(self, runtime: Runtime, route: Route, arguments: Arguments) -> Call:
        path, checked = route.endpoint.path, arguments.checked
        if checked is None:
            headers = Headers.of(arguments.headers)
            site = self._config.sites.resolve_call(None, headers)
            return Call(self._config, runtime, site, headers=headers, path=path)
        asked = checked.call
        if asked is None:
            raise SessionCodes.UNAUTHORIZED()
        if asked.config is not self._config:
            raise RuntimeError("checked= is the answer of another Auth; ask the same one in both")
        call = Call(self._config, runtime, asked.site, headers=asked.headers, path=path)
        call.asker, found = asked.asker, asked.lookup
        if found is not None:
            # Who asked is settled. The session may have been ended since: whatever insists on the
            # store's word hears it anew.
            call.lookup = SessionLookup(found.found, from_store=False)
        return call

    def _browsers_call(
        self, runtime: Runtime, route: Route, arguments: Arguments, request: Request
    ) -> Call:
        given = arguments.headers
        headers = request.headers if given is None else Headers.of(given)
        try:
            site = self._config.sites.resolve(request, headers)
        except UnknownHost:
            raise APIError(400, None, "This host is not served here") from None
        endpoint = route.endpoint
        # What matters is the endpoint's method and path, not those of the page with the form; but
        # who wants no content from a page wants none from a link either.
        method = endpoint.methods[0]
        as_sent = msgspec.structs.replace(
            request,
            method="HEAD" if method == "GET" and request.method == "HEAD" else method,
            path=site.base_path + endpoint.path,
            query="",
            headers=headers,
            body=NO_BODY,
        )
        return Call(
            self._config, runtime, site, request=as_sent, headers=headers, path=endpoint.path
        )


def _refusal(response: Response) -> APIError:
    """The error that a response amounts to which ended a request before its endpoint."""
    try:
        found = decode(response.body)
    except InvalidJSON:
        found = None
    fields = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    code, message = fields.pop("code", None), fields.pop("message", None)
    if not message:  # Nearly all errors have one: the table of phrases is loaded for the rest.
        message = import_module("http").HTTPStatus(response.status).phrase
    return APIError(response.status, code, message, fields)


def _fields(given: msgspec.Struct | None) -> dict[str, Any]:
    return {} if given is None else msgspec.to_builtins(given)
