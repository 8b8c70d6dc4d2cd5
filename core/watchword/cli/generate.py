"""`watchword generate`: the SQL that brings the database to the schema, as a file."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal, cast

from cyclopts import Parameter

from watchword.database.contract import Engine
from watchword.database.tables import Tables
from watchword.runtime.blocking import finish

from .application import NO_APPLICATION, Application, Switch, Yes
from .failures import CommandError
from .screen import confirm, say
from .statements import script, script_head

FOLDER = "watchword_migrations"
MODELS = "watchword_models.py"
_MODELS = {
    "sqlalchemy": "watchword.storage.sqlalchemy.models",
    "django": "watchword.storage.django.model_source",
}
_STDOUT = "-"


def generate(
    *,
    output: Annotated[
        str,
        Parameter(
            alias="-o",
            allow_leading_hyphen=True,
            help="A file, a folder, or - to print. A folder gets a dated file.",
        ),
    ] = FOLDER,
    all: Annotated[
        Switch,
        Parameter(help="The whole schema, as for an empty database, and not what is missing."),
    ] = False,
    format: Annotated[
        Literal["sql", "sqlalchemy", "django"],
        Parameter(help="SQL, or the tables as models of SQLAlchemy or Django (Python)."),
    ] = "sql",
    managed: Annotated[
        Switch, Parameter(help="Models of Django whose tables migrations of yours make.")
    ] = False,
    yes: Yes = False,
    application: Application = NO_APPLICATION,
) -> int:
    """Write the SQL of what `watchword migrate` would do; the database stays as it is."""
    with application.opened() as auth:
        if format != "sql":
            file = MODELS if output == FOLDER else output
            made = _models(format, auth.config.tables, managed=managed)
            return _written(Path(file), made, yes=yes)
        engine = auth.blocking.runtime.engine
        statements = _whole(engine) if all else finish(engine.plan())
        if not statements:
            say("The database is up to date: there is nothing to write.")
            return 0
        text = script(statements, script_head(engine))
        return _written(_file(output, auth.config.options.clock()), text, yes=yes)


def _written(file: Path, text: str, *, yes: bool) -> int:
    if str(file) == _STDOUT:
        say(text.rstrip("\n"))
        return 0
    if file.exists() and not confirm(f"Overwrite {file}?", yes=yes):
        say("Nothing was written.")
        return 1
    _write(file, text)
    say(f"Wrote {file}.")
    return 0


def _models(format: str, tables: Tables, *, managed: bool) -> str:
    place = _MODELS[format]
    try:
        module = import_module(place)
    except ImportError as error:
        raise CommandError(
            f"models of {format} need its package ({error})",
            f'Install it: pip install "watchword[{format}]"',
        ) from None
    if format == "django":
        return module.models_source(tables, managed=managed)
    return module.models_source(tables.schema)


def _whole(engine: Engine) -> list[str]:
    make = getattr(engine, "whole_plan", None)
    if not callable(make):
        raise CommandError("this storage does not tell its whole schema", "Leave out --all")
    return finish(cast("Callable[[], Coroutine[object, object, list[str]]]", make)())


def _file(output: str, now: datetime) -> Path:
    path = Path(output)
    if output == _STDOUT:
        return path
    if path.is_dir() or output.endswith("/") or not path.suffix:
        stamp = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return path / f"{stamp.replace(':', '-')}.sql"
    return path


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file} cannot be written ({type(error).__name__})") from None
