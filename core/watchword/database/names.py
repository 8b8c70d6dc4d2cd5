"""Names of tables and columns in the database, where they differ from the logical ones.

Spec: data model, section 5 (modelName, fields) and plural tables of its adapters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from watchword.errors import ConfigurationError

from .schema import Model

_LONGEST = 63
"""Bytes; PostgreSQL cuts longer names."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """How tables and columns are called. Logical names, on the wire and in hooks, stay."""

    tables: Mapping[str, str] = field(default_factory=dict[str, str])
    """Model to table: `{"user": "members"}`."""
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """Model to field to column: `{"user": {"emailVerified": "email_confirmed"}}`."""
    snake_case: bool = False
    """All other names in snake_case: `email_verified`, `rate_limit`."""
    plural: bool = False
    """All other tables with an `s`: `users`, `rateLimits`."""

    def applied(self, models: Iterable[Model]) -> dict[str, Model]:
        """The models under these names, by logical name. Raises `ConfigurationError`."""
        made = {model.name: self._named(model) for model in models}
        for option, given in (("names.tables", self.tables), ("names.columns", self.columns)):
            for model in given:
                if model not in made:
                    known = ", ".join(made)
                    _refuse(option, f"there is no model {model!r}", f"Use one of {known}")
        _check("names.tables", [model.table_name for model in made.values()])
        return made

    def _named(self, model: Model) -> Model:
        given = self.columns.get(model.name, {})
        known = {one.name for one in model.fields}
        for name in given:
            if name not in known:
                remedy = f"Use one of {', '.join(sorted(known))}"
                _refuse("names.columns", f"{model.name} has no field {name!r}", remedy)
        fields = tuple(
            replace(one, column=given.get(one.name) or one.column or self._cased(one.name))
            for one in model.fields
        )
        _check(f"names.columns[{model.name!r}]", ["id", *(one.column_name for one in fields)])
        table = self.tables.get(model.name) or model.table
        if table is None:
            table = self._cased(model.name) + ("s" if self.plural else "")
        return replace(model, fields=fields, table=table)

    def _cased(self, name: str) -> str:
        return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower() if self.snake_case else name


def _check(option: str, names: list[str]) -> None:
    for name in names:
        if not 0 < len(name.encode()) <= _LONGEST or "\0" in name:
            _refuse(option, f"{name!r} is no name", f"Give one of 1 to {_LONGEST} bytes")
    # Databases differ in whether names that differ in case are two: here they are one.
    twice = [name for name, times in Counter(map(str.lower, names)).items() if times > 1]
    if twice:
        _refuse(option, f"{twice[0]!r} is used twice", "Give each a name of its own")


def _refuse(option: str, problem: str, remedy: str) -> None:
    raise ConfigurationError(option, problem, remedy)
