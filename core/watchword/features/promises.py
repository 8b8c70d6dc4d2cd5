"""What a mailed link or code is bound to, and whether it still stands when it is redeemed.

A promise names the account, not its address; the generation of the account's credentials; and, if
somebody signed in asked for it, the session. Signed tokens carry this as claims. A stored row keeps
the reference's form, which has no room for it: a companion row stands beside it, under the hash of
its identifier. A promise without either was made by a server of the reference, and is held against
the moment of the last raise and of the account's making.

Look with `stands` under `lock_user`, in the transaction that does what was promised (security W5).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import msgspec

from watchword.call import Call
from watchword.crypto.signing import equal, hash_identifier
from watchword.database.contract import StorageUnavailable
from watchword.discreet import Discreet
from watchword.records import Session, User, Verification
from watchword.sessions.sessions import create_session
from watchword.verifications.verifications import (
    delete_verifications,
    exchange_verification,
    extend_verification,
    find_verification,
    newest_verification,
    place_verification,
    take_verification,
)

from .generations import (
    ACCOUNT,
    FIRST,
    account_subject,
    address_subject,
    current_generation,
)

_ATTEMPTS = 100
"""Looks at a note that others keep replacing."""


class Promise(Discreet, msgspec.Struct, frozen=True, omit_defaults=True):
    """To whom, in which generation, and in which session something was promised."""

    subject: str
    """Which account, or which address that nobody had (`generations`)."""
    generation: str
    session: str | None = None
    """Marks the session that asked; empty where that is not known; None: nobody's."""


class Void(Exception):
    """A promise does not stand any more."""


class Bound(Discreet, msgspec.Struct, frozen=True):
    """The companion row of a promise, as it was found."""

    promise: Promise
    row: Verification


class Redeemed(Discreet, msgspec.Struct, frozen=True):
    """A stored promise that was found or taken, and what it is bound to."""

    row: Verification
    promise: Promise | None
    by_session: bool = False
    """Whether only somebody signed in could ask for it."""

    @property
    def names_account(self) -> bool:
        """Whether it was made to an account, and not to an address that nobody had."""
        return self.promise is not None and self.promise.subject.startswith(ACCOUNT)

    async def stands(self, call: Call, user: User) -> bool:
        """Whether it is still this user's. To decide by it, hold the user (`lock_user`)."""
        if self.promise is not None:
            return await stands(call, user, self.promise)
        made = self.row.created_at
        return user.created_at <= made and await stands_unbound(
            call, user, made, by_session=self.by_session
        )

    def given_to(self, user: User) -> Redeemed:
        """The same, for the account that was just made by it."""
        return Redeemed(self.row, Promise(account_subject(user.id), ""))


async def mailbox_promise(call: Call, user: User | None, email: str) -> Promise:
    """What a mail to a mailbox (lower-case address) is bound to, whoever asked for it.

    The work is the same whether a user has the address or not.
    """
    subject = address_subject(email) if user is None else account_subject(user.id)
    return Promise(subject, (await current_generation(call, subject)).mailbox)


async def session_promise(call: Call) -> Promise:
    """What a mail that the session of this call asked for is bound to."""
    found = call.session
    subject = account_subject(found.user.id)
    return Promise(subject, (await current_generation(call, subject)).account, own_mark(call))


async def account_promise(call: Call, user: User) -> Promise:
    """What somebody asked for who was signed in, nobody knows any more in which session."""
    subject = account_subject(user.id)
    return Promise(subject, (await current_generation(call, subject)).account, "")


async def bind(call: Call, identifier: str, promise: Promise, expires_at: datetime) -> None:
    """Note what the promise under an identifier is bound to, in the place of an earlier note.

    Do it before the promise is stored: none of ours is ever seen without its note.
    """
    companion, value = _companion(identifier), msgspec.json.encode(promise).decode()
    for _ in range(_ATTEMPTS):
        there = await newest_verification(call, companion)
        if there is not None and there.value == value:
            done = await extend_verification(call, there, expires_at)
        else:
            done = await place_verification(call, companion, value, expires_at, stale=there)
        if done:
            return
    raise StorageUnavailable("a note was replaced by others all the time")


async def bind_anew(call: Call, identifier: str, promise: Promise, expires_at: datetime) -> None:
    """`bind` for an identifier that comes again. What was promised under it is withdrawn first: it
    must not be found beside the note of what is promised next."""
    await delete_verifications(call, identifier)
    await bind(call, identifier, promise, expires_at)


async def bound_to(call: Call, identifier: str) -> Bound | None:
    """What the promise under an identifier is bound to; None if no server of ours made it.

    Read it before the promise is taken: a new one may be made under the same identifier then.
    """
    row = await newest_verification(call, _companion(identifier))
    return None if row is None else Bound(_read(row.value), row)


async def take_promise(call: Call, identifier: str, *, by_session: bool = False) -> Redeemed | None:
    """Redeem what is promised under an identifier: one caller gets it, if it is in time.

    Whether it still `stands` is for the caller to ask. `by_session` says that only somebody signed
    in could ask for it.
    """
    bound = await bound_to(call, identifier)
    taken = await take_verification(call, identifier)
    await release(call, bound)
    promise = None if bound is None else bound.promise
    return None if taken is None else Redeemed(taken, promise, by_session)


async def find_promise(call: Call, identifier: str) -> Redeemed | None:
    """What is promised under an identifier, if it is in time; it stays good."""
    found = await find_verification(call, identifier)
    if found is None or found.expires_at <= call.now:
        return None
    bound = await bound_to(call, identifier)
    return Redeemed(found, None if bound is None else bound.promise)


async def release(call: Call, bound: Bound | None) -> None:
    """Forget the companion of a promise that was taken."""
    if bound is not None:
        await exchange_verification(call, bound.row, None)


async def stands(call: Call, user: User, promise: Promise) -> bool:
    """Whether a promise is this user's, and nothing that voids it has happened since."""
    subject = account_subject(user.id)
    now = await current_generation(call, subject)
    if promise.subject != subject:
        # Made while nobody had the address: good for the account that was made there since,
        # unless it had another one in between, or was taken back by its owner.
        there = address_subject(user.email)
        known = await current_generation(call, there)
        same = known is FIRST or known.mailbox == promise.generation
        return promise.subject == there and same and now.mailbox == ""
    generation = now.mailbox if promise.session is None else now.account
    if now is not FIRST and generation != promise.generation:
        return False
    return not promise.session or await asking_session(call, user.id, promise) is not None


async def stands_unbound(call: Call, user: User, made_at: datetime, *, by_session: bool) -> bool:
    """The same for a promise to this user that a server of the reference made at that moment."""
    now = await current_generation(call, account_subject(user.id))
    raised_at = now.account_at if by_session else now.mailbox_at
    return int(made_at.timestamp() * 1000) > raised_at


async def begin_session(
    call: Call,
    user: User,
    allowed: Callable[[User], Awaitable[bool]],
    *,
    remember: bool = True,
    extra: Mapping[str, object] | None = None,
    inherits: Session | None = None,
) -> Session | None:
    """A session for a promise; None if a database hook refused it.

    `allowed` looks at the promise, under the user's lock. `extra` are values of additional fields;
    `inherits` is the session that it is made from, where redeeming proves nothing. Raises `Void`
    where it says no.
    """
    session = await create_session(call, user, remember=remember, extra=extra, inherits=inherits)
    if session is None:
        return None
    # Whoever voids promises and ends all sessions may have missed this one.
    if await holds(call, user.id, allowed):
        return session
    await call.sessions.remove(call, session.token)
    raise Void


async def holds(call: Call, user_id: str, allowed: Callable[[User], Awaitable[bool]]) -> bool:
    """What `allowed` says of the user once nobody is in the middle of voiding promises; False if he
    is gone."""
    async with call.db.transaction():
        # Finding him waits for whoever holds him (`lock_user`) until all of theirs is done.
        there = await call.db.find_one(User, id=user_id)
        return there is not None and await allowed(there)


def _read(value: str) -> Promise:
    try:
        return msgspec.json.decode(value, type=Promise)
    except msgspec.MsgspecError:
        # Nothing that cannot be read lets anybody in.
        return Promise("", "")


def own_mark(call: Call) -> str:
    """The mark of the session of this call; empty where sessions are not known to the server."""
    return "" if call.config.stateless else session_mark(call.session.session.token)


def session_mark(token: str) -> str:
    """What tells a session without giving it away."""
    return hash_identifier(f"promised-to:{token}")


async def asking_session(call: Call, user_id: str, promise: Promise) -> Session | None:
    """The user's session in which something was promised, if it lives."""
    token = await _marked(call, user_id, promise.session) if promise.session else None
    found = None if token is None else await call.sessions.load(call, token)
    if found is None or found.user.id != user_id or found.session.expires_at <= call.now:
        return None
    return found.session


async def _marked(call: Call, user_id: str, mark: str) -> str | None:
    own = None if call.lookup is None else call.lookup.found
    # Mostly it is the one that is asking, which a list of sessions may have lost.
    if own is not None and equal(session_mark(own.session.token), mark):
        return own.session.token
    tokens = await call.sessions.tokens_of(call, user_id)
    return next((token for token in tokens if equal(session_mark(token), mark)), None)


def _companion(identifier: str) -> str:
    # Hashed: tokens in identifiers need not stand in two rows.
    return f"promise:{hash_identifier(identifier)}"
