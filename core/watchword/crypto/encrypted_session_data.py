"""The encrypted form of the session cache cookie, with its keys."""

from __future__ import annotations

from .jwe import SESSION_SALT, TokenKeys
from .secrets_list import Secrets
from .session_data import JweSessionData, SessionDataCodec


def encrypted_session_data(secrets: Secrets) -> SessionDataCodec:
    """Encrypts with the current secret, decrypts with any configured one."""
    return JweSessionData(TokenKeys(secrets, SESSION_SALT))
