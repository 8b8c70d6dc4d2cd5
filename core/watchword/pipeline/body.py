"""Reading a request's body: size, content type, JSON or form (spec: HTTP, request bodies)."""

from __future__ import annotations

import re

from watchword.call import Call
from watchword.endpoint import Endpoint
from watchword.errors import APIError
from watchword.http.json import InvalidJSON, decode
from watchword.http.query import Query, QueryTooLong, parse_query
from watchword.http.request import BodyTooLarge, Request

from .navigation import FORM, is_form, may_navigate, navigate, read_form
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
    if is_form(request) and may_navigate(request, endpoint):
        fields = _form(data)
        call.navigation = await navigate(call, fields)
        if call.navigation is not None:
            return await read_form(call, fields, endpoint)
    kind = _media_type(request, endpoint)
    if FORM in kind:
        fields = _form(data)
        return fields if endpoint.traits.strict_form else _last_values(fields)
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


def _form(data: bytes) -> Query:
    try:
        return parse_query(data.decode("utf-8", "replace"))
    except QueryTooLong:
        raise ValidationCodes.PAYLOAD_TOO_LARGE("The form is too large") from None


def _last_values(fields: Query) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value[-1] for name, value in fields.items()}
