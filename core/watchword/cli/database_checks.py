"""Checks of the databases: reachable, and in the shape of the schema."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeAlias, cast

from watchword.auth import Auth
from watchword.database.contract import Engine, StorageError, StorageUnavailable
from watchword.runtime.blocking import finish

from .failures import one_line
from .finding import Finding
from .statements import in_words

AnyAuth: TypeAlias = "Auth[Any]"

_PROBE = "watchword-doctor"
UNFILLABLE = "Drop it, let it be null, or declare it again: no row can be added as it is"


def check_databases(auth: AnyAuth) -> Iterator[Finding]:
    """Findings about the database, and about the secondary storage if there is one."""
    if auth.config.has_database:
        yield from _database(auth)
    yield from _secondary(auth)


def probe(auth: AnyAuth) -> None:
    """Raise `StorageUnavailable` at once if the database cannot be reached, where that can be told
    without waiting for a pool that goes on trying."""
    ask = getattr(auth.storage, "probe", None)
    if ask is not None:
        ask()


def unfillable(engine: Engine) -> list[str]:
    """The columns that must have a value and that the application does not know (any more).

    Named as `table.column`; none where the storage cannot tell.
    """
    tell = getattr(engine, "unfillable", None)
    if not callable(tell):
        return []
    return finish(cast("Callable[[], Coroutine[object, object, list[str]]]", tell)())


def _database(auth: AnyAuth) -> Iterator[Finding]:
    engine = auth.blocking.runtime.engine
    try:
        probe(auth)
        missing = finish(engine.plan())
        strange = unfillable(engine)
    except StorageUnavailable as error:
        yield Finding("error", "database", f"it cannot be reached: {error}", "Start or mend it")
        return
    except StorageError as error:
        yield Finding("error", "database", f"it cannot be migrated: {error}")
        return
    for statement in missing:
        what = f"it lacks the {in_words(statement, auth.config.tables.schema)}"
        yield Finding("error", "database", what, "Run `watchword migrate`")
    for column in strange:
        what = f"the column {column} must have a value, which the application does not give"
        yield Finding("error", "database", what, UNFILLABLE)


def _secondary(auth: AnyAuth) -> Iterator[Finding]:
    secondary = auth.blocking.runtime.secondary
    if secondary is None:
        return
    try:
        finish(secondary.get(_PROBE))
    except Exception as error:  # an application's own store may raise what it likes
        what = f"it cannot be reached: {one_line(error)}"
        yield Finding("error", "secondary_storage", what, "Start or mend it")
