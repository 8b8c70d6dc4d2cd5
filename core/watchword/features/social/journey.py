"""How one flow travels to its provider and back, and who may lead it another way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from watchword.call import Call
from watchword.oauth.provider import Provider
from watchword.oauth.state import State


@dataclass(frozen=True, slots=True)
class Journey:
    """A flow that is about to begin."""

    state: State
    """What is remembered here."""
    parameter: str = field(repr=False)
    """What the provider gives back as `state`."""
    redirect_uri: str
    """Where it sends the browser back to."""


Lead = Callable[[Call, Provider, Journey], Awaitable[Journey]]
"""Leads a flow another way, or leaves the journey as it is. Raises `ValueError` where what it has
to carry is too long."""


def redirect_uri(provider: Provider, base_url: str) -> str:
    """Where a provider sends browsers back to: below a server's base URL, unless an option says."""
    path = provider.description.callback_path or f"/callback/{provider.id}"
    return provider.redirect_uri or f"{base_url}{path}"
