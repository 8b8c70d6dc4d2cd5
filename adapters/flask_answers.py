"""What Flask sends: responses of the core as they are, and errors as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.wsgi import ClosingIterator

from watchword.errors import APIError

from .wire import answer_of

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment


class Verbatim(Response):
    """Sends the headers it was given and invents none (a content type, a rewritten Location)."""

    default_mimetype = None

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        return Headers(self.headers)

    def get_app_iter(self, environ: WSGIEnvironment) -> ClosingIterator:
        # Werkzeug makes nothing at all of an empty body: some servers do not answer then.
        return ClosingIterator(self.iter_encoded(), self.close)


def answer(error: Exception) -> Response:
    """The handler for an `APIError`, unless the application has one of its own."""
    made = answer_of(cast("APIError", error))
    return Response(made.body, made.status, [*made.headers])
