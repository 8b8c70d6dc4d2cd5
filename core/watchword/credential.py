"""Credentials beside the session cookie, and what a plugin says about the one it knows.

A plugin that knows one lists it in `Plugin.credentials`. Who is asking is settled once per call:
the installed plugins are asked in the order of installation, for headers that are there; the first
one that knows its credential decides, and only then the session cookie counts. Endpoints,
server-side calls, own routes, guards and grants all go by that one answer.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from .discreet import Discreet
from .records import User
from .results import SessionAndUser

if TYPE_CHECKING:
    from .call import Call


class SessionToken(Discreet, msgspec.Struct, frozen=True):
    """The credential stands for the session with this token, which is then looked up."""

    token: str


Answer: TypeAlias = "SessionToken | SessionAndUser[User] | None"
"""What a credential says: the token of a session to look up; a session and user that it vouches
for itself (never renewed, never put into cookies); or None where it is not one of its kind."""

Reader: TypeAlias = "Callable[[Call, str], Coroutine[Any, Any, Answer]]"
"""Reads the value of the header. Raise `APIError` to refuse: then nobody is signed in, whatever
else came along, and endpoints that need a session answer with that error."""


# A struct would evaluate the type of `read` where `help` prints it.
@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A kind of credential: the header that it stands in, and who reads it."""

    header: str
    """Lower-case name. The reader runs only for requests that have it; answers say `Vary`."""
    read: Reader
