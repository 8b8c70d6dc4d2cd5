"""MySQL and MariaDB: dialect, tables, connections through PyMySQL."""

from .storage import MySQLStorage

__all__ = ["MySQLStorage"]
