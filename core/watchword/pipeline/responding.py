"""Turning results and errors into responses: the one place where that happens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from watchword.call import Call
from watchword.database.contract import InvalidValue, SchemaMismatch, StorageUnavailable
from watchword.database.secondary import SecondaryUnavailable
from watchword.errors import APIError
from watchword.http.json import encode
from watchword.http.response import Constant, Response, header_value, varying
from watchword.observability.logs import callback_failed, storage_unavailable, value_refused
from watchword.observability.request_log import refused, request_failed

from .validation import ValidationCodes

NOT_FOUND = Response(404)
_JSON = Constant("content-type", "application/json")
_TEXT = Constant("content-type", "text/plain;charset=UTF-8")
_NO_STORE = (Constant("cache-control", "no-store"),)
_NO_STORE_SESSION = (*_NO_STORE, Constant("pragma", "no-cache"))


def respond(call: Call, value: object, *, status: int | None = None) -> Response:
    """The response for an endpoint's result or `APIError`, with the call's headers and cookies."""
    if isinstance(value, Response):
        return Response(value.status, _headers(call, value.headers), value.body)
    own: tuple[tuple[str, str], ...] = (_JSON,)
    if isinstance(value, APIError):
        refused(call, value)
        status = status or value.status
        body = b"" if value.body is None else encode(value.body)
        own += tuple((name, header_value(text)) for name, text in value.headers)
    elif isinstance(value, str):
        body = value.encode("utf-8", "replace")
        own = (_TEXT,)
    else:
        body = encode(value)
    return Response(status or 200, _headers(call, own), body)


def _headers(call: Call, own: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    headers = (*own, *call.response_headers)
    if call.asker is not None:
        # Somebody wanted to know who is asking, so another one may get another answer.
        headers = varying(headers, call.config.vary)
    if call.endpoint is not None:
        headers += _NO_STORE_SESSION if call.endpoint.path == "/get-session" else _NO_STORE
    cookies = call.cookies
    return (*headers, *(("set-cookie", line) for line in cookies.lines())) if cookies else headers


async def guarded(call: Call, work: Callable[[], Awaitable[Response]]) -> Response:
    """Run the pipeline; whatever it raises becomes a response, never an exception.

    Only with `on_api_error.reraise` an unexpected exception goes on to the host.
    """
    try:
        return await work()
    except Exception as error:
        answer = known_error(error)
        if answer is None or answer.status >= 400:
            call.withhold()
            answer = await _reported(call, error) or answer
        if answer is not None:
            return respond(call, answer)
        request_failed(call, error)
        if call.config.options.on_api_error.reraise:
            raise
        return Response(500)


def known_error(error: Exception) -> APIError | None:
    """The protocol's answer to an exception; None for one that nobody foresaw."""
    if isinstance(error, APIError):
        return error
    if isinstance(error, InvalidValue):
        value_refused(error)
        return ValidationCodes.VALIDATION_ERROR("Something in this cannot be stored")
    if isinstance(error, SchemaMismatch):
        storage_unavailable(error)
        return APIError(503, "SERVICE_UNAVAILABLE", "Try again in a moment")
    if isinstance(error, StorageUnavailable):
        # An outage of the secondary storage is one line in the log, not one a request.
        if not isinstance(error, SecondaryUnavailable):
            storage_unavailable(error)
        return APIError(503, "SERVICE_UNAVAILABLE", "Try again in a moment")
    return None


async def _reported(call: Call, error: Exception) -> APIError | None:
    callback = call.config.options.on_api_error.on_error
    if callback is None:
        return None
    try:
        await call.run(callback, error, call)
    except APIError as replacement:
        return replacement
    except Exception as failure:
        # Whoever cannot be told of an error makes no other one of it.
        callback_failed(callback, failure)
    return None
