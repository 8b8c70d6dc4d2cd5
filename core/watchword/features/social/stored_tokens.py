"""Providers' tokens as an account's row keeps them (spec: social, section 8; security A10)."""

from __future__ import annotations

import re

from watchword.call import Call
from watchword.crypto.symmetric import DecryptionFailed, decrypt, encrypt
from watchword.oauth.tokens import Tokens

_EVEN_HEX = re.compile(r"([0-9a-fA-F]{2})+")


def token_columns(call: Call, tokens: Tokens) -> dict[str, object]:
    """The columns for tokens, by attribute name; what the provider did not give is left out."""
    columns = {
        "access_token": _sealed(call, tokens.access_token),
        "refresh_token": _sealed(call, tokens.refresh_token),
        "id_token": tokens.id_token,
        "access_token_expires_at": tokens.access_token_expires_at,
        "refresh_token_expires_at": tokens.refresh_token_expires_at,
    }
    return {name: value for name, value in columns.items() if value is not None}


def _sealed(call: Call, token: str | None) -> str | None:
    options = call.config.options
    if token is None or not options.account.encrypt_oauth_tokens:
        return token
    return encrypt(token, call.config.secrets, options.token_bytes)


def read_token(call: Call, stored: str | None) -> str | None:
    """A token of a row; None if there is none, or it cannot be read any more.

    What has not the form of an encrypted one is from before the option was set.
    """
    if not stored or not call.config.options.account.encrypt_oauth_tokens:
        return stored or None
    if not stored.startswith("$ba$") and not _EVEN_HEX.fullmatch(stored):
        return stored
    try:
        return decrypt(stored, call.config.secrets)
    except DecryptionFailed:
        return None
