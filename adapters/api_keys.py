"""Routes that take an API key: the demand, in the words of all frameworks.

A route may take keys alone, or keys and whoever is signed in. What a key has to allow is asked of
keys: a session is its user, who may all that the user may.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from watchword.auth import Auth
from watchword.errors import ConfigurationError
from watchword.plugins.api_key import ApiKey, ApiKeyConfig

from .demands import Demand

Permissions: TypeAlias = Mapping[str, Sequence[str]] | None
"""Resources, with the actions on each that a key has to allow; None: any key will do."""


def api_key(
    permissions: Permissions = None, *, config_id: str | None = None, or_session: bool = False
) -> Demand:
    """A key in the request, of one configuration or of any, that allows something.

    UNAUTHORIZED, INVALID_API_KEY and what else is wrong with a key (401),
    INSUFFICIENT_API_KEY_PERMISSIONS (403), USAGE_EXCEEDED, RATE_LIMITED (429). Raises
    `ConfigurationError` for permissions that allow nothing.
    """
    wanted = None if permissions is None else {name: [*all_] for name, all_ in permissions.items()}
    if wanted is not None and not (wanted and all(wanted.values())):
        raise ConfigurationError(
            "permissions", "no key allows nothing", "Name actions, or say None"
        )
    told = {"permissions": wanted, "configId": config_id, "orSession": or_session}
    return Demand("require_api_key", told, plugin="ApiKey()")


def configurations(auth: Auth[Any], config_id: str | None) -> tuple[ApiKeyConfig, ...]:
    """The configurations of keys that are meant. Raises `ConfigurationError` for none."""
    ring = next((one for one in auth.config.plugins.values() if isinstance(one, ApiKey)), None)
    known = () if ring is None else ring.configs
    meant = tuple(one for one in known if config_id in (None, one.config_id))
    if not meant:
        raise ConfigurationError(
            "config_id", f"there are no keys of {config_id!r}", "Add ApiKey(config=...) to plugins"
        )
    return meant
