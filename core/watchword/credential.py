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


class Vouched(Discreet, msgspec.Struct, frozen=True):
    """The credential vouches for a session and a user, and its plugin wants to know it again."""

    found: SessionAndUser[User]
    by: object
    """What the plugin knows of it: `call.asker.by` from now on."""


Answer: TypeAlias = "SessionToken | SessionAndUser[User] | Vouched | None"
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
    again: Reader | None = None
    """Reads it once more for what outlasts a request, and counts no use of it. None: `read`."""


class Asker(Discreet, msgspec.Struct):
    """On whose word a call acts: the credential that counts among those that came along."""

    token: str | None
    """That of the session to look up; None where there is none."""
    vouched: SessionAndUser[User] | None = None
    """Session and user that the credential itself stands for."""
    by: object = None
    """What the plugin knows of a credential that vouches, where it wanted to (`Vouched`)."""
    from_cookie: bool = True
    """Whether the token is that of a session cookie, of which there may be another one."""
    has_cookies: bool = True
    """Whether the browser's session cookies are this session's, to be renewed and cleared with it.
    False beside somebody else's, which are then left alone."""


class CacheDue(Discreet, msgspec.Struct, frozen=True):
    """The session that the cache cookie is to be written for at the end of the call.

    Where a cookie, not the store, said who is signed in, the store is asked before that is written:
    a copy that is renewed from itself would never learn what changed.
    """

    found: SessionAndUser[User]
    remember: bool


class SessionLookup(Discreet, msgspec.Struct, frozen=True):
    """Whether somebody is signed in, and whether the store (not a cookie) said so."""

    found: SessionAndUser[User] | None
    from_store: bool
