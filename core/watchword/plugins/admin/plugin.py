"""The plugin, put together."""

from __future__ import annotations

from dataclasses import dataclass

from .guarding import Guarding
from .listing import Listing
from .managed_sessions import ManagedSessions
from .users import ManagedUsers


@dataclass(frozen=True, kw_only=True)
class Admin(Listing, ManagedUsers, ManagedSessions, Guarding):
    """Options of administrators."""
