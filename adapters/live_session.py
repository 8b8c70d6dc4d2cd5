"""The session behind something that outlasts its request: a web socket, or a stream of events.

Who opened it was signed in then. Whether that still holds is asked of the store from time to time:
a session that was ended, an account that was banned or deleted, a key that was switched off must
not go on listening.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from watchword.configuration.configuration import Pace
from watchword.configuration.options import Duration, seconds
from watchword.records import User
from watchword.results import SessionAndUser

if TYPE_CHECKING:
    from watchword.auth import Auth, Checked

U = TypeVar("U", bound=User)
T = TypeVar("T")

EVERY = 30
"""Seconds between two questions to the store."""


class Watch(Generic[U]):
    """What both worlds have of it."""

    def __init__(self, auth: Auth[U], checked: Checked[U], every: Duration = EVERY) -> None:
        """`every` is how often the store is asked; 0: each time that somebody wants to know.

        Raises what `Checked.required` does, and `ConfigurationError` for a wrong duration.
        """
        self.auth = auth
        self.session: SessionAndUser[U] = checked.required()
        """Session and user, as the store had them last."""
        self.every = seconds("every", every)
        """Seconds between two questions."""
        self.is_over = False
        """Whether it was found to be over."""
        self._checked = checked
        self._pace = Pace(timedelta(seconds=self.every))

    @property
    def user(self) -> U:
        """The user, as the store had it last."""
        return self.session.user

    def _require(self) -> None:
        if self.is_over:
            raise self._checked.refused()

    def _is_due(self) -> bool:
        now = self.auth.config.options.clock()
        return self._pace.is_due(now) or self.session.session.expires_at <= now

    def _learn(self, found: SessionAndUser[U] | None) -> None:
        if found is None:
            self.is_over = True
        else:
            self.session = found


class BlockingLiveSession(Watch[U]):
    """The session behind a web socket or a stream of a WSGI application.

    A thread that waits for the next message or event asks nothing meanwhile: wait no longer than
    `every` at a time.
    """

    def confirm(self) -> None:
        """Have the store say that it stands: a cookie may say more than holds any more.

        Raises `APIError` UNAUTHORIZED (401).
        """
        self.is_alive()
        self._require()

    def is_alive(self) -> bool:
        """Whether the session still stands. The store is asked if that was `every` ago."""
        if not self.is_over and self._is_due():
            self._learn(self.auth.blocking.recheck(self._checked))
        return not self.is_over

    def through(self, source: Iterable[T]) -> Iterator[T]:
        """What a source gives, until the session is over."""
        for item in source:
            if not self.is_alive():
                return
            yield item
