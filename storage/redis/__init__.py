"""Redis and Valkey as secondary storage."""

from .storage import RedisStorage

__all__ = ["RedisStorage"]
