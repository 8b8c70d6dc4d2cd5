"""API keys: of users and organizations, with permissions, limits and an end.

Spec: plugin api-key; security X10, X11.
"""

from __future__ import annotations

from .managing import ManagedKeysAPI
from .options import ApiKeyConfig, KeyExpiration, KeyRateLimit, StartingCharacters
from .plugin import ApiKey
from .records import StoredApiKey
from .verifying import VerifiedKeysAPI
from .wire import (
    Admitted,
    ApiKeyCodes,
    CreateApiKey,
    DeleteApiKey,
    KeyInfo,
    KeyList,
    KeyRefusal,
    ListApiKeys,
    NewKey,
    RequireApiKey,
    Swept,
    UpdateApiKey,
    Verified,
    VerifyApiKey,
    WhichApiKey,
)

__all__ = [
    "Admitted",
    "ApiKey",
    "ApiKeyCodes",
    "ApiKeyConfig",
    "CreateApiKey",
    "DeleteApiKey",
    "KeyExpiration",
    "KeyInfo",
    "KeyList",
    "KeyRateLimit",
    "KeyRefusal",
    "ListApiKeys",
    "ManagedKeysAPI",
    "NewKey",
    "RequireApiKey",
    "StartingCharacters",
    "StoredApiKey",
    "Swept",
    "UpdateApiKey",
    "Verified",
    "VerifiedKeysAPI",
    "VerifyApiKey",
    "WhichApiKey",
]
