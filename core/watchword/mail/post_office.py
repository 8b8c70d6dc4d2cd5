"""What happens to mails in the outbox: stored, claimed, tried; sent, tried again, or given up."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, TypeAlias

from watchword.call import Call
from watchword.configuration.configuration import Pace
from watchword.configuration.durations import in_seconds, seconds
from watchword.database.contract import Condition, Sort
from watchword.database.table import lt, lte
from watchword.errors import Overloaded
from watchword.features.letters import Letter
from watchword.observability.logs import callback_failed
from watchword.runtime.process import PerProcess

from .delays import backed_off
from .outbox import Outbox, QueuedMail, State
from .parcels import Parcel, opened, sealed
from .sending import Desk, Failure, afresh

Outcome: TypeAlias = Literal["sent", "deferred", "failed", "expired", "absent"]
"""What came of an attempt; `absent`: there was nothing to try, or somebody else is trying."""

_log = logging.getLogger("watchword.mail")

_DUE = Sort("nextAttempt")
_AT_A_TIME = 20
"""Mails of one piece of background work: a shutdown does not wait for hundreds."""
_DECOY_LIFE = 3600
_OWN_TRANSACTION = (1.0, 5.0, 30.0)
"""Seconds after which an application may have stored what it did around a call of ours."""


class _Alarm:
    """When this process looks at the outbox next, and until when it need not try."""

    def __init__(self) -> None:
        self.at: datetime | None = None
        self.rests_until: datetime | None = None


class PostOffice:
    """The outbox of one server."""

    def __init__(self, desk: Desk, options: Outbox) -> None:
        self._desk = desk
        self._options = options
        self._pace = Pace(timedelta(minutes=1))
        self._alarm = PerProcess(_Alarm)

    async def put(self, call: Call, content: Parcel | None) -> None:
        """Store a mail, in the transaction of the call, and have it sent after that.

        None: a row is stored all the same, and goes again. An answer that tells nobody whether an
        address is known must not do so by its time.
        """
        kept = content or _DECOY
        stored = await call.db.create(
            QueuedMail,
            kind=kept.letter.kind,
            state="waiting" if content else "decoy",
            content=sealed(call, kept),
            next_attempt=call.now,
            leased_until=call.now,
            expires_at=kept.letter.expires_at,
            purge_at=None if content else call.after(_DECOY_LIFE),
        )
        if stored is None:
            _log.error("a mail is lost: %s: a hook of the database refused it", kept.letter.kind)
            return
        await call.db.after_commit(partial(self._stored, call, stored))

    async def look(self, call: Call) -> None:
        """Send what is due behind the answer, if nobody has looked for a while here."""
        if self._pace.is_due(call.now):
            with suppress(Overloaded):
                call.background(self._look(call))

    async def send(self, call: Call, mail_id: str) -> Outcome:
        """Try a mail now, whether it is due or not, unless somebody else is."""
        row = await call.db.find_one(QueuedMail, id=mail_id, state="waiting")
        return "absent" if row is None else (await self._try(call, row))[0]

    async def send_due(self, call: Call, most: int | None = None) -> Counter[Outcome]:
        """Try what is due, oldest first, at most so many; what came of it.

        Ends with the first mail that meets no server: the others would not, either.
        """
        await self._tidy(call)
        told: Counter[Outcome] = Counter()
        while most is None or told.total() < most:
            rows = await self._due(afresh(call), _AT_A_TIME)
            if not rows:
                break
            for row in rows[: None if most is None else most - told.total()]:
                outcome, failure = await self._try(afresh(call), row)
                told[outcome] += 1
                if failure is not None and failure.unreachable:
                    return told
        return told

    async def revive(self, call: Call, mail_id: str | None) -> list[str]:
        """Make a mail due now, or all that failed; the ids of those that are.

        One whose link has ended is not, nor one that somebody is sending.
        """
        which = ("state", "failed") if mail_id is None else ("id", mail_id)
        rows = await call.db.find_many(QueuedMail, limit=None, where=[Condition(*which)])
        revived: list[str] = []
        for row in rows:
            ended = row.expires_at is not None and row.expires_at <= call.now
            if ended or row.state not in ("waiting", "failed"):
                continue
            again = {
                "state": "waiting",
                "attempts": 0 if row.state == "failed" else row.attempts,
                "next_attempt": call.now,
                "purge_at": None,
            }
            seen = {"state": row.state, "attempts": row.attempts, "leased_until": lte(call.now)}
            if await call.db.update(QueuedMail, again, id=row.id, **seen) is not None:
                revived.append(row.id)
                await self._hand_over(call, row.id, 0)
        return revived

    @property
    def hands_over(self) -> bool:
        """Whether a queue of the application's sends."""
        return self._options.hand_over is not None

    async def _stored(self, call: Call, row: QueuedMail) -> None:
        if await call.db.undoable():
            # In a transaction of the application's: it is not there for others yet.
            self._begin_later(call, row.id, _OWN_TRANSACTION)
        else:
            self._begin(call, row)

    def _begin(self, call: Call, row: QueuedMail) -> None:
        if row.state == "decoy":
            call.background(self._forget(call, row), promised=True)
        elif self._options.hand_over is not None:
            call.background(self._hand_over(call, row.id, 0), promised=True)
        elif rest := self._rest(call):
            self._wake(call, rest)
        else:
            call.background(self._send_first(call, row.id), promised=True)

    async def _forget(self, call: Call, row: QueuedMail) -> None:
        await afresh(call).db.delete(QueuedMail, id=row.id, state="decoy")

    async def _send_first(self, call: Call, mail_id: str) -> None:
        call = afresh(call)
        row = await call.db.find_one(QueuedMail, id=mail_id, state="waiting")
        if row is None:
            return
        wait = (_moment(row) - call.now).total_seconds()
        if wait > 0:
            # Whoever looked at the outbox meanwhile tries it, or has; or the clock was set back.
            return self._wake(call, wait)
        outcome, _ = await self._try(call, row)
        if outcome == "sent" and self._pace.is_due(afresh(call).now):
            await self._look(call)

    def _begin_later(self, call: Call, mail_id: str, waits: Sequence[float]) -> None:
        async def woken() -> None:
            row = await afresh(call).db.find_one(QueuedMail, id=mail_id)
            if row is not None:
                self._begin(afresh(call), row)
            else:
                self._begin_later(call, mail_id, waits[1:])

        # What has not come by then is undone, or found by whoever looks.
        if waits:
            call.runtime.wake(waits[0], woken)

    async def _look(self, call: Call) -> None:
        if self._options.hand_over is not None:
            return await self._hand_over_again(afresh(call))
        if not self._rest(afresh(call)):
            await self.send_due(afresh(call), _AT_A_TIME)
        await self._wake_for_next(afresh(call))

    async def _try(self, call: Call, row: QueuedMail) -> tuple[Outcome, Failure | None]:
        claimed = await self._claimed(call, row)
        if claimed is None:
            return "absent", None
        if claimed.expires_at is not None and claimed.expires_at <= call.now:
            await self._end(call, claimed, "expired", claimed.last_error or "never tried in time")
            return "expired", None
        if claimed.attempts > self._options.attempts:
            # It may be what ends the processes.
            reason = claimed.last_error or "no attempt came to its end"
            await self._end(call, claimed, "failed", reason)
            return "failed", None
        try:
            content = opened(claimed.content, call.config.secrets)
        except ValueError as error:
            reason = f"{type(error).__name__}: it was encrypted with another secret"
            await self._end(call, claimed, "failed", reason)
            return "failed", None
        failure = await self._desk.attempt(call, content)
        outcome = await self._settle(afresh(call), claimed, failure)
        return outcome, failure

    async def _claimed(self, call: Call, row: QueuedMail) -> QueuedMail | None:
        """The row, if this caller is the one to try it now."""
        lease = seconds("Outbox.lease", self._options.lease)
        return await call.db.increment(
            QueuedMail,
            {"attempts": 1},
            {"leased_until": call.after(lease)},
            id=row.id,
            state="waiting",
            attempts=row.attempts,
            leased_until=lte(call.now),
        )

    async def _settle(self, call: Call, row: QueuedMail, failure: Failure | None) -> Outcome:
        alarm = self._alarm.here()
        if failure is None:
            alarm.rests_until = None
            # Whoever took it over after the lease may have sent it, too.
            if not await call.db.delete(QueuedMail, id=row.id, attempts=row.attempts):
                _log.warning("a mail took longer than its lease: %s %s", row.kind, row.id)
            return "sent"
        if failure.final or row.attempts >= self._options.attempts:
            await self._end(call, row, "failed", failure.reason)
            return "failed"
        wait = backed_off(call, row.attempts, *self._options.waits)
        due = call.now + timedelta(seconds=wait)
        changes = {"next_attempt": due, "leased_until": call.now}
        await self._change(call, row, {**changes, "last_error": failure.reason})
        fields = _fields(row, failure.reason)
        text = "a mail is tried again in %d s: %s %s: %s"
        _log.warning(text, wait, row.kind, row.id, failure.reason, extra=fields)
        if failure.unreachable:
            # Not for as long as this mail, which may have been tried often: newer ones wait, too.
            rest = min(wait, self._options.waits[0])
            alarm.rests_until = call.now + timedelta(seconds=rest)
        if self._options.hand_over is not None:
            await self._hand_over(call, row.id, wait)
        else:
            self._wake(call, wait)
        return "deferred"

    async def _end(self, call: Call, row: QueuedMail, state: State, reason: str) -> None:
        keep = in_seconds(self._options.keep_failed)
        changes: dict[str, object] = {
            "state": state,
            "last_error": reason,
            "leased_until": call.now,
            "purge_at": call.now + timedelta(seconds=keep),
        }
        if state == "expired":
            # Nothing that it says is good any more.
            changes["content"] = ""
        await self._change(call, row, changes)
        fields = _fields(row, reason)
        text = "a mail was not sent: %s %s is %s after %d attempts: %s"
        _log.error(text, row.kind, row.id, state, row.attempts, reason, extra=fields)

    async def _change(self, call: Call, row: QueuedMail, changes: dict[str, object]) -> None:
        await call.db.update(QueuedMail, changes, id=row.id, state="waiting", attempts=row.attempts)

    async def _tidy(self, call: Call) -> None:
        await call.db.sweep(QueuedMail, purge_at=lt(call.now))

    async def _due(self, call: Call, most: int) -> list[QueuedMail]:
        return await call.db.find_many(
            QueuedMail,
            limit=most,
            sort=_DUE,
            state="waiting",
            next_attempt=lte(call.now),
            leased_until=lte(call.now),
        )

    def _rest(self, call: Call) -> float:
        """Seconds in which nothing is tried, since no server was there a moment ago."""
        until = self._alarm.here().rests_until
        left = 0 if until is None else (until - call.now).total_seconds()
        # The clock may have been set back.
        return left if 0 < left <= self._options.waits[0] else 0

    async def _wake_for_next(self, call: Call) -> None:
        row = await call.db.find_one(QueuedMail, sort=_DUE, state="waiting")
        if row is not None:
            wait = (_moment(row) - call.now).total_seconds()
            self._wake(call, max(1.0, wait, self._rest(call)))

    def _wake(self, call: Call, wait: float) -> None:
        """Look again after a while, unless this process does so before anyway."""
        alarm, moment = self._alarm.here(), call.now + timedelta(seconds=wait)
        if alarm.at is None or not call.now < alarm.at <= moment:
            alarm.at = moment
            call.runtime.wake(wait, partial(self._woken, call))

    async def _woken(self, call: Call) -> None:
        self._alarm.here().at = None
        await self._look(call)

    async def _hand_over(self, call: Call, mail_id: str, wait: float) -> None:
        callback = self._options.hand_over
        if callback is None:
            return
        try:
            await call.run(callback, mail_id, wait)
        except Exception as error:
            # It stays in the outbox, and is handed over again once it is overdue.
            callback_failed(callback, error)

    async def _hand_over_again(self, call: Call) -> None:
        """What the application's queue seems to have lost: overdue for longer than a lease."""
        await self._tidy(call)
        overdue = call.now - timedelta(seconds=in_seconds(self._options.lease))
        rows = await call.db.find_many(
            QueuedMail, limit=_AT_A_TIME, sort=_DUE, state="waiting", next_attempt=lte(overdue)
        )
        for row in rows:
            again = {"next_attempt": call.now}
            seen = {"attempts": row.attempts, "next_attempt": row.next_attempt}
            mine = await call.db.update(QueuedMail, again, id=row.id, state="waiting", **seen)
            if mine is not None:
                await self._hand_over(call, row.id, 0)


_DECOY = Parcel(
    letter=Letter(kind="", to="nobody@example.invalid", url="https://example.invalid/" * 6),
    language="en",
    message_id="0" * 24,
)
"""About as long as a mail with a link."""


def _moment(row: QueuedMail) -> datetime:
    """When it may be tried."""
    return max(row.next_attempt, row.leased_until)


def _fields(row: QueuedMail, reason: str) -> dict[str, object]:
    return {"watchword_mail": row.kind, "watchword_mail_id": row.id, "watchword_error": reason}
