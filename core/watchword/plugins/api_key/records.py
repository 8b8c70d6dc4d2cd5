"""What is stored about keys (spec: plugin api-key, (c))."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from watchword.database.records import Column, Record

MOST_NUMBER = 2_147_483_647
"""The largest number that columns of the reference hold."""
DAY_IN_MS = 86_400_000


class StoredApiKey(Record, kw_only=True):
    """A key. What it is used with is not in it: only the hash, which clients never see."""

    __model__: ClassVar[str] = "apikey"
    config_id: Annotated[str, Column(index=True, input=False)] = "default"
    name: Annotated[str | None, Column(input=False)] = None
    start: Annotated[str | None, Column(input=False)] = None
    """Its first characters, by which its owner tells it from others."""
    reference_id: Annotated[str, Column(index=True, input=False)]
    """The id of the user or of the organization that has it, by its configuration."""
    prefix: Annotated[str | None, Column(input=False)] = None
    key: Annotated[str, Column(index=True, input=False, returned=False)]
    """SHA-256 in base64url, unless the configuration stores keys as they are."""
    refill_interval: Annotated[int | None, Column(input=False)] = None
    """Milliseconds."""
    refill_amount: Annotated[int | None, Column(input=False)] = None
    last_refill_at: Annotated[datetime | None, Column(input=False)] = None
    enabled: Annotated[bool | None, Column(input=False)] = True
    rate_limit_enabled: Annotated[bool | None, Column(input=False)] = True
    rate_limit_time_window: Annotated[int | None, Column(input=False)] = DAY_IN_MS
    """Milliseconds."""
    rate_limit_max: Annotated[int | None, Column(input=False)] = 10
    request_count: Annotated[int | None, Column(input=False)] = 0
    remaining: Annotated[int | None, Column(input=False)] = None
    """Uses that are left; None: any number."""
    last_request: Annotated[datetime | None, Column(input=False)] = None
    expires_at: Annotated[datetime | None, Column(input=False)] = None
    created_at: Annotated[datetime, Column(now="create", now_in_database=False, input=False)]
    updated_at: Annotated[datetime, Column(now="create", now_in_database=False, input=False)]
    permissions: Annotated[str | None, Column(input=False)] = None
    """JSON: resources, with the actions on each."""
    metadata: str | None = None
    """JSON; the text `null` where there is none."""
