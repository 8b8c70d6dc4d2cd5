"""Turning untyped input into an endpoint's typed one, with errors that name the field.

Every text of an input has a length, by one of the types below or by a `msgspec.Meta` of its own. It
is looked at before anything else is done with the text; a longer one is 400 VALIDATION_ERROR
(security W1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, TypeAlias, TypeVar

import msgspec

from .errors import APIError, ErrorCode, ErrorCodes
from .http.bounds import LONGEST_URL

T = TypeVar("T", bound=msgspec.Struct)

EMAIL_PATTERN = (
    r"\A(?!\.)(?!.*\.\.)[A-Za-z0-9_'+\-.]*[A-Za-z0-9_+-]"
    r"@([A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z]{2,}\Z"
)

LONGEST_EMAIL = 254
"""Characters of an e-mail address (RFC 5321, 4.5.3.1.3)."""

Email = Annotated[str, msgspec.Meta(max_length=LONGEST_EMAIL, pattern=EMAIL_PATTERN)]
"""An e-mail address in the protocol's ASCII syntax (spec: HTTP, validation errors)."""
Identifier = Annotated[str, msgspec.Meta(max_length=255)]
"""What names something or somebody: an id, an address as it was typed, a code of an error."""
PersonName = Annotated[str, msgspec.Meta(max_length=1000)]
"""What people are called. Keyed columns of MySQL hold 255 characters of it."""
Picture = Annotated[str, msgspec.Meta(max_length=65_535)]
"""The URL of a picture, or a small one itself, as a `data:` URL. It is stored as it is."""
Password = Annotated[str, msgspec.Meta(max_length=1_048_576)]
"""A password. `EmailAndPassword.check_length` bounds it far closer, with a code of its own."""
NewPassword = Annotated[str, msgspec.Meta(min_length=1, max_length=1_048_576)]
"""The password of somebody who is new."""
Token = Annotated[str, msgspec.Meta(max_length=2048)]
"""What a link or a browser carries; the longest are signed statements about two addresses."""
Code = Annotated[str, msgspec.Meta(max_length=255)]
"""What somebody types from a mail."""
TargetURL = Annotated[str, msgspec.Meta(max_length=LONGEST_URL)]
"""Where a browser is sent. `Advanced.longest_url` bounds it closer."""
Words = Annotated[str, msgspec.Meta(max_length=2000)]
"""A text for people to read."""
Flag: TypeAlias = Identifier | bool | Annotated[list[Identifier], msgspec.Meta(max_length=100)]
"""A switch in a query: any non-empty value counts as true, as does a repeated one."""

_EMAIL = re.compile(EMAIL_PATTERN, re.ASCII)


def is_email(text: str) -> bool:
    """Whether a text is an e-mail address in the protocol's syntax."""
    return len(text) <= LONGEST_EMAIL and _EMAIL.match(text) is not None


class ValidationCodes(ErrorCodes):
    """Errors about input as such."""

    BAD_REQUEST = ErrorCode(400, "BAD_REQUEST", "Invalid JSON in request body")
    VALIDATION_ERROR = ErrorCode(400, "VALIDATION_ERROR", "The input is not valid")
    MISSING_FIELD = ErrorCode(400, "MISSING_FIELD", "A required field is missing")
    FIELD_NOT_ALLOWED = ErrorCode(400, "FIELD_NOT_ALLOWED", "The field may not be set")
    UNSUPPORTED_MEDIA_TYPE = ErrorCode(
        415, "UNSUPPORTED_MEDIA_TYPE", "The content type of the body is not read here"
    )
    PAYLOAD_TOO_LARGE = ErrorCode(413, "PAYLOAD_TOO_LARGE", "The body is too large")


_AT = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_REGEX = re.compile(r"matching regex .*?(?= - at |$)", re.DOTALL)


def read_input(kind: type[T], raw: object, where: str) -> T:
    """The typed input. `where` is `body` or `query`. Raises VALIDATION_ERROR."""
    if raw is None and where == "query":
        raw = {}
    if not isinstance(raw, Mapping):
        problem = f"expected object, received {_name_of(raw)}"
        raise ValidationCodes.VALIDATION_ERROR(f"[{where}] Invalid input: {problem}")
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise _explained(str(error), where) from None
    except RecursionError:
        raise ValidationCodes.VALIDATION_ERROR() from None


def _explained(text: str, where: str) -> APIError:
    # msgspec's texts name types and places, never values.
    found = _AT.search(text)
    path = found["path"] if found else ""
    text = _AT.sub("", _REGEX.sub("in the right form", text))
    return ValidationCodes.VALIDATION_ERROR(f"[{where}{path}] {text}")


def _name_of(raw: object) -> str:
    if raw is None:
        return "undefined"
    if isinstance(raw, list):
        return "array"
    if isinstance(raw, bool):
        return "boolean"
    return "number" if isinstance(raw, int | float) else "string"
