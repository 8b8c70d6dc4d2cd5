"""How indexes are called: as the reference does it, unless a name would stand for two things.

CREATE INDEX IF NOT EXISTS takes whatever has the name for the index that is wanted, and makes none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from watchword.database.schema import Model, Schema, schema_and_table

_LONGEST_NAME = 63
"""Bytes; PostgreSQL cuts longer names."""


class IndexNames:
    """The names of the indexes of a schema, each one's own among them and the tables."""

    def __init__(self, schema: Schema) -> None:
        # Databases differ in whether names that differ in case are two: here they are one.
        taken = [_place(model, schema_and_table(model.table_name)[1]) for model in schema]
        for model in schema:
            taken += [
                _place(model, index_name(model.table_name, *columns, unique=unique))
                for columns, unique in _of(model)
            ]
        self._taken = Counter(taken)

    def of(self, model: Model, *columns: str, unique: bool) -> str:
        """The name of an index of a model's table."""
        name = index_name(model.table_name, *columns, unique=unique)
        if self._taken[_place(model, name)] < 2:
            return name
        # All that would share the name give it up, so that none depends on what comes first.
        return _hashed(name, "\0".join((model.table_name, *columns)), unique)


def index_name(table: str, *columns: str, unique: bool) -> str:
    """`<table>_<column>_idx` (or `_uidx`); names that are too long are cut and hashed."""
    # An index is in the schema of its table.
    name = "_".join((schema_and_table(table)[1], *columns, _suffix(unique)))
    return name if len(name.encode()) <= _LONGEST_NAME else _hashed(name, name, unique)


def _of(model: Model) -> Iterator[tuple[tuple[str, ...], bool]]:
    """All indexes that a model's table may get, each once: columns, and whether it is unique."""
    single = [
        ((field.column_name,), field.unique)
        for field in model.fields
        if field.unique or field.index
    ]
    several = [(model.columns_of(index), index.unique) for index in model.indexes]
    return iter(dict.fromkeys((*single, *several)))


def _place(model: Model, name: str) -> tuple[str | None, str]:
    return schema_and_table(model.table_name)[0], name.lower()


def _hashed(name: str, whole: str, unique: bool) -> str:
    stem = name.removesuffix(f"_{_suffix(unique)}").encode()
    tail = f"_{_fnv1a(whole):08x}_{_suffix(unique)}"
    return stem[: _LONGEST_NAME - len(tail)].decode(errors="ignore") + tail


def _suffix(unique: bool) -> str:
    return "uidx" if unique else "idx"


def _fnv1a(text: str) -> int:
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value
