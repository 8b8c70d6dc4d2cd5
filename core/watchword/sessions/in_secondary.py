"""Sessions in a secondary storage, in the keys and the JSON that Better Auth uses.

`<token>` holds session and user, `active-sessions-<user id>` the user's tokens with their ends;
each ends with what it describes. A database row may be kept as well (spec: secondary storage).

An entry is only ever changed in one step with the look at it, so that a session that was revoked
meanwhile does not come back; against writers that are less careful there are `revocation_marks`. A
copy is not renewed from itself: with each renewal the user comes from the database.

Where rows are kept, and not just for the record, they stand in for a storage that cannot be
reached; ending a session needs both, and fails when one is missing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

import msgspec

from watchword.call import Call
from watchword.database.contract import StorageUnavailable
from watchword.database.hidden import replaced
from watchword.database.table import gt, ne
from watchword.discreet import Discreet
from watchword.http.json import encode
from watchword.records import Session, User
from watchword.results import SessionAndUser

from .in_database import DatabaseSessions
from .revocation_marks import ATTEMPTS, ended_before, is_ended, mark_all_ended, restless


class _Active(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    token: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class _Entry:
    session: Session
    user: User
    session_is_whole: bool
    user_is_whole: bool


_ACTIVE = msgspec.json.Decoder(list[_Active])
_FIELDS = msgspec.json.Decoder(dict[str, dict[str, object]])
_DATABASE = DatabaseSessions()
_MOST_LISTED = 100


class SecondarySessions:
    """Sessions as entries of the secondary storage."""

    async def insert(self, call: Call, values: Mapping[str, object]) -> Session | None:
        """Store a new session; None if a hook refused it, or the user was deleted meanwhile."""
        if call.config.options.session.store_in_database:
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
            found = await _live(call, token, await call.secondary.get(token))
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
        for _ in range(ATTEMPTS):
            text = await call.secondary.get(found.token)
            entry = await _live(call, found.token, text)
            if text is None or entry is None:
                rows = _rows_stand_in(call)
                return await _DATABASE.change(call, found, changes) if rows else None
            user = await _user_now(call, entry.user)
            if user is None:
                await self.remove(call, found.token)
                return None
            if call.config.options.session.store_in_database:
                session = await _DATABASE.change(call, found, changes)
            else:
                changed = {"updated_at": call.now, **changes}
                session = replaced(entry.session, **changed)
            if session is None:
                return None
            if await _put(call, session, user, old=text):
                await _list(call, session.user_id, add=session)
                return session
        raise restless()

    async def renew(
        self, call: Call, found: SessionAndUser[User], expires_at: datetime
    ) -> SessionAndUser[User] | None:
        """Move the end of a session; None if it is gone."""
        try:
            session = await self.change(call, found.session, {"expires_at": expires_at})
            return None if session is None else await self.load(call, session.token)
        except StorageUnavailable:
            if not _rows_stand_in(call):
                raise
            return await _DATABASE.renew(call, found, expires_at)

    async def of_user(self, call: Call, user_id: str) -> list[Session]:
        """The user's sessions that have not ended, newest first, a hundred at most."""
        if call.config.options.session.store_in_database:
            return await _DATABASE.of_user(call, user_id)
        return await _listed(call, user_id)

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
        if keep is None:
            await mark_all_ended(call, user_id)
        tokens = {active.token for active in await _active(call, user_id)}
        if call.config.options.session.store_in_database:
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
    options = call.config.options.session
    return options.store_in_database and not options.preserve_in_database


async def _end_rows(call: Call, **filters: object) -> None:
    options = call.config.options.session
    if not options.store_in_database:
        return
    if not options.preserve_in_database:
        await call.db.delete(Session, everything=False, **filters)
        return
    await call.db.retire(Session, {"expires_at": call.now}, expires_at=gt(call.now), **filters)


async def _put(call: Call, session: Session, user: User, *, old: str | None = None) -> bool:
    """Store an entry; False if it was to take the place of one that is not there any more."""
    ttl = int((session.expires_at - call.now).total_seconds())
    value = {"session": call.db.full_row(session), "user": call.db.full_row(user)}
    text = encode(value).decode() if ttl > 0 else None
    return await call.secondary.replace(session.token, old, text, ttl)


async def _put_user(call: Call, token: str, user: User) -> None:
    for _ in range(ATTEMPTS):
        text = await call.secondary.get(token)
        entry = await _live(call, token, text)
        if entry is None:
            return
        # Of two who change a user at once the slower one must not put the older row there last.
        there = await _user_now(call, user)
        if there is None or await _put(call, entry.session, there, old=text):
            return
    raise restless()


async def _live(call: Call, token: str, text: str | None) -> SessionAndUser[User] | None:
    """The entry, unless it is older than the end of all sessions of its user.

    What it does not hold (it is of before a field existed, or another server left hidden fields
    out) comes from the database: a default must not be taken for a value.
    """
    entry = _entry(call, token, text)
    if entry is None:
        return None
    session: Session | None = entry.session
    user: User | None = entry.user
    if is_ended(session, await ended_before(call, session.user_id)):
        return None
    if not entry.user_is_whole:
        user = await _user_now(call, user)
    if not entry.session_is_whole and call.config.options.session.store_in_database:
        session = await call.db.find_one(Session, token=token)
    return None if session is None or user is None else SessionAndUser(session=session, user=user)


def _entry(call: Call, token: str, text: str | None) -> _Entry | None:
    if text is None:
        return None
    sessions, users = call.config.tables.of(Session), call.config.tables.of(User)
    try:
        fields = _FIELDS.decode(text)
        session = msgspec.convert(fields["session"], sessions.record)
        user = msgspec.convert(fields["user"], users.record)
    except (msgspec.MsgspecError, KeyError):
        return None
    if session.token != token:
        return None
    return _Entry(
        session,
        user,
        session_is_whole=sessions.all_defaults.issubset(fields["session"]),
        user_is_whole=users.all_defaults.issubset(fields["user"]),
    )


async def _user_now(call: Call, user: User) -> User | None:
    # Without a database the rows are in the memory of some process, and the copy is what there is.
    return await call.db.find_one(User, id=user.id) if call.config.has_database else user


async def _active(call: Call, user_id: str) -> list[_Active]:
    return _decoded(await call.secondary.get(_list_key(user_id)))


def _decoded(text: str | None) -> list[_Active]:
    try:
        return [] if text is None else _ACTIVE.decode(text)
    except msgspec.MsgspecError:
        return []


async def _listed(call: Call, user_id: str) -> list[Session]:
    found: list[Session] = []
    mark = await ended_before(call, user_id)
    # What ends last was used last: with too many of them, those are the ones that matter.
    for active in reversed(await _active(call, user_id)):
        entry = _entry(call, active.token, await call.secondary.get(active.token))
        if entry is None or is_ended(entry.session, mark) or entry.session.expires_at <= call.now:
            continue
        found.append(entry.session)
        if len(found) == _MOST_LISTED:
            break
    return sorted(found, key=attrgetter("created_at"), reverse=True)


async def _unlist(call: Call, user_id: str, tokens: set[str]) -> None:
    # A token that stays listed without an entry is skipped by every reader.
    with suppress(StorageUnavailable):
        await _list(call, user_id, drop=tokens)


async def _list(
    call: Call, user_id: str, *, add: Session | None = None, drop: set[str] | None = None
) -> None:
    key, now = _list_key(user_id), int(call.now.timestamp() * 1000)
    gone = (drop or set[str]()) | ({add.token} if add else set[str]())
    for _ in range(ATTEMPTS):
        text = await call.secondary.get(key)
        kept = [a for a in _decoded(text) if a.expires_at > now and a.token not in gone]
        if add is not None:
            kept.append(_Active(add.token, int(add.expires_at.timestamp() * 1000)))
        kept.sort(key=lambda active: active.expires_at)
        ttl = (kept[-1].expires_at - now) // 1000 if kept else 0
        changed = encode(kept).decode() if ttl > 0 else None
        if await call.secondary.replace(key, text, changed, ttl):
            return
    raise restless()


def _list_key(user_id: str) -> str:
    return f"active-sessions-{user_id}"
