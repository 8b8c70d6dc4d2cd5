"""All functions, put together."""

from __future__ import annotations

from typing import TypeVar

from watchword.records import User

from .entering import Entering
from .reading import Reading
from .serving import M
from .standing import Standing
from .writing import Writing

U = TypeVar("U", bound=User)


class Users(Entering[M, U], Writing[M, U], Standing[M, U], Reading[M, U]):
    """`auth.users` is `Users[Async, ...]`, `auth.blocking.users` is `Users[Blocking, ...]`.

    Whoever calls this may do everything: ask before whether somebody may. Rules, hooks of the
    database, copies and the security log are those of the endpoints. Errors are `APIError` with the
    code of the wire, whose `message` names the argument.
    """
