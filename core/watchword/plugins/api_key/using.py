"""Using a key: whether it is good, and what the use costs it (spec: plugin api-key, verify).

The order: known, of the right configuration, switched on, in time, its owner there, allowed what
is asked, then uses that are left and the rate limit, both in one step. What is refused costs
nothing.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from watchword.call import Call
from watchword.crypto.signing import hash_identifier
from watchword.database.contract import StorageUnavailable
from watchword.database.table import gt, gte, lt, lte
from watchword.features.access_control import authorize

from .options import ApiKeyConfig
from .records import StoredApiKey
from .stores import Held, KeyStore, Use
from .wire import ApiKeyCodes, rights_of

_ATTEMPTS = 200
"""Looks at a key that others keep changing."""


def stored_form(config: ApiKeyConfig, key: str) -> str:
    """What is stored of a key."""
    return key if config.disable_key_hashing else hash_identifier(key)


def allows(row: StoredApiKey, wanted: dict[str, list[str]] | None) -> bool:
    """Whether a key allows all that is asked for."""
    if wanted is None:
        return True
    return authorize(rights_of(row) or {}, wanted).success


async def check_standing(call: Call, store: KeyStore, held: Held) -> None:
    """Refuse a key that is switched off, or too old: that one is deleted.

    Raises KEY_DISABLED, KEY_EXPIRED.
    """
    row = held.row
    if row.enabled is False:
        raise ApiKeyCodes.KEY_DISABLED()
    if row.expires_at is not None and row.expires_at < call.now:
        await store.remove(call, held, expires_at=lt(call.now))
        raise ApiKeyCodes.KEY_EXPIRED()


async def use_key(call: Call, config: ApiKeyConfig, store: KeyStore, held: Held) -> StoredApiKey:
    """Count one use of a key; the key as it is now.

    Raises USAGE_EXCEEDED, RATE_LIMITED, INVALID_API_KEY for one that was deleted meanwhile, and
    what `check_standing` does.
    """
    found: Held | None = held
    for _ in range(_ATTEMPTS):
        if found is None:
            raise ApiKeyCodes.INVALID_API_KEY()
        row = found.row
        if _is_used_up(row):
            await store.remove(call, found, remaining=lte(0), refill_amount=None)
            raise ApiKeyCodes.USAGE_EXCEEDED()
        use = _use_of(row, config, call.now)
        if config.defer_updates and not use.counts:
            call.background(_note(call, store, found, use))
            return row
        used = await store.use(call, found, use)
        if used is not None:
            return used
        found = await store.by_hash(call, row.key)
        if found is not None:
            await check_standing(call, store, found)
    raise StorageUnavailable("a key was changed by others all the time")


async def _note(call: Call, store: KeyStore, held: Held, use: Use) -> None:
    await store.use(call, held, use)


def _is_used_up(row: StoredApiKey) -> bool:
    return row.remaining is not None and row.remaining <= 0 and not row.refill_amount


def _use_of(row: StoredApiKey, config: ApiKeyConfig, now: datetime) -> Use:
    """What a use does. Each guard is what was concluded from a field, and not the field itself:
    uses at the same moment do not get in each other's way.

    Raises USAGE_EXCEEDED, RATE_LIMITED.
    """
    amounts: dict[str, int] = {}
    changes: dict[str, object] = {"last_request": now, "updated_at": now}
    guards: dict[str, object] = {}
    if row.remaining is None:
        guards["remaining"] = None
    elif _refill_is_due(row, now):
        changes.update(remaining=(row.refill_amount or 0) - 1, last_refill_at=now)
        guards["last_refill_at"] = _before(row.last_refill_at, row.refill_interval or 0, now)
        guards["refill_amount"] = row.refill_amount
    elif row.remaining <= 0:
        raise ApiKeyCodes.USAGE_EXCEEDED()
    else:
        amounts["remaining"] = -1
        guards["remaining"] = gt(0)
    if config.rate_limit.enabled and row.rate_limit_enabled is not False:
        _count_request(row, now, amounts, changes, guards)
    return Use(amounts, changes, guards)


def _refill_is_due(row: StoredApiKey, now: datetime) -> bool:
    if not row.refill_amount or not row.refill_interval:
        return False
    return now - (row.last_refill_at or row.created_at) > _ms(row.refill_interval)


def _before(last: datetime | None, interval: int, now: datetime) -> object:
    return None if last is None else lt(now - _ms(interval))


def _count_request(
    row: StoredApiKey,
    now: datetime,
    amounts: dict[str, int],
    changes: dict[str, object],
    guards: dict[str, object],
) -> None:
    most, window = row.rate_limit_max, row.rate_limit_time_window
    if most is None or window is None:
        return
    last, count = row.last_request, row.request_count
    if last is None or count is None or now - last > _ms(window):
        if most < 1:
            raise _rate_limited(window)
        changes["request_count"] = 1
        if count is None:
            guards["request_count"] = None
        else:
            guards["last_request"] = _before(last, window, now)
        return
    if count >= most:
        raise _rate_limited(window - math.floor((now - last).total_seconds() * 1000))
    amounts["request_count"] = 1
    guards["request_count"] = lt(most)
    guards["last_request"] = gte(now - _ms(window))


def _rate_limited(wait: int) -> Exception:
    # In milliseconds; a clock of another server may be ahead of this one.
    return ApiKeyCodes.RATE_LIMITED(extra={"details": {"tryAgainIn": max(wait, 1)}})


def _ms(interval: int) -> timedelta:
    return timedelta(milliseconds=interval)
