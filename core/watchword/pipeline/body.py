"""Reading a request's body: size, content type, JSON or form (spec: HTTP, request bodies)."""

from __future__ import annotations

import re

from watchword.call import Call
from watchword.endpoint import Endpoint
from watchword.errors import APIError
from watchword.http.json import InvalidJSON, decode
from watchword.http.query import QueryTooLong, parse_query
from watchword.http.request import BodyTooLarge, Request

from .validation import ValidationCodes

_DIGITS = r"[0-9]{1,18}"


async def read_body(call: Call, request: Request, endpoint: Endpoint[object, object]) -> object:
    """The parsed body, None if there is none.

    Raises PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE or BAD_REQUEST.
    """
    if request.method in ("GET", "HEAD"):
        return None
    limit = call.config.options.advanced.body_limit
    declared = request.headers.get("content-length")
    if declared is not None:
        if not re.fullmatch(_DIGITS, declared):
            raise ValidationCodes.BAD_REQUEST("Invalid Content-Length")
        if int(declared) > limit:
            raise ValidationCodes.PAYLOAD_TOO_LARGE()
    try:
        data = await request.body.read(limit)
    except BodyTooLarge:
        raise ValidationCodes.PAYLOAD_TOO_LARGE() from None
    if not data:
        return None
    kind = _media_type(request, endpoint)
    if "application/x-www-form-urlencoded" in kind:
        return _form(data)
    try:
        return decode(data)
    except InvalidJSON:
        raise ValidationCodes.BAD_REQUEST() from None


def _media_type(request: Request, endpoint: Endpoint[object, object]) -> str:
    sent = request.headers.get("content-type")
    if not sent:
        raise _unsupported("Content-Type is required", endpoint)
    kind = sent.partition(";")[0].strip().lower()
    if not any(allowed in kind for allowed in endpoint.media_types):
        raise _unsupported("The Content-Type is not allowed", endpoint)
    return kind


def _unsupported(problem: str, endpoint: Endpoint[object, object]) -> APIError:
    allowed = ", ".join(endpoint.media_types)
    return ValidationCodes.UNSUPPORTED_MEDIA_TYPE(f"{problem}. Allowed types: {allowed}")


def _form(data: bytes) -> dict[str, str]:
    try:
        fields = parse_query(data.decode("utf-8", "replace"))
    except QueryTooLong:
        raise ValidationCodes.PAYLOAD_TOO_LARGE("The form is too large") from None
    return {name: value if isinstance(value, str) else value[-1] for name, value in fields.items()}
