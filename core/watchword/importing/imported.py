"""What every source makes of its users."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeAlias


class ImportFailure(Exception):
    """The import cannot begin or go on. Says why, and what to do; holds nothing of a user."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem}. {remedy}" if remedy else problem)


@dataclass(frozen=True, slots=True)
class ImportedAccount:
    """A way to sign in at a provider, as `account` rows name it."""

    provider: str
    account_id: str | None
    """None: the source knows the person by another name than the provider tells us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedUser:
    """A user as the source has it; dates are in UTC."""

    place: str
    """Where it stands: a line or a primary key. For the report."""
    source_id: str | None = None
    email: str | None
    name: str = ""
    image: str | None = None
    verified: bool = False
    disabled: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None
    password: str | None = field(default=None, repr=False)
    """The hash, spelled as `PasswordHasher` knows it (or of a form that it does not know)."""
    accounts: tuple[ImportedAccount, ...] = ()
    second_factor: bool = False
    """Had one, which is not imported."""
    raw: Mapping[str, object] = field(default_factory=dict[str, object], repr=False)
    """All that the source has, where it may have fields of the application's own."""
    unread: tuple[str, ...] = ()
    """The names in it that mean nothing to the import."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something in the source that is no user."""

    place: str
    reason: str


Read: TypeAlias = "ImportedUser | Unreadable"


class Source(Protocol):
    """The users of another system, one after another."""

    @property
    def total(self) -> int | None:
        """How many there are, where that is known beforehand."""
        ...

    def users(self) -> Iterator[Read]:
        """All users. Raises `ImportFailure`."""
        ...

    def close(self) -> None:
        """Give back files and connections."""
        ...


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """Where a source is, and what it takes to read it."""

    location: str
    """A path, `-` for standard input, or the URL of a database."""
    users_table: str | None = None
    accounts_table: str | None = None
    hash_parameters: Path | None = None
    passwords: Path | None = None
