"""What is asked of large organizations is found by an index on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.support.browser import ORIGIN, SECRET
from tests.support.databases import postgres_database
from watchword import Auth
from watchword.plugins import Organization

MANY = 100_000
ROWS = """
insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
    select 'u' || n, 'n', n || '@example.com', true, now(), now() from generate_series(1, {many}) n;
insert into organization (id, name, slug, "createdAt") values
    ('big', 'Big', 'big', now()), ('small', 'Small', 'small', now());
insert into member (id, "organizationId", "userId", role, "createdAt")
    select 'm' || n, case when n % 100 = 0 then 'small' else 'big' end, 'u' || n,
        case when n % 50000 = 1 then 'owner' else 'member' end, now() + n * interval '1 second'
    from generate_series(1, {many}) n;
insert into invitation (id, "organizationId", email, role, status, "expiresAt", "createdAt",
        "inviterId")
    select 'i' || n, 'big', n || '@example.com', 'member', 'accepted', now(),
        now() + n * interval '1 second', 'u1'
    from generate_series(1, {many}) n;
insert into session (id, token, "userId", "expiresAt", "createdAt", "updatedAt",
        "activeOrganizationId")
    select 's' || n, 't' || n, 'u' || n, now(), now(), now(), 'o' || n
    from generate_series(1, {many}) n;
analyze;
"""
QUERIES = {
    "a member": """select * from member where "organizationId" = 'big' and "userId" = 'u5'""",
    "another owner": """select * from member where "organizationId" = 'big' and role = 'owner'
        and "userId" <> 'u1' limit 1""",
    "a page": """select * from member where "organizationId" = 'big' order by "createdAt"
        limit 100""",
    "a page of owners": """select * from member where "organizationId" = 'big' and role = 'owner'
        order by "createdAt" limit 100""",
    "one's organizations": """select * from member where "userId" = 'u5' order by "createdAt"
        limit 1000""",
    "an open invitation": """select * from invitation where "organizationId" = 'big'
        and email = '5@example.com' and status = 'pending' and "expiresAt" > now() limit 100""",
    "open invitations": """select count(*) from invitation where "organizationId" = 'big'
        and status = 'pending' and "expiresAt" > now()""",
    "the newest invitations": """select * from invitation where "organizationId" = 'big'
        order by "createdAt" desc limit 1000""",
    "where it is active": """select * from session where "activeOrganizationId" = 'o5'
        and "expiresAt" > now() limit 500""",
}


@pytest.fixture(scope="module")
def database() -> Iterator[psycopg.Connection[Any]]:
    with postgres_database() as url:
        auth = Auth(
            database=url, secret=SECRET, base_url=ORIGIN, environ={}, plugins=[Organization()]
        )
        auth.blocking.migrate()
        auth.blocking.close()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(ROWS.format(many=MANY).encode())
            yield connection


@pytest.mark.parametrize("name", QUERIES)
def test_it_is_found_by_an_index_and_reads_few_rows(
    database: psycopg.Connection[Any], name: str
) -> None:
    statement = f"explain (analyze, format json) {QUERIES[name]}"
    [(told,)] = database.execute(statement.encode()).fetchall()
    [explained] = told if isinstance(told, list) else json.loads(told)
    nodes = list(_nodes(explained["Plan"]))
    assert "Seq Scan" not in {node["Node Type"] for node in nodes}, nodes
    assert max(node["Actual Rows"] for node in nodes) <= 1000
    assert sum(node.get("Rows Removed by Filter", 0) for node in nodes) <= 1000


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from _nodes(inner)
