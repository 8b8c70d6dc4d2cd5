"""What goes out over WSGI: status lines, and errors that the application raised."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Iterator
from http import HTTPStatus
from inspect import isgenerator
from typing import Any, cast
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from watchword.errors import APIError

from .wire import answer_of, framed


def status_line(status: int) -> str:
    """A status with its phrase."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


def answering(
    app: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """What an application answers; an `APIError` that it raises becomes its answer."""
    try:
        body = app(environ, start_response)
    except APIError as error:
        return _answer(error, environ, start_response)
    # Applications that are generators begin when they are read.
    if isgenerator(body):
        return _generated(cast("Generator[bytes, Any, Any]", body), environ, start_response)
    return body


def _generated(
    body: Generator[bytes, Any, Any], environ: WSGIEnvironment, start_response: StartResponse
) -> Iterator[bytes]:
    try:
        yield from body
    except APIError as error:
        yield from _answer(error, environ, start_response)


def _answer(
    error: APIError, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    response = answer_of(error)
    headers, body = framed(response, environ["REQUEST_METHOD"])
    # Where a response has gone out already, the server raises the error once more (PEP 3333).
    start_response(status_line(response.status), headers, cast("Any", sys.exc_info()))
    return [body]
