"""The column types under the name by which migrations of Alembic may import them already."""

from watchword.storage.sqlalchemy.types import Flag, Id, Moment, Structure, UuidId, Words

__all__ = ["Flag", "Id", "Moment", "Structure", "UuidId", "Words"]
