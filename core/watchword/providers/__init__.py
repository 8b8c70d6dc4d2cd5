"""Identity providers, each in a module of its own that is loaded when it is asked for.

from watchword.providers import GitHub, Google
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .apple import Apple as Apple
    from .github import GitHub as GitHub
    from .google import Google as Google

_HOMES = {"Apple": "apple", "GitHub": "github", "Google": "google"}
"""Class by class, the module that it lives in."""

__all__ = ["Apple", "GitHub", "Google"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"watchword.providers has no {name}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
