"""All commands of the command line, and what becomes of their errors.

A command is one line here and one module: it is imported when it is called (or all are described),
and returns the exit status (None: 0).
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module

from cyclopts import App, CycloptsError

from watchword import __version__
from watchword.database.contract import StorageError
from watchword.errors import APIError, ConfigurationError

from .failures import CommandError, one_line
from .screen import complain

_COMMANDS = {
    "init": "watchword.cli.init:init",
    "secret": "watchword.cli.secret:secret",
    "migrate": "watchword.cli.migrate:migrate",
    "generate": "watchword.cli.generate:generate",
    "create-admin": "watchword.cli.create_admin:create_admin",
    "users": "watchword.cli.users:users",
    "import": "watchword.cli.import_users:import_users",
    "mails": "watchword.cli.mails:mails",
    "cleanup": "watchword.cli.cleanup:cleanup",
    "doctor": "watchword.cli.doctor:doctor",
    "info": "watchword.cli.info:info",
}

_OVERVIEW: tuple[list[str], ...] = ([], ["--help"], ["-h"])
"""Command lines that ask for the first sentence of every command, so that all are loaded."""

_INTERRUPTED = 130
"""As shells report SIGINT: half a migration must not look like a whole one."""


def program(*, describe: bool = False) -> App:
    """The command line as an application of cyclopts; `describe` loads all commands."""
    app = App(
        name="watchword",
        help="Authentication for Python back ends.",
        version=__version__,
        result_action="return_value",
        print_error=False,
        exit_on_error=False,
        suppress_keyboard_interrupt=False,
    )
    for name, place in _COMMANDS.items():
        app.command(_loaded(place) if describe else place, name=name)
    return app


def _loaded(place: str) -> Callable[..., object]:
    module, _, function = place.partition(":")
    return getattr(import_module(module), function)


def run(tokens: Sequence[str]) -> int:
    """Run one command line; its exit status. Errors are one line on stderr.

    With `--debug` among the tokens they come with their traceback.
    """
    try:
        given = list(tokens)
        status = program(describe=given in _OVERVIEW)(given)
        sys.stdout.flush()
    except KeyboardInterrupt:
        complain("interrupted")
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has had enough; nothing is to be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if "--debug" in tokens:
            traceback.print_exc()
        complain(_text(error))
        return 1
    return status if isinstance(status, int) else 0


def _text(error: Exception) -> str:
    if isinstance(error, CycloptsError):
        return f"{' '.join(str(error).split())} See watchword --help."
    if isinstance(error, APIError):
        return f"{error.message or 'refused'} ({error.code or error.status})"
    if isinstance(error, CommandError | ConfigurationError | StorageError):
        return " ".join(str(error).split())
    return f"unexpected {one_line(error)}. Run it again with --debug, and please report it"
