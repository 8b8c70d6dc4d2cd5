"""What is stored about wallets (spec: plugin siwe, (c))."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from watchword.database.records import Column, Record


class WalletAddress(Record, kw_only=True):
    """A wallet on a chain, and whose it is."""

    __model__: ClassVar[str] = "walletAddress"
    user_id: Annotated[str, Column(references="user.id", index=True)]
    address: str
    """With its checksum (EIP-55)."""
    chain_id: int
    is_primary: bool = False
    """Whether the user came with it."""
    created_at: Annotated[datetime, Column(now="create", now_in_database=False)]
