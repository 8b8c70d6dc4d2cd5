"""SQL texts are kept by shape, and not without bound: shapes can follow from what callers send."""

from __future__ import annotations

import itertools

import pytest

from tests.storage.models import SCHEMA
from watchword.database.contract import Condition, Operator
from watchword.storage.mysql import storage as mysql
from watchword.storage.mysql.conditions import MySQLQueries
from watchword.storage.postgres import storage as postgres
from watchword.storage.sql.dialect import Dialect
from watchword.storage.sql.queries import MOST_TEXTS, Queries
from watchword.storage.sqlite import storage as sqlite

QUERIES = [
    (Queries, sqlite.DIALECT),
    (Queries, postgres.DIALECT),
    (MySQLQueries, mysql.DIALECT),
]
OPERATORS: tuple[Operator, ...] = ("eq", "ne", "lt", "lte", "gt", "gte")


@pytest.mark.parametrize(("kind", "dialect"), QUERIES, ids=["sqlite", "postgresql", "mysql"])
def test_texts_of_made_up_shapes_are_not_kept_for_ever(
    kind: type[Queries], dialect: Dialect
) -> None:
    queries = kind(SCHEMA, dialect)
    ann = [Condition("id", "u-ann")]
    usual = queries.select("user", ann, limit=1)
    many = itertools.product(OPERATORS, repeat=5)
    for operators in itertools.islice(many, MOST_TEXTS + 500):
        where = [Condition("name", "x", operator=operator) for operator in operators]
        queries.count("user", where)
        assert len(queries._texts) <= MOST_TEXTS
    assert queries.select("user", ann, limit=1) == usual
