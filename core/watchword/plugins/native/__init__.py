"""Applications on a device: signed in through the system's browser, with cookies that they keep.

`Expo` and `Capacitor` serve the clients of these two (spec: adapters, expo server plugin).
"""

from __future__ import annotations

from .application import NativeApplication
from .authorization_proxy import AuthorizationProxy
from .capacitor import Capacitor, CapacitorAPI
from .expo import Expo, ExpoAPI

__all__ = [
    "AuthorizationProxy",
    "Capacitor",
    "CapacitorAPI",
    "Expo",
    "ExpoAPI",
    "NativeApplication",
]
