"""Turning untyped input into an endpoint's typed one, with errors that name the field.

Every text of an input has a length, by one of the types below or by a `msgspec.Meta` of its own. It
is looked at before anything else is done with the text; a longer one is 400 VALIDATION_ERROR
(security W1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, TypeAlias, TypeVar, cast

import msgspec

from watchword.errors import APIError, ErrorCode, ErrorCodes
from watchword.http.bounds import LONGEST_URL

from .problems import problems as problems_of
from .problems import told

T = TypeVar("T", bound=msgspec.Struct)

EMAIL_PATTERN = (
    r"\A(?!\.)(?!.*\.\.)[A-Za-z0-9_'+\-.]*[A-Za-z0-9_+-]"
    r"@([A-Za-z0-9][A-Za-z0-9-]*\.)+([A-Za-z]{2,}|[Xx][Nn]--[A-Za-z0-9-]*[A-Za-z0-9])\Z"
)

_PLACEHOLDER = r"[@.][Pp][Ll][Aa][Cc][Ee][Hh][Oo][Ll][Dd][Ee][Rr]\.[Ii][Nn][Vv][Aa][Ll][Ii][Dd]\Z"
_NEW_EMAIL_PATTERN = rf"\A(?!.*{_PLACEHOLDER}){EMAIL_PATTERN[2:]}"
LONGEST_EMAIL = 254
"""Characters of an e-mail address (RFC 5321, 4.5.3.1.3)."""

Email = Annotated[str, msgspec.Meta(max_length=LONGEST_EMAIL, pattern=EMAIL_PATTERN)]
"""An e-mail address in the protocol's ASCII syntax (spec: HTTP, validation errors), also below the
international top levels, which browsers write as `xn--...` (RFC 5890)."""
NewEmail = Annotated[str, msgspec.Meta(max_length=LONGEST_EMAIL, pattern=_NEW_EMAIL_PATTERN)]
"""One that somebody wants to be known by. Placeholders are for people of whom a provider tells no
address: whoever could register one would keep somebody out."""
Identifier = Annotated[str, msgspec.Meta(max_length=255)]
"""What names something or somebody: an id, an address as it was typed, a code of an error."""
PersonName = Annotated[str, msgspec.Meta(max_length=1000)]
"""What people are called. Keyed columns of MySQL hold 255 characters of it."""
Picture = Annotated[str, msgspec.Meta(max_length=65_535)]
"""The URL of a picture, or a small one itself, as a `data:` URL. It is stored as it is."""
Password = Annotated[str, msgspec.Meta(max_length=1_048_576)]
"""A password. `EmailAndPassword` bounds it far closer, with a code of its own."""
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


def is_email(text: str) -> bool:
    """Whether a text is an e-mail address in the protocol's syntax."""
    return len(text) <= LONGEST_EMAIL and re.match(EMAIL_PATTERN, text) is not None


def is_placeholder(email: str) -> bool:
    """Whether an address is one that is made up where a provider tells none."""
    return re.search(_PLACEHOLDER, email) is not None


class ValidationCodes(ErrorCodes):
    """Errors about input as such."""

    BAD_REQUEST = ErrorCode(400, "BAD_REQUEST", "Invalid JSON in request body")
    VALIDATION_ERROR = ErrorCode(400, "VALIDATION_ERROR", "Something in this is not valid")
    MISSING_FIELD = ErrorCode(400, "MISSING_FIELD", "Something is missing")
    FIELD_NOT_ALLOWED = ErrorCode(400, "FIELD_NOT_ALLOWED", "Something in this cannot be set here")
    UNSUPPORTED_MEDIA_TYPE = ErrorCode(
        415, "UNSUPPORTED_MEDIA_TYPE", "The request has a form that is not understood here"
    )
    PAYLOAD_TOO_LARGE = ErrorCode(413, "PAYLOAD_TOO_LARGE", "This is too large")


_NO_EMAIL = "This is not an e-mail address"
_SENTENCES: dict[str, str] = {EMAIL_PATTERN: _NO_EMAIL, _NEW_EMAIL_PATTERN: _NO_EMAIL}
"""For what does not match a pattern."""


def read_input(kind: type[T], raw: object, where: str) -> T:
    """The typed input. `where` is `body` or `query`. Raises VALIDATION_ERROR with all problems."""
    if raw is None and where == "query":
        raw = {}
    if not isinstance(raw, Mapping):
        raise invalid([(where, "An object with named values is needed here")])
    given = cast("Mapping[str, object]", raw)
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        found = list(problems_of(given, kind, _SENTENCES)) or [sentence_for(error)]
        raise invalid((where + path, sentence) for path, sentence in found) from None
    except RecursionError:
        raise ValidationCodes.VALIDATION_ERROR() from None


def invalid(found: Iterable[tuple[str, str]]) -> APIError:
    """VALIDATION_ERROR for problems: places as in `body.email`, each with its sentence."""
    problems = tuple(found)
    error = ValidationCodes.VALIDATION_ERROR(
        "; ".join(f"[{place}] {sentence}" for place, sentence in problems)
    )
    error.problems = problems
    return error


def sentence_for(error: msgspec.ValidationError) -> tuple[str, str]:
    """Path and sentence for what is wrong with a value; the path is empty or begins with a dot."""
    return told(str(error), _SENTENCES)
