"""What the tables of watchword have that Django's models do not say by themselves."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.constraints import BaseConstraint

from watchword.storage.mysql.ddl import LONGEST_KEY

from .fields import Words


class DeletedWith(BaseConstraint):
    """A foreign key whose rows the database deletes with what they refer to.

    Django does so itself, and only for what is deleted through it.
    """

    def __init__(self, *, field: str, name: str, on_delete: str = "cascade", **more: Any) -> None:
        super().__init__(name=name, **more)
        self.field = field
        self.on_delete = on_delete

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        """As a part of CREATE TABLE."""
        field: Any = model._meta.get_field(self.field)
        target = field.target_field
        quote = schema_editor.quote_name
        return (
            f"CONSTRAINT {quote(self.name)} FOREIGN KEY ({quote(field.column)}) "
            f"REFERENCES {quote(target.model._meta.db_table)} ({quote(target.column)}) "
            f"ON DELETE {self.on_delete.upper()}"
        )

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        """As a statement of its own."""
        table = schema_editor.quote_name(model._meta.db_table)
        return f"ALTER TABLE {table} ADD {self.constraint_sql(model, schema_editor)}"

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        """What takes it away."""
        quote = schema_editor.quote_name
        kind = "FOREIGN KEY" if schema_editor.connection.vendor == "mysql" else "CONSTRAINT"
        return f"ALTER TABLE {quote(model._meta.db_table)} DROP {kind} {quote(self.name)}"

    def validate(self, *args: Any, **options: Any) -> None:
        """Nothing: the database does."""

    def deconstruct(self) -> Any:
        """As migrations write it."""
        path, args, options = super().deconstruct()
        return path, args, {**options, "field": self.field, "on_delete": self.on_delete}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeletedWith) and other.deconstruct() == self.deconstruct()

    def __hash__(self) -> int:
        return hash(self.name)


class CutIndex(models.Index):
    """An index over texts of any length, of which MySQL takes the beginnings."""

    def create_sql(
        self,
        model: type[models.Model],
        schema_editor: BaseDatabaseSchemaEditor,
        using: str = "",
        **options: Any,
    ) -> Any:
        """As a statement."""
        if schema_editor.connection.vendor != "mysql":
            return super().create_sql(model, schema_editor, using, **options)
        quote = schema_editor.quote_name
        fields = [model._meta.get_field(name) for name in self.fields]
        columns = ", ".join(_cut(field, quote, LONGEST_KEY // len(fields)) for field in fields)
        return f"CREATE INDEX {quote(self.name)} ON {quote(model._meta.db_table)} ({columns})"


def _cut(field: Any, quote: Any, share: int) -> str:
    is_long = isinstance(field, Words) and (not field.key or field.length > share)
    return f"{quote(field.column)}({share})" if is_long else quote(field.column)
