"""One model in one dialect: its columns, its conversions, and conditions as text.

A *shape* is a query without its values. Text is made once per shape; values only become parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeAlias, cast

from watchword.database.contract import (
    Condition,
    InvalidValue,
    Row,
    Sort,
    StorageError,
    Value,
    Where,
)
from watchword.database.schema import FieldType, Model, Schema

from .dialect import Convert, Dialect
from .stored_forms import DateForm, from_iso_date, from_iso_dates

_COMPARE = {"eq": "=", "ne": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_LIKE = {"contains": "%{}%", "starts_with": "{}%", "ends_with": "%{}"}

Comparison: TypeAlias = tuple[str, str, str, bool, int, bool]
"""Connector, field, operator, insensitive, number of parameters, whether None is among them."""
Shape: TypeAlias = tuple[Comparison, ...]


class ModelSQL:
    """Everything about one model that can be prepared."""

    def __init__(self, schema: Schema, model: Model, dialect: Dialect) -> None:
        self.model = model
        self.dialect = dialect
        self.table = dialect.quoted_table(model.table_name)
        self.columns = {"id": dialect.quoted("id")}
        self.types = {"id": FieldType.STRING}
        ids = {"id"}
        for field in model.fields:
            self.columns[field.name] = dialect.quoted(field.column_name)
            self.types[field.name] = field.type
            if field.references is not None and field.references.field == "id":
                ids.add(field.name)
        strict = dialect.strict_ids.get(schema.ids)
        self._strict = frozenset(ids if strict else ())
        self._store: dict[str, Convert] = {n: dialect.store[t] for n, t in self.types.items()}
        load = {n: dialect.load[t] for n, t in self.types.items() if t in dialect.load}
        if strict:
            store, self._nobody = strict
            for name in self._strict:
                self._store[name], load[name] = store, str
        self._loads = load
        self._dates: Mapping[str, DateForm] = {}
        self._names = tuple(self.columns)
        self.width = len(self._names)
        self._equals = {name: (("AND", name, "eq", False, 1, False),) for name in self._names}
        self._needed = {field.name for field in model.fields if field.required}
        self._reading = self._prepared_reading()
        self.select_list = self.aliased_list("")

    def hold_dates(self, forms: Mapping[str, DateForm]) -> bool:
        """Say how date columns are held, where it is not the dialect's way; False: as before."""
        if forms == self._dates:
            return False
        own = self.dialect
        for field in {*self._dates, *forms}:
            form = forms.get(field)
            self._store[field] = form.store if form else own.store[FieldType.DATE]
            load = form.load if form else own.load.get(FieldType.DATE)
            if load is None:
                self._loads.pop(field, None)
            else:
                self._loads[field] = load
        self._dates = dict(forms)
        self._reading = self._prepared_reading()
        return True

    def _prepared_reading(self) -> tuple[Mapping[str, int], Any, list[tuple[str, Convert]]]:
        """The dates that all rows have as ISO texts, what takes them out of a row, and the other
        fields that are converted."""
        moments = {
            name: self._names.index(name)
            for name, load in self._loads.items()
            if load is from_iso_date and name in self._needed and name not in self._dates
        }
        if len(moments) < 2:
            moments = {}  # of a single place `itemgetter` gives no tuple
        others = [(name, load) for name, load in self._loads.items() if name not in moments]
        return moments, itemgetter(*moments.values()) if moments else None, others

    def column(self, field: str, alias: str = "") -> str:
        """A quoted column. Raises `KeyError` for a field that the schema does not know."""
        return alias + self.columns[field]

    def untyped(self, field: str, alias: str = "") -> str:
        """A column such that no driver makes anything of its declared type."""
        return alias + self.columns[field]

    def selected(self, field: str, alias: str = "") -> str:
        """A column as it is read."""
        return alias + self.columns[field]

    def aliased_list(self, alias: str) -> str:
        return ", ".join(self.selected(field, alias) for field in self.columns)

    def bind(self, field: str, value: Any) -> Any:
        """A value as the driver wants it. Raises `InvalidValue` naming the field, `KeyError`."""
        store = self._store[field]
        if value is None:
            return None
        try:
            return store(value)
        except InvalidValue as error:
            raise InvalidValue(f"{self.model.name}.{field}: {error}") from None

    def row(self, values: Sequence[Any]) -> Row:
        """A row of the select list, as the contract wants it; further values are left over."""
        moments, texts_of, others = self._reading
        made: dict[str, Any] = dict(zip(self._names, values, strict=False))
        try:
            if moments:
                made.update(zip(moments, from_iso_dates(texts_of(values)), strict=True))
            for name, load in others:
                if (found := made[name]) is not None:
                    made[name] = load(found)
        except (ValueError, TypeError, OverflowError):
            return self._row_by_value(values)
        return made

    def _row_by_value(self, values: Sequence[Any]) -> Row:
        made: dict[str, Any] = dict(zip(self._names, values, strict=False))
        name = "id"
        try:
            for name, load in self._loads.items():
                found = made[name]
                if found is not None:
                    made[name] = load(found)
        except (ValueError, TypeError, OverflowError):
            raise StorageError(
                f"table {self.model.table_name} holds something unreadable in the column "
                f"of {self.model.name}.{name}; correct or delete the row"
            ) from None
        return made

    def filters(self, where: Where) -> tuple[Shape, list[Any]]:
        """The shape of conditions, and their parameters in the order of the text."""
        if len(where) == 1:
            # Nearly all queries are of this form.
            only = where[0]
            if only.operator == "eq" and only.value is not None and not only.insensitive:
                return self._equals[only.field], [self._sought(only.field, only.value)]
        params: list[Any] = []
        ordered = [c for c in where if c.connector == "AND"]
        ordered += [c for c in where if c.connector == "OR"]
        return tuple([self._comparison(condition, params) for condition in ordered]), params

    def where_text(self, shape: Shape, alias: str = "") -> str:
        """The WHERE clause of a shape, empty for none."""
        found = self.guard_text(shape, alias)
        return " WHERE " + found if found else ""

    def guard_text(self, shape: Shape, alias: str = "") -> str:
        """The conditions of a shape without WHERE: (all AND) and (any OR)."""
        parts = [self._text(one, alias) for one in shape if one[0] == "AND"]
        any_of = [self._text(one, alias) for one in shape if one[0] == "OR"]
        if any_of:
            parts.append("(" + " OR ".join(any_of) + ")")
        return " AND ".join(parts)

    def order_text(self, sort: Sort | None, alias: str = "") -> str:
        if sort is None:
            return ""
        column = self._compared(sort.field, alias)
        text = f" ORDER BY {column}{' DESC' if sort.descending else ''}"
        order = self.dialect.insertion_order
        return f"{text}, {alias}{order}" if order else text

    def spelled(self, operator: str, text: str, pattern: str) -> str:
        """What `dialect.like` searches for `text` with; `pattern` is that of LIKE."""
        return pattern

    def _comparison(self, condition: Condition, params: list[Any]) -> Comparison:
        field, operator, value = condition.field, condition.operator, condition.value
        folded = condition.insensitive and self.types[field] is FieldType.STRING
        self.columns[field]  # an unknown field is a KeyError before anything is built
        if operator in ("in", "not_in"):
            size, has_none = self._listed(field, cast("Sequence[Value]", value), params)
            return condition.connector, field, operator, folded, size, has_none
        if value is None:
            return condition.connector, field, operator, False, 0, True
        params.append(
            self._pattern(field, operator, value)
            if operator in _LIKE
            else self._sought(field, value)
        )
        return condition.connector, field, operator, folded, 1, False

    def _listed(self, field: str, items: Sequence[Value], params: list[Any]) -> tuple[int, bool]:
        bound = [self._sought(field, item) for item in items if item is not None]
        if len(bound) > self.dialect.longest_list:
            raise InvalidValue(
                f"{self.model.name}.{field}: at most {self.dialect.longest_list} values in a list"
            )
        filled = padded(bound)
        params.extend(filled)
        return len(filled), len(bound) < len(items)

    def _pattern(self, field: str, operator: str, value: Any) -> str:
        if not isinstance(value, str):
            raise InvalidValue(f"{self.model.name}.{field}: expected text")
        escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = _LIKE[operator].format(escaped)
        longest = self.dialect.longest_pattern
        if longest is not None and len(pattern.encode("utf-8", "surrogatepass")) > longest:
            raise InvalidValue(f"{self.model.name}.{field}: at most {longest} bytes to search for")
        try:
            return self.dialect.store[FieldType.STRING](self.spelled(operator, value, pattern))
        except InvalidValue as error:
            raise InvalidValue(f"{self.model.name}.{field}: {error}") from None

    def _compared(self, field: str, alias: str) -> str:
        column = self.column(field, alias)
        form = self._dates.get(field)
        return column if form is None else form.compared.format(column)

    def _sought(self, field: str, value: Any) -> Any:
        if self._dates and field in self._dates:
            self.bind(field, value)  # refuses what is no moment, naming the field
            return self._dates[field].sought(value)
        if field in self._strict:
            try:
                return self.bind(field, value)
            except InvalidValue:
                return self._nobody  # no row has such an id: nothing is found, nothing is wrong
        return self.bind(field, value)

    def _text(self, comparison: Comparison, alias: str) -> str:
        _, field, operator, insensitive, _, has_none = comparison
        column, mark = self._compared(field, alias), self.dialect.placeholder
        if operator in ("in", "not_in"):
            return self._list_text(comparison, column)
        if has_none:
            # Nothing is smaller, larger or like what is not there.
            return {"eq": f"{column} IS NULL", "ne": f"{column} IS NOT NULL"}.get(operator, "1 = 0")
        if insensitive:
            column, mark = self.dialect.lower.format(column), self.dialect.lower.format(mark)
        if operator in _LIKE:
            return f"{column} {self.dialect.like} {mark}{self.dialect.like_escape}"
        return f"{column} {_COMPARE[operator]} {mark}"

    def _list_text(self, comparison: Comparison, column: str) -> str:
        _, _, operator, insensitive, size, has_none = comparison
        inside = operator == "in"
        parts: list[str] = []
        if size:
            mark, sought = self.dialect.placeholder, column
            if insensitive:
                sought, mark = self.dialect.lower.format(column), self.dialect.lower.format(mark)
            marks = ", ".join([mark] * size)
            parts.append(f"{sought} {'' if inside else 'NOT '}IN ({marks})")
        if has_none:
            parts.append(f"{column} IS {'' if inside else 'NOT '}NULL")
        if not parts:
            return "1 = 0" if inside else "1 = 1"
        return "(" + (" OR " if inside else " AND ").join(parts) + ")"


def padded(values: list[Any]) -> list[Any]:
    """The last value again and again up to a power of two: few sizes, so few texts to compile."""
    if not values:
        return values
    return values + values[-1:] * ((1 << (len(values) - 1).bit_length()) - len(values))
