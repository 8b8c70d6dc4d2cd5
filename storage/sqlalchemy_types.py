"""The column types under the name by which models and migrations made earlier import them."""

from watchword.storage.sqlalchemy.types import Flag, Id, Moment, Structure, UuidId, Words

__all__ = ["Flag", "Id", "Moment", "Structure", "UuidId", "Words"]
