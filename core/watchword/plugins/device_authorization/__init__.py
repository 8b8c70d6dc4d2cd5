"""Device authorization: signing in what has no browser or no keyboard (RFC 8628).

A device shows a short code, its user types it on another one, signed in there, and the device gets
a session of its own (spec: plugin device-authorization; security A11, X4).
"""

from __future__ import annotations

from .approving import DeviceApprovalAPI
from .codes import USER_CODE_ALPHABET
from .plugin import DeviceAuthorization, DeviceAuthorizationAPI
from .records import StoredDeviceCode
from .wire import (
    GRANT,
    AskForDeviceCode,
    DecideUserCode,
    DeviceCode,
    DeviceToken,
    FoundUserCode,
    RedeemDeviceCode,
    WhichUserCode,
)

__all__ = [
    "GRANT",
    "USER_CODE_ALPHABET",
    "AskForDeviceCode",
    "DecideUserCode",
    "DeviceApprovalAPI",
    "DeviceAuthorization",
    "DeviceAuthorizationAPI",
    "DeviceCode",
    "DeviceToken",
    "FoundUserCode",
    "RedeemDeviceCode",
    "StoredDeviceCode",
    "WhichUserCode",
]
