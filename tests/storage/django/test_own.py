"""Connections of watchword's own, with the credentials that Django's settings have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction
from psycopg.conninfo import conninfo_to_dict

from tests.storage.django.test_transactions import migrated
from tests.storage.models import SCHEMA, user
from tests.support.django_project import database, settings_of, sqlite_settings
from watchword.errors import ConfigurationError
from watchword.runtime.blocking import finish
from watchword.storage.django import DjangoStorage
from watchword.storage.django.own import storage_of


def test_it_is_the_same_database_apart_from_djangos_transactions(alias: str) -> None:
    engine = DjangoStorage(alias, own=True).blocking(SCHEMA)
    finish(migrated(engine))

    def broken() -> None:
        with transaction.atomic(using=alias):
            finish(engine.create("user", user("ann")))
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        broken()
    assert finish(DjangoStorage(alias).blocking(SCHEMA).count("user")) == 1
    finish(engine.close())


async def test_so_it_is_awaited(alias: str) -> None:
    engine = DjangoStorage(alias, own=True).asynchronous(SCHEMA)
    await migrated(engine)
    await engine.create("user", user("ann"))
    assert await engine.count("user") == 1
    await engine.close()


def test_the_database_that_tests_put_in_its_place_is_taken(tmp_path: Path) -> None:
    with database(sqlite_settings(tmp_path / "real.db")) as alias:
        storage = DjangoStorage(alias, own=True)
        finish(migrated(storage.blocking(SCHEMA)))
        connections[alias].settings_dict["NAME"] = str(tmp_path / "test_real.db")
        engine = storage.blocking(SCHEMA)
        assert finish(engine.plan()) != []


POSTGRES: dict[str, Any] = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": "shop & co",
    "USER": "ann@shop",
    "PASSWORD": "p/w:?#&%",
    "HOST": "db.example.com",
    "PORT": 6543,
    "OPTIONS": {
        "sslmode": "verify-full",
        "isolation_level": 3,
        "pool": True,
        "assume_role": "shop app",
        "options": "-c search_path=inside",
    },
}
MYSQL: dict[str, Any] = {
    "ENGINE": "django.db.backends.mysql",
    "NAME": "shop",
    "USER": "ann@shop",
    "PASSWORD": "p/w:?#&%",
    "HOST": "db.example.com",
    "PORT": "3307",
    "OPTIONS": {"charset": "utf8mb4", "ssl_mode": "REQUIRED", "connect_timeout": 3},
}


def made(given: dict[str, Any]) -> Any:
    with database(given) as alias:
        return storage_of(connections[alias])


def test_postgres_is_told_all_that_libpq_knows() -> None:
    said = conninfo_to_dict(made(POSTGRES).options.conninfo)
    wanted = {
        "dbname": "shop & co",
        "user": "ann@shop",
        "password": "p/w:?#&%",
        "host": "db.example.com",
        "port": "6543",
        "sslmode": "verify-full",
        "options": r"-c search_path=inside -c role=shop\ app",
    }
    assert {name: said.get(name) for name in wanted} == wanted
    assert not {"isolation_level", "pool", "assume_role"} & said.keys()


def test_a_service_stands_for_all() -> None:
    given = {"ENGINE": POSTGRES["ENGINE"], "NAME": "", "OPTIONS": {"service": "shop"}}
    assert "service=shop" in made(given).options.conninfo


def test_mysql_is_told_where_and_how_safely() -> None:
    options = made(MYSQL).options
    assert (options.user, options.password) == ("ann@shop", "p/w:?#&%")
    assert (options.host, options.port, options.database) == ("db.example.com", 3307, "shop")
    assert (options.ssl_mode, options.connect_timeout) == ("required", 3.0)
    socket = made({**MYSQL, "HOST": "/run/mysqld.sock", "PORT": "", "OPTIONS": {}}).options
    assert socket.unix_socket == "/run/mysqld.sock"
    assert made({**MYSQL, "HOST": "::1"}).options.host == "::1"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({**MYSQL, "OPTIONS": {"read_default_file": "/etc/my.cnf"}}, "read_default_file"),
        ({**MYSQL, "OPTIONS": {"ssl": {"cipher": "x"}}}, "cipher"),
        ({**MYSQL, "OPTIONS": {"ssl_mode": "PREFERRED"}}, "PREFERRED"),
        ({**POSTGRES, "OPTIONS": {"sslmod": "require"}}, "sslmod"),
        ({"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}, "in memory"),
        ({"ENGINE": "django.db.backends.sqlite3", "NAME": "x", "OPTIONS": {"uri": 1}}, "uri"),
    ],
)
def test_what_cannot_be_said_is_refused(given: dict[str, Any], named: str) -> None:
    """A certificate that is left out without a word would be a connection without one."""
    with pytest.raises(ConfigurationError, match=named) as refused:
        made(given)
    assert "p/w" not in str(refused.value)


def test_settings_of_the_tests_are_read(postgres_url: str) -> None:
    assert settings_of(postgres_url)["OPTIONS"]
