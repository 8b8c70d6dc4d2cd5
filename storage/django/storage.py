"""The database of an alias in Django's settings, as a storage."""

from __future__ import annotations

from importlib import import_module

try:
    from django.db import DEFAULT_DB_ALIAS, connections
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.utils.connection import ConnectionDoesNotExist
except ModuleNotFoundError as error:
    raise ImportError(
        'watchword.storage.django needs Django: pip install "watchword[django]"'
    ) from error

from watchword.database.contract import Engine, Storage, check_schema
from watchword.database.schema import Schema
from watchword.errors import ConfigurationError

from .connections import Connections
from .flavors import Flavor
from .model_source import models_source
from .own import storage_of
from .worlds import Loops, Threads, World

__all__ = ["DjangoStorage", "models_source"]


class DjangoStorage:
    """The database that `settings.DATABASES` has under `alias`.

    Everything runs on Django's connections: `transaction.atomic` holds for it, and so do the
    transactions of Django's test cases. With `own=True` it has connections of its own with the same
    credentials, quicker in asynchronous applications, and apart from all transactions of Django.

    `manage.py migrate` makes its tables too, unless `migrates=False` says that migrations of the
    application do. SQLite, PostgreSQL, MySQL and MariaDB; raises `ConfigurationError` for others,
    once `Auth` is built.
    """

    def __init__(
        self, alias: str = DEFAULT_DB_ALIAS, *, own: bool = False, migrates: bool = True
    ) -> None:
        self.alias = alias
        self.own = own
        self.migrates = migrates
        self._opened: dict[str, Storage] = {}

    @property
    def migrates_with(self) -> str | None:
        """The database together with which `manage.py migrate` makes the tables."""
        return self.alias if self.migrates else None

    @property
    def takes_part_in(self) -> str | None:
        """The database in whose transactions of the application it writes; none with `own`."""
        return None if self.own else self.alias

    @property
    def system(self) -> str:
        """The database's name in traces (`db.system.name`)."""
        return self._flavor().name

    def probe(self) -> None:
        """Connect once. Raises `StorageUnavailable` with the reason."""
        if self.own and (probe := getattr(self._storage(), "probe", None)) is not None:
            probe()

    def check(self, schema: Schema) -> None:
        """Refuse a schema that it cannot keep. Raises `ConfigurationError`."""
        self._flavor().database(schema)
        if self.own:
            check_schema(self._storage(), schema)

    def blocking(self, schema: Schema) -> Engine:
        """An engine for synchronous code."""
        if self.own:
            return self._storage().blocking(schema)
        return self._engine(schema, Threads(self.alias))

    def asynchronous(self, schema: Schema) -> Engine:
        """An engine for event loops; on Django's connections it works in Django's threads."""
        if self.own:
            return self._storage().asynchronous(schema)
        return self._engine(schema, Loops(self.alias))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DjangoStorage) and other.alias == self.alias

    def __hash__(self) -> int:
        return hash(self.alias)

    def __repr__(self) -> str:
        return f"DjangoStorage({self.alias!r}{', own=True' if self.own else ''})"

    def _engine(self, schema: Schema, world: World) -> Engine:
        flavor = self._flavor()
        return flavor.engine(flavor.database(schema), Connections(world, flavor, self.alias))

    def _storage(self) -> Storage:
        """The one of our own; where tests have put another database in its place, another one."""
        connection = self._connection()
        name = str(connection.settings_dict["NAME"])
        return self._opened.setdefault(name, storage_of(connection))

    def _connection(self) -> BaseDatabaseWrapper:
        try:
            return connections[self.alias]
        except ConnectionDoesNotExist:
            known = ", ".join(connections)
            raise ConfigurationError(
                "DjangoStorage.alias",
                f"settings.DATABASES has no {self.alias!r}",
                f"Use one of: {known}",
            ) from None

    def _flavor(self) -> Flavor:
        """How the database is spoken to. Raises `ConfigurationError`."""
        connection = self._connection()
        match connection.vendor:
            case "sqlite":
                return import_module(".sqlite", __package__).SQLiteFlavor()
            case "postgresql":
                return import_module(".postgres", __package__).PostgresFlavor()
            case "mysql":
                return _mysql(connection)
            case other:
                raise ConfigurationError(
                    "database",
                    f"Django's database {self.alias!r} is {other}",
                    "Use SQLite, PostgreSQL, MySQL or MariaDB",
                )


def _mysql(connection: BaseDatabaseWrapper) -> Flavor:
    try:
        module = import_module(".mysql", __package__)
    except ImportError as error:
        raise ConfigurationError(
            "database",
            f"MySQL and MariaDB need the package PyMySQL, also beside mysqlclient ({error})",
            'Install it: pip install "watchword[mysql]"',
        ) from None
    return module.MySQLFlavor(connection)
