"""How long a session lives: remembered or not, due for renewal, fresh.

All of it is read from the session itself, so that it also holds where a cookie is lost, for
clients without cookies and after a hand-over. `created_at` is when its person was last proven, and
a session that lasts a day at most is one that is not to be remembered (spec: cookies and sessions,
sections 5, 10 and 11; security W6).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from watchword.call import Call
from watchword.cookies import DONT_REMEMBER
from watchword.records import Session

from .asking import has_cookies

SHORT_SESSION = 86_400
"""Seconds that a session lives that the user did not want remembered (1 day)."""


def lent_by(call: Call, session: Session) -> dict[str, object]:
    """The fields that say that the session is in the hands of somebody else; none: it is not."""
    known = ((name, getattr(session, name, None)) for name in call.config.lent_by)
    return {name: value for name, value in known if value is not None}


def is_remembered(call: Call, session: Session) -> bool:
    """Whether the session may be renewed. One that is not ends a day after the sign-in, or when
    it was lent until."""
    if call.config.lent_by and lent_by(call, session):
        return False
    usual = call.config.lifetimes.session
    life = round((session.expires_at - session.created_at).total_seconds())
    if usual > SHORT_SESSION:
        return life > SHORT_SESSION
    # Where all sessions live a day the two cannot be told apart, and need not be.
    return life != SHORT_SESSION or usual == SHORT_SESSION


def browser_remembers(call: Call, session: Session) -> bool:
    """Whether the cookies of the session outlive the browser: not beside a valid `dont_remember`
    cookie, and not for a session that is not to be remembered."""
    marker = call.cookie_names.spec(DONT_REMEMBER).name
    # That of somebody else's cookies says nothing about who is asking.
    marked = has_cookies(call) and call.cookies.get_signed(marker) == "true"
    return not marked and is_remembered(call, session)


def handed_over_until(call: Call, source: Session) -> datetime:
    """The end of a session that is made from another one, and no new proof: at most what a renewal
    of that one would give it."""
    if call.config.lifetimes.renewal is None or not is_remembered(call, source):
        return source.expires_at
    return call.after(call.config.lifetimes.session)


def renewal_due(call: Call, session: Session) -> bool:
    """Whether the last renewal is `session.update_age` ago (spec: get-session, step 9)."""
    renewal = call.config.lifetimes.renewal
    if renewal is None or session.expires_at - renewal > call.now:
        return False
    return is_remembered(call, session)


def is_fresh(call: Call, session: Session, within: int | None = None) -> bool:
    """Whether its person was proven less than `within` seconds ago.

    None: `session.fresh_age`, where 0 says always. Never where somebody else has it: that was not
    its person.
    """
    if call.config.lent_by and lent_by(call, session):
        return False
    limit = call.config.lifetimes.fresh_age if within is None else within
    return limit == 0 or call.now - session.authenticated_at < timedelta(seconds=limit)
