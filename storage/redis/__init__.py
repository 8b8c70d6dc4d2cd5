"""Redis and Valkey as secondary storage."""

from .storage import RedisStorage  # isort: skip  # says what to install where redis-py is missing
from .clients import RedisClients

__all__ = ["RedisClients", "RedisStorage"]
