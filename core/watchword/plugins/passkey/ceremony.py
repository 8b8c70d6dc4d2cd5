"""What an authenticator is asked for, and what it proves (WebAuthn Level 3, 7)."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import msgspec

from watchword.discreet import Discreet
from watchword.errors import ConfigurationError

from .records import DeviceType, StoredPasskey

EDDSA, ES256, RS256 = -8, -7, -257
ALGORITHMS = (EDDSA, ES256, RS256)
"""What is asked for, and so what is accepted (RFC 9053)."""


class NotVerified(Exception):
    """The response does not prove what it is to prove."""

    def __init__(self, reason: str = "not verified", *, forged: bool = False) -> None:
        super().__init__(reason)
        self.forged = forged
        """Whether everything was in order but the signature."""


class Asked(Discreet, msgspec.Struct, frozen=True):
    """What the authenticator was asked for, and by whom."""

    challenge: str
    rp_id: str
    origins: list[str]
    must_verify_user: bool


class Registered(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A new passkey that was verified."""

    credential_id: str
    public_key: str
    counter: int
    device_type: DeviceType
    backed_up: bool
    user_verified: bool
    transports: str
    aaguid: str


class Authenticated(Discreet, msgspec.Struct, frozen=True):
    """A passkey whose owner was just there."""

    counter: int
    user_verified: bool


def verified_registration(response: object, asked: Asked) -> Registered:
    """The new passkey that an authenticator vouches for. Raises `NotVerified`."""
    return _verifying().registration(response, asked)


def verified_authentication(
    response: object, passkey: StoredPasskey, asked: Asked
) -> Authenticated:
    """That the owner of a passkey was just there. Raises `NotVerified`."""
    return _verifying().authentication(response, passkey, asked)


def require_webauthn() -> None:
    """Load what verifies passkeys, before the first request. Raises `ConfigurationError`."""
    if find_spec("webauthn") is None:
        raise ConfigurationError(
            "plugins: passkey", "webauthn is not installed", "pip install 'watchword[passkey]'"
        )
    _verifying()


def _verifying() -> Any:
    # An optional extra: whoever has no passkeys has no library for them.
    return import_module(".verifying", __package__)
