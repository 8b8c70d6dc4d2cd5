"""Sessions in a secondary storage, in the keys and the JSON that Better Auth uses.

`<token>` holds session and user, `active-sessions-<user id>` the user's tokens with their ends;
each ends with what it describes. A database row may be kept as well (spec: secondary storage).

An entry is only ever changed in one step with the look at it, so that a session that was revoked
meanwhile does not come back. Where rows are kept, and not just for the record, they stand in for
a storage that cannot be reached; ending a session needs both, and fails when one is missing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime
from typing import cast

import msgspec

from .call import Call
from .database.contract import StorageUnavailable
from .database.table import gt, ne
from .http.json import encode
from .records import Session, User
from .results import SessionAndUser
from .session_store import DatabaseSessions


class _Active(msgspec.Struct, frozen=True, rename="camel"):
    token: str
    expires_at: int


_ACTIVE = msgspec.json.Decoder(list[_Active])
_DATABASE = DatabaseSessions()
_ATTEMPTS = 100
"""Looks at a value that others keep changing; each of theirs is somebody's success."""


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
        try:
            await _list(call, session.user_id, add=session)
            await _put(call, session, user)
        except StorageUnavailable:
            if not _rows_stand_in(call):
                await _end_rows(call, token=session.token)
                raise
        return session

    async def load(self, call: Call, token: str) -> SessionAndUser[User] | None:
        """The session with this token and its user."""
        try:
            found = _entry(call, token, await call.secondary.get(token))
        except StorageUnavailable:
            if not _rows_stand_in(call):
                raise
            row = await _DATABASE.load(call, token)
            # Ending a session that is over would need the storage.
            return row if row is not None and row.session.expires_at > call.now else None
        if found is None and _rows_stand_in(call):
            return await _DATABASE.load(call, token)
        return found

    async def change(
        self, call: Call, found: Session, changes: Mapping[str, object]
    ) -> Session | None:
        """Change a session; None if it is gone."""
        for _ in range(_ATTEMPTS):
            text = await call.secondary.get(found.token)
            entry = _entry(call, found.token, text)
            if text is None or entry is None:
                rows = _rows_stand_in(call)
                return await _DATABASE.change(call, found, changes) if rows else None
            if call.config.session.store_in_database:
                session = await _DATABASE.change(call, found, changes)
            else:
                changed = {"updated_at": call.now, **changes}
                session = msgspec.structs.replace(entry.session, **changed)
            if session is None:
                return None
            if await _put(call, session, entry.user, old=text):
                await _list(call, session.user_id, add=session)
                return session
        raise _restless()

    async def renew(self, call: Call, found: Session, expires_at: datetime) -> Session | None:
        """Move the end of a session; None if it is gone."""
        try:
            return await self.change(call, found, {"expires_at": expires_at})
        except StorageUnavailable:
            if not _rows_stand_in(call):
                raise
            return await _DATABASE.renew(call, found, expires_at)

    async def of_user(self, call: Call, user_id: str) -> list[Session]:
        """The user's sessions that have not ended."""
        rows = await _DATABASE.of_user(call, user_id) if _rows_stand_in(call) else None
        try:
            found = await _listed(call, user_id)
        except StorageUnavailable:
            if rows is None:
                raise
            return rows
        known = {session.token for session in found}
        found += [row for row in rows or () if row.token not in known]
        return found

    async def tokens_of(self, call: Call, user_id: str) -> Collection[str]:
        """The tokens of all sessions of the user."""
        rows = await _DATABASE.tokens_of(call, user_id) if _rows_stand_in(call) else ()
        try:
            return {*rows, *(active.token for active in await _active(call, user_id))}
        except StorageUnavailable:
            if not _rows_stand_in(call):
                raise
            return rows

    async def remove(self, call: Call, token: str) -> None:
        """End the session with this token."""
        # A bearer token may be any text, also the key of a counter or of somebody's list: only
        # what is a session goes.
        entry = _entry(call, token, await call.secondary.get(token))
        if entry is not None:
            await call.secondary.delete(token)
        await _end_rows(call, token=token)
        if entry is not None:
            await _unlist(call, entry.session.user_id, {token})

    async def remove_own(self, call: Call, user_id: str, token: str) -> None:
        """End the session with this token if it is the user's."""
        entry = _entry(call, token, await call.secondary.get(token))
        if entry is None:
            await _end_rows(call, token=token, user_id=user_id)
        elif entry.user.id == user_id:
            await self.remove(call, token)

    async def remove_all(self, call: Call, user_id: str, *, keep: str | None = None) -> None:
        """End the user's sessions, but the one with the token `keep`."""
        tokens = {active.token for active in await _active(call, user_id)}
        if call.config.session.store_in_database:
            rows = await call.db.find_many(
                Session, limit=None, user_id=user_id, expires_at=gt(call.now)
            )
            tokens |= {row.token for row in rows}
        tokens -= {keep} if keep is not None else set()
        for token in tokens:
            await call.secondary.delete(token)
        await _end_rows(call, user_id=user_id, **({} if keep is None else {"token": ne(keep)}))
        await _unlist(call, user_id, tokens)

    async def user_changed(self, call: Call, user: User) -> None:
        """Put the user as he is now into all his sessions."""
        for active in await _active(call, user.id):
            await _put_user(call, active.token, user)


def _rows_stand_in(call: Call) -> bool:
    # Rows that are preserved are a record of what was, and never make anybody signed in.
    options = call.config.session
    return options.store_in_database and not options.preserve_in_database


async def _end_rows(call: Call, **filters: object) -> None:
    options = call.config.session
    if not options.store_in_database:
        return
    if not options.preserve_in_database:
        await call.db.delete(Session, **filters)
        return
    # One by one, as the hooks want it; each update ends one more.
    while await call.db.update(
        Session, {"expires_at": call.now}, expires_at=gt(call.now), **filters
    ):
        pass


async def _put(call: Call, session: Session, user: User, *, old: str | None = None) -> bool:
    """Store an entry; False if it was to take the place of one that is not there any more."""
    ttl = int((session.expires_at - call.now).total_seconds())
    value = {"session": call.db.full_row(session), "user": call.db.full_row(user)}
    text = encode(value).decode() if ttl > 0 else None
    return await call.secondary.replace(session.token, old, text, ttl)


async def _put_user(call: Call, token: str, user: User) -> None:
    for _ in range(_ATTEMPTS):
        text = await call.secondary.get(token)
        entry = _entry(call, token, text)
        if entry is None or await _put(call, entry.session, user, old=text):
            return
    raise _restless()


def _entry(call: Call, token: str, text: str | None) -> SessionAndUser[User] | None:
    if text is None:
        return None
    tables = call.config.tables
    try:
        raw: object = msgspec.json.decode(text)
        fields = cast("dict[str, dict[str, object]]", raw)
        found = SessionAndUser(
            session=msgspec.convert(fields["session"], tables.of(Session).record),
            user=msgspec.convert(fields["user"], tables.of(User).record),
        )
    except (msgspec.MsgspecError, KeyError, TypeError):
        return None
    return found if found.session.token == token else None


async def _active(call: Call, user_id: str) -> list[_Active]:
    return _decoded(await call.secondary.get(_list_key(user_id)))


def _decoded(text: str | None) -> list[_Active]:
    try:
        return [] if text is None else _ACTIVE.decode(text)
    except msgspec.MsgspecError:
        return []


async def _listed(call: Call, user_id: str) -> list[Session]:
    found: list[Session] = []
    for active in await _active(call, user_id):
        entry = _entry(call, active.token, await call.secondary.get(active.token))
        if entry is not None and entry.session.expires_at > call.now:
            found.append(entry.session)
    return found


async def _unlist(call: Call, user_id: str, tokens: set[str]) -> None:
    # A token that stays listed without an entry is skipped by every reader.
    with suppress(StorageUnavailable):
        await _list(call, user_id, drop=tokens)


async def _list(
    call: Call, user_id: str, *, add: Session | None = None, drop: set[str] | None = None
) -> None:
    key, now = _list_key(user_id), int(call.now.timestamp() * 1000)
    gone = (drop or set[str]()) | ({add.token} if add else set[str]())
    for _ in range(_ATTEMPTS):
        text = await call.secondary.get(key)
        kept = [a for a in _decoded(text) if a.expires_at > now and a.token not in gone]
        if add is not None:
            kept.append(_Active(add.token, int(add.expires_at.timestamp() * 1000)))
        kept.sort(key=lambda active: active.expires_at)
        ttl = (kept[-1].expires_at - now) // 1000 if kept else 0
        changed = encode(kept).decode() if ttl > 0 else None
        if await call.secondary.replace(key, text, changed, ttl):
            return
    raise _restless()


def _restless() -> StorageUnavailable:
    return StorageUnavailable("an entry of the secondary storage was changed all the time")


def _list_key(user_id: str) -> str:
    return f"active-sessions-{user_id}"
