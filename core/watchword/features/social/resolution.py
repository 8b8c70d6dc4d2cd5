"""Whose account it is: signing in the user of a provider's account, joining it to one who is
there, or making a new one (spec: social, section 5; security A5, M7).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeVar

from watchword.call import Call
from watchword.configuration.options import UserSource
from watchword.database.contract import InvalidValue, ReferenceViolation, UniqueViolation
from watchword.features.addresses import replace_address, user_of_address
from watchword.features.credentials import lock_user
from watchword.features.identifiers import same_email
from watchword.features.proven_mailbox import give_to_owner
from watchword.features.provisioning import check_new_user, check_user_info, create_checked_user
from watchword.http.json import encode
from watchword.oauth.tokens import Tokens
from watchword.observability.security_log import Event, record
from watchword.records import Account, Session, User
from watchword.sessions.account_cookie import keep_account
from watchword.sessions.sessions import create_session
from watchword.verifications.leases import Lease, lease, persevere

from .person import Person
from .refusal import Refused
from .stored_tokens import token_columns
from .trust import is_believed

METHOD = "oauth"
"""How these users came, for `validate_user_info`."""
_TRIES = 5
_LIFE, _PATIENCE = 10, 12
"""Seconds in which an account is added, and that others wait for it."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Resolved:
    """The user of an account."""

    user: User
    account: Account
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """What this sign-in may do."""

    may_sign_up: bool
    overrides: bool = False
    """Whether the provider's word replaces name, image, address and fields of who is there."""


class _LookAgain(Exception):
    """Somebody else was at the same account at the same moment."""


async def resolve(call: Call, person: Person, tokens: Tokens, terms: Terms) -> Resolved:
    """The user and the account of a person whose address is known.

    Of several at once for one new person, one makes the user. Raises `Refused`, `Overloaded`, and
    the `APIError` of an application's hook.
    """

    async def look() -> Resolved:
        for _ in range(_TRIES):
            try:
                return await _resolved(call, person, person.email or "", tokens, terms)
            except (_LookAgain, UniqueViolation):
                continue
            except (InvalidValue, ReferenceViolation):
                break
        raise Refused("unable_to_create_user")

    return await in_turn(call, look)


async def begin_session(call: Call, found: Resolved) -> Session:
    """The session of a person who was found. Raises `Refused`."""
    try:
        session = await create_session(call, found.user)
    except ReferenceViolation:
        session = None
    if session is None:
        raise Refused("unable_to_create_session")
    async with call.db.transaction():
        # Whoever gives the account up, or the user, holds him until that is done, and may have
        # missed this session.
        await call.db.find_one(User, id=found.user.id)
        known = await call.db.find_one(Account, id=found.account.id, user_id=found.user.id)
    if known is None:
        await call.sessions.remove(call, session.token)
        raise Refused("unable_to_create_session")
    keep_account(call, found.account)
    return session


async def account_of(call: Call, person: Person) -> Account | None:
    """The account of a person. Raises `Refused` if there are several."""
    alike = await call.db.find_many(
        Account, provider_id=person.provider_id, account_id=person.subject
    )
    # Many collations call texts equal that are not: the account of one person is nobody else's.
    same = [
        one
        for one in alike
        if one.account_id == person.subject and one.provider_id == person.provider_id
    ]
    if len(same) > 1:
        raise Refused("internal_server_error")
    return same[0] if same else None


async def in_turn(call: Call, work: Callable[[], Awaitable[T]]) -> T:
    """Do what may wait for its `turn`. Raises `Overloaded` (503)."""
    return await persevere(call, work, _PATIENCE)


def turn(call: Call, person: Person) -> AbstractAsyncContextManager[Lease]:
    """Who adds the account of a person does so alone: no index keeps two of them apart.

    Raises `Leased`, also from `settle`, which ends the transaction that adds it.
    """
    return lease(call, encode(["account", person.provider_id, person.subject]).decode(), _LIFE)


async def add_account(call: Call, user: User, person: Person, tokens: Tokens) -> Account | None:
    """Give a user one more way to sign in, in his `turn`; None if a hook refused it."""
    return await call.db.create(
        Account,
        user_id=user.id,
        provider_id=person.provider_id,
        account_id=person.subject,
        scope=",".join(tokens.scopes) or None,
        **token_columns(call, tokens),
    )


async def _resolved(
    call: Call, person: Person, email: str, tokens: Tokens, terms: Terms
) -> Resolved:
    account = await account_of(call, person)
    if account is not None:
        return await _known(call, account, person, email, tokens, terms)
    user = await user_of_address(call, email)
    if user is not None:
        return await _joined(call, user, person, email, tokens, terms)
    if not terms.may_sign_up:
        raise Refused("signup_disabled")
    return await _created(call, person, tokens)


async def _known(
    call: Call, account: Account, person: Person, email: str, tokens: Tokens, terms: Terms
) -> Resolved:
    user = await call.db.find_one(User, id=account.user_id)
    if user is None:
        raise Refused("unable_to_link_account")
    call.subject = user.id
    await check_user_info(call, person.values(call), _source("sign-in", person))
    changes = token_columns(call, tokens)
    if changes and call.config.options.account.update_account_on_sign_in:
        account = await call.db.update(Account, changes, id=account.id) or account
    if person.vouched and not user.email_verified and same_email(user.email, email):
        verified = {"email_verified": True}
        user = await call.db.update(User, verified, id=user.id, email=user.email) or user
        await record(call, Event.EMAIL_VERIFIED, user.id)
    if terms.overrides:
        user = await _overridden(call, user, person, email)
    return Resolved(user, account)


async def _overridden(call: Call, user: User, person: Person, email: str) -> User:
    same = same_email(user.email, email)
    changes = person.news(call)
    if person.vouched or not same:
        changes["email_verified"] = person.vouched

    async def allowed(there: User) -> bool:
        return True

    try:
        if same:
            changed = await call.db.update(User, changes, id=user.id, email=user.email)
        else:
            changed = await replace_address(
                call, user, {**changes, "email": email}, allowed=allowed
            )
    except UniqueViolation:
        raise Refused("unable_to_update_account") from None
    return changed or user


async def _joined(
    call: Call, user: User, person: Person, email: str, tokens: Tokens, terms: Terms
) -> Resolved:
    call.subject = user.id
    believed = await is_believed(call, person)
    _check_joining(call, user, believed=believed)
    await check_user_info(call, person.values(call), _source("link-account", person))
    async with turn(call, person) as mine, call.db.transaction():
        there = await lock_user(call, user.id)
        if there is None or not same_email(there.email, email):
            raise _LookAgain
        if await account_of(call, person) is not None:
            raise _LookAgain
        _check_joining(call, there, believed=believed)
        if not there.email_verified:
            there = await give_to_owner(call, there, verified=person.vouched)
        account = await add_account(call, there, person, tokens)
        if account is None:
            raise Refused("unable_to_link_account")
        if terms.overrides or call.config.options.account.linking.update_user_info_on_link:
            there = await call.db.update(User, person.news(call), id=user.id) or there
        await record(call, Event.ACCOUNT_LINKED, user.id)
        await mine.settle()
    return Resolved(there, account)


def _check_joining(call: Call, user: User, *, believed: bool) -> None:
    """Whether a provider's word is enough to let a person in as the user with that address."""
    linking = call.config.options.account.linking
    proven = user.email_verified or not linking.require_local_email_verified
    if not (believed and proven and linking.enabled) or linking.disable_implicit_linking:
        raise Refused("account_not_linked")


async def _created(call: Call, person: Person, tokens: Tokens) -> Resolved:
    values = person.values(call)
    await check_new_user(call, METHOD, person.provider_id, **values)
    async with turn(call, person) as mine, call.db.transaction():
        if await account_of(call, person) is not None:
            raise _LookAgain
        user = await create_checked_user(call, **values)
        account = None if user is None else await add_account(call, user, person, tokens)
        if user is None or account is None:
            raise Refused("unable_to_create_user")
        call.subject = user.id
        await mine.settle()
    return Resolved(user, account, is_new=True)


def _source(action: str, person: Person) -> UserSource:
    doing = "sign-in" if action == "sign-in" else "link-account"
    return UserSource(action=doing, method=METHOD, provider_id=person.provider_id)
