"""A storage on the databases of Django's settings: on its connections, or on its own."""

from .storage import DjangoStorage, models_source

__all__ = ["DjangoStorage", "models_source"]
