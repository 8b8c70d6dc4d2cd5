"""Fields of Django's models that hold what watchword stores, on each database in its form.

Migrations write them under the name of this module.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from watchword.storage.sql.stored_forms import from_iso_date, iso_date, moment

if TYPE_CHECKING:
    _TextField: TypeAlias = models.TextField[Any, Any]
    _BooleanField: TypeAlias = models.BooleanField[Any, Any]
    _DateTimeField: TypeAlias = models.DateTimeField[Any, Any]
    _JSONField: TypeAlias = models.JSONField[Any, Any]
else:
    _TextField, _BooleanField = models.TextField, models.BooleanField
    _DateTimeField, _JSONField = models.DateTimeField, models.JSONField

KEY_LENGTH = 512
ID_LENGTH = 64


class Words(_TextField):
    """Text, compared in bytes; `key` where an index needs it short (512 characters on MySQL)."""

    length = KEY_LENGTH

    def __init__(self, *args: Any, key: bool = False, **options: Any) -> None:
        self.key = key
        super().__init__(*args, **options)

    def deconstruct(self) -> Any:
        """With `key` where it is one."""
        name, path, args, options = super().deconstruct()
        return name, path, args, {**options, "key": True} if self.key else options

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """`text`; on MySQL what an index can hold, or what holds a picture."""
        if connection.vendor != "mysql":
            return "text"
        return f"varchar({self.length})" if self.key else "mediumtext"

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        """With a collation in which a space at the end counts, and case does."""
        found = super().db_parameters(connection)
        if connection.vendor == "mysql":
            is_mariadb = getattr(connection, "mysql_is_mariadb", False)
            return {**found, "collation": exact_collation(mariadb=is_mariadb)}
        return found


def exact_collation(*, mariadb: bool) -> str:
    """Of MySQL and MariaDB."""
    return "utf8mb4_nopad_bin" if mariadb else "utf8mb4_0900_bin"


class Id(Words):
    """An id, or what refers to one, where ids are made by watchword."""

    length = ID_LENGTH

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "key": True})

    def deconstruct(self) -> Any:
        """Without `key`, which it always is."""
        name, path, args, options = super().deconstruct()
        options.pop("key")
        return name, path, args, options


class UuidId(Id):
    """An id that PostgreSQL keeps as `uuid`. It is text in Python."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """`uuid` on PostgreSQL."""
        return "uuid" if connection.vendor == "postgresql" else super().db_type(connection)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        """As text, whatever the driver makes of it."""
        return str(value) if isinstance(value, UUID) else value


class Flag(_BooleanField):
    """A boolean; 0 or 1 on SQLite."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """`boolean`; `integer` on SQLite."""
        return "integer" if connection.vendor == "sqlite" else "boolean"


class Moment(_DateTimeField):
    """A moment in milliseconds. ISO text on SQLite, where parts of it (`__year`) find nothing."""

    def get_internal_type(self) -> str:
        """One of its own: SQLite has another form for Django's."""
        return "WatchwordMoment"

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """`timestamptz`; `date` on SQLite, `datetime(3)` on MySQL."""
        return {"sqlite": "date", "mysql": "datetime(3)"}.get(connection.vendor, "timestamptz")

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        """As the database has it."""
        given: datetime | None = value if prepared else self.get_prep_value(value)
        if not isinstance(given, datetime):
            return given
        if timezone.is_naive(given):
            given = timezone.make_aware(given, timezone.get_default_timezone())
        text = iso_date(given)
        if connection.vendor == "sqlite":
            return text
        # Text that columns of both kinds take, in UTC; PostgreSQL takes the moment.
        if connection.vendor == "mysql":
            return text[:23].replace("T", " ")
        return datetime.fromisoformat(text)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> datetime | None:
        """In UTC; without USE_TZ in the time of the project, and without a zone."""
        if value is None:
            return None
        zone = timezone.get_default_timezone()
        if connection.vendor == "sqlite":
            found = from_iso_date(value)
        elif connection.vendor == "postgresql" and timezone.is_naive(value):
            found = moment(timezone.make_aware(value, zone))  # the session's zone is the project's
        else:
            found = moment(value)
        return found if settings.USE_TZ else timezone.make_naive(found, zone)

    def select_format(self, compiler: Any, sql: str, params: Any) -> Any:
        """On SQLite such that its driver does not read the declared type."""
        return (f"+{sql}" if compiler.connection.vendor == "sqlite" else sql), params


class Structure(_JSONField):
    """JSON; text on SQLite."""

    def db_check(self, connection: BaseDatabaseWrapper) -> str | None:
        """None: what is there is read as it is."""
        return None
