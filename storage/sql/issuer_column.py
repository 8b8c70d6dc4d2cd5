"""The required `issuer` column that Better Auth 1.7.0 to 1.7.2 gave to accounts (spec: versions).

Later versions do not know it, but databases keep it: as long as it is NOT NULL, every new account
must bring a value for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from watchword.database.schema import Schema

from .ddl import TableShape

Look = Callable[[str], Awaitable[TableShape | None]]
"""Finds out what a live table has."""

_COLUMN = "issuer"


class IssuerColumn:
    """Whether the account table has the column; asked once, before the first account is made."""

    def __init__(self, schema: Schema) -> None:
        model = schema.models.get("account")
        known = model is None or any(field.column_name == _COLUMN for field in model.fields)
        self._table = None if model is None or known else model.table_name
        self._required: bool | None = None

    @property
    def column(self) -> str | None:
        """The column (`table.column`), where it is not known to the schema and so filled here."""
        return None if self._table is None else f"{self._table}.{_COLUMN}"

    async def extra(self, model: str, row: Mapping[str, Any], look: Look) -> dict[str, str] | None:
        """The column with its value for a new row of `model`, or None if there is no need."""
        if model != "account" or self._table is None:
            return None
        if self._required is None:
            shape = await look(self._table)
            self._required = shape is not None and _COLUMN in shape.not_null
        return {_COLUMN: issuer_of(str(row.get("providerId")))} if self._required else None

    def forget(self) -> None:
        """Look again next time: the table has changed, or seems to have."""
        self._required = None


def issuer_of(provider: str) -> str:
    """The value for a provider id: `local:credential`, `local:siwe`, `local:oauth:<encoded>`."""
    if provider in ("credential", "siwe"):
        return f"local:{provider}"
    return "local:oauth:" + quote(provider, safe="!*'()")
