"""The answer to "who is this?" for a route of the application."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from watchword.call import Call
from watchword.errors import APIError
from watchword.records import User
from watchword.results import SessionAndUser

from .sessions import SessionCodes

U = TypeVar("U", bound=User)


@dataclass(frozen=True, slots=True)
class Checked(Generic[U]):
    """Who is behind a request of the application's own, and what its response must carry."""

    session: SessionAndUser[U] | None
    cookies: tuple[str, ...] = field(repr=False)
    """`Set-Cookie` values: the session may have been renewed, or may be over."""
    vary: str = "Cookie"
    """The headers of requests that say who is asking: `Vary` of every response that depends on
    the session."""
    call: Call | None = field(default=None, repr=False, compare=False)
    """The look-up itself, for server-side calls that act for who was found; None for a host that
    is not served, and for a web socket that was refused."""
    refusal: APIError | None = None
    """Why nobody was looked for: a page that is not trusted opened a web socket (403). Or the usual
    refusal, where a plugin has words of its own for it."""

    def required(self) -> SessionAndUser[U]:
        """Session and user.

        Raises `APIError` UNAUTHORIZED (401) if nobody is signed in, and the `refusal`.
        """
        if self.session is None:
            raise self.refused()
        return self.session

    def refused(self) -> APIError:
        """What somebody is told who is not signed in, and has to be."""
        return self.refusal or SessionCodes.UNAUTHORIZED()

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """`vary` and `cookies` as header pairs."""
        return (("vary", self.vary), *(("set-cookie", line) for line in self.cookies))
