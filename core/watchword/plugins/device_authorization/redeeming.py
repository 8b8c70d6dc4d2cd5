"""A device that polls: from its code to a session, for one caller (RFC 8628, 3.4 and 3.5)."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from watchword.call import Call
from watchword.database.table import lte
from watchword.discreet import Discreet
from watchword.features.promises import (
    Bound,
    Void,
    asking_session,
    begin_session,
    bound_to,
    release,
    stands,
    stands_unbound,
)
from watchword.records import Session, User

from .approving import approval_of
from .codes import found_by_device
from .records import StoredDeviceCode
from .wire import DeviceCodes, RedeemDeviceCode


class Redeemed(Discreet, msgspec.Struct, frozen=True):
    """What a poll ended with."""

    session: Session
    scope: str


async def redeem(call: Call, body: RedeemDeviceCode, *, interval: int, life: int) -> Redeemed:
    """The session of an approved code, which is used up.

    `interval` is in milliseconds, and counts where the row has none; `life` is a code's, in
    seconds. Raises what RFC 8628 names.
    """
    found = await _polled(call, body, interval)
    if found.expires_at <= call.now:
        await call.db.delete(StoredDeviceCode, id=found.id)
        raise DeviceCodes.EXPIRED_TOKEN()
    if found.status == "pending":
        raise DeviceCodes.AUTHORIZATION_PENDING()
    bound = await bound_to(call, approval_of(found))
    taken = await call.db.take(
        StoredDeviceCode, id=found.id, client_id=body.client_id, status=found.status
    )
    if taken is None:
        raise DeviceCodes.INVALID_DEVICE_CODE()
    await release(call, bound)
    if taken.status != "approved" or taken.user_id is None:
        raise DeviceCodes.ACCESS_DENIED()
    made_at = taken.expires_at - timedelta(seconds=life)
    session = await _session(call, taken.user_id, bound, made_at)
    return Redeemed(session, taken.scope or "")


async def _polled(call: Call, body: RedeemDeviceCode, interval: int) -> StoredDeviceCode:
    """The row, for a poll in time: of several at once one is. Raises INVALID_DEVICE_CODE, and
    SLOW_DOWN, which does not count as a poll."""
    found = await found_by_device(call, body.device_code)
    if found is None or found.client_id != body.client_id:
        raise DeviceCodes.INVALID_DEVICE_CODE()
    pause = timedelta(milliseconds=found.polling_interval or interval)
    earlier = None if found.last_polled_at is None else lte(call.now - pause)
    polled = await call.db.update(
        StoredDeviceCode, {"last_polled_at": call.now}, id=found.id, last_polled_at=earlier
    )
    if polled is not None:
        return polled
    if await call.db.find_one(StoredDeviceCode, id=found.id) is None:
        raise DeviceCodes.INVALID_DEVICE_CODE()
    raise DeviceCodes.SLOW_DOWN()


async def _session(call: Call, user_id: str, bound: Bound | None, made_at: datetime) -> Session:
    """A session made from the one that let the device in: whoever polls proved nothing.

    Of what a server of the reference approved that one is not known; it is held against the moment
    at which the code was made. Raises ACCESS_DENIED where that does not stand any more.
    """
    call.subject = user_id
    user = await call.db.find_one(User, id=user_id)
    promise = None if bound is None else bound.promise
    source = None if promise is None else await asking_session(call, user_id, promise)
    if user is None or (promise is not None and source is None):
        raise DeviceCodes.ACCESS_DENIED()

    async def allowed(there: User) -> bool:
        if promise is not None:
            return await stands(call, there, promise)
        return await stands_unbound(call, there, made_at, by_session=True)

    try:
        session = await begin_session(call, user, allowed, inherits=source)
    except Void:
        raise DeviceCodes.ACCESS_DENIED() from None
    if session is None:
        raise DeviceCodes.ACCESS_DENIED()
    return session
