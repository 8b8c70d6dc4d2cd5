"""What is stored about passkeys (spec: plugin passkey, (c))."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal, TypeAlias

import msgspec

from watchword.database.records import Column, Record

DeviceType: TypeAlias = Literal["singleDevice", "multiDevice"]
"""Whether the key stays on one device, or is copied to others of its owner."""


class StoredPasskey(Record, kw_only=True):
    """A passkey of a user. Nothing of it is secret: the private key never leaves its device."""

    __model__: ClassVar[str] = "passkey"
    name: Annotated[str | None, Column(input=False)] = None
    """What its owner calls it."""
    public_key: Annotated[str, Column(input=False)]
    """A COSE key in standard base64 with padding."""
    user_id: Annotated[str, Column(references="user.id", index=True, input=False)]
    credential_id: Annotated[str, Column(index=True, input=False)] = msgspec.field(
        name="credentialID"
    )
    """What the authenticator calls it: base64url. Tables of the reference do not hold it unique."""
    counter: Annotated[int, Column(input=False)]
    """How often it was used, by its own count; 0 where it does not count."""
    device_type: Annotated[str, Column(input=False)]
    """A `DeviceType`, as it was at registration."""
    backed_up: Annotated[bool, Column(input=False)]
    transports: Annotated[str | None, Column(input=False)] = None
    """How browsers reach its device: `usb`, `internal` and so on, with commas between them."""
    created_at: Annotated[datetime | None, Column(now="create", now_in_database=False, input=False)]
    aaguid: Annotated[str | None, Column(input=False)] = None
    """The model of the authenticator, where it tells: a UUID."""
