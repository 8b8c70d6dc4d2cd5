"""PostgreSQL: dialect, tables, connections through psycopg 3."""

from .storage import PostgresStorage

__all__ = ["PostgresStorage"]
