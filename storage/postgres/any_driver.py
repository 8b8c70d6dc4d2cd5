"""PostgreSQL on connections of others: drivers differ in what they make of a column's type."""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec.structs import replace

from watchword.database.schema import FieldType
from watchword.storage.sql.model_sql import ModelSQL
from watchword.storage.sql.queries import Queries
from watchword.storage.sql.stored_forms import moment, plain_number

from .storage import DIALECT

JSON = (FieldType.JSON, FieldType.STRING_LIST, FieldType.NUMBER_LIST)


def _text(value: Any) -> str:
    return value if type(value) is str else str(value)


ANY_DRIVER = replace(
    DIALECT,
    load={
        **DIALECT.load,
        FieldType.STRING: _text,  # some drivers make objects of uuid
        FieldType.NUMBER: plain_number,
        FieldType.BIGINT: plain_number,
        FieldType.DATE: moment,
    },
)


class AskedAsText(ModelSQL):
    """One model, some of whose columns are asked for as text."""

    kinds: ClassVar[tuple[FieldType, ...]] = JSON

    def selected(self, field: str, alias: str = "") -> str:
        column = alias + self.columns[field]
        return f"{column}::text" if self.types[field] in self.kinds else column


class JSONAsText(Queries):
    """The statements of a schema, with JSON as it was written."""

    model_sql = AskedAsText
