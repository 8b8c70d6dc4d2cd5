"""Sessions in a secondary storage, in the keys and the JSON that Better Auth uses.

`<token>` holds session and user, `active-sessions-<user id>` the user's tokens with their ends;
each ends with what it describes. A database row may be kept as well (spec: secondary storage).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import cast

import msgspec

from .call import Call
from .http.json import encode
from .records import Session, User
from .results import SessionAndUser
from .session_store import DatabaseSessions


class _Active(msgspec.Struct, frozen=True, rename="camel"):
    token: str
    expires_at: int


_ACTIVE = msgspec.json.Decoder(list[_Active])
_DATABASE = DatabaseSessions()


class SecondarySessions:
    """Sessions as entries of the secondary storage."""

    async def insert(self, call: Call, values: Mapping[str, object]) -> Session | None:
        """Store a new session; None if a hook refused it, or the user was deleted meanwhile."""
        if call.config.session.store_in_database:
            session = await _DATABASE.insert(call, values)
        else:
            session = await call.db.make(Session, **values)
        user = None if session is None else await call.db.find_one(User, id=session.user_id)
        if session is None or user is None:
            return None
        await _list(call, session.user_id, add=session)
        await _put(call, session, user)
        return session

    async def load(self, call: Call, token: str) -> SessionAndUser[User] | None:
        """The session with this token and its user."""
        found = _entry(call, await call.secondary.get(token))
        options = call.config.session
        if found is None and options.store_in_database and not options.preserve_in_database:
            return await _DATABASE.load(call, token)
        return found

    async def change(
        self, call: Call, found: Session, changes: Mapping[str, object]
    ) -> Session | None:
        """Change a session; None if it is gone."""
        entry = _entry(call, await call.secondary.get(found.token))
        if entry is None:
            return None
        if call.config.session.store_in_database:
            session = await _DATABASE.change(call, found, changes)
        else:
            changed = {"updated_at": call.now, **changes}
            session = msgspec.structs.replace(entry.session, **changed)
        if session is not None:
            await _list(call, session.user_id, add=session)
            await _put(call, session, entry.user)
        return session

    async def renew(self, call: Call, found: Session, expires_at: datetime) -> Session | None:
        """Move the end of a session; None if it is gone."""
        return await self.change(call, found, {"expires_at": expires_at})

    async def of_user(self, call: Call, user_id: str) -> list[Session]:
        """The user's sessions that have not ended."""
        found: list[Session] = []
        for active in await _active(call, user_id):
            entry = _entry(call, await call.secondary.get(active.token))
            if entry is not None and entry.session.expires_at > call.now:
                found.append(entry.session)
        return found

    async def remove(self, call: Call, token: str) -> None:
        """End the session with this token."""
        entry = _entry(call, await call.secondary.get_and_delete(token))
        if entry is not None:
            await _list(call, entry.session.user_id, drop={token})
        await _end_rows(call, token=token)

    async def remove_own(self, call: Call, user_id: str, token: str) -> None:
        """End the session with this token if it is the user's."""
        entry = _entry(call, await call.secondary.get(token))
        if entry is not None and entry.user.id == user_id:
            await self.remove(call, token)

    async def remove_all(self, call: Call, user_id: str, *, keep: str | None = None) -> None:
        """End the user's sessions, but the one with the token `keep`."""
        tokens = {one.token for one in await _active(call, user_id) if one.token != keep}
        for token in tokens:
            await call.secondary.delete(token)
            await _end_rows(call, token=token)
        await _list(call, user_id, drop=tokens)

    async def user_changed(self, call: Call, user: User) -> None:
        """Put the user as he is now into all his sessions."""
        for session in await self.of_user(call, user.id):
            await _put(call, session, user)


async def _end_rows(call: Call, **filters: object) -> None:
    options = call.config.session
    if not options.store_in_database:
        return
    if options.preserve_in_database:
        await call.db.update(Session, {"expires_at": call.now}, **filters)
    else:
        await call.db.delete(Session, **filters)


async def _put(call: Call, session: Session, user: User) -> None:
    ttl = int((session.expires_at - call.now).total_seconds())
    if ttl > 0:
        value = {"session": call.db.full_row(session), "user": call.db.full_row(user)}
        await call.secondary.set(session.token, encode(value).decode(), ttl)


def _entry(call: Call, text: str | None) -> SessionAndUser[User] | None:
    if text is None:
        return None
    tables = call.config.tables
    try:
        raw: object = msgspec.json.decode(text)
        fields = cast("dict[str, dict[str, object]]", raw)
        return SessionAndUser(
            session=msgspec.convert(fields["session"], tables.of(Session).record),
            user=msgspec.convert(fields["user"], tables.of(User).record),
        )
    except (msgspec.MsgspecError, KeyError, TypeError):
        return None


async def _active(call: Call, user_id: str) -> list[_Active]:
    text = await call.secondary.get(_list_key(user_id))
    try:
        return [] if text is None else _ACTIVE.decode(text)
    except msgspec.MsgspecError:
        return []


async def _list(
    call: Call, user_id: str, *, add: Session | None = None, drop: set[str] | None = None
) -> None:
    now = int(call.now.timestamp() * 1000)
    gone = (drop or set[str]()) | ({add.token} if add else set[str]())
    kept = [a for a in await _active(call, user_id) if a.expires_at > now and a.token not in gone]
    if add is not None:
        kept.append(_Active(add.token, int(add.expires_at.timestamp() * 1000)))
    kept.sort(key=lambda active: active.expires_at)
    ttl = (kept[-1].expires_at - now) // 1000 if kept else 0
    if ttl > 0:
        await call.secondary.set(_list_key(user_id), encode(kept).decode(), ttl)
    else:
        await call.secondary.delete(_list_key(user_id))


def _list_key(user_id: str) -> str:
    return f"active-sessions-{user_id}"
