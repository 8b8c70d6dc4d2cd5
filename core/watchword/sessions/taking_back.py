"""Sessions that nobody gets: a second factor is missing, or the call that began one failed."""

from __future__ import annotations

from watchword.call import Call
from watchword.cookies import SESSION_DATA, SESSION_TOKEN

from .sessions import expire_cookies


async def take_back_session(call: Call) -> None:
    """End the session that this call established, before anybody has it.

    The browser is signed out; whether it is to remember the next session stays.
    """
    begun = call.new_session
    call.new_session = call.cache_due = call.begun = None
    expire_cookies(call, SESSION_TOKEN, SESSION_DATA)
    if begun is not None:
        await call.sessions.remove(call, begun.session.token)


async def withhold_session(call: Call) -> None:
    """Hand out nothing of a session that a failed call established, and end it if it was new.

    The browser goes on as it was. Nothing happens where the session is that of who is asking.
    """
    made, asker = call.new_session, call.asker
    signs_in = call.endpoint is not None and call.endpoint.traits.requires == "nothing"
    if made is None or not signs_in or (asker and asker.token == made.session.token):
        return
    is_new = made.session.token == call.begun
    call.withhold()
    if is_new:
        await call.sessions.remove(call, made.session.token)
