"""Checks of the databases: reachable, and in the shape of the schema."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.database.contract import StorageError, StorageUnavailable
from watchword.runtime.blocking import finish

from .application import AnyAuth, probe
from .failures import one_line
from .finding import Finding
from .statements import in_words

_PROBE = "watchword-doctor"


def check_databases(auth: AnyAuth) -> Iterator[Finding]:
    """Findings about the database, and about the secondary storage if there is one."""
    if auth.config.has_database:
        yield from _database(auth)
    yield from _secondary(auth)


def _database(auth: AnyAuth) -> Iterator[Finding]:
    try:
        probe(auth)
        missing = finish(auth.blocking.runtime.engine.plan())
    except StorageUnavailable as error:
        yield Finding("error", "database", f"it cannot be reached: {error}", "Start or mend it")
        return
    except StorageError as error:
        yield Finding("error", "database", f"it cannot be migrated: {error}")
        return
    for statement in missing:
        what = f"it lacks the {in_words(statement, auth.config.tables.schema)}"
        yield Finding("error", "database", what, "Run `watchword migrate`")


def _secondary(auth: AnyAuth) -> Iterator[Finding]:
    secondary = auth.blocking.runtime.secondary
    if secondary is None:
        return
    try:
        finish(secondary.get(_PROBE))
    except Exception as error:  # an application's own store may raise what it likes
        what = f"it cannot be reached: {one_line(error)}"
        yield Finding("error", "secondary_storage", what, "Start or mend it")
