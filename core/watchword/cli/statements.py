"""What statements of a plan do, in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from typing import cast

from watchword.database.contract import Engine
from watchword.database.schema import Schema
from watchword.runtime.blocking import finish

_NAME = r"(?:\"(?:[^\"]|\"\")+\"|`(?:[^`]|``)+`|\w+)"
_PLACE = rf"(?:{_NAME}\.)?{_NAME}"
_UNLESS = r"(?:IF NOT EXISTS )?"
_SCHEMA = re.compile(rf"CREATE SCHEMA {_UNLESS}(?P<schema>{_NAME})$")
_TABLE = re.compile(rf"CREATE TABLE {_UNLESS}(?P<table>{_PLACE}) \(")
_COLUMN = re.compile(
    rf"ALTER TABLE (?P<table>{_PLACE}) ADD (?:COLUMN )?{_UNLESS}(?P<column>{_NAME}) "
)
_INDEX = re.compile(
    rf"CREATE (?P<unique>UNIQUE )?INDEX {_UNLESS}{_NAME} ON (?P<table>{_PLACE}) "
    rf"\((?P<columns>{_NAME}(?:\(\d+\))?(?:, {_NAME}(?:\(\d+\))?)*)\)"
)


def in_words(statement: str, schema: Schema) -> str:
    """One statement in words; what is no table, column or index is shown as it stands."""
    if match := _SCHEMA.match(statement):
        return f"schema {_plain(match['schema'])}"
    if match := _TABLE.match(statement):
        table = _plain(match["table"])
        columns = [
            field.column_name
            for model in schema
            if model.table_name == table
            for field in model.fields
        ]
        return f"table {table}: {', '.join(['id', *columns])}"
    if match := _COLUMN.match(statement):
        return f"column {_plain(match['column'])} of table {_plain(match['table'])}"
    if match := _INDEX.match(statement):
        kind = "unique index" if match["unique"] else "index"
        columns = ", ".join(
            map(_plain, re.findall(_NAME, re.sub(r"\(\d+\)", "", match["columns"])))
        )
        return f"{kind} on {columns} of table {_plain(match['table'])}"
    return statement


def script(statements: Sequence[str], head: Sequence[str] = ()) -> str:
    """The statements as a file: each ends with `;`, with an empty line between them."""
    lines = (f"{statement};\n\n" for statement in (*head, *statements))
    return "".join(lines).rstrip("\n") + "\n"


def script_head(engine: Engine) -> list[str]:
    """What a file begins with, so that it makes its tables where the engine has them.

    Whoever runs it is connected in his own way, and may be in another schema.
    """
    make = getattr(engine, "script_head", None)
    if not callable(make):
        return []
    return finish(cast("Callable[[], Coroutine[object, object, list[str]]]", make)())


def _plain(name: str) -> str:
    """A name without its quotes, with its schema if it has one."""
    return ".".join(
        part[1:-1].replace(part[0] * 2, part[0]) if part[0] in '"`' else part
        for part in re.findall(_NAME, name)
    )
