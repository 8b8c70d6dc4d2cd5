"""Defaults of columns under the name by which models that were generated earlier import them."""

from watchword.storage.sqlalchemy.metadata import Insertion, NewId

__all__ = ["Insertion", "NewId"]
