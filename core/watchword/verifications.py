"""Verification rows: things promised for a while, redeemed once.

Spec: data model, verification rows. A row's identifier says what it is for; redeeming it is one
atomic step, so of many callers exactly one wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from .call import Call
from .crypto.signing import hash_identifier, reservation_id
from .database.contract import Sort
from .database.table import lt
from .options import VerificationOptions
from .records import Verification

_NEWEST = Sort("createdAt", descending=True)


async def create_verification(
    call: Call, identifier: str, value: str, expires_at: datetime
) -> Verification | None:
    """Promise something until `expires_at`. Older rows of the identifier stay."""
    return await call.db.create(
        Verification,
        identifier=stored_identifier(call.config.verification, identifier),
        value=value,
        expires_at=expires_at,
    )


async def find_verification(call: Call, identifier: str) -> Verification | None:
    """The newest row of an identifier, also if it has expired; callers compare `expires_at`.

    Sweeps all expired rows of the table, unless `verification.disable_cleanup`.
    """
    found = None
    for spelling in _spellings(call.config.verification, identifier):
        found = await call.db.find_one(Verification, sort=_NEWEST, identifier=spelling)
        if found is not None:
            break
    if not call.config.verification.disable_cleanup:
        await call.db.delete(Verification, expires_at=lt(call.now))
    return found


async def take_verification(call: Call, identifier: str) -> Verification | None:
    """Redeem the newest row of an identifier: one caller gets it, and only if it is in time.

    All rows of the identifier are gone afterwards, the expired too.
    """
    for spelling in _spellings(call.config.verification, identifier):
        taken = await call.db.take(Verification, sort=_NEWEST, identifier=spelling)
        if taken is not None:
            await call.db.delete(Verification, identifier=spelling)
            return taken if taken.expires_at > call.now else None
    return None


async def delete_verifications(call: Call, identifier: str) -> None:
    """Withdraw everything promised under an identifier."""
    for spelling in _spellings(call.config.verification, identifier):
        await call.db.delete(Verification, identifier=spelling)


async def reserve_verification(
    call: Call, identifier: str, value: str, expires_at: datetime
) -> bool:
    """Claim an identifier; True for the one caller that was first (until the row is swept)."""
    return await call.db.reserve(
        Verification,
        id=reservation_id(identifier),
        identifier=stored_identifier(call.config.verification, identifier),
        value=value,
        expires_at=expires_at,
    )


def stored_identifier(options: VerificationOptions, identifier: str) -> str:
    """The form in which an identifier is stored, as `verification.store_identifier` says."""
    form: object = options.store_identifier
    if isinstance(form, Mapping):
        table = cast("Mapping[str, object]", form)
        prefixes = (p for p in table if p != "default" and identifier.startswith(p))
        form = table.get(next(prefixes, "default"), "plain")
    if callable(form):
        return str(form(identifier))
    return hash_identifier(identifier) if form == "hashed" else identifier


def _spellings(options: VerificationOptions, identifier: str) -> tuple[str, ...]:
    # Rows from before the option was switched on are still under the plain identifier.
    stored = stored_identifier(options, identifier)
    return (stored,) if stored == identifier else (stored, identifier)
