"""The options of each profile (tests/reference/PROFILES.md, sections 2 and 6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from watchword import (
    Auth,
    Column,
    EmailAndPassword,
    RateLimit,
    Session,
    SessionOptions,
    User,
)
from watchword.plugins import OneTimeToken

SECRET = "oracle-K7pQ2vX9mB4tR8wZ1cY6nH3jL5sD0fGa"
TRUSTED = ("https://app.trusted.example", "https://*.wild.example", "myapp://callback")


class OracleUser(User, kw_only=True):
    """Users with the extra fields of section 2."""

    nickname: str | None = None
    lang: str | None = "en"
    tier: Annotated[str | None, Column(input=False)] = "free"
    age: float | None = None
    newsletter: bool | None = None
    internal_note: Annotated[str | None, Column(returned=False)] = None
    color: Literal["red", "green", "blue"] | None = None


class OracleSession(Session, kw_only=True):
    """Sessions with the extra fields of section 2."""

    theme: str | None = None
    device: Annotated[str | None, Column(input=False)] = "web"


class Clock:
    """The real time plus an offset that the runner sets."""

    offset = 0.0

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.offset)


@dataclass
class Surroundings:
    """What a profile is built in: the server's address and database, its clock, its outbox."""

    origin: str
    database: str
    clock: Clock = field(default_factory=Clock)
    outbox: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def post(self, kind: str, to: str, **rest: Any) -> None:
        """Put a message into the outbox."""
        self.outbox.append({"kind": kind, "to": to, **rest})


def core(around: Surroundings) -> dict[str, Any]:
    """Section 2, nothing else."""
    return {
        "app_name": "Oracle App",
        "secret": SECRET,
        "base_url": around.origin,
        "database": around.database,
        "trusted_origins": TRUSTED,
        "production": True,
        "rate_limit": RateLimit(enabled=False),
        "clock": around.clock,
        "environ": {},
        "user_type": OracleUser,
        "email_and_password": EmailAndPassword(enabled=True),
        "session": SessionOptions(model=OracleSession),
    }


def plugins(around: Surroundings) -> dict[str, Any]:
    """`core` with the plugins that there are."""
    return {**core(around), "plugins": [OneTimeToken()]}


PROFILES: dict[str, Callable[[Surroundings], dict[str, Any]]] = {
    "core": core,
    "plugins": plugins,
}


def build(profile: str, around: Surroundings) -> Auth[Any]:
    """The server of a profile. Raises `KeyError` for one that is not served."""
    return Auth(**PROFILES[profile](around))
