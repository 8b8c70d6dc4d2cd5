"""Identity providers, each in a module of its own that is loaded when it is asked for.

from watchword.providers import GitHub, Google
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .apple import Apple as Apple
    from .atlassian import Atlassian as Atlassian
    from .figma import Figma as Figma
    from .github import GitHub as GitHub
    from .google import Google as Google
    from .huggingface import HuggingFace as HuggingFace
    from .kick import Kick as Kick
    from .linear import Linear as Linear
    from .linkedin import LinkedIn as LinkedIn
    from .naver import Naver as Naver
    from .notion import Notion as Notion
    from .polar import Polar as Polar
    from .railway import Railway as Railway
    from .roblox import Roblox as Roblox
    from .slack import Slack as Slack
    from .spotify import Spotify as Spotify

__all__ = [
    "Apple",
    "Atlassian",
    "Figma",
    "GitHub",
    "Google",
    "HuggingFace",
    "Kick",
    "Linear",
    "LinkedIn",
    "Naver",
    "Notion",
    "Polar",
    "Railway",
    "Roblox",
    "Slack",
    "Spotify",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"watchword.providers has no {name}")
    return getattr(import_module(f".{name.lower()}", __name__), name)
