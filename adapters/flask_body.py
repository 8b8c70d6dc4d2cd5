"""The raw body of a Flask request, also when a hook has read it before."""

from __future__ import annotations

import logging

from flask import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from watchword.http.request import BodyTooLarge

from .wire import bad_body, cut_short
from .wsgi_environ import body_length

_log = logging.getLogger("watchword")


class FlaskBody:
    """Reads through `request.get_data(cache=True)`, so that JSON and data hooks do not disturb it.

    A form that a hook parsed with `request.form` before anybody called `request.get_data()` is
    gone, and building it anew would be guessing: such a request is answered 400 and logged.
    """

    def __init__(self, request: Request) -> None:
        self._request = request

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises `BodyTooLarge`, `APIError` for a short or a consumed body."""
        request, length = self._request, body_length(self._request.environ)
        if length is not None and length > limit:
            raise BodyTooLarge
        own_limit = request.max_content_length
        # Werkzeug silently stops at the limit: one byte more tells "full" from "too much".
        request.max_content_length = min(limit + 1, limit + 1 if own_limit is None else own_limit)
        try:
            data = request.get_data(cache=True)
        except RequestEntityTooLarge:
            raise BodyTooLarge from None
        except ClientDisconnected:
            raise cut_short() from None
        finally:
            request.max_content_length = own_limit
        if len(data) > limit:
            raise BodyTooLarge
        if not data and (request.form or request.files):
            _log.error(
                "the body of %s %r was parsed as a form before watchword could read it; "
                "call request.get_data() first in that hook, or leave watchword's paths alone",
                request.method,
                request.path,
            )
            raise bad_body("The request body was consumed before it could be read")
        if length is not None and len(data) < length:
            raise cut_short()
        return data
