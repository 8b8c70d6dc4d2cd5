"""Passkeys: sign in with a key that never leaves its device (WebAuthn Level 3).

The authenticator signs a challenge that is good once, for the site that asked for it and no other:
there is nothing to phish (spec: plugin passkey; security K1 to K4).
"""

from __future__ import annotations

from .options import (
    AuthenticatorSelection,
    NewCredential,
    PasskeyAuthentication,
    PasskeyOwner,
    PasskeyRegistration,
    PasskeyUser,
    UsedCredential,
)
from .owning import OwnPasskeysAPI
from .plugin import Passkey, PasskeyAPI
from .records import StoredPasskey
from .wire import (
    CreationOptions,
    NewPasskeyQuery,
    PasskeyCodes,
    RegisteredPasskey,
    RenamedPasskey,
    RenamePasskey,
    RequestOptions,
    VerifyPasskeyAuthentication,
    VerifyPasskeyRegistration,
    WhichPasskey,
)

__all__ = [
    "AuthenticatorSelection",
    "CreationOptions",
    "NewCredential",
    "NewPasskeyQuery",
    "OwnPasskeysAPI",
    "Passkey",
    "PasskeyAPI",
    "PasskeyAuthentication",
    "PasskeyCodes",
    "PasskeyOwner",
    "PasskeyRegistration",
    "PasskeyUser",
    "RegisteredPasskey",
    "RenamePasskey",
    "RenamedPasskey",
    "RequestOptions",
    "StoredPasskey",
    "UsedCredential",
    "VerifyPasskeyAuthentication",
    "VerifyPasskeyRegistration",
    "WhichPasskey",
]
