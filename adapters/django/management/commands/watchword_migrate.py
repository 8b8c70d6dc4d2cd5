"""`manage.py watchword_migrate`: tables of a database that `manage.py migrate` knows nothing of."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from watchword.adapters.django.configured import auth_of_settings
from watchword.adapters.django.tables import told
from watchword.cli.statements import script, script_head
from watchword.database.contract import StorageError
from watchword.database.migration import bring_up
from watchword.runtime.blocking import finish


class Command(BaseCommand):
    """Creates what is missing; nothing is ever dropped, renamed or retyped."""

    help = "Create the tables, columns and indexes of watchword that the database lacks."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--dry-run`, `--check`."""
        parser.add_argument("--dry-run", action="store_true", help="Show the SQL; do nothing.")
        parser.add_argument(
            "--check", action="store_true", help="Do nothing; exit with 1 if anything is missing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises `CommandError` where the database refuses, or with `--check` lacks something."""
        auth = auth_of_settings()
        if not auth.config.has_database:
            raise CommandError("the server has no database")
        engine = auth.blocking.runtime.engine
        try:
            statements = finish(engine.plan())
            if options["dry_run"]:
                self.stdout.write(script(statements, script_head(engine)) if statements else "")
                return
            if statements and not options["check"]:
                finish(bring_up(engine, statements))
        except StorageError as error:
            raise CommandError(str(error)) from None
        for line in told(auth, statements):
            self.stdout.write(line)
        if not statements:
            self.stdout.write("The database is up to date.")
        elif options["check"]:
            raise CommandError("the database lacks these")
