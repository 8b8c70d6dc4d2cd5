"""A double of `Auth` that keeps what an adapter hands over and answers what a test says."""

from __future__ import annotations

import re
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from watchword.auth import Auth, BlockingAuth, Checked
from watchword.errors import APIError
from watchword.http.headers import Headers, HeaderSource
from watchword.http.request import BodyTooLarge, Request
from watchword.http.response import Response
from watchword.records import Session, User
from watchword.results import SessionAndUser
from watchword.runtime.blocking import finish

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RENEWED = (
    "session_token=renewed.a%2Fb%3D; Path=/; Expires=Wed, 01 Jan 2031 00:00:00 GMT; SameSite=Lax",
    "session_data=; Max-Age=0; Path=/",
)


async def nothing() -> None:
    """The default for `EchoAuth.before_check`."""


@dataclass
class Seen:
    """One request as the core would get it, with its body if the core read it."""

    request: Request
    data: bytes | None


@dataclass(eq=False)
class Script:
    """What a test tells the double, and what it saw."""

    answer: Response = field(default_factory=lambda: Response(200, (), b"echo"))
    reads: int = 1
    """How often the core asks for the body."""
    seen: list[Seen] = field(default_factory=list[Seen])
    checks: list[Request | None] = field(default_factory=list[Request | None])
    before_check: Callable[[], Awaitable[None]] = nothing
    closed: int = 0


class EchoAuth(Auth[User]):
    """`handle` keeps the request and its body; `check` believes a cookie `user=<name>`."""

    def __init__(self, base_path: str = "/api/auth", body_limit: int = 1000) -> None:
        self.script = Script()
        self._base_path = base_path
        self._body_limit = body_limit
        self.blocking: BlockingAuth[User] = EchoBlocking(self)

    @property
    def base_path(self) -> str:
        return self._base_path

    def check_beside(self, other: Auth[Any]) -> None:
        """It has no secret that another could share."""

    @property
    def endpoints(self) -> Mapping[str, Any]:
        return {}

    @property
    def user_type(self) -> type[User]:
        return User

    @property
    def body_limit(self) -> int:
        return self._body_limit

    @property
    def last(self) -> Seen:
        """The last request that reached the core."""
        return self.script.seen[-1]

    async def handle(self, request: Request) -> Response:
        try:
            data = None
            for _ in range(self.script.reads):
                data = await request.body.read(self.body_limit)
        except BodyTooLarge:
            return Response(413)
        except APIError as error:
            return Response(error.status)
        self.script.seen.append(Seen(request, data))
        return self.script.answer

    async def check(
        self, headers: HeaderSource, request: Request | None = None, *, renew: bool = True
    ) -> Checked[User]:
        await self.script.before_check()
        return self.believe(headers, request)

    def believe(self, headers: HeaderSource, request: Request | None) -> Checked[User]:
        """Whoever the cookie names."""
        self.script.checks.append(request)
        cookie = Headers.of(headers).get("cookie") or ""
        user = re.search(r"user=(\w+)", cookie)
        found = session_of(user[1]) if user else None
        return Checked(found, RENEWED if "renew=1" in cookie else ())

    async def close(self) -> None:
        self.script.closed += 1


class EchoBlocking(BlockingAuth[User]):
    """The double's blocking side."""

    def __init__(self, auth: EchoAuth) -> None:
        self._echo = auth
        self.barrier: threading.Barrier | None = None

    def handle(self, request: Request) -> Response:
        return finish(self._echo.handle(request))

    def check(
        self, headers: HeaderSource, request: Request | None = None, *, renew: bool = True
    ) -> Checked[User]:
        if self.barrier is not None:
            self.barrier.wait(10)
        return self._echo.believe(headers, request)


def session_of(name: str) -> SessionAndUser[User]:
    """A session of somebody with this name."""
    user = User(
        id=f"id-{name}",
        name=name,
        email=f"{name}@example.com",
        created_at=NOW,
        updated_at=NOW,
    )
    session = Session(
        id=f"session-{name}",
        expires_at=NOW,
        token="token",
        created_at=NOW,
        updated_at=NOW,
        user_id=user.id,
    )
    return SessionAndUser(session=session, user=user)
