"""What Quart sends: responses of the core as they are, and errors as JSON."""

from __future__ import annotations

from quart import Response
from werkzeug.datastructures import Headers

from watchword.errors import APIError

from .wire import answer_of


class Verbatim(Response):
    """Sends the headers it was given and invents none (a content type, a length)."""

    default_mimetype = None  # pyright: ignore[reportAssignmentType]
    automatically_set_content_length = False


def answer(error: APIError) -> Response:
    """An error as a response."""
    made = answer_of(error)
    return Response(made.body, made.status, Headers([*made.headers]))
