"""Noting in a session that the second factor was given in it, and asking for that.

It is noted with `TwoFactor(note_in_session=True)`, in a column that other servers do not look at. A
browser that is trusted gives no second factor: its sessions have no note.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from watchword.call import Call
from watchword.records import Session
from watchword.sessions.sessions import set_session_cookies

from .records import is_enabled
from .wire import TwoFactorCodes

_NOTE = "second_factor_at"


def given_now(call: Call) -> Mapping[str, object]:
    """What a session is made with in which the second factor is given at this moment."""
    return {_NOTE: call.now} if _is_noted(call) else {}


def never_given(call: Call) -> Mapping[str, object]:
    """What a session is made with in which it was not, whatever it is made from."""
    return {_NOTE: None} if _is_noted(call) else {}


async def note(call: Call) -> None:
    """Note that who is signed in has given the second factor now."""
    found = call.session
    if not _is_noted(call):
        return
    session = await call.sessions.change(call, found.session, given_now(call))
    # None: it has ended meanwhile, or is no stored one (that of an API key).
    if session is not None:
        set_session_cookies(call, session, found.user)


async def forget_notes(call: Call, user_id: str) -> None:
    """What was given in the user's sessions was another second factor."""
    if not _is_noted(call):
        return
    for token in await call.sessions.tokens_of(call, user_id):
        found = await call.sessions.load(call, token)
        if found is not None and getattr(found.session, _NOTE) is not None:
            await call.sessions.change(call, found.session, never_given(call))


def require_note(call: Call, within: int | None) -> None:
    """Refuse who is signed in and did not give the second factor in this session.

    Raises TWO_FACTOR_NOT_ENABLED for users who have none, SECOND_FACTOR_REQUIRED.
    """
    found = call.session
    if not is_enabled(found.user):
        raise TwoFactorCodes.TWO_FACTOR_NOT_ENABLED("Set up a second factor first", status=403)
    given = getattr(found.session, _NOTE, None)
    if given is None or (within is not None and call.now - given >= timedelta(seconds=within)):
        raise TwoFactorCodes.SECOND_FACTOR_REQUIRED()


def require_given(call: Call) -> None:
    """Refuse who would see or replace a second factor that he did not give in this session.

    With the password alone he would have it, and every route that asks for it. Only where it is
    noted: elsewhere nobody knows. Raises SECOND_FACTOR_REQUIRED.
    """
    if _is_noted(call) and is_enabled(call.session.user):
        require_note(call, None)


def _is_noted(call: Call) -> bool:
    return _NOTE in call.config.tables.of(Session).attributes
