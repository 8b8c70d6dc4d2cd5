"""Who is asking: the one place that chooses among the credentials of a call.

The choice is made from the headers that the call came with, once; what hooks do to the headers
afterwards changes nothing about it (spec: security W2).
"""

from __future__ import annotations

from watchword.call import Call
from watchword.credential import Asker, SessionToken, Vouched
from watchword.records import Session, User


async def asker_of(call: Call) -> Asker:
    """On whose word the call acts. Raises the `APIError` of a credential that is refused."""
    known = asker_at_once(call)
    if known is None:
        known = call.asker = await _chosen(call)
    return known


def asker_at_once(call: Call) -> Asker | None:
    """What `asker_of` would say, where no credential needs to be read for it; else None.

    Nearly all requests have a cookie and nothing else: they do without a coroutine.
    """
    known = call.asker
    if known is None:
        for credential in call.config.credentials:
            if credential.header in call.headers:
                return None
        known = call.asker = Asker(call.cookies.get_signed(call.site.cookies.session_token))
    return known


async def _chosen(call: Call) -> Asker:
    cookie = call.cookies.get_signed(call.site.cookies.session_token)
    for credential in call.config.credentials:
        value = call.headers.get(credential.header)
        answer = None if value is None else await credential.read(call, value)
        if isinstance(answer, SessionToken):
            # Where the browser has no session of its own, its cookies are the bearer's to set.
            is_own = cookie is None or cookie == answer.token
            return Asker(answer.token, from_cookie=False, has_cookies=is_own)
        if isinstance(answer, Vouched):
            return Asker(None, vouched=answer.found, by=answer.by, has_cookies=False)
        if answer is not None:
            return Asker(None, vouched=answer, has_cookies=False)
    return Asker(cookie)


def tokens_shown(call: Call, asker: Asker) -> list[str]:
    """The token of who is asking; of several session cookies, all of theirs."""
    if asker.token is None:
        return []
    name = call.site.cookies.session_token
    if not asker.from_cookie or not call.cookies.is_repeated(name):
        return [asker.token]
    return call.cookies.all_signed(name)


def has_cookies(call: Call) -> bool:
    """Whether the browser's session cookies are those of who is asking, as far as that is known."""
    return call.asker is None or call.asker.has_cookies


def is_vouched(call: Call, session: Session) -> bool:
    """Whether a session is only what a credential stands for, such as that of an API key."""
    vouched = call.asker and call.asker.vouched
    return vouched is not None and vouched.session.token == session.token


def is_beside_cookies(call: Call, session: Session, user: User) -> bool:
    """Whether a session is of who is asking, while the browser's cookies are somebody else's.

    That of somebody who signs in is not: it makes the browser its own.
    """
    if call.asker is None or call.asker.has_cookies:
        return False
    found = call.lookup and call.lookup.found
    return call.asker.token == session.token or (found is not None and found.user.id == user.id)
