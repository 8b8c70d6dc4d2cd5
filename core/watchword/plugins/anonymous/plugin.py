"""Signing in as a guest, and deleting one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Generic

import msgspec

from watchword.call import Call
from watchword.configuration.option_checks import check_callback, check_flag
from watchword.crypto.random_strings import ALPHANUMERIC
from watchword.database.contract import ReferenceViolation, UniqueViolation
from watchword.database.records import Record
from watchword.discreet import Discreet
from watchword.endpoint import post
from watchword.errors import ConfigurationError, ErrorCode, ErrorCodes, Redirect
from watchword.features.credentials import lock_user
from watchword.features.identifiers import normal_email
from watchword.features.promises import session_promise, stands
from watchword.features.provisioning import check_new_user, create_checked_user
from watchword.features.removal import erase_user
from watchword.features.social.journey import Journey
from watchword.features.social.plugin import SocialSignIn
from watchword.oauth.provider import Provider
from watchword.observability.security_log import Event, record
from watchword.pipeline.validation import is_email
from watchword.plugin_base import Plugin, after
from watchword.records import Session, User
from watchword.results import Success
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import (
    SessionCodes,
    clear_session_cookies,
    create_session,
    set_session_cookies,
)
from watchword.sessions.taking_back import withhold_session

from .guests import (
    IN_STATE,
    Anonymity,
    asking_guest,
    carry_guest,
    drop_guest,
    is_guest,
    waits_for_second_factor,
)
from .linking import LinkAccount, Linking

GenerateEmail = Callable[[], str | Awaitable[str | None] | None]
GenerateName = Callable[[Call], str | Awaitable[str | None] | None]

_NOWHERE = "anonymous.placeholder.invalid"
"""A domain that nobody can ever have (RFC 2606, section 2)."""
_LONGEST_NAME = 255  # as much as keyed columns hold everywhere


class AnonymousCodes(ErrorCodes):
    """Errors of guests."""

    ANONYMOUS_USERS_CANNOT_SIGN_IN_AGAIN_ANONYMOUSLY = ErrorCode(
        400, "ANONYMOUS_USERS_CANNOT_SIGN_IN_AGAIN_ANONYMOUSLY", "You are a guest already"
    )
    INVALID_EMAIL_FORMAT = ErrorCode(
        400, "INVALID_EMAIL_FORMAT", "What was made for the guest is no e-mail address"
    )
    FAILED_TO_CREATE_USER = ErrorCode(
        500, "FAILED_TO_CREATE_USER", "The guest could not be created"
    )
    COULD_NOT_CREATE_SESSION = ErrorCode(
        400, "COULD_NOT_CREATE_SESSION", "The guest could not be signed in"
    )
    DELETE_ANONYMOUS_USER_DISABLED = ErrorCode(
        400, "DELETE_ANONYMOUS_USER_DISABLED", "Guests are kept here"
    )
    USER_IS_NOT_ANONYMOUS = ErrorCode(403, "USER_IS_NOT_ANONYMOUS", "You are no guest")
    FAILED_TO_DELETE_ANONYMOUS_USER = ErrorCode(
        500, "FAILED_TO_DELETE_ANONYMOUS_USER", "The guest could not be deleted"
    )


class GuestSignedIn(Discreet, msgspec.Struct, Generic[U], frozen=True):
    """A guest is signed in now."""

    token: str
    user: U


@dataclass(frozen=True, kw_only=True)
class Anonymous(Plugin):
    """Options of guests."""

    id: ClassVar[str] = "anonymous"
    codes: ClassVar[type[ErrorCodes]] = AnonymousCodes
    extends: ClassVar[Mapping[type[Record], type[msgspec.Struct]]] = {User: Anonymity}

    on_link_account: LinkAccount | None = None
    """Gets a `LinkedGuest` and the call when a guest signs in or up, and moves what is the guest's.
    If it fails, nobody is signed in, and the guest is as before."""
    link_in_transaction: bool = True
    """`on_link_account` runs in one transaction with the guest's deletion: what it does through
    `call.db` is stored with that or not at all, and only once. False: for a callback that writes
    through another connection, which would have to wait for this transaction to end. It then runs
    alone as well, but once more if the process ends between it and the deletion."""
    disable_delete_anonymous_user: bool = False
    """Guests are kept, also when they are linked."""
    email_domain_name: str | None = None
    """Addresses of guests are `temp-<random>@` this domain. None: below one that cannot exist."""
    generate_random_email: GenerateEmail | None = None
    """Makes the address of a guest; one that nobody has."""
    generate_name: GenerateName | None = None
    """Gets the call, and makes the name of a guest. None: `Anonymous`."""

    def __post_init__(self) -> None:
        check_callback("Anonymous.on_link_account", self.on_link_account)
        check_callback("Anonymous.generate_random_email", self.generate_random_email)
        check_callback("Anonymous.generate_name", self.generate_name)
        check_flag("Anonymous.link_in_transaction", self.link_in_transaction)
        check_flag("Anonymous.disable_delete_anonymous_user", self.disable_delete_anonymous_user)
        domain = self.email_domain_name
        if domain is not None and not is_email(f"temp-{'x' * 32}@{domain}"):
            raise ConfigurationError(
                "Anonymous.email_domain_name",
                f"{domain!r} is no domain of addresses",
                "Give one such as 'guests.example.com', which receives no mail",
            )

    def adapt(self, feature: Plugin) -> Plugin:
        """Flows with providers remember the guest who begins them."""
        if isinstance(feature, SocialSignIn) and feature.flow is not None:
            return replace(feature, flow=feature.flow.led_by(self._lead))
        return feature

    @post("/sign-in/anonymous", check_login_csrf=True)
    async def sign_in_anonymous(self, call: Call) -> GuestSignedIn[User]:
        """Sign in as somebody new. Whoever is signed in as a user becomes a guest beside that.

        Raises ANONYMOUS_USERS_CANNOT_SIGN_IN_AGAIN_ANONYMOUSLY, INVALID_EMAIL_FORMAT,
        FAILED_TO_CREATE_USER, COULD_NOT_CREATE_SESSION.
        """
        if await asking_guest(call) is not None:
            raise AnonymousCodes.ANONYMOUS_USERS_CANNOT_SIGN_IN_AGAIN_ANONYMOUSLY()
        email = await self._email(call)
        named = None if self.generate_name is None else await call.run(self.generate_name, call)
        name = str(named)[:_LONGEST_NAME] if named else "Anonymous"
        user, session = await _begun(call, name, email)
        set_session_cookies(call, session, user)
        return GuestSignedIn(token=session.token, user=user)

    @post("/delete-anonymous-user", requires="sensitive")
    async def delete_anonymous_user(self, call: Call) -> Success:
        """Delete the guest who is signed in, with all that is his.

        Raises DELETE_ANONYMOUS_USER_DISABLED, USER_IS_NOT_ANONYMOUS,
        FAILED_TO_DELETE_ANONYMOUS_USER.
        """
        if self.disable_delete_anonymous_user:
            raise AnonymousCodes.DELETE_ANONYMOUS_USER_DISABLED()
        user = call.session.user
        if not is_guest(user):
            raise AnonymousCodes.USER_IS_NOT_ANONYMOUS()
        promise = await session_promise(call)
        try:
            async with call.db.transaction():
                there = await lock_user(call, user.id)
                if there is not None and not await stands(call, there, promise):
                    raise SessionCodes.UNAUTHORIZED()
                if there is not None and not await erase_user(call, there):
                    raise AnonymousCodes.FAILED_TO_DELETE_ANONYMOUS_USER()
                if there is not None:
                    await record(call, Event.USER_DELETED, user.id)
        except ReferenceViolation:
            # Rows of the application's refer to the guest.
            raise AnonymousCodes.FAILED_TO_DELETE_ANONYMOUS_USER() from None
        clear_session_cookies(call)
        return Success()

    @after(sets_cookies=True, place="early")
    async def link(self, call: Call) -> None:
        """Where a guest signs in or up as somebody else, hand over what is the guest's."""
        failed = call.raised()
        if not (failed is None or isinstance(failed, Redirect)):
            return
        new = call.new_session
        if new is None:
            guest = await asking_guest(call) if waits_for_second_factor(call) else None
            if guest is not None:
                carry_guest(call, guest)
            return
        if call.begun != new.session.token or not call.cookies.set_so_far(
            call.cookie_names.session_token
        ):
            return
        try:
            guest = await asking_guest(call)
            if guest is not None and guest.user.id != new.user.id:
                linking = Linking(
                    callback=self.on_link_account,
                    keeps_guests=self.disable_delete_anonymous_user,
                    in_transaction=self.link_in_transaction,
                )
                await linking.link(call, guest, new)
        except Exception:
            await withhold_session(call)
            raise
        drop_guest(call)

    async def _lead(self, call: Call, provider: Provider, journey: Journey) -> Journey:
        guest = None if journey.state.link is not None else await asking_guest(call)
        if guest is None:
            return journey
        known = {**(journey.state.server_context or {}), IN_STATE: guest.user.id}
        return replace(journey, state=replace(journey.state, server_context=known))

    async def _email(self, call: Call) -> str:
        given = None
        if self.generate_random_email is not None:
            given = await call.run(self.generate_random_email)
        if given:
            email = normal_email(given) if isinstance(given, str) else ""
            if not is_email(email):
                raise AnonymousCodes.INVALID_EMAIL_FORMAT()
            return email
        made = call.random(32, ALPHANUMERIC)
        domain = self.email_domain_name
        return normal_email(f"temp-{made}@{domain}" if domain else f"{made}@{_NOWHERE}")


async def _begun(call: Call, name: str, email: str) -> tuple[User, Session]:
    """A new guest and the session, both or neither."""
    values = {"name": name, "email": email, "email_verified": False, "is_anonymous": True}
    await check_new_user(call, "anonymous", **values)
    try:
        async with call.db.transaction():
            user = await create_checked_user(call, **values)
            if user is None:
                raise AnonymousCodes.FAILED_TO_CREATE_USER()
            session = await create_session(call, user)
            if session is None:
                raise AnonymousCodes.COULD_NOT_CREATE_SESSION()
    except UniqueViolation:
        raise AnonymousCodes.FAILED_TO_CREATE_USER() from None
    return user, session


class AnonymousAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    sign_in_anonymous: EndpointCall[M, None, GuestSignedIn[U]]
    """Sign in as somebody new. Whoever is signed in as a user becomes a guest beside that.

    Raises ANONYMOUS_USERS_CANNOT_SIGN_IN_AGAIN_ANONYMOUSLY, INVALID_EMAIL_FORMAT,
    FAILED_TO_CREATE_USER, COULD_NOT_CREATE_SESSION.
    """
    delete_anonymous_user: EndpointCall[M, None, Success]
    """Delete the guest who is signed in, with all that is his.

    Raises DELETE_ANONYMOUS_USER_DISABLED, USER_IS_NOT_ANONYMOUS,
    FAILED_TO_DELETE_ANONYMOUS_USER.
    """
