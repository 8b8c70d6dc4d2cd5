"""`manage.py watchword`: the command line, on the server that the settings name."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from watchword.adapters.django.configured import path_of_settings

_VARIABLE = "WATCHWORD_AUTH"
_EXTRA = frozenset(("cyclopts", "rich"))
_OF_DJANGO = ("--settings", "--pythonpath")


class Command(BaseCommand):
    """Passes everything on: `manage.py watchword users list --json`."""

    help = "The command line of watchword: doctor, users, cleanup, import, generate and more."
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        """Run, and exit with the status of the command."""
        try:
            status = _run(_without_djangos(argv[2:]))
        except CommandError as error:
            self.stderr.write(str(error))
            status = 1
        finally:
            connections.close_all()
        sys.exit(status)

    def print_help(self, prog_name: str, subcommand: str) -> None:
        """What `manage.py help watchword` shows."""
        _run(["--help"])

    def add_arguments(self, parser: CommandParser) -> None:
        """Those of `call_command("watchword", "doctor", "--json")`."""
        parser.add_argument("arguments", nargs=argparse.REMAINDER)

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises `CommandError` where the status of the command is not 0."""
        status = _run(options["arguments"])
        if status:
            raise CommandError(f"watchword ended with {status}", returncode=status)


def _run(tokens: Sequence[str]) -> int:
    try:
        program = import_module("watchword.cli.program")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise CommandError(
            'The command line needs two packages: pip install "watchword[cli]"'
        ) from None
    module, _, attribute = path_of_settings().rpartition(".")
    before = os.environ.get(_VARIABLE, "")
    os.environ[_VARIABLE] = f"{module}:{attribute}"
    try:
        status: int = program.run(list(tokens))
    finally:
        os.environ[_VARIABLE] = before
    return status


def _without_djangos(tokens: Sequence[str]) -> list[str]:
    """Without the options that every command of Django takes: `manage.py` has read them."""
    left: list[str] = []
    rest = iter(tokens)
    for one in rest:
        if one in _OF_DJANGO:
            next(rest, None)
        elif not one.startswith(tuple(f"{option}=" for option in _OF_DJANGO)):
            left.append(one)
    return left
