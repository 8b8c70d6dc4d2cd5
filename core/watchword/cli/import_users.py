"""`watchword import`: users of another system into the tables of the application."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from watchword.importing.imported import ImportFailure, Source, SourceOptions
from watchword.importing.report import Report
from watchword.importing.runner import BATCH, Runner, RunOptions
from watchword.importing.sources import SOURCES
from watchword.runtime.blocking import finish

from .application import NO_APPLICATION, AnyAuth, Application, Switch
from .failures import CommandError
from .screen import note, progress, say

_FROM_VARIABLE = "env:"
_EVERY = 5.0
"""Seconds between lines where nothing can be drawn."""

Name = Literal[
    "authjs",
    "fastapi-users",
    "django",
    "flask-security",
    "supabase",
    "firebase",
    "auth0",
    "csv",
    "json",
    "ndjson",
]


def import_users(
    source: Annotated[Name, Parameter(help="The system that the users come from.")],
    location: Annotated[
        str,
        Parameter(
            allow_leading_hyphen=True,
            help="A URL of a database, a file, `-` for standard input, or env:NAME for a variable "
            "that holds one of these.",
        ),
    ],
    /,
    *,
    users_table: Annotated[str | None, Parameter(help="Where users are, if elsewhere.")] = None,
    accounts_table: Annotated[
        str | None, Parameter(help="Where social accounts are, if elsewhere.")
    ] = None,
    hash_parameters: Annotated[
        Path | None,
        Parameter(
            help="A file with what hashes take beside themselves (firebase, flask-security)."
        ),
    ] = None,
    passwords: Annotated[
        Path | None, Parameter(help="The file with the password hashes (auth0).")
    ] = None,
    update: Annotated[
        Switch,
        Parameter(help="Give users that are there, and are known to be the same, what they lack."),
    ] = False,
    keep_ids: Annotated[Switch, Parameter(help="Users keep the ids that they had.")] = False,
    dry_run: Annotated[
        Switch, Parameter(help="Read and report everything, write nothing.")
    ] = False,
    batch_size: Annotated[
        int, Parameter(validator=Number(gte=1, lte=5000), help="Users per transaction.")
    ] = BATCH,
    report: Annotated[
        Path | None,
        Parameter(help="Write a line of JSON here for each user that is not simply imported."),
    ] = None,
    application: Application = NO_APPLICATION,
) -> int:
    """Import users, their social accounts and their passwords from another system.

    Users that are there already stay as they are, so a run that broke off is run again. Passwords
    stay hashed as they are, and get a hash of our own when their users sign in.
    """
    options = RunOptions(batch_size=batch_size, update=update, keep_ids=keep_ids, dry_run=dry_run)
    with application.opened() as auth, _explained():
        given = SourceOptions(
            location=_place(location),
            users_table=users_table,
            accounts_table=accounts_table,
            hash_parameters=hash_parameters,
            passwords=passwords,
        )
        if finish(auth.blocking.runtime.engine.plan()):
            raise CommandError("the database lacks tables or columns", "Run watchword migrate")
        with closing(SOURCES[source](given)) as opened, closing(Report(report)) as told:
            _run(auth, opened, options, told)
            for line in told.lines(dry_run=dry_run):
                say(line)
    return 0


def _run(auth: AnyAuth, source: Source, options: RunOptions, told: Report) -> None:
    runner = Runner(auth.config, auth.blocking.runtime.engine, options, told)
    started = time.monotonic()
    try:
        with _shown(source) as progressed:
            finish(runner.run(source, progressed))
    except BaseException:
        note(f"Broken off after {told.counts['imported']} users; run it again to go on.")
        raise
    note(f"{time.monotonic() - started:.0f} s")


def _place(location: str) -> str:
    """A location, or that of a variable: the URL of a database may hold a password."""
    if not location.startswith(_FROM_VARIABLE):
        return location
    name = location.removeprefix(_FROM_VARIABLE)
    found = os.environ.get(name)
    if not found:
        raise CommandError(f"the variable {name} is not set", "Set it to a URL or a path")
    return found


@contextmanager
def _explained() -> Generator[None, None, None]:
    try:
        yield
    except ImportFailure as error:
        raise CommandError(str(error)) from None


@contextmanager
def _shown(source: Source) -> Generator[Callable[[int], None], None, None]:
    """A bar at a terminal; elsewhere a line now and then."""
    total, read, last = source.total, 0, time.monotonic()
    with progress() as bar:
        task = bar.add_task("Users", total=total)

        def progressed(count: int) -> None:
            nonlocal read, last
            read += count
            bar.update(task, advance=count)
            if not bar.console.is_terminal and time.monotonic() - last >= _EVERY:
                last = time.monotonic()
                note(f"{read} users read" + ("" if total is None else f" of {total}"))

        yield progressed
