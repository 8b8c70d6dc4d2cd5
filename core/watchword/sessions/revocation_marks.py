"""The mark that all sessions of a user were ended, beside the sessions of a secondary storage.

Entries of such a storage are written by several servers, and a write that was on its way (a
renewal, a change of the user) may put one back that was just deleted. So the moment is noted first,
and a session that began before it is nobody, wherever its entry comes from (spec: cookies and
sessions, secondary storage).
"""

from __future__ import annotations

from datetime import datetime

from watchword.call import Call
from watchword.database.contract import StorageUnavailable
from watchword.records import Session

from .life import SHORT_SESSION

ATTEMPTS = 100
"""Looks at a value that others keep changing; each of theirs is somebody's success."""


async def mark_all_ended(call: Call, user_id: str) -> None:
    """Note that all sessions of the user that began before this call are over."""
    key, moment = _key(user_id), _milliseconds(call.now)
    ttl = max(call.config.lifetimes.session, SHORT_SESSION)
    for _ in range(ATTEMPTS):
        text = await call.secondary.get(key)
        if _moment(text) >= moment or await call.secondary.replace(key, text, str(moment), ttl):
            return
    raise restless()


async def ended_before(call: Call, user_id: str) -> int:
    """The moment before which sessions of the user are over, in Unix milliseconds; 0: none are."""
    return _moment(await call.secondary.get(_key(user_id)))


def is_ended(session: Session, mark: int) -> bool:
    """Whether a session began before such a moment."""
    return _milliseconds(session.created_at) < mark


def restless() -> StorageUnavailable:
    """What to raise when others changed a value all the time."""
    return StorageUnavailable("an entry of the secondary storage was changed all the time")


def _key(user_id: str) -> str:
    return f"revoked-sessions-before-{user_id}"


def _moment(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else 0


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
