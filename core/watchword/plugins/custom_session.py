"""Custom session: clients see of a session what a function of the application makes of it.

It runs for each answer of `/get-session`, behind all that looks a session up, renews it and sets
cookies; the server itself, its guards and other plugins see session and user as ever (spec: plugin
custom-session).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Generic, TypeAlias, TypeVar, cast

from watchword.call import Call
from watchword.configuration.option_checks import check_callback, check_flag
from watchword.errors import ConfigurationError
from watchword.features.sessions import SessionEndpoints
from watchword.http.json import encode, jsonable
from watchword.http.response import Response
from watchword.plugin_base import Plugin, after
from watchword.records import User
from watchword.results import SessionAndUser

U = TypeVar("U", bound=User)

_Shaped: TypeAlias = Annotated[Response, Any]
"""Written already: whatever it is, it is JSON, and no text or nothing."""
_DEVICE_SESSIONS = "/multi-session/list-device-sessions"


@dataclass(frozen=True, kw_only=True)
class CustomSession(Plugin, Generic[U]):
    """Options of custom sessions."""

    id: ClassVar[str] = "custom-session"

    shape: Callable[[SessionAndUser[U], Call], object]
    """Gets session and user, and the call; what clients see instead: whatever can be JSON. `def` or
    `async def`; one that raises `APIError` refuses."""
    shape_device_sessions: bool = False
    """Do the same to each session that `MultiSession` lists."""

    def __post_init__(self) -> None:
        check_flag("CustomSession.shape_device_sessions", self.shape_device_sessions)
        check_callback("CustomSession.shape", self.shape)
        if cast("object", self.shape) is None:
            raise ConfigurationError("CustomSession.shape", "None makes nothing", "Give a function")

    def named_paths(self) -> Sequence[str]:
        """That of the list, if it is to be shaped."""
        return (_DEVICE_SESSIONS,) if self.shape_device_sessions else ()

    def adapt(self, feature: Plugin) -> Plugin:
        """The function sees fields that no cookie holds."""
        known = isinstance(feature, SessionEndpoints)
        return replace(feature, seen_by_code=True) if known else feature

    @after("/get-session", place="last")
    async def shape_session(self, call: Call) -> _Shaped | None:
        """The session, as clients see it. Nobody is nobody, and errors stay as they are."""
        found = call.returned
        if not call.answers_client or not isinstance(found, SessionAndUser):
            return None
        return _answer(await self._shaped(call, cast("SessionAndUser[Any]", found)))

    @after(_DEVICE_SESSIONS, place="last")
    async def shape_listed(self, call: Call) -> _Shaped | None:
        """The same for each one, if the option says so."""
        listed = call.returned
        wanted = self.shape_device_sessions and call.answers_client
        if not wanted or not isinstance(listed, list):
            return None
        return _answer(
            [await self._shaped(call, one) for one in cast("list[SessionAndUser[Any]]", listed)]
        )

    async def _shaped(self, call: Call, found: SessionAndUser[Any]) -> Any:
        # As JSON at once: what it made may be one object that it changes each time.
        return jsonable(await call.run_with_secret(self.shape, found, call))


def _answer(value: object) -> _Shaped:
    return Response(200, (("content-type", "application/json"),), encode(value))
