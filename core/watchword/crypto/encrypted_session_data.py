"""The encrypted form of the cookies that hold records, with its key."""

from __future__ import annotations

from .jwe import ACCOUNT_SALT, SESSION_SALT, TokenKeys
from .secrets_list import Secrets
from .session_data import JweSessionData, SessionDataCodec


def encrypted_session_data(secret: str) -> SessionDataCodec:
    """Encrypts and decrypts with one secret: a cookie that can be read is one that is believed."""
    return JweSessionData(TokenKeys(Secrets(secret), SESSION_SALT))


def encrypted_account_data(secret: str) -> SessionDataCodec:
    """The same for the account cookie."""
    return JweSessionData(TokenKeys(Secrets(secret), ACCOUNT_SALT))
