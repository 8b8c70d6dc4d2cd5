"""What came of a form: `await auth.submit("sign_in_email", request, form)`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Out = TypeVar("Out", covariant=True)

NO_DATA: Mapping[str, object] = {}
"""A form without fields: a button."""
NO_PARAMS: Mapping[str, str] = {}
"""Of a path without parameters."""


@dataclass(frozen=True, kw_only=True)
class Submitted(Generic[Out]):
    """The answer of an endpoint that was run for the browser behind a form.

    A template shows it as it is: `submitted.errors.email`, `submitted.given.email`. `Submitted()`
    is a form that nobody has sent yet.
    """

    ok: bool = False
    """Whether the endpoint did what it was asked for. A sign-in that asks for a second factor is ok
    as well, but nobody is signed in: see `second_factor`."""
    value: Out | None = field(default=None, repr=False)
    """What the endpoint gives, as in `auth.api`; None of a refusal, where a second factor is asked
    for, and where the endpoint sends the browser elsewhere."""
    status: int = 0
    """The HTTP status of the answer; 0 where there was none."""
    code: str = ""
    """Of a refusal, as on the wire; empty where it has none."""
    message: str = ""
    """Of a refusal, for the person to read, in the words of plugin I18n."""
    errors: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of a refusal: what to show beside each field, by the names on the wire. What belongs to no
    field has the empty name."""
    given: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """What was typed, to be shown again; no password, code or token. Switches are `on` or empty."""
    retry_after: int | None = None
    """Of 429 and 503: the seconds to wait."""
    second_factor: bool = False
    """Whether the first factor was right and a second one is asked for."""
    second_factor_methods: tuple[str, ...] = ()
    """How it may be given: `totp`, `otp`."""
    url: str | None = field(default=None, repr=False)
    """Where the endpoint sends the browser: to an identity provider, to a `callbackURL`."""
    cookies: tuple[str, ...] = field(default=(), repr=False)
    """`Set-Cookie` values for the response to the form. Adapters put them there."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """The other headers of the answer, in lower case, but for those that are about its body."""

    @property
    def error(self) -> str:
        """The message of a refusal that belongs to no field; empty where there is none."""
        return self.errors.get("", "")
