"""Turning results and errors into responses: the one place where that happens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from importlib import import_module
from typing import Any, cast

from watchword.call import Call
from watchword.database.contract import InvalidValue, SchemaMismatch, StorageUnavailable
from watchword.database.secondary import SecondaryUnavailable
from watchword.errors import APIError, Redirect
from watchword.http.json import InvalidJSON, decode, encode
from watchword.http.navigation import Navigation
from watchword.http.response import Constant, Response, header_value, varying
from watchword.observability.logs import callback_failed, storage_unavailable, value_refused
from watchword.observability.request_log import refused, request_failed
from watchword.plugin_base import Plugin

from .navigation import find_navigation, gone_to, refused_to
from .validation import ValidationCodes

NOT_FOUND = Response(404)
_JSON = Constant("content-type", "application/json")
_TEXT = Constant("content-type", "text/plain;charset=UTF-8")
_NO_STORE = (Constant("cache-control", "no-store"),)
_NO_STORE_SESSION = (*_NO_STORE, Constant("pragma", "no-cache"))


def respond(call: Call, value: object, *, status: int | None = None) -> Response:
    """The response for an endpoint's result or `APIError`, with the call's headers and cookies."""
    call.returned = value
    if call.navigation is not None and not isinstance(value, Response | Redirect):
        return _led_on(call, call.navigation, value, status)
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


def _led_on(call: Call, pages: Navigation, value: object, status: int | None) -> Response:
    """The way to the page that a browser's form leads to."""
    if isinstance(value, APIError):
        refused(call, value)
        location = refused_to(pages, status or value.status, value)
    else:
        location = gone_to(pages, value)
    # Endpoints tell scripts the same by this header.
    call.set_header("location", location)
    return Response(303, _headers(call, ()))


def _headers(call: Call, own: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    headers = (*own, *call.response_headers)
    if call.asker is not None:
        # Somebody wanted to know who is asking, so another one may get another answer.
        headers = varying(headers, call.config.vary)
    if call.endpoint is not None:
        headers += _NO_STORE_SESSION if call.endpoint.path == "/get-session" else _NO_STORE
    cookies = call.cookies
    return (*headers, *(("set-cookie", line) for line in cookies.lines())) if cookies else headers


def refusal_of(response: Response) -> APIError:
    """The error that a response amounts to, whoever made it."""
    try:
        found = decode(response.body)
    except InvalidJSON:
        found = None
    fields = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    code, message = fields.pop("code", None), fields.pop("message", None)
    return APIError(response.status, code, message or phrase(response.status), fields)


def phrase(status: int) -> str:
    """What a status means. Nearly all errors say more: the table is loaded for the rest."""
    return import_module("http").HTTPStatus(status).phrase


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
            return await told(call, answer)
        request_failed(call, error)
        if call.config.options.on_api_error.reraise:
            raise
        await find_navigation(call)
        if call.navigation is not None:
            return respond(call, APIError(500))
        return await page_of(call, APIError(500)) or Response(500)


async def told(call: Call, error: APIError, *, status: int | None = None) -> Response:
    """The response for an error, in the words of plugins that have their own."""
    return await shown(call, await reworded(call, error), status=status)


async def shown(call: Call, error: APIError, *, status: int | None = None) -> Response:
    """The response for an error as it is: as JSON, unless a form or a plugin has a page for it."""
    await find_navigation(call)
    page = None if call.navigation is not None else await page_of(call, error)
    if page is None:
        return respond(call, error, status=status)
    refused(call, error)
    return page


async def page_of(call: Call, error: APIError) -> Response | None:
    """The page that a plugin shows for an error; None where that is answered as JSON, as usual."""
    if error.status < 400:
        return None
    for plugin in call.config.presenting:
        try:
            page = await plugin.present(call, error)
        except Exception as failure:
            # The refusal stands, whatever it looks like.
            callback_failed(plugin.present, failure)
            continue
        if page is not None:
            return respond(call, page)
    return None


async def reworded(call: Call, error: APIError) -> APIError:
    """An error in the words of plugins that have their own.

    Whatever goes wrong with the words, the refusal stands.
    """
    given = error
    for plugin in call.config.rewording:
        error = await _in_words_of(plugin, call, error)
    if error is not given:
        # What it is about stays the same; of several sentences there now is one.
        error.field = given.field
        error.problems = tuple((place, error.message or said) for place, said in given.problems)
    return error


async def _in_words_of(plugin: Plugin, call: Call, error: APIError) -> APIError:
    try:
        told = cast("object", await plugin.reword(call, error))
        if isinstance(told, APIError):
            return told
        raise TypeError("reword returns no APIError")
    except Exception as failure:
        callback_failed(plugin.reword, failure)
        return error


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
