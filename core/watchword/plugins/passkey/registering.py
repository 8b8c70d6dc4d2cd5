"""Having a passkey made: for whom, and storing it (security K2)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from watchword.call import Call
from watchword.database.contract import ReferenceViolation, UniqueViolation
from watchword.features.credentials import lock_user
from watchword.features.generations import account_subject, current_generation
from watchword.features.promises import Promise, session_promise, stands
from watchword.observability.security_log import Event, record
from watchword.records import Session, User
from watchword.results import SessionAndUser
from watchword.sessions.life import is_fresh
from watchword.sessions.sessions import SessionCodes, create_session, current_session
from watchword.verifications.leases import Lease, Leased, lease

from .ceremony import Registered
from .challenge import TakenChallenge
from .options import PasskeyRegistration, PasskeyUser
from .records import StoredPasskey
from .wire import PasskeyCodes

MOST = 100
"""Passkeys of a user: as many as a list shows."""
_LEASE = 60
"""Seconds after which a registration that died is waited for no longer."""


async def who_registers(call: Call) -> SessionAndUser[User] | None:
    """Who is signed in, also where nobody has to be. Raises SESSION_NOT_FRESH.

    A passkey outlives every session: an old one that was left open or stolen gets none.
    """
    found = await current_session(call, from_store=True)
    if found is not None and not is_fresh(call, found.session):
        raise SessionCodes.SESSION_NOT_FRESH()
    return found


async def user_to_register(
    call: Call, options: PasskeyRegistration, context: str | None
) -> PasskeyUser:
    """For whom a passkey is to be made. Raises SESSION_NOT_FRESH, RESOLVE_USER_REQUIRED,
    RESOLVED_USER_INVALID."""
    found = await who_registers(call)
    if found is not None:
        name = found.user.email or found.user.id
        return PasskeyUser(id=found.user.id, name=name, display_name=name)
    if options.resolve_user is None:
        raise PasskeyCodes.RESOLVE_USER_REQUIRED()
    named = await call.run_with_secret(options.resolve_user, context, call)
    if not isinstance(named, PasskeyUser) or not (named.id and named.name):
        raise PasskeyCodes.RESOLVED_USER_INVALID()
    return named


async def registration_promise(call: Call, user_id: str) -> Promise:
    """What the challenge is bound to of somebody who may come back without a session."""
    if await current_session(call) is not None:
        return await session_promise(call)
    subject = account_subject(user_id)
    return Promise(subject, (await current_generation(call, subject)).account, "")


@asynccontextmanager
async def claimed(call: Call, credential_id: str) -> AsyncGenerator[Lease, None]:
    """Inside, one caller may register a credential. Raises PREVIOUSLY_REGISTERED for all others.

    Tables of the reference do not hold the id unique.
    """
    try:
        async with lease(call, f"passkey:{credential_id}", _LEASE) as held:
            if await call.db.find_one(StoredPasskey, credential_id=credential_id) is not None:
                raise PasskeyCodes.PREVIOUSLY_REGISTERED()
            yield held
    except Leased:
        raise PasskeyCodes.PREVIOUSLY_REGISTERED() from None


async def store(
    call: Call,
    new: Registered,
    user_id: str,
    name: str | None,
    taken: TakenChallenge,
    held: Lease,
    *,
    begin_session: bool,
) -> tuple[StoredPasskey, SessionAndUser[User] | None]:
    """Store a passkey, and begin a session with it if that is wanted: both or neither.

    Nothing is stored for somebody whose session ended meanwhile, or whose account was taken back.
    Raises UNAUTHORIZED, CHALLENGE_NOT_FOUND, USER_NOT_FOUND, TOO_MANY_PASSKEYS,
    PREVIOUSLY_REGISTERED, UNABLE_TO_CREATE_SESSION.
    """
    asking = await current_session(call)
    promise = None if asking is None else await session_promise(call)
    try:
        async with call.db.transaction():
            user = await lock_user(call, user_id)
            if user is None:
                raise PasskeyCodes.USER_NOT_FOUND()
            if promise is not None and not await stands(call, user, promise):
                raise SessionCodes.UNAUTHORIZED()
            own = user_id == taken.challenge.user_data.id
            if promise is None and own and not await taken.stands(call, user):
                raise PasskeyCodes.CHALLENGE_NOT_FOUND()
            if await call.db.count(StoredPasskey, user_id=user_id) >= MOST:
                raise PasskeyCodes.TOO_MANY_PASSKEYS()
            made, signed_in = await _created(call, new, user_id, name), None
            if begin_session:
                session = await _session(call, user, None if asking is None else asking.session)
                signed_in = SessionAndUser(session=session, user=user)
            await held.settle()
            return made, signed_in
    except UniqueViolation:
        raise PasskeyCodes.PREVIOUSLY_REGISTERED() from None
    except ReferenceViolation:
        raise PasskeyCodes.USER_NOT_FOUND() from None


async def _created(call: Call, new: Registered, user_id: str, name: str | None) -> StoredPasskey:
    made = await call.db.create(
        StoredPasskey,
        name=name,
        public_key=new.public_key,
        user_id=user_id,
        credential_id=new.credential_id,
        counter=new.counter,
        device_type=new.device_type,
        backed_up=new.backed_up,
        transports=new.transports,
        aaguid=new.aaguid,
    )
    if made is None:
        raise PasskeyCodes.FAILED_TO_VERIFY_REGISTRATION()
    await record(call, Event.PASSKEY_ADDED, user_id)
    return made


async def _session(call: Call, user: User, asking: Session | None) -> Session:
    # A new passkey proves nothing about who is signed in already: the session is as fresh as his.
    made = await create_session(call, user, inherits=asking)
    if made is None:
        raise PasskeyCodes.UNABLE_TO_CREATE_SESSION()
    return made
