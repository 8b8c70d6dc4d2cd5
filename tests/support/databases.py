"""Databases of their own for tests, on servers of this machine, and gone afterwards.

Addresses come from `WATCHWORD_TEST_POSTGRES`, `WATCHWORD_TEST_MYSQL` and `WATCHWORD_TEST_REDIS`.
With `WATCHWORD_TEST_SERVICES=none` no server is asked, and what needs one is skipped.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql
import pytest
import redis
from psycopg import sql

from tests.support.services import require

POSTGRES = os.environ.get("WATCHWORD_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432")
MYSQL = os.environ.get("WATCHWORD_TEST_MYSQL", "mysql://root@127.0.0.1:3306")
REDIS = os.environ.get("WATCHWORD_TEST_REDIS", "redis://127.0.0.1:6379")
PATIENCE = 5
"""Seconds to wait for a server to answer."""


@dataclass(frozen=True)
class KeySpace:
    """A part of a Redis server: keys that start with `prefix` are removed after the test."""

    url: str
    prefix: str


@contextmanager
def postgres_database() -> Generator[str, None, None]:
    """The URL of a new, empty PostgreSQL database."""
    wanted("PostgreSQL")
    try:
        admin = psycopg.connect(
            urlsplit(POSTGRES)._replace(path="/postgres").geturl(),
            autocommit=True,
            connect_timeout=PATIENCE,
        )
    except psycopg.OperationalError:
        missing("PostgreSQL", POSTGRES, "WATCHWORD_TEST_POSTGRES", "service postgresql start")
        raise
    name = fresh_name()
    with admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlsplit(POSTGRES)._replace(path=f"/{name}").geturl()
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            admin.execute(drop.format(sql.Identifier(name)))


@contextmanager
def postgres_schemas() -> Generator[Callable[[], str], None, None]:
    """Makes URLs of new, empty schemas in one PostgreSQL database: quicker than databases."""
    with postgres_database() as url, psycopg.connect(url, autocommit=True) as admin:

        def fresh() -> str:
            name = fresh_name()
            admin.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
            return f"{url}{'&' if '?' in url else '?'}search_path={name}"

        yield fresh


@contextmanager
def mysql_database() -> Generator[str, None, None]:
    """The URL of a new, empty MySQL or MariaDB database."""
    wanted("MariaDB or MySQL")
    address = urlsplit(MYSQL)
    try:
        admin = mysql_connection(MYSQL)
    except pymysql.err.OperationalError:
        missing("MariaDB or MySQL", MYSQL, "WATCHWORD_TEST_MYSQL", "service mariadb start")
        raise
    name = fresh_name()
    with admin, admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        try:
            yield address._replace(path=f"/{name}").geturl()
        finally:
            cursor.execute(f"DROP DATABASE `{name}`")


def mysql_connection(url: str) -> pymysql.Connection[Any]:
    """A plain connection, beside those of a storage."""
    address = urlsplit(url)
    return pymysql.connect(
        host=address.hostname,
        port=address.port or 3306,
        user=unquote(address.username or "root"),
        password=unquote(address.password or ""),
        database=address.path[1:] or None,
        autocommit=True,
        connect_timeout=PATIENCE,
    )


def empty_mysql_tables(url: str) -> None:
    """Delete all rows of a MySQL or MariaDB database."""
    with mysql_connection(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET foreign_key_checks = 0")
        cursor.execute("SHOW TABLES")
        for (table,) in list(cursor.fetchall()):
            cursor.execute(f"DELETE FROM `{table}`")


@contextmanager
def redis_keys() -> Generator[KeySpace, None, None]:
    """A prefix that nobody else uses, on a Redis or Valkey server."""
    wanted("Redis")
    prefix = f"{fresh_name()}:"
    with redis.Redis.from_url(REDIS, socket_connect_timeout=PATIENCE) as client:
        try:
            client.ping()
        except redis.ConnectionError:
            missing("Redis", REDIS, "WATCHWORD_TEST_REDIS", "service redis-server start")
            raise
        try:
            yield KeySpace(REDIS, prefix)
        finally:
            for key in client.scan_iter(match=f"{prefix}*"):
                client.delete(key)


def wanted(service: str) -> None:
    """Skip where tests are to do without servers."""
    if os.environ.get("WATCHWORD_TEST_SERVICES") == "none":
        pytest.skip(f"{service} is not asked: WATCHWORD_TEST_SERVICES=none")


def missing(service: str, url: str, variable: str, start: str) -> None:
    """Skip, or fail when CI=true, with the way to get the service. Shows no password."""
    address = urlsplit(url)
    where = f"{service} at {address.hostname}:{address.port}"
    require(False, where, f"Start it (Debian: `{start}`) or name another one in {variable}.")


def fresh_name() -> str:
    return f"watchword_test_{secrets.token_hex(6)}"
