"""Tables that come with those of the project's own applications."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from django.conf import settings

from watchword.cli.statements import in_words

from .configured import SETTING, auth_of_settings


class Output(Protocol):
    """Where a command writes."""

    def write(self, text: str, /) -> object: ...


def make_tables(using: str, output: Output | None = None) -> None:
    """Bring the tables of a `DjangoStorage` to their shape, when its database is migrated.

    Before the migrations of applications, whose foreign keys may refer to them.
    """
    if getattr(settings, SETTING, None) is None:
        return
    auth: Any = auth_of_settings()
    if getattr(auth.storage, "migrates_with", None) != using:
        return
    made = auth.blocking.migrate()
    if output is not None:
        for line in told(auth, made):
            output.write(f"  {line}\n")


def told(auth: Any, statements: list[str]) -> Iterator[str]:
    """What statements did, in words."""
    for statement in statements:
        yield f"watchword: {in_words(statement, auth.config.tables.schema)}"
