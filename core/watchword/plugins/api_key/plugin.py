"""The plugin, put together."""

from __future__ import annotations

from dataclasses import dataclass

from .verifying import VerifiedKeys


@dataclass(frozen=True, kw_only=True)
class ApiKey(VerifiedKeys):
    """Keys of users and organizations, for programs in their name."""
