"""The databases that tests are given: empty, their own, gone afterwards."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

import psycopg
import pymysql
import pytest
import redis as redis_driver

from tests.support import databases
from tests.support.databases import KeySpace, mysql_database, postgres_database, redis_keys


def test_a_postgres_database_is_empty_and_writable(postgres: str) -> None:
    with psycopg.connect(postgres) as connection:
        connection.execute("CREATE TABLE made (id int)")
        connection.commit()
        query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(query).fetchall() == [("made",)]


def test_a_postgres_database_is_dropped_under_open_connections() -> None:
    with postgres_database() as url, postgres_database() as another:
        left_open = psycopg.connect(url)
        assert url != another
    with pytest.raises(psycopg.OperationalError):
        left_open.execute("SELECT 1")
    left_open.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def mysql_connection(url: str) -> pymysql.Connection[pymysql.cursors.Cursor]:
    address = urlsplit(url)
    return pymysql.connect(
        host=address.hostname,
        port=address.port or 3306,
        user=address.username,
        password=address.password or "",
        database=address.path[1:],
    )


def test_a_mysql_database_is_empty_and_writable(mysql: str) -> None:
    with mysql_connection(mysql) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE made (id int)")
        cursor.execute("SHOW TABLES")
        assert cursor.fetchall() == (("made",),)


def test_a_mysql_database_is_dropped() -> None:
    with mysql_database() as url, mysql_database() as another:
        assert url != another
    with pytest.raises(pymysql.err.OperationalError, match="Unknown database"):
        mysql_connection(url)


def test_only_the_tests_own_redis_keys_are_removed(redis: KeySpace) -> None:
    with redis_driver.Redis.from_url(redis.url) as client:
        client.set(f"{redis.prefix}kept", "1", ex=60)
        with redis_keys() as inner:
            client.set(f"{inner.prefix}gone", "1", ex=60)
        assert client.exists(f"{inner.prefix}gone") == 0
        assert client.exists(f"{redis.prefix}kept") == 1


@pytest.mark.parametrize(
    ("name", "url", "opener"),
    [
        ("POSTGRES", "postgresql://someone:secret@127.0.0.1:1", postgres_database),
        ("MYSQL", "mysql://someone:secret@127.0.0.1:1", mysql_database),
        ("REDIS", "redis://:secret@127.0.0.1:1", redis_keys),
    ],
)
@pytest.mark.parametrize(
    ("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)]
)
def test_a_missing_server_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    url: str,
    opener: Callable[[], AbstractContextManager[object]],
    ci: str,
    outcome: type[BaseException],
) -> None:
    monkeypatch.setattr(databases, name, url)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match=rf"127\.0\.0\.1:1 .*WATCHWORD_TEST_{name}") as caught:
        opener().__enter__()
    assert "secret" not in str(caught.value)
