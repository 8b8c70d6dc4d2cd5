"""`watchword migrate`: bring the database to the schema of the application."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from watchword.database.migration import bring_up
from watchword.runtime.blocking import finish

from .application import NO_APPLICATION, Application, Switch, Yes
from .database_checks import UNFILLABLE, unfillable
from .screen import bullets, confirm, note, say
from .statements import in_words, script, script_head


def migrate(
    *,
    dry_run: Annotated[
        Switch, Parameter(help="Show what would be done, with its SQL, and do nothing.")
    ] = False,
    yes: Yes = False,
    application: Application = NO_APPLICATION,
) -> int:
    """Create the tables, columns and indexes that the database lacks.

    Nothing is ever dropped, renamed or retyped. Safe to run twice, and from several machines at
    once.
    """
    with application.opened() as auth:
        engine = auth.blocking.runtime.engine
        statements = finish(engine.plan())
        for column in unfillable(engine):
            about = "must have a value, and the application does not know it"
            note(f"Warning: the column {column} {about}. {UNFILLABLE}.")
        if not statements:
            say("The database is up to date.")
            return 0
        say("To be created:")
        bullets(in_words(statement, auth.config.tables.schema) for statement in statements)
        if dry_run:
            say()
            say(script(statements, script_head(engine)).rstrip("\n"))
            return 0
        if not confirm("Create these now?", yes=yes):
            say("Nothing was changed.")
            return 0
        finish(bring_up(engine, statements))
        say("Done.")
        return 0
