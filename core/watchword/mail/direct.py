"""Mails without an outbox: sent behind the answer, tried a few times, and gone with the process.

What is not sent is told in the log, by kind: when it is given up, and at the end of the process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from watchword.call import Call
from watchword.runtime.named_work import name_work

from .delays import jittered
from .parcels import Parcel
from .sending import Desk, Failure, afresh

_log = logging.getLogger("watchword.mail")


class Direct:
    """Sends as soon as the answer is on its way."""

    def __init__(self, desk: Desk, waits: Sequence[float]) -> None:
        """`waits` are the seconds between attempts, one more of which there are."""
        self._desk = desk
        self._waits = waits

    async def put(self, call: Call, content: Parcel | None) -> None:
        """Have a mail sent; nothing for None."""
        if content is not None:
            await call.db.after_commit(partial(self._begin, call, content))

    async def _begin(self, call: Call, content: Parcel) -> None:
        done = name_work(f"mail {content.letter.kind}")
        call.background(self._send(call, content, done), promised=True)

    async def _send(self, call: Call, content: Parcel, done: Callable[[], None]) -> None:
        try:
            for attempts, wait in enumerate([*self._waits, None], 1):
                failure = await self._desk.attempt(afresh(call), content)
                if failure is None:
                    return
                if failure.final or wait is None or _is_over(afresh(call), content):
                    return _lost(content, attempts, failure)
                await call.runtime.pause(jittered(call, wait))
        finally:
            done()


def _is_over(call: Call, content: Parcel) -> bool:
    end = content.letter.expires_at
    return end is not None and end <= call.now


def _lost(content: Parcel, attempts: int, failure: Failure) -> None:
    letter = content.letter
    fields = {
        "watchword_mail": letter.kind,
        "watchword_error": failure.reason,
        "watchword_user_id": letter.user_id,
    }
    text = "a mail is lost: %s, after %d attempts: %s"
    _log.error(text, letter.kind, attempts, failure.reason, extra=fields)
