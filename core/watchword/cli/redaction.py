"""Options as they may be shown: without secrets, functions by their names (spec: CLI, info)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import timedelta
from typing import cast

REDACTED = "[REDACTED]"

_ENDINGS = (
    *("secret", "secrets", "secretkey", "clientsecret", "clientid", "authtoken", "apikey"),
    *("apisecret", "privatekey", "publickey", "password", "token", "webhook"),
    *("connectionstring", "databaseurl", "dsn"),
)


def is_secret(name: str) -> bool:
    """Whether a value under this name (of an option or a variable) is not to be shown."""
    return name.replace("_", "").replace("-", "").lower().endswith(_ENDINGS)


def shown(value: object, *, hidden: bool = False) -> object:
    """A value of the options as JSON. With `hidden`, texts in it are secrets.

    Objects with options of their own decide by the names of these.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float | str | bytes | timedelta):
        if hidden:
            return REDACTED
        return value if isinstance(value, int | float | str) else str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value).items()
        return {str(key): shown(one, hidden=hidden or is_secret(str(key))) for key, one in pairs}
    if isinstance(value, list | tuple | set | frozenset):
        return [shown(one, hidden=hidden) for one in cast("tuple[object, ...]", value)]
    if isinstance(value, type):
        return value.__name__
    return "[Function]" if callable(value) else f"[{type(value).__name__}]"


def _fields(value: object) -> dict[str, object]:
    fields = dataclasses.fields(value)  # pyright: ignore[reportArgumentType]
    return {
        field.name: shown(getattr(value, field.name), hidden=is_secret(field.name))
        for field in fields
        if field.repr and not field.name.startswith("_")
    }
