"""People before a code: looking it up, letting the device in, or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from watchword.call import Call
from watchword.database.records import Record
from watchword.endpoint import get, post
from watchword.errors import APIError, ErrorCodes
from watchword.features.credentials import lock_user
from watchword.features.promises import bind, session_promise, stands
from watchword.plugin_base import Plugin
from watchword.records import User
from watchword.results import SessionAndUser, Success
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.asking import asker_of, is_vouched
from watchword.sessions.life import lent_by
from watchword.sessions.sessions import current_session

from .codes import found_by_user
from .records import Decision, StoredDeviceCode
from .wire import DecideUserCode, DeviceCodes, FoundUserCode, WhichUserCode


@dataclass(frozen=True, kw_only=True)
class DeviceApproval(Plugin):
    """What is kept, and what people do with it."""

    id: ClassVar[str] = "device-authorization"
    codes: ClassVar[type[ErrorCodes]] = DeviceCodes
    records: ClassVar[tuple[type[Record], ...]] = (StoredDeviceCode,)

    @get("/device")
    async def device_verify(self, call: Call, query: WhichUserCode) -> FoundUserCode:
        """How it stands about a code. Whoever is signed in and first to ask claims it: nobody else
        lets the device in. Raises `invalid_request` and `expired_token`."""
        found = await _found(call, query.user_code)
        asking = await _signed_in(call)
        if asking is not None and found.status == "pending" and found.user_id is None:
            found = await _claimed(call, found, asking.user)
        told = FoundUserCode(user_code=query.user_code, status=found.status)
        if asking is None or found.user_id != asking.user.id:
            return told
        return FoundUserCode(
            user_code=told.user_code,
            status=told.status,
            client_id=found.client_id,
            scope=found.scope,
        )

    @post("/device/approve")
    async def device_approve(self, call: Call, body: DecideUserCode) -> Success:
        """Let the device in whose code one claimed. Raises `unauthorized` (401), `access_denied`
        (403) for somebody else's, `expired_token` and `invalid_request`."""
        return await _decide(call, body.user_code, "approved")

    @post("/device/deny")
    async def device_deny(self, call: Call, body: DecideUserCode) -> Success:
        """Do not. Raises the same."""
        return await _decide(call, body.user_code, "denied")


async def _found(call: Call, typed: str) -> StoredDeviceCode:
    found = await found_by_user(call, typed)
    if found is None:
        raise DeviceCodes.UNKNOWN_USER_CODE()
    if found.expires_at <= call.now:
        raise DeviceCodes.EXPIRED_TOKEN()
    return found


async def _signed_in(call: Call) -> SessionAndUser[User] | None:
    """Who is signed in, by the store's word. What is no session of its own, such as an API key, or
    is in the hands of somebody else, claims and decides nothing."""
    await asker_of(call)
    try:
        found = await current_session(call, from_store=True)
    except APIError:
        return None
    if found is None or is_vouched(call, found.session) or lent_by(call, found.session):
        return None
    return found


async def _claimed(call: Call, found: StoredDeviceCode, user: User) -> StoredDeviceCode:
    changes = {"user_id": user.id}
    claimed = await call.db.update(
        StoredDeviceCode, changes, id=found.id, status="pending", user_id=None
    )
    if claimed is None:
        # Somebody else was first; it stands as they left it.
        claimed = await call.db.find_one(StoredDeviceCode, id=found.id)
    if claimed is None:
        raise DeviceCodes.UNKNOWN_USER_CODE()
    return claimed


async def _decide(call: Call, typed: str, decision: Decision) -> Success:
    asking = await _signed_in(call)
    if asking is None:
        raise DeviceCodes.SIGN_IN_FIRST()
    found = await _found(call, typed)
    if found.status != "pending":
        raise DeviceCodes.ALREADY_DECIDED()
    if found.user_id is None:
        raise DeviceCodes.NOT_LOOKED_UP()
    if found.user_id != asking.user.id:
        raise DeviceCodes.NOT_YOURS()
    promise = await session_promise(call)
    async with call.db.transaction():
        user = await lock_user(call, asking.user.id)
        if user is None or not await stands(call, user, promise):
            raise DeviceCodes.SIGN_IN_FIRST()
        decided = await call.db.update(
            StoredDeviceCode, {"status": decision}, id=found.id, status="pending", user_id=user.id
        )
        if decided is None:
            raise DeviceCodes.ALREADY_DECIDED()
        if decision == "approved":
            # In the same transaction: of several sessions the one that decided is noted.
            await bind(call, approval_of(decided), promise, decided.expires_at)
    return Success()


def approval_of(code: StoredDeviceCode) -> str:
    """Under which identifier it is noted who let a device in, and in which session."""
    return f"device-authorization:{code.device_code}"


class DeviceApprovalAPI(ServerAPI[M, U]):
    """Functions in `auth.api` for people before a code."""

    device_verify: EndpointCall[M, WhichUserCode, FoundUserCode]
    """How it stands about a code. Whoever is signed in and first to ask claims it: nobody else
    lets the device in. Raises `invalid_request` and `expired_token`."""
    device_approve: EndpointCall[M, DecideUserCode, Success]
    """Let the device in whose code one claimed. Raises `unauthorized` (401), `access_denied`
    (403) for somebody else's, `expired_token` and `invalid_request`."""
    device_deny: EndpointCall[M, DecideUserCode, Success]
    """Do not. Raises the same."""
