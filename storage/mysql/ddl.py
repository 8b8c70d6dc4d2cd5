"""Statements that bring MySQL and MariaDB to the schema, and the look at what is there.

Both servers understand all of it. IF NOT EXISTS is left out where only one of them has it: what is
there already is no fault to whoever runs the statements (`errors.is_there_already`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from watchword.database.schema import Field, FieldType, Model, Schema
from watchword.storage.sql.ddl import LiveIndex, Planner, Read, TableShape
from watchword.storage.sql.dialect import Dialect

_EXACT_COLLATIONS = ("utf8mb4_0900_bin", "utf8mb4_nopad_bin")
"""In which a space at the end counts: MySQL's and MariaDB's."""
_LONG_TEXTS = ("tinytext", "text", "mediumtext", "longtext")
LONGEST_KEY = 768
"""Characters of four bytes that an index can hold."""
_UNBOUNDED = 2**32


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """A column as the server describes it."""

    full_type: str
    charset: str | None
    collation: str | None


@dataclass(frozen=True, slots=True)
class LiveTables:
    """What is there of the tables of a schema, and the collation for what is not."""

    shapes: Mapping[str, TableShape]
    columns: Mapping[tuple[str, str], LiveColumn]
    collation: str


class MySQLPlanner(Planner):
    """Planner of tables in InnoDB whose text is compared in bytes."""

    def __init__(self, schema: Schema, dialect: Dialect, live: LiveTables) -> None:
        super().__init__(schema, dialect)
        self._live = live

    def plan(self) -> list[str]:
        """The missing statements, in an order in which they can run. Raises `StorageError`."""
        shapes = self._live.shapes
        return [
            statement
            for model in self._schema
            for statement in self.statements(model, shapes.get(model.table_name))
        ]

    def _table(self, model: Model) -> str:
        named, ids = self._dialect.named, self._dialect.id_columns[self._schema.ids]
        parts = [f"{named('id')} {ids}", *(self._column(field) for field in model.fields)]
        parts += [f"FOREIGN KEY {self._key(field)}" for field in model.fields if field.references]
        return (
            f"CREATE TABLE IF NOT EXISTS {named(model.table_name)} ({', '.join(parts)}) "
            f"ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {self._live.collation}"
        )

    def _added(self, model: Model, field: Field, *, has_rows: bool) -> str:
        text = super()._added(model, field, has_rows=has_rows)
        return f"{text}, ADD FOREIGN KEY {self._key(field)}" if field.references else text

    def _index(self, model: Model, *columns: str, unique: bool) -> str:
        named, table = self._dialect.named, model.table_name
        name = named(self._index_names.of(model, *columns, unique=unique))
        kind = "UNIQUE INDEX" if unique else "INDEX"
        share = LONGEST_KEY // len(columns)
        parts = ", ".join(named(one) + self._cut(model, one, share) for one in columns)
        return f"CREATE {kind} {name} ON {named(table)} ({parts})"

    def _cut(self, model: Model, column: str, share: int) -> str:
        """What makes an index hold only the beginning of a longer text."""
        there = self._live.columns.get((model.table_name, column))
        if there is not None:
            kind = there.full_type
        elif column == "id":
            kind = self._dialect.id_columns[self._schema.ids]
        else:
            kind = next(self._type(one) for one in model.fields if one.column_name == column)
        return f"({share})" if text_width(kind) > share else ""

    def _type(self, field: Field) -> str:
        reference = field.references
        if reference is not None:
            target = self._schema[reference.model]
            column = "id" if reference.field == "id" else target.field(reference.field).column_name
            there = self._live.columns.get((target.table_name, column))
            if there is not None:
                # Both ends of a foreign key must be of one type and collation.
                return there.full_type + _collated(there.charset, there.collation)
        text = super()._type(field)
        is_text = field.type is FieldType.STRING and text != "integer"
        return text + _collated("utf8mb4", self._live.collation) if is_text else text

    def _default(self, field: Field) -> str | None:
        if isinstance(field.default, str):
            # In parentheses, which MySQL wants for long text.
            escaped = field.default.replace("\\", "\\\\").replace("'", "''")
            return f"('{escaped}')"
        return super()._default(field)

    def _references(self, field: Field) -> str:
        return ""  # MySQL reads foreign keys inside a column, and forgets them

    def _key(self, field: Field) -> str:
        return f"({self._dialect.named(field.column_name)}){super()._references(field)}"


def text_width(kind: str) -> int:
    """How many characters a column of a type may hold; 0 for what is no text."""
    if found := re.match(r"(?:var)?char\((\d+)\)", kind.lower()):
        return int(found[1])
    return _UNBOUNDED if kind.lower().startswith(_LONG_TEXTS) else 0


def _collated(charset: str | None, collation: str | None) -> str:
    return f" CHARACTER SET {charset} COLLATE {collation}" if charset and collation else ""


async def inspect(read: Read, names: Collection[str]) -> Mapping[str, TableShape]:
    """What the tables of the connection's database have."""
    return (await look(read, names)).shapes


async def look(read: Read, names: Collection[str]) -> LiveTables:
    """The same, with the types of columns."""
    marks = ", ".join(["%s"] * len(names))
    within = f"WHERE table_schema = DATABASE() AND table_name IN ({marks})"
    columns = await read(
        "SELECT table_name, column_name, is_nullable, column_type, character_set_name, "
        "collation_name, column_default IS NULL AND extra = '' "
        f"FROM information_schema.columns {within} ORDER BY ordinal_position",
        tuple(names),
    )
    keys = await read(
        "SELECT table_name, index_name, non_unique, column_name "
        f"FROM information_schema.statistics {within} ORDER BY index_name, seq_in_index",
        tuple(names),
    )
    collations = await read(
        "SELECT collation_name FROM information_schema.collations WHERE collation_name IN (%s, %s)",
        _EXACT_COLLATIONS,
    )
    [[folded]] = await read("SELECT @@lower_case_table_names", ())
    shapes: dict[str, TableShape] = {}
    live: dict[tuple[str, str], LiveColumn] = {}
    for name in names:
        stored = name.lower() if folded else name
        mine = [row[1:] for row in columns if (row[0].lower() if folded else row[0]) == stored]
        if not mine:
            continue
        inside = [row[1:] for row in keys if (row[0].lower() if folded else row[0]) == stored]
        for column, _, full, charset, collation, _ in mine:
            live[name, column] = LiveColumn(_text(full), charset, collation)
        quoted = "`" + name.replace("`", "``").replace("%", "%%") + "`"
        shapes[name] = TableShape(
            columns=frozenset(row[0] for row in mine),
            not_null=frozenset(row[0] for row in mine if row[1] == "NO"),
            indexes=frozenset(_indexes(inside)),
            has_rows=bool(await read(f"SELECT 1 FROM {quoted} LIMIT 1", ())),
            needed=frozenset(row[0] for row in mine if row[1] == "NO" and row[-1]),
        )
    return LiveTables(shapes, live, collations[0][0] if collations else "utf8mb4_bin")


async def declared_types(
    read: Read, names: Collection[str]
) -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """Type and default of each column of the named tables (`DeclaredTypes`)."""
    known = {name.lower(): name for name in names}
    marks = ", ".join(["%s"] * len(names))
    rows = await read(
        "SELECT table_name, column_name, data_type, column_default FROM "
        f"information_schema.columns WHERE table_schema = DATABASE() AND table_name IN ({marks})",
        tuple(names),
    )
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for table, column, kind, default in rows:
        name = str(table) if table in names else known.get(str(table).lower(), str(table))
        given = "" if default is None else _text(default).lower()
        found.setdefault(name, {})[column] = (_text(kind).lower(), given)
    return found


def _indexes(rows: Iterable[tuple[str, int, str | None]]) -> list[LiveIndex]:
    found: dict[str, tuple[list[str], bool]] = {}
    for index, non_unique, column in rows:
        found.setdefault(index, ([], not non_unique))[0].append(column or "")
    return [(tuple(columns), unique) for columns, unique in found.values()]


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
