"""With plugin `OpenAPI`, the endpoints of a server are in the document of the application."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watchword.auth import Auth


def is_described(auth: Auth[Any]) -> bool:
    """Whether there is something to add."""
    return "generate_open_api_schema" in auth.endpoints


def with_endpoints(auth: Auth[Any], document: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The document of an application, with the server's paths below `prefix`."""
    # The plugin's package is loaded by whoever installed it.
    merged: dict[str, Any] = import_module("watchword.plugins.open_api").merged(
        auth.config, document, prefix
    )
    return merged
