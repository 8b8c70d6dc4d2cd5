"""Turning untyped input into an endpoint's typed one, with errors that name the field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, TypeVar, cast

import msgspec

from .errors import APIError, ErrorCode, ErrorCodes
from .problems import problems, told

T = TypeVar("T", bound=msgspec.Struct)

EMAIL_PATTERN = (
    r"\A(?!\.)(?!.*\.\.)[A-Za-z0-9_'+\-.]*[A-Za-z0-9_+-]"
    r"@([A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z]{2,}\Z"
)

Email = Annotated[str, msgspec.Meta(pattern=EMAIL_PATTERN)]
"""An e-mail address in the protocol's ASCII syntax (spec: HTTP, validation errors)."""

_EMAIL = re.compile(EMAIL_PATTERN, re.ASCII)


def is_email(text: str) -> bool:
    """Whether a text is an e-mail address in the protocol's syntax."""
    return _EMAIL.match(text) is not None


NonEmpty = Annotated[str, msgspec.Meta(min_length=1)]


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


_SENTENCES = {EMAIL_PATTERN: "This is not an e-mail address"}
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
        found = list(problems(given, kind, _SENTENCES)) or [sentence_for(error)]
        raise invalid((where + path, sentence) for path, sentence in found) from None
    except RecursionError:
        raise ValidationCodes.VALIDATION_ERROR() from None


def invalid(found: Iterable[tuple[str, str]]) -> APIError:
    """VALIDATION_ERROR for problems: places as in `body.email`, each with its sentence."""
    return ValidationCodes.VALIDATION_ERROR(
        "; ".join(f"[{place}] {sentence}" for place, sentence in found)
    )


def sentence_for(error: msgspec.ValidationError) -> tuple[str, str]:
    """Path and sentence for what is wrong with a value; the path is empty or begins with a dot."""
    return told(str(error), _SENTENCES)
