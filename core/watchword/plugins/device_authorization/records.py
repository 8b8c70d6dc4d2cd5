"""What is stored about a device that waits (spec: plugin device-authorization, (c))."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal, TypeAlias

from watchword.database.records import Column, Record

Decision: TypeAlias = Literal["approved", "denied"]
"""What becomes of a code that was `pending`."""


class StoredDeviceCode(Record, kw_only=True):
    """A device that waits for somebody to let it in. Codes are stored as they are: servers of the
    reference look for them so."""

    __model__: ClassVar[str] = "deviceCode"
    device_code: Annotated[str, Column(unique=True, input=False)]
    """What the device polls with. Whoever has it gets the session."""
    user_code: Annotated[str, Column(unique=True, input=False)]
    """What its user types."""
    user_id: Annotated[str | None, Column(input=False)] = None
    """Who claimed it: nobody else decides. No reference, as in the tables of the reference."""
    expires_at: Annotated[datetime, Column(input=False)]
    status: Annotated[str, Column(input=False)] = "pending"
    """`pending`, or a `Decision`."""
    last_polled_at: Annotated[datetime | None, Column(input=False)] = None
    polling_interval: Annotated[int | None, Column(input=False)] = None
    """Milliseconds between two polls."""
    client_id: Annotated[str | None, Column(input=False)] = None
    scope: Annotated[str | None, Column(input=False)] = None
