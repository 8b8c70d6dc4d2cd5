"""Where sessions are kept. This one: in the database, one row a session."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from watchword.call import Call
from watchword.database.contract import ReferenceViolation, Sort
from watchword.database.table import gt, ne
from watchword.records import Session, User
from watchword.results import SessionAndUser

_NEWEST_FIRST = Sort("createdAt", descending=True)


class DatabaseSessions:
    """Sessions as rows of the `session` table."""

    async def insert(self, call: Call, values: Mapping[str, object]) -> Session | None:
        """Store a new session; None if a hook refused it, or the user was deleted meanwhile."""
        try:
            return await call.db.create(Session, **values)
        except ReferenceViolation:
            return None

    async def load(self, call: Call, token: str) -> SessionAndUser[User] | None:
        """The session with this token and its user, expired or not. One indexed query."""
        found = await call.db.find_joined(Session, User, via="user_id", token=token)
        return None if found is None else SessionAndUser(session=found[0], user=found[1])

    async def change(
        self, call: Call, found: Session, changes: Mapping[str, object]
    ) -> Session | None:
        """Change a session; None if it is gone.

        An id alone does not name it: an API key in the place of a session may have the same number.
        """
        return await call.db.update(Session, changes, id=found.id, token=found.token)

    async def renew(
        self, call: Call, found: SessionAndUser[User], expires_at: datetime
    ) -> SessionAndUser[User] | None:
        """Move the end of a session; None if another call did so first, or ended it."""
        known, changes = found.session, {"expires_at": expires_at}
        session = await call.db.update(
            Session, changes, id=known.id, token=known.token, updated_at=known.updated_at
        )
        return None if session is None else SessionAndUser(session=session, user=found.user)

    async def of_user(self, call: Call, user_id: str) -> list[Session]:
        """The user's sessions that have not ended, newest first, a hundred at most."""
        return await call.db.find_many(
            Session, user_id=user_id, expires_at=gt(call.now), sort=_NEWEST_FIRST
        )

    async def tokens_of(self, call: Call, user_id: str) -> Collection[str]:
        """The tokens of all sessions of the user."""
        found = await call.db.find_many(Session, limit=None, user_id=user_id)
        return {session.token for session in found}

    async def remove(self, call: Call, token: str) -> None:
        """End the session with this token."""
        await call.db.delete(Session, token=token)

    async def remove_own(self, call: Call, user_id: str, token: str) -> None:
        """End the session with this token if it is the user's."""
        await call.db.delete(Session, token=token, user_id=user_id)

    async def remove_all(self, call: Call, user_id: str, *, keep: str | None = None) -> None:
        """End the user's sessions, but the one with the token `keep`."""
        if keep is None:
            await call.db.delete(Session, user_id=user_id)
        else:
            await call.db.delete(Session, user_id=user_id, token=ne(keep))
