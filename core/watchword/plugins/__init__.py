"""First-party plugins. This list is all that names them; each is one module.

Importing this package imports no plugin: each comes with its first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .one_time_token import OneTimeToken as OneTimeToken

_HOMES = {
    "OneTimeToken": "one_time_token",
}

__all__ = ["OneTimeToken"]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"watchword.plugins has no plugin {name!r}; it has {__all__}")
    return getattr(import_module(f".{home}", __name__), name)
