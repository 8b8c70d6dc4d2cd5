"""Who is asking, as rows say it at this moment: what guards of the application's own routes ask.

The one place where it is decided: the session in its store, the user in the database, and what
plugins have against either, a ban say (security X1). Roles and permissions are asked for after it.
"""

from __future__ import annotations

from watchword.call import Asker, Call
from watchword.credential import Answer, Vouched
from watchword.errors import APIError
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.sessions.sessions import SessionCodes, current_session


async def standing(call: Call) -> SessionAndUser[User]:
    """Session and user as they are now. Raises UNAUTHORIZED (401), and what a plugin refuses with.

    Without a database the session is all that there is to know.
    """
    found = await current_session(call, from_store=True)
    if found is not None and call.config.has_database:
        user = await call.db.find_one(User, id=found.user.id)
        found = None if user is None else SessionAndUser(session=found.session, user=user)
    if found is None:
        raise SessionCodes.UNAUTHORIZED()
    for plugin in call.config.plugins.values():
        await plugin.vet(call, found.user, found.session)
    return found


async def standing_still(
    call: Call, known: Asker, found: SessionAndUser[User]
) -> SessionAndUser[User] | None:
    """Who was found some time ago, as `standing` has it now; None if that is over.

    A new `call` with the headers of then; `known` says on whose word it acted.
    """
    try:
        if known.vouched is not None:
            call.asker = await _vouched_again(call, found)
        elif call.config.stateless:
            ends = found.session.expires_at
            call.asker = Asker(None, vouched=found if ends > call.now else None)
        else:
            # No cookie is looked at: behind that of this session may be one of somebody else.
            token = found.session.token
            call.asker = Asker(token, from_cookie=False, has_cookies=False)
        return await standing(call)
    except APIError as refusal:
        if refusal.status >= 500:
            raise  # It says nothing of the session.
        return None


async def _vouched_again(call: Call, found: SessionAndUser[User]) -> Asker:
    for credential in call.config.credentials:
        value = call.headers.get(credential.header)
        answer = None if value is None else await (credential.again or credential.read)(call, value)
        again = _vouching(answer)
        if again is not None and again.user.id == found.user.id:
            return Asker(None, vouched=again, has_cookies=False)
    return Asker(None, has_cookies=False)


def _vouching(answer: Answer) -> SessionAndUser[User] | None:
    if isinstance(answer, Vouched):
        return answer.found
    return answer if isinstance(answer, SessionAndUser) else None


async def is_kept_out(call: Call, user: User) -> bool:
    """Whether a plugin has something against a user, whatever stands for him."""
    try:
        for plugin in call.config.plugins.values():
            await plugin.vet(call, user, None)
    except APIError:
        return True
    return False
