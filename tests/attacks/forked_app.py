"""What a uWSGI server loads in its master: it migrates there, before workers are forked.

The database comes from `FORKED_DATABASE`; with `FORKED_REDIS` and `FORKED_PREFIX`, sessions are in
Redis, too.
"""

from __future__ import annotations

import os

from tests.core.conftest import FAST
from tests.support.browser import ORIGIN, SECRET
from watchword import Auth, EmailAndPassword, SessionOptions
from watchword.adapters.wsgi import WSGIApp
from watchword.storage.redis import RedisStorage


def made(database: str, redis: str | None, prefix: str) -> Auth:
    """The server; `redis` is a URL."""
    store = RedisStorage(redis, prefix=prefix) if redis else None
    return Auth(
        database=database,
        secondary_storage=store,
        secret=SECRET,
        base_url=ORIGIN,
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
        session=SessionOptions(store_in_database=bool(store)),
        environ={},
    )


if "FORKED_DATABASE" in os.environ:
    auth = made(
        os.environ["FORKED_DATABASE"],
        os.environ.get("FORKED_REDIS"),
        os.environ.get("FORKED_PREFIX", ""),
    )
    auth.blocking.migrate()
    application = WSGIApp(auth)
