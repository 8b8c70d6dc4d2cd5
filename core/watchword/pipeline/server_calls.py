"""Server-side calls: an endpoint as a function, and who is behind a request.

A call acts on the server's own behalf, or on that of a browser: with `request=` the endpoint is
run as if that browser had called it, with all that the endpoint asks of it.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec

from watchword.call import Call
from watchword.configuration.configuration import Configuration
from watchword.configuration.site import UnknownHost
from watchword.credential import SessionLookup
from watchword.errors import APIError
from watchword.features.standing import standing_still
from watchword.http.headers import Headers, HeaderSource
from watchword.http.request import NO_BODY, Request
from watchword.observability.request_log import refused
from watchword.results import SessionAndUser
from watchword.runtime.contract import Runtime
from watchword.server_api import Arguments, WithHeaders
from watchword.sessions.checked import Checked
from watchword.sessions.sessions import (
    WITHOUT_RENEWAL,
    SessionCodes,
    current_session,
    finish_call,
)

from .origin_check import check_handshake, is_form
from .pipeline import Outcome, Pipeline
from .responding import known_error, refusal_of, respond, reworded
from .routes import Route


class ServerCalls:
    """Runs the endpoints of one configuration from Python."""

    def __init__(self, config: Configuration, pipeline: Pipeline) -> None:
        self._config = config
        self._pipeline = pipeline

    async def check(
        self, runtime: Runtime, headers: HeaderSource, request: Request | None, *, renew: bool
    ) -> Checked[Any]:
        """Who is behind a request. No hook of an endpoint runs, and refusals are nobody.

        So is who opens a web socket from a page that is not trusted.
        """
        given, vary = Headers.of(headers), self._config.vary
        try:
            site = self._config.sites.resolve(request, given)
        except UnknownHost:
            return Checked(None, (), vary)
        call = Call(self._config, runtime, site, request=request, headers=given)
        if not renew:
            call.query = WITHOUT_RENEWAL
        try:
            await check_handshake(call)
        except APIError as refusal:
            return Checked(None, (), vary, refusal=await reworded(call, refusal))
        try:
            found = await current_session(call)
            await finish_call(call)
        except APIError:
            found = None
        finally:
            if call.deferred is not None:
                await call.hand_over()
        told = None
        if found is None and self._config.rewording:
            told = await reworded(call, SessionCodes.UNAUTHORIZED())
        return Checked(found, tuple(call.cookies.lines()), vary, call, told)

    async def recheck(self, runtime: Runtime, checked: Checked[Any]) -> SessionAndUser[Any] | None:
        """Who was found, as the store knows it now; None once that is over."""
        found, asked = checked.session, checked.call
        if found is None or asked is None or asked.asker is None:
            return None
        self._require_own(asked)
        call = Call(self._config, runtime, asked.site, request=asked.request, headers=asked.headers)
        call.query = WITHOUT_RENEWAL
        try:
            return await standing_still(call, asked.asker, found)
        finally:
            if call.deferred is not None:
                await call.hand_over()

    def _require_own(self, asked: Call) -> None:
        if asked.config is not self._config:
            raise RuntimeError("checked= is the answer of another Auth; ask the same one in both")

    async def run(self, runtime: Runtime, name: str, arguments: Arguments) -> Any:
        """Run an endpoint. Raises `APIError`, unless the response itself is asked for."""
        if arguments.form == "submitted":
            return await self._submit(runtime, name, arguments)
        route = self._pipeline.routes[name]
        call, form = self._call(runtime, route, arguments), arguments.form
        asked = call.request
        try:
            await check_handshake(call)
            ended = None if asked is None else await self._pipeline.admit(call, asked, route)
            if ended is None:
                outcome = await self._pipeline.run(call, route)
            else:
                outcome = Outcome(ended if form == "response" else refusal_of(ended))
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
        value = outcome.value
        if isinstance(value, APIError):
            value = await reworded(call, value)
        if form == "response":
            return respond(call, value, status=outcome.status)
        if isinstance(value, APIError):
            refused(call, value)
            raise value
        return value if form == "value" else WithHeaders(value, respond(call, value))

    async def _submit(self, runtime: Runtime, name: str, arguments: Arguments) -> Any:
        data = arguments.extra if arguments.input is None else arguments.input
        return await self._config.entrance.submit(
            runtime, name, arguments.request, data, arguments.params
        )

    def _call(self, runtime: Runtime, route: Route, arguments: Arguments) -> Call:
        call = (
            self._own_call(runtime, route, arguments)
            if arguments.request is None
            else self._browsers_call(runtime, route, arguments, arguments.request)
        )
        call.query, call.params = arguments.query, arguments.params
        call.answers_client = arguments.form == "response"
        call.shows_headers = arguments.form != "value"
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
            raise checked.refused()
        self._require_own(asked)
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
        call = Call(
            self._config, runtime, site, request=as_sent, headers=headers, path=endpoint.path
        )
        call.of_form = is_form(request)
        return call


def _fields(given: msgspec.Struct | None) -> dict[str, Any]:
    return {} if given is None else msgspec.to_builtins(given)
