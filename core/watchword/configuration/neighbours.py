"""Several servers in one application: what one says must not be believed by another.

Session caches, and sessions that live in cookies alone, name no server: whoever has the secret
believes them. So servers of one secret must know the same people.
"""

from __future__ import annotations

from watchword.errors import ConfigurationError

from .configuration import Configuration


def check_neighbours(one: Configuration, other: Configuration, *, one_database: bool) -> None:
    """Refuse servers of different people that would believe each other's cookies.

    Raises `ConfigurationError`.
    """
    if one.session_cache is None and other.session_cache is None:
        return
    if one_database and _table(one) == _table(other):
        return
    if _secrets(one) & _secrets(other):
        places = " and ".join(repr(config.sites.base_path or "/") for config in (one, other))
        raise ConfigurationError(
            "secret",
            f"the servers at {places} have users of their own and one secret: each would believe "
            "the session cookies of the other",
            "Give each a secret= of its own, or leave out session.cookie_cache",
        )


def _secrets(config: Configuration) -> set[str]:
    return {config.secrets.current, *(one.value for one in config.secrets.versions)}


def _table(config: Configuration) -> str:
    return config.tables.schema["user"].table_name
