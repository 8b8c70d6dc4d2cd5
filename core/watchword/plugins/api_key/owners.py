"""Who has keys, and who may do something to them.

Rights are asked for while the one who asks is held, with the session still standing: nobody makes a
key in a session that was ended meanwhile, or of an organization that he was just removed from.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, cast

from watchword.call import Call
from watchword.features.promises import Promise, session_promise, stands
from watchword.features.standing import is_kept_out
from watchword.records import User
from watchword.sessions.sessions import current_session

from .options import ApiKeyConfig
from .records import StoredApiKey
from .wire import ApiKeyCodes

Action: TypeAlias = Literal["create", "read", "update", "delete"]
RESOURCE = "apiKey"
"""What roles of organizations call their keys."""


class Membership(Protocol):
    """What is asked of the plugin `organization`."""

    async def member_of(self, call: Call, organization_id: str, user_id: str) -> Member | None: ...

    async def permits(self, call: Call, member: Member, request: Mapping[str, object]) -> bool: ...

    def is_creator(self, role: str | None) -> bool: ...


class Member(Protocol):
    """Somebody in an organization."""

    role: str


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose word something is done to keys."""

    user_id: str
    promise: Promise | None
    """None: the server acts by itself."""


async def asker_with_session(call: Call) -> Asker:
    """Whose session it is, by the word of the store. Raises UNAUTHORIZED_SESSION."""
    found = await current_session(call, from_store=True)
    if found is None:
        raise ApiKeyCodes.UNAUTHORIZED_SESSION()
    return Asker(found.user.id, await session_promise(call))


@asynccontextmanager
async def acting(call: Call, asker: Asker) -> AsyncGenerator[User]:
    """Hold who asks while something is done to a key.

    Raises UNAUTHORIZED_SESSION where the session, or the user, is gone, and USER_BANNED.
    """
    async with call.db.transaction():
        user = await call.db.find_one(User, id=asker.user_id)
        if user is None or not (asker.promise is None or await stands(call, user, asker.promise)):
            raise ApiKeyCodes.UNAUTHORIZED_SESSION()
        if await is_kept_out(call, user):
            raise ApiKeyCodes.USER_BANNED()
        yield user


async def check_owner(
    call: Call, config: ApiKeyConfig, row: StoredApiKey, user_id: str, action: Action
) -> None:
    """Let only those do something to a key who may. Raises KEY_NOT_FOUND, and what
    `check_member` does."""
    if config.references == "organization":
        await check_member(call, row.reference_id, user_id, action)
    elif row.reference_id != user_id:
        raise ApiKeyCodes.KEY_NOT_FOUND()


async def check_member(call: Call, organization_id: str, user_id: str, action: Action) -> None:
    """Let only those do something to an organization's keys who may.

    Who has the creator's role may everything; others need a role that says so. Raises
    USER_NOT_MEMBER_OF_ORGANIZATION, INSUFFICIENT_API_KEY_PERMISSIONS.
    """
    membership = _membership(call)
    member = await membership.member_of(call, organization_id, user_id)
    if member is None:
        raise ApiKeyCodes.USER_NOT_MEMBER_OF_ORGANIZATION()
    if membership.is_creator(member.role):
        return
    if not await membership.permits(call, member, {RESOURCE: [action]}):
        raise ApiKeyCodes.INSUFFICIENT_API_KEY_PERMISSIONS()


def _membership(call: Call) -> Membership:
    found = next(one for one in call.config.plugins.values() if one.id == "organization")
    return cast("Membership", cast("object", found))
