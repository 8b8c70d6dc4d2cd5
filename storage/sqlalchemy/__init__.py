"""A storage on engines that the application has already: SQLAlchemy 2, synchronous and async."""

from .storage import SQLAlchemyStorage, models_source, watchword_metadata

__all__ = ["SQLAlchemyStorage", "models_source", "watchword_metadata"]
