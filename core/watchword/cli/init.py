"""`watchword init`: a small working application, and an environment file with a fresh secret."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from .application import Yes
from .failures import CommandError
from .screen import ask, confirm, is_terminal, say
from .secret import new_secret
from .starters import DATABASES, STARTERS

APP = "app.py"
ENVIRONMENT = ".env"
_NEEDS = {"postgresql": "postgres", "mysql": "mysql"}
"""The extra that a database needs."""


def init(
    *,
    framework: Annotated[
        Literal["flask", "fastapi", "starlette", "litestar", "wsgi", "asgi"] | None,
        Parameter(help="Asked for if it is missing."),
    ] = None,
    database: Annotated[
        Literal["sqlite", "postgresql", "mysql"] | None,
        Parameter(help="Asked for if it is missing."),
    ] = None,
    dir: Annotated[Path, Parameter(help="The folder, made if it is not there.")] = Path(),
    yes: Yes = False,
) -> int:
    """Write app.py, and .env with a fresh secret. Existing files stay as they are."""
    app, environment = dir / APP, dir / ENVIRONMENT
    for file in (app, environment):
        if file.exists() or file.is_symlink():
            raise CommandError(f"{file} exists and is not overwritten", "Choose another --dir")
    chosen = framework or _ask("Framework", tuple(STARTERS), "--framework")
    kind = database or ("sqlite" if yes else _ask("Database", tuple(DATABASES), "--database"))
    if not yes and is_terminal() and not confirm(f"Write {app} and {environment}?", yes=False):
        say("Nothing was written.")
        return 0
    variables = {"BETTER_AUTH_SECRET": new_secret()}
    expression = '"sqlite:///app.db"'
    if url := DATABASES[kind]:
        variables["DATABASE_URL"] = url
        expression = 'os.environ["DATABASE_URL"]'
    lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())
    try:
        dir.mkdir(parents=True, exist_ok=True)
        _create(environment, lines, 0o600)
        _create(app, STARTERS[chosen].source(expression), 0o666)
    except OSError as error:
        problem = f"{dir} cannot be written to ({type(error).__name__})"
        raise CommandError(problem, "Choose another --dir") from None
    _next_steps(chosen, kind, dir)
    return 0


def _ask(question: str, choices: tuple[str, ...], option: str) -> str:
    if not is_terminal():
        raise CommandError(f"{question.lower()} is not given", f"Give {option}")
    return ask(question, default=choices[0], choices=choices)


def _create(file: Path, text: str, mode: int) -> None:
    # Made with its mode, and never over a file that somebody else made meanwhile.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)


def _next_steps(framework: str, database: str, folder: Path) -> None:
    starter = STARTERS[framework]
    packages = starter.packages
    if extra := _NEEDS.get(database):
        packages = packages.replace("cli]", f"cli,{extra}]")
    first, *others = packages.split()
    say(f"Wrote {folder / APP} and {folder / ENVIRONMENT} (keep that one out of version control).")
    say()
    say("Next:")
    if folder != Path():
        say(f"  cd {shlex.quote(str(folder))}")
    say(f"  pip install {' '.join([shlex.quote(first), *others])}")
    if database != "sqlite":
        say(f"  # set DATABASE_URL in {ENVIRONMENT}")
    say("  watchword migrate")
    say(f"  set -a; . ./{ENVIRONMENT}; set +a")
    say(f"  {starter.run}")
