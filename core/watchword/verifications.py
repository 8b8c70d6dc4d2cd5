"""Verification rows: things promised for a while, redeemed once.

Spec: data model, verification rows. A row's identifier says what it is for; redeeming it is one
atomic step, so of many callers exactly one wins.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import cast

import msgspec

from .call import Call
from .crypto.signing import hash_identifier, reservation_id
from .database.contract import Sort
from .database.table import lt, starts_with
from .http.json import encode
from .options import VerificationOptions
from .records import Verification

_NEWEST = Sort("createdAt", descending=True)
_KEY = "verification:"


async def create_verification(
    call: Call, identifier: str, value: str, expires_at: datetime
) -> Verification | None:
    """Promise something until `expires_at`. Older rows of the identifier stay."""
    values = {
        "identifier": stored_identifier(call.config.verification, identifier),
        "value": value,
        "expires_at": expires_at,
    }
    if _in_database(call):
        return await call.db.create(Verification, **values)
    made = await call.db.make(Verification, **values)
    if made is not None:
        await _put(call, made)
    return made


async def find_verification(call: Call, identifier: str) -> Verification | None:
    """The newest row of an identifier, also if it has expired; callers compare `expires_at`.

    Sweeps all expired rows of the table, unless `verification.disable_cleanup`.
    """
    spellings = _spellings(call.config.verification, identifier)
    if not _in_database(call):
        return await _first(call, spellings, call.secondary.get)
    found = None
    for spelling in spellings:
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
    spellings = _spellings(call.config.verification, identifier)
    if not _in_database(call):
        taken = await _first(call, spellings, call.secondary.get_and_delete)
        return taken if taken is not None and taken.expires_at > call.now else None
    for spelling in spellings:
        taken = await call.db.take(Verification, sort=_NEWEST, identifier=spelling)
        if taken is not None:
            await call.db.delete(Verification, identifier=spelling)
            return taken if taken.expires_at > call.now else None
    return None


async def delete_verifications(call: Call, identifier: str) -> None:
    """Withdraw everything promised under an identifier."""
    for spelling in _spellings(call.config.verification, identifier):
        if _in_database(call):
            await call.db.delete(Verification, identifier=spelling)
        else:
            await call.secondary.delete(_KEY + spelling)


async def withdraw_verifications(call: Call, prefix: str, value: str) -> None:
    """Withdraw everything with this value whose identifier has a prefix.

    Hashed identifiers do not tell their prefix: everything with the value goes. A secondary
    storage cannot be searched: what stands there alone ends by its own time.
    """
    if not _in_database(call):
        return
    example = prefix + "x"
    if stored_identifier(call.config.verification, example) == example:
        await call.db.delete(Verification, value=value, identifier=starts_with(prefix))
    else:
        await call.db.delete(Verification, value=value)


async def reserve_verification(
    call: Call, identifier: str, value: str, expires_at: datetime
) -> bool:
    """Claim an identifier; True for the one caller that was first (until the row is swept)."""
    spelling = stored_identifier(call.config.verification, identifier)
    if not _in_database(call):
        ttl = int((expires_at - call.now).total_seconds())
        return await call.secondary.increment(_KEY + spelling, ttl) == 1
    return await call.db.reserve(
        Verification,
        id=reservation_id(identifier),
        identifier=spelling,
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


def _in_database(call: Call) -> bool:
    return not call.config.has_secondary or call.config.verification.store_in_database


async def _put(call: Call, made: Verification) -> None:
    ttl = int((made.expires_at - call.now).total_seconds())
    if ttl > 0:
        row = {name: item for name, item in call.db.full_row(made).items() if name != "id"}
        await call.secondary.set(_KEY + made.identifier, encode(row).decode(), ttl)


async def _first(
    call: Call, spellings: tuple[str, ...], read: Callable[[str], Awaitable[str | None]]
) -> Verification | None:
    kind = call.config.tables.of(Verification).record
    for spelling in spellings:
        text = await read(_KEY + spelling)
        if text is not None:
            # The stored JSON has no id.
            fields = {"id": "", **cast("dict[str, object]", msgspec.json.decode(text))}
            return msgspec.convert(fields, kind)
    return None
