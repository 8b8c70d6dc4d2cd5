"""A user's own passkeys: seeing, renaming and deleting them (security K2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import msgspec

from watchword.call import Call
from watchword.database.records import Record
from watchword.endpoint import get, post
from watchword.errors import APIError, ErrorCodes
from watchword.observability.security_log import Event, record
from watchword.pipeline.validation import invalid
from watchword.plugin_base import Plugin
from watchword.records import User
from watchword.results import Status
from watchword.server_api import EndpointCall, M, ServerAPI, U

from .records import StoredPasskey
from .wire import Descriptor, PasskeyCodes, RenamedPasskey, RenamePasskey, WhichPasskey


@dataclass(frozen=True, kw_only=True)
class OwnPasskeys(Plugin):
    """What is kept, and what its owner does with it."""

    id: ClassVar[str] = "passkey"
    codes: ClassVar[type[ErrorCodes]] = PasskeyCodes
    records: ClassVar[tuple[type[Record], ...]] = (StoredPasskey,)

    async def end_ways_in(self, call: Call, user: User) -> None:
        """With a passkey a stranger would have stayed in the account."""
        await call.db.delete(StoredPasskey, user_id=user.id)

    async def lets_in(self, call: Call, user: User) -> bool:
        """With a passkey."""
        return await call.db.count(StoredPasskey, user_id=user.id) > 0

    @get("/passkey/list-user-passkeys", requires="session")
    async def list_passkeys(self, call: Call) -> list[StoredPasskey]:
        """The passkeys of who is signed in."""
        return await call.db.find_many(StoredPasskey, user_id=call.session.user.id)

    @post("/passkey/delete-passkey", requires="sensitive")
    async def delete_passkey(self, call: Call, body: WhichPasskey) -> Status:
        """Delete a passkey: nobody signs in with it any more. Raises PASSKEY_NOT_FOUND, and 401
        without a code for somebody else's."""
        owner = call.session.user.id
        if not await call.db.delete(StoredPasskey, id=body.id, user_id=owner):
            if await call.db.find_one(StoredPasskey, id=body.id) is None:
                raise PasskeyCodes.PASSKEY_NOT_FOUND()
            raise APIError(401)
        await record(call, Event.PASSKEY_REMOVED, owner)
        return Status()

    @post("/passkey/update-passkey", requires="sensitive")
    async def update_passkey(self, call: Call, body: RenamePasskey) -> RenamedPasskey:
        """Rename a passkey. Raises PASSKEY_NOT_FOUND, FAILED_TO_UPDATE_PASSKEY, and for somebody
        else's YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY."""
        name = body.name.strip()
        if not name:
            raise invalid([("body.name", "This is too short")])
        owner = call.session.user.id
        renamed = await call.db.update(StoredPasskey, {"name": name}, id=body.id, user_id=owner)
        if renamed is None:
            there = await call.db.find_one(StoredPasskey, id=body.id)
            if there is None:
                raise PasskeyCodes.PASSKEY_NOT_FOUND()
            if there.user_id != owner:
                raise PasskeyCodes.YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY()
            raise PasskeyCodes.FAILED_TO_UPDATE_PASSKEY()
        return RenamedPasskey(renamed)


async def known_passkeys(call: Call, user_id: str) -> list[Descriptor]:
    """The user's passkeys, as browsers want to know of them."""
    return [
        Descriptor(
            one.credential_id,
            msgspec.UNSET if one.transports is None else one.transports.split(","),
        )
        for one in await call.db.find_many(StoredPasskey, user_id=user_id)
    ]


class OwnPasskeysAPI(ServerAPI[M, U]):
    """Functions in `auth.api` about one's own passkeys."""

    list_passkeys: EndpointCall[M, None, list[StoredPasskey]]
    """The passkeys of who is signed in."""
    delete_passkey: EndpointCall[M, WhichPasskey, Status]
    """Delete a passkey: nobody signs in with it any more. Raises PASSKEY_NOT_FOUND, and 401
    without a code for somebody else's."""
    update_passkey: EndpointCall[M, RenamePasskey, RenamedPasskey]
    """Rename a passkey. Raises PASSKEY_NOT_FOUND, FAILED_TO_UPDATE_PASSKEY, and for somebody
    else's YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY."""
