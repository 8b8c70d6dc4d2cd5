"""Opens outgoing HTTP with its first use: a server that asks nobody never loads httpx2."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from watchword.errors import ConfigurationError

from .outgoing import OutgoingSettings

if TYPE_CHECKING:
    from .outgoing_async import AsyncOutgoing
    from .outgoing_blocking import BlockingOutgoing


def open_async_outgoing(settings: OutgoingSettings) -> AsyncOutgoing:
    """Outgoing HTTP on event loops."""
    made: AsyncOutgoing = import_module("..outgoing_async", __name__).AsyncOutgoing(settings)
    return made


def open_blocking_outgoing(settings: OutgoingSettings) -> BlockingOutgoing:
    """Outgoing HTTP in threads."""
    made: BlockingOutgoing = import_module("..outgoing_blocking", __name__).BlockingOutgoing(
        settings
    )
    return made


def require_http(option: str) -> None:
    """Refuse to start where an option needs requests and nothing sends them. Raises
    `ConfigurationError`."""
    if find_spec("httpx2") is None:
        raise ConfigurationError(
            option, "httpx2 is not installed", "pip install 'watchword[social]'"
        )
