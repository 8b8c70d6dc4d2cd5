"""Giving a user who is signed in one more way to sign in (spec: social, section 6; security A8)."""

from __future__ import annotations

from watchword.call import Call
from watchword.configuration.options import UserSource
from watchword.crypto.derivation import purpose_secrets
from watchword.crypto.symmetric import DecryptionFailed, decrypt, encrypt
from watchword.database.contract import InvalidValue, UniqueViolation
from watchword.features.credentials import lock_user
from watchword.features.identifiers import same_email
from watchword.features.promises import Promise, stands
from watchword.features.provisioning import check_user_info
from watchword.oauth.scopes import merge_scopes
from watchword.oauth.state import Link
from watchword.oauth.tokens import Tokens
from watchword.observability.security_log import Event, record
from watchword.records import Account, User
from watchword.sessions.sessions import SessionCodes

from .person import Person
from .refusal import Refused
from .resolution import METHOD, account_of, add_account, in_turn, turn
from .stored_tokens import token_columns
from .trust import is_believed
from .wire import SocialCodes

_PURPOSE = "oauth-link-session-token"


def begun_by(call: Call) -> Link:
    """Who is signed in and begins to link, for the flow's state."""
    found, sealed = call.session, None
    if not call.config.stateless:
        secrets = purpose_secrets(call.config.secrets, _PURPOSE)
        sealed = encrypt(found.session.token, secrets, call.config.options.token_bytes)
    return Link(user_id=found.user.id, email=found.user.email, encrypted_session_token=sealed)


async def link_after_redirect(call: Call, link: Link, person: Person, tokens: Tokens) -> None:
    """Link the account that a flow came back with. Raises `Refused`, and the `APIError` of
    `validate_user_info`."""
    call.subject = link.user_id
    await _check_session(call, link)
    source = UserSource(action="link-account", method=METHOD, provider_id=person.provider_id)
    await check_user_info(call, person.values(call), source)
    allowed = await _may_link(call, person)

    async def put() -> None:
        async with turn(call, person) as mine, call.db.transaction():
            user = await lock_user(call, link.user_id)
            # Whoever ends sessions while this waits for the lock is heard, too.
            await _check_session(call, link)
            if user is None or not allowed:
                raise Refused("unable_to_link_account")
            if not _same_address(call, user, person):
                raise Refused("email_does_not_match")
            known = await account_of(call, person)
            if known is not None and known.user_id != user.id:
                raise Refused("account_already_linked_to_different_user")
            if not await _put(call, user, known, person, tokens):
                raise Refused("unable_to_link_account")
            await mine.settle()

    try:
        await in_turn(call, put)
    except (UniqueViolation, InvalidValue):
        raise Refused("unable_to_link_account") from None


async def link_by_token(call: Call, promise: Promise, person: Person, tokens: Tokens) -> None:
    """Link the account of an ID token to who is signed in, which `promise` says still is so.

    Raises `SocialCodes`, and UNAUTHORIZED for a session that ended meanwhile.
    """
    allowed = await _may_link(call, person)

    async def put() -> None:
        async with turn(call, person) as mine, call.db.transaction():
            user = await lock_user(call, call.session.user.id)
            # Providers take their time, and those who take an account back are quick.
            if user is None or not await stands(call, user, promise):
                raise SessionCodes.UNAUTHORIZED()
            known = await account_of(call, person)
            _check_token_link(call, user, known, person, allowed=allowed)
            if not await _put(call, user, known, person, tokens):
                raise SocialCodes.LINKING_FAILED()
            await mine.settle()

    try:
        await in_turn(call, put)
    except (Refused, UniqueViolation, InvalidValue):
        raise SocialCodes.LINKING_FAILED() from None


def _check_token_link(
    call: Call, user: User, known: Account | None, person: Person, *, allowed: bool
) -> None:
    if known is not None:
        if known.user_id != user.id:
            raise SocialCodes.SOCIAL_ACCOUNT_ALREADY_LINKED()
        return
    if not allowed:
        raise SocialCodes.LINKING_NOT_ALLOWED()
    if not _same_address(call, user, person):
        raise SocialCodes.LINKING_DIFFERENT_EMAILS_NOT_ALLOWED()


async def _put(
    call: Call, user: User, known: Account | None, person: Person, tokens: Tokens
) -> bool:
    """Add an account, or give the one that is there its new tokens; False if a hook refused."""
    if known is not None:
        scope = merge_scopes(known.scope, tokens.scopes) or None
        changes = {**token_columns(call, tokens), "scope": scope}
        await call.db.update(Account, changes, id=known.id, user_id=user.id)
        return True
    if await add_account(call, user, person, tokens) is None:
        return False
    if call.config.options.account.linking.update_user_info_on_link:
        await call.db.update(User, person.news(call), id=user.id)
    await record(call, Event.ACCOUNT_LINKED, user.id)
    return True


async def _may_link(call: Call, person: Person) -> bool:
    return call.config.options.account.linking.enabled and await is_believed(call, person)


def _same_address(call: Call, user: User, person: Person) -> bool:
    if call.config.options.account.linking.allow_different_emails:
        return True
    return person.email is not None and same_email(user.email, person.email)


async def _check_session(call: Call, link: Link) -> None:
    """The session that began a flow has to be there still. Raises `Refused`."""
    if call.config.stateless or link.encrypted_session_token is None:
        return
    try:
        secrets = purpose_secrets(call.config.secrets, _PURPOSE)
        token = decrypt(link.encrypted_session_token, secrets)
    except DecryptionFailed:
        raise Refused("unable_to_link_account") from None
    found = await call.sessions.load(call, token)
    alive = found is not None and found.session.expires_at > call.now
    if found is None or not alive or found.user.id != link.user_id:
        raise Refused("unable_to_link_account")
