"""Sessions without any store: the cookie that `cache` writes is the session.

Nothing is kept here, so nothing can be found by its token, listed or ended from elsewhere
(spec: cookies and sessions, stateless mode).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from watchword.call import Call
from watchword.records import Session, User
from watchword.results import SessionAndUser


class StatelessSessions:
    """Sessions as records that go straight into the cookie."""

    async def insert(self, call: Call, values: Mapping[str, object]) -> Session | None:
        """A new session; None if a hook refused it."""
        return await call.db.make(Session, **values)

    async def load(self, call: Call, token: str) -> SessionAndUser[User] | None:
        """None: a token without its cookie is no session."""
        return None

    async def change(
        self, call: Call, found: Session, changes: Mapping[str, object]
    ) -> Session | None:
        """The session as it is now; None if a hook refused."""
        return await call.db.amend(found, changes)

    async def renew(
        self, call: Call, found: SessionAndUser[User], expires_at: datetime
    ) -> SessionAndUser[User] | None:
        """The session with another end; None if a hook refused."""
        session = await self.change(call, found.session, {"expires_at": expires_at})
        return None if session is None else SessionAndUser(session=session, user=found.user)

    async def of_user(self, call: Call, user_id: str) -> list[Session]:
        """The session of this browser, if it is the user's: nobody knows of others."""
        found = call.lookup.found if call.lookup is not None else None
        return [found.session] if found is not None and found.user.id == user_id else []

    async def tokens_of(self, call: Call, user_id: str) -> Collection[str]:
        """None: nobody knows of them."""
        return ()

    async def remove(self, call: Call, token: str) -> None:
        """Nothing: the caller expires the cookie."""

    async def remove_own(self, call: Call, user_id: str, token: str) -> None:
        """Nothing, as with `remove`."""

    async def remove_all(self, call: Call, user_id: str, *, keep: str | None = None) -> None:
        """Nothing: other browsers' cookies cannot be reached."""
