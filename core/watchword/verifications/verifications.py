"""Verification rows: things promised for a while, redeemed once.

Spec: data model, verification rows. A row's identifier says what it is for; redeeming it is one
atomic step, so of many callers exactly one wins.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import cast

import msgspec

from watchword.call import Call
from watchword.configuration.options import VerificationOptions
from watchword.crypto.signing import (
    hash_identifier,
    reservation_id,
    reservation_number,
    reservation_uuid,
)
from watchword.database.contract import InvalidValue, Sort, StorageUnavailable, UniqueViolation
from watchword.database.hidden import replaced
from watchword.database.table import lt, lte, starts_with
from watchword.http.json import encode
from watchword.records import Verification

_NEWEST = Sort("createdAt", descending=True)
_KEY = "verification:"
_ATTEMPTS = 100
"""Looks at an entry that others keep changing."""


async def create_verification(
    call: Call, identifier: str, value: str, expires_at: datetime
) -> Verification | None:
    """Promise something until `expires_at`. Older rows of the identifier stay."""
    values = _values(call, identifier, value, expires_at)
    if in_database(call):
        return await call.db.create(Verification, **values)
    made = await call.db.make(Verification, **values)
    if made is not None:
        await _put(call, made)
    return made


async def replace_verification(
    call: Call, identifier: str, value: str, expires_at: datetime
) -> Verification | None:
    """Promise something in the place of all that was promised under the identifier.

    For identifiers that are no secrets, and so come again: a database may hold them unique, as
    older schemas of the reference do.
    """
    for _ in range(_ATTEMPTS):
        await delete_verifications(call, identifier)
        with suppress(UniqueViolation):
            return await create_verification(call, identifier, value, expires_at)
    raise StorageUnavailable("a row was replaced by others all the time")


async def place_verification(
    call: Call, identifier: str, value: str, expires_at: datetime, *, stale: Verification | None
) -> bool:
    """Promise something where nothing is promised but `stale`, which it replaces.

    Of many callers with the same finding, exactly one gets True.
    """
    values = _values(call, identifier, value, expires_at)
    if in_database(call):
        if stale is not None and not await exchange_verification(call, stale, None):
            return False
        return await call.db.place(Verification, id=_place_id(call, identifier), **values)
    text, there = await _entry(call, str(values["identifier"]))
    if (None if there is None else there.value) != (None if stale is None else stale.value):
        return False
    made = await call.db.make(Verification, **values)
    return made is None or await _replace(call, made.identifier, text, made)


async def find_verification(call: Call, identifier: str) -> Verification | None:
    """The newest row of an identifier, also if it has expired; callers compare `expires_at`.

    Sweeps as `sweep_verifications` does.
    """
    found = await newest_verification(call, identifier)
    await sweep_verifications(call)
    return found


async def sweep_verifications(call: Call) -> None:
    """Delete expired rows of the table, some hundred at most, unless `disable_cleanup`.

    Once a minute in a process is enough: who finds an expired row looks at its end.
    """
    if not in_database(call) or call.config.options.verification.disable_cleanup:
        return
    if call.config.verification_sweeps.is_due(call.now):
        await call.db.sweep(Verification, expires_at=lt(call.now))


async def newest_verification(call: Call, identifier: str) -> Verification | None:
    """The newest row of an identifier, also if it has expired. Sweeps nothing."""
    spellings = _spellings(call.config.options.verification, identifier)
    if not in_database(call):
        return await _first(call, spellings, call.secondary.get)
    for spelling in spellings:
        found = await call.db.find_one(Verification, sort=_NEWEST, identifier=spelling)
        if found is not None:
            return found
    return None


async def exchange_verification(call: Call, found: Verification, value: str | None) -> bool:
    """Give a row another value, or take it (None), if it still is as it was found.

    Of many callers with the same finding, exactly one gets True.
    """
    if in_database(call):
        if value is None:
            done = await call.db.take(Verification, id=found.id, value=found.value)
        else:
            change = {"value": value}
            done = await call.db.update(Verification, change, id=found.id, value=found.value)
        if done is not None:
            await _forget_copies(call, (found.identifier,))
        return done is not None
    text, there = await _entry(call, found.identifier)
    if there is None or there.value != found.value:
        return False
    changed = None if value is None else replaced(there, value=value)
    return await _replace(call, found.identifier, text, changed)


async def extend_verification(call: Call, found: Verification, expires_at: datetime) -> bool:
    """Let a row live until another moment; False if it is gone. Its value stays as it is."""
    if in_database(call):
        changes = {"expires_at": expires_at}
        return await call.db.update(Verification, changes, id=found.id) is not None
    for _ in range(_ATTEMPTS):
        text, there = await _entry(call, found.identifier)
        if there is None:
            return False
        longer = replaced(there, expires_at=expires_at)
        if await _replace(call, found.identifier, text, longer):
            return True
    raise StorageUnavailable("an entry of the secondary storage was changed all the time")


async def take_verification(call: Call, identifier: str) -> Verification | None:
    """Redeem the newest row of an identifier: one caller gets it, and only if it is in time.

    Older rows of the identifier are gone afterwards, too; what was promised meanwhile stays.
    """
    spellings = _spellings(call.config.options.verification, identifier)
    if not in_database(call):
        taken = await _first(call, spellings, call.secondary.get_and_delete)
        return taken if taken is not None and taken.expires_at > call.now else None
    for spelling in spellings:
        taken = await call.db.take(Verification, sort=_NEWEST, identifier=spelling)
        if taken is not None:
            await delete_until(call, taken)
            return taken if taken.expires_at > call.now else None
    return None


async def delete_until(call: Call, found: Verification) -> None:
    """Withdraw what was promised under the same identifier, unless it is newer than `found`."""
    if in_database(call):
        until = lte(found.created_at)
        await call.db.delete(Verification, identifier=found.identifier, created_at=until)
        await _forget_copies(call, (found.identifier,))


async def delete_verifications(call: Call, identifier: str) -> None:
    """Withdraw everything promised under an identifier."""
    spellings = _spellings(call.config.options.verification, identifier)
    for spelling in spellings:
        if in_database(call):
            await call.db.delete(Verification, identifier=spelling)
        else:
            await call.secondary.delete(_KEY + spelling)
    if in_database(call):
        await _forget_copies(call, spellings)


async def withdraw_verifications(call: Call, prefix: str, value: str) -> None:
    """Withdraw everything with this value whose identifier has a prefix.

    Hashed identifiers do not tell their prefix: everything with the value goes. A secondary
    storage cannot be searched: what stands there alone ends by its own time.
    """
    if not in_database(call):
        return
    example = prefix + "x"
    if stored_identifier(call.config.options.verification, example) == example:
        await call.db.delete(Verification, value=value, identifier=starts_with(prefix))
    else:
        await call.db.delete(Verification, value=value)


async def reserve_verification(
    call: Call, identifier: str, value: str, expires_at: datetime
) -> bool:
    """Claim an identifier; True for the one caller that was first (until the row is swept)."""
    spelling = stored_identifier(call.config.options.verification, identifier)
    if not in_database(call):
        # What is claimed may be good to its last instant, and so is the claim.
        ttl = max(1, math.ceil((expires_at - call.now).total_seconds()))
        return await call.secondary.increment(_KEY + spelling, ttl) == 1
    row: dict[str, object] = {"identifier": spelling, "value": value, "expires_at": expires_at}
    if call.config.tables.schema.ids == "text":
        with suppress(InvalidValue):  # as the reference does, which may be at it as well
            return await call.db.reserve(Verification, id=reservation_id(identifier), **row)
    # Databases of the reference on MySQL have no room for that, not for the reference either.
    return await call.db.reserve(Verification, id=_place_id(call, identifier), **row)


async def is_reserved(call: Call, identifier: str) -> bool:
    """Whether somebody claimed an identifier by `reserve_verification`."""
    spelling = stored_identifier(call.config.options.verification, identifier)
    if not in_database(call):
        return await call.secondary.get(_KEY + spelling) is not None
    return await call.db.find_one(Verification, identifier=spelling) is not None


def _values(call: Call, identifier: str, value: str, expires_at: datetime) -> dict[str, object]:
    spelling = stored_identifier(call.config.options.verification, identifier)
    return {"identifier": spelling, "value": value, "expires_at": expires_at}


def _place_id(call: Call, identifier: str) -> str:
    # A database of the reference may have room for 36 characters, as many as a UUID has.
    serial = call.config.tables.schema.ids == "serial"
    return reservation_number(identifier) if serial else reservation_uuid(identifier)


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


def in_database(call: Call) -> bool:
    """Whether verifications are rows of the database, and not only in the secondary storage."""
    return not call.config.has_secondary or call.config.options.verification.store_in_database


async def _forget_copies(call: Call, spellings: tuple[str, ...]) -> None:
    # A reference server that shares both keeps a copy there. The database decides all the same.
    if call.config.has_secondary:
        with suppress(StorageUnavailable):
            for spelling in spellings:
                await call.secondary.delete(_KEY + spelling)


async def _put(call: Call, made: Verification) -> None:
    text, ttl = _written(call, made)
    if ttl > 0:
        await call.secondary.set(_KEY + made.identifier, text, ttl)


async def _replace(call: Call, spelling: str, old: str | None, new: Verification | None) -> bool:
    text, ttl = (None, 0) if new is None else _written(call, new)
    return await call.secondary.replace(_KEY + spelling, old, text if ttl > 0 else None, ttl)


def _written(call: Call, one: Verification) -> tuple[str, int]:
    row = {name: item for name, item in call.db.full_row(one).items() if name != "id"}
    return encode(row).decode(), int((one.expires_at - call.now).total_seconds())


async def _first(
    call: Call, spellings: tuple[str, ...], read: Callable[[str], Awaitable[str | None]]
) -> Verification | None:
    for spelling in spellings:
        found = _read(call, await read(_KEY + spelling))
        if found is not None:
            return found
    return None


async def _entry(call: Call, spelling: str) -> tuple[str | None, Verification | None]:
    text = await call.secondary.get(_KEY + spelling)
    return text, _read(call, text)


def _read(call: Call, text: str | None) -> Verification | None:
    # The stored JSON has no id. What cannot be read is not there.
    try:
        fields = cast("dict[str, object]", msgspec.json.decode(text or "null"))
        return msgspec.convert({"id": "", **fields}, call.config.tables.of(Verification).record)
    except (msgspec.MsgspecError, TypeError):
        return None
