"""`auth.mails`: the server's own hand on the outbox, for its code, its workers and the shell."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal, TypeVar

import msgspec

from watchword.call import Call
from watchword.database.contract import Sort
from watchword.database.table import ne
from watchword.discreet import Discreet
from watchword.errors import ConfigurationError
from watchword.records import User
from watchword.users.serving import Hand, M, served

from .mailer import Mailer
from .outbox import QueuedMail
from .parcels import opened
from .post_office import Outcome, PostOffice

U = TypeVar("U", bound=User)

Kept = Literal["waiting", "failed", "expired"]
_MOST = 1000


class Entry(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A mail in the outbox, without what it says."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("to",))

    id: str
    kind: str
    to: str
    """The address; empty where it cannot be read any more."""
    state: Kept
    attempts: int
    next_attempt: datetime
    last_error: str | None
    created_at: datetime
    expires_at: datetime | None


class Mails(Hand[M, U]):
    """The functions. All raise `ConfigurationError` where there is no outbox."""

    @served
    async def list(self, call: Call, *, state: Kept | None = None, limit: int = 50) -> list[Entry]:
        """Mails that are not sent, those first that are due first; a thousand at most."""
        _office(call)
        found = await call.db.find_many(
            QueuedMail,
            limit=max(0, min(limit, _MOST)),
            sort=Sort("nextAttempt"),
            state=ne("decoy") if state is None else state,
        )
        return [_entry(call, row) for row in found]

    @served
    async def send(self, call: Call, mail_id: str) -> Outcome:
        """Try a mail now: what a worker of the application's does with what it was handed over.

        What came of it: `sent`; `deferred`, to be tried again; `failed` for good; `expired`; or
        `absent`, which it also is while somebody else tries it.
        """
        return await _office(call).send(call, mail_id)

    @served
    async def send_due(self, call: Call, *, limit: int | None = None) -> dict[Outcome, int]:
        """Try all mails that are due, at most so many; how many came to what. Ends with the first
        that meets no server."""
        return dict(await _office(call).send_due(call, limit))

    @served
    async def retry(self, call: Call, mail_id: str) -> bool:
        """Let a waiting mail be due now, or a failed one, with all its attempts before it; False if
        there is none, or its link has ended."""
        return bool(await _office(call).revive(call, mail_id))

    @served
    async def retry_all(self, call: Call) -> int:
        """`retry` for all failed mails; how many they are."""
        return len(await _office(call).revive(call, None))

    @served
    async def drop(self, call: Call, mail_id: str) -> bool:
        """Delete a mail, which is never sent then unless it is being sent now; False if there is
        none."""
        _office(call)
        return bool(await call.db.delete(QueuedMail, id=mail_id))


def _office(call: Call) -> PostOffice:
    try:
        return call.config.plugin(Mailer).post_office
    except LookupError:
        remedy = "Give Auth(mail=Mailer(..., outbox=True))"
        raise ConfigurationError("mail", "there is no mailer", remedy) from None


def _entry(call: Call, row: QueuedMail) -> Entry:
    try:
        to = opened(row.content, call.config.secrets).letter.to
    except ValueError:
        to = ""
    return Entry(
        id=row.id,
        kind=row.kind,
        to=to,
        state="waiting" if row.state == "decoy" else row.state,
        attempts=row.attempts,
        next_attempt=row.next_attempt,
        last_error=row.last_error,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
