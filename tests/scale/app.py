"""One of several equal servers: PostgreSQL for rows, Redis for sessions and rate limits.

python tests/scale/app.py PORT DATABASE_URL REDIS_URL PREFIX
"""

from __future__ import annotations

import sys

import uvicorn

from watchword import Auth, EmailAndPassword, RateLimit, SessionOptions
from watchword.adapters.asgi import ASGIApp
from watchword.crypto.passwords import Argon2Cost
from watchword.storage.redis import RedisStorage

ORIGIN = "http://auth.example"
SECRET = "scale-K7pQ2vX9mB4tR8wZ1cY6nH3jL5sD0fGa"


def serve(port: int, database: str, redis: str, prefix: str) -> None:
    """Serve until the process ends."""
    auth = Auth(
        database=database,
        secondary_storage=RedisStorage(redis, prefix=prefix),
        secret=SECRET,
        base_url=ORIGIN,
        email_and_password=EmailAndPassword(
            enabled=True, argon2_cost=Argon2Cost(memory=64, passes=1, lanes=1)
        ),
        session=SessionOptions(store_in_database=True),
        rate_limit=RateLimit(enabled=True, max=1_000_000, custom_rules={"/sign-*": False}),
        environ={},
    )
    auth.blocking.migrate()
    uvicorn.run(ASGIApp(auth), host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    serve(int(sys.argv[1]), *sys.argv[2:5])
