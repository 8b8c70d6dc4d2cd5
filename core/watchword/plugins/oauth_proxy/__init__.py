"""OAuth proxy: deployments that no provider knows sign in through the one that they all know."""

from __future__ import annotations

from .plugin import OAuthProxy, OAuthProxyAPI
from .wire import HandedOver

__all__ = ["HandedOver", "OAuthProxy", "OAuthProxyAPI"]
