"""Every error that watchword raises or sends.

    Exception
    ├── APIError               an answer of the protocol: status, code, message
    │   ├── Overloaded         there is no room for this at the moment (503)
    │   └── Redirect           an answer that sends the browser elsewhere
    └── ConfigurationError     an option is wrong; raised when `Auth` is built

`APIError` is raised in endpoints, hooks and callbacks and becomes a response in exactly one place
(the pipeline). Error codes are declared with `ErrorCode`, grouped in a class per feature, so that
they can be listed and documented.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A declared error: HTTP status, wire code and our message in plain English.

    Call it to get the exception: `raise codes.INVALID_TOKEN()`. A code of None is an error that
    has only a message on the wire.
    """

    status: int
    code: str | None
    message: str
    guess: bool = False
    """Whether it answers a wrong password, code or token: the operator is told of these."""
    field: str | tuple[str, ...] = ()
    """The field of a form (its name on the wire) beside which the message stands; of several names
    the first that the endpoint has."""

    @property
    def told_by(self) -> str | None:
        """What clients tell it by: its code, unless its protocol has a word for it."""
        return self.code

    def __call__(
        self,
        message: str | None = None,
        *,
        status: int | None = None,
        extra: Mapping[str, object] | None = None,
        field: str | None = None,
    ) -> APIError:
        """The exception, with another message, status, field or extra body fields if given."""
        made = APIError(
            status or self.status, self.code, self.message if message is None else message, extra
        )
        made.guess = self.guess
        told = self.field if field is None else field
        made.field = (told,) if isinstance(told, str) else told
        return made


class ErrorCodes:
    """Base of a feature's group of error codes; iterates over the declared ones."""

    @classmethod
    def declared(cls) -> Iterator[tuple[str, ErrorCode]]:
        """Name and value of each code, in order of declaration, base groups first."""
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                if isinstance(value, ErrorCode):
                    yield name, value


class APIError(Exception):
    """An error as the client sees it: `status` (HTTP), `code` (wire, may be None), `message`.

    Applications may raise it in hooks and callbacks to refuse a request. `headers` are added to
    the response.
    """

    def __init__(
        self,
        status: int,
        code: str | None = None,
        message: str | None = None,
        extra: Mapping[str, object] | None = None,
        *,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        said = ": ".join(part for part in (code, message) if part)
        super().__init__(f"{status} {said}".rstrip())
        self.status = status
        self.code = code
        self.message = message
        self.extra: dict[str, object] = dict(extra or {})
        self.headers = headers
        self.guess = False
        self.field: tuple[str, ...] = ()
        """As `ErrorCode.field`: for whoever shows it beside a form. It is not sent."""
        self.problems: tuple[tuple[str, str], ...] = ()
        """Of VALIDATION_ERROR: places as in `body.email`, each with its sentence. Not sent."""

    @property
    def body(self) -> dict[str, object] | None:
        """The JSON body: message, code, then extra fields; None for an empty body."""
        fields: dict[str, object] = {}
        if self.message is not None:
            fields["message"] = self.message
        if self.code is not None:
            fields["code"] = self.code
        fields.update(self.extra)
        return fields or None


class Redirect(APIError):
    """Send the browser to `location` (302). The target must have passed the URL checks."""

    def __init__(self, location: str) -> None:
        super().__init__(302, headers=(("location", location),))
        self.location = location


class Overloaded(APIError):
    """503 SERVICE_UNAVAILABLE: there is no room for this now. Nothing was done, or counted.

    `retry_after` is in seconds, and stands in `Retry-After` and `X-Retry-After`.
    """

    def __init__(self, retry_after: int = 1) -> None:
        seconds = str(retry_after)
        super().__init__(
            503,
            "SERVICE_UNAVAILABLE",
            "Try again in a moment",
            headers=(("retry-after", seconds), ("x-retry-after", seconds)),
        )
        self.retry_after = retry_after


class ConfigurationError(ValueError):
    """An option of `Auth` is wrong. Names the option, what it got (never a secret), the remedy."""

    def __init__(self, option: str, problem: str, remedy: str) -> None:
        super().__init__(f"{option}: {problem}. {remedy}")
        self.option = option
        self.problem = problem
        self.remedy = remedy
