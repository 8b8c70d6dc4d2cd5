"""`make bench-scale`: session checks on PostgreSQL with few and with very many rows.

Fills a database of its own with users and sessions, checks sessions that are picked at random, and
drops it again. What is printed is what docs/performance.md holds.
"""

from __future__ import annotations

import hashlib
import random
import statistics
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.databases import postgres_database
from watchword import Auth
from watchword.crypto.signing import sign_cookie_value

SECRET = "bench-K7pQ2vX9mB4tR8wZ1cY6nH3jL5sD0fGa"
SIZES = ((10_000, 30_000), (1_000_000, 3_000_000))
"""Users and sessions."""
CHECKS, ROUNDS, WARM_UP = 3_000, 5, 2_000

USERS = """
INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
SELECT 'u' || n, 'User ' || n, 'user' || n || '@example.com', true, now(), now()
FROM generate_series(%s::int, %s::int) n
"""
SESSIONS = """
INSERT INTO session (id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent",
                     "userId")
SELECT 's' || n, now() + interval '7 days', md5('token' || n), now(), now(), '203.0.113.7',
       'Mozilla/5.0', 'u' || (n %% %s::int + 1)
FROM generate_series(%s::int, %s::int) n
"""


def main() -> None:
    """Fill, measure, fill on, measure, print the table."""
    print("| users | sessions | filled in | p50 | p99 |\n|---|---|---|---|---|")
    measured: list[tuple[float, float]] = []
    with postgres_database() as url:
        auth = Auth(database=url, secret=SECRET, base_url="http://localhost:3000", environ={})
        auth.blocking.migrate()
        users = sessions = 0
        for more_users, more_sessions in SIZES:
            started = time.perf_counter()
            with psycopg.connect(url, autocommit=True) as database:
                database.execute(USERS, (users + 1, more_users))
                database.execute(SESSIONS, (more_users, sessions + 1, more_sessions))
                database.execute("VACUUM ANALYZE")
                database.execute("CHECKPOINT")
            users, sessions = more_users, more_sessions
            filled = time.perf_counter() - started
            p50, p99 = check(auth, sessions)
            measured.append((p50, p99))
            print(f"| {users:,} | {sessions:,} | {filled:.0f} s | {p50:.0f} us | {p99:.0f} us |")
        auth.blocking.close()
    (small50, small99), (large50, large99) = measured[0], measured[-1]
    print(f"\np50 {large50 / small50:.2f}x, p99 {large99 / small99:.2f}x (wanted: within 1.3x)")


def check(auth: Auth[Any], sessions: int) -> tuple[float, float]:
    """Microseconds of one session check: median and 99th percentile, the medians of the rounds."""
    chance = random.Random(7)  # noqa: S311 - the same sessions each time
    get_session = auth.blocking.api.get_session
    rounds: list[tuple[float, float]] = []
    for number in range(ROUNDS + 1):
        times: list[float] = []
        for _ in range(CHECKS if number else WARM_UP):
            headers = {"cookie": cookie(chance.randint(1, sessions))}
            started = time.perf_counter()
            found = get_session(headers=headers)
            times.append((time.perf_counter() - started) * 1e6)
            assert found is not None
        times.sort()
        rounds.append((statistics.median(times), times[int(len(times) * 0.99)]))
    p50s, p99s = zip(*rounds[1:], strict=True)
    return statistics.median(p50s), statistics.median(p99s)


def cookie(number: int) -> str:
    """The signed cookie of a session."""
    token = hashlib.md5(f"token{number}".encode(), usedforsecurity=False).hexdigest()
    return f"better-auth.session_token={quote(sign_cookie_value(token, SECRET))}"


if __name__ == "__main__":
    main()
