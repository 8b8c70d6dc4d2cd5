"""Magic link: sign in, or up, by a link that comes by mail.

The link lives minutes and is good once; opening it proves the mailbox (spec: plugin magic-link;
security M1, M2, M7 to M9, R1 to R9).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, Literal, TypeVar

import msgspec

from watchword.call import Call
from watchword.configuration.option_checks import check_number
from watchword.configuration.options import Duration, RateLimitRule, seconds
from watchword.configuration.safe_ranges import Safe
from watchword.crypto.random_strings import LETTERS
from watchword.discreet import Discreet
from watchword.endpoint import Endpoint, get, post
from watchword.errors import APIError
from watchword.features.addresses import user_of_address
from watchword.features.confirmation import Question, asking_first
from watchword.features.email_password_wire import EmailPasswordCodes
from watchword.features.identifiers import normal_email
from watchword.features.letters import MAILER, Letter
from watchword.features.mails import send_mail
from watchword.features.promises import (
    Redeemed,
    Void,
    begin_session,
    bind,
    mailbox_promise,
    take_promise,
)
from watchword.features.proven_mailbox import MailboxOwner, owner_of_mailbox
from watchword.features.redirects import redirect_from_origin
from watchword.http.query import append_query
from watchword.http.request import Request
from watchword.pipeline.origin_check import check_trusted_url
from watchword.pipeline.validation import Email, PersonName, TargetURL, Token
from watchword.plugin_base import Letters, Plugin, RateRule
from watchword.records import Session, User
from watchword.results import Status
from watchword.server_api import EndpointCall, M, ServerAPI
from watchword.sessions.sessions import set_session_cookies
from watchword.verifications.stored_codes import TokenStorage, check_storage, stored_code
from watchword.verifications.verifications import create_verification, find_verification

U = TypeVar("U", bound=User)

_log = logging.getLogger("watchword.magic_link")

_LIMIT = RateLimitRule(window=60, max=5)
_SENT, _OPENED = "/sign-in/magic-link", "/magic-link/verify"


class SignInMagicLink(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """Whom to mail a link, and where it leads. `name` is for new users."""

    email: Email
    name: PersonName | msgspec.UnsetType = msgspec.UNSET
    callback_url: TargetURL = msgspec.field(default="", name="callbackURL")
    new_user_callback_url: TargetURL = msgspec.field(default="", name="newUserCallbackURL")
    error_callback_url: TargetURL = msgspec.field(default="", name="errorCallbackURL")
    metadata: dict[str, object] | msgspec.UnsetType = msgspec.UNSET


class VerifyMagicLink(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What a mailed link carries."""

    token: Token
    callback_url: TargetURL = msgspec.field(default="", name="callbackURL")
    new_user_callback_url: TargetURL = msgspec.field(default="", name="newUserCallbackURL")
    error_callback_url: TargetURL = msgspec.field(default="", name="errorCallbackURL")


class SignedInByLink(Discreet, msgspec.Struct, Generic[U], frozen=True):
    """Who is signed in now; for links without a `callbackURL`."""

    token: str
    user: U
    session: Session


@dataclass(frozen=True, slots=True, kw_only=True)
class MagicLinkMail:
    """A link to mail to `email`. Whoever holds `url` or `token` may use it: never log them."""

    email: str
    """The address as it was typed."""
    url: str = field(repr=False)
    """The link, ready to be clicked."""
    token: str = field(repr=False)
    """What the link carries, for applications that make links of their own."""
    metadata: Mapping[str, object] | None = field(default=None, repr=False)
    """What the client sent along. Anybody may send anything."""
    expires_at: datetime | None = field(default=None, compare=False)
    """Until when the link is good."""


MagicLinkCallback = Callable[[MagicLinkMail, Request | None], object]
TokenGenerator = Callable[[str], str | Awaitable[str]]


def _letter(mail: MagicLinkMail) -> Letter:
    return Letter(kind="magic-link", to=mail.email, url=mail.url, expires_at=mail.expires_at)


class _Row(Discreet, msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    type: Literal["magic-link"]
    email: Email
    name: str | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class _Targets:
    success: str
    new_user: str
    error: str


class _Refused(Exception):
    """An opened link that signs nobody in: the browser is sent on with these parameters."""

    def __init__(self, code: str, description: str | None = None) -> None:
        super().__init__(code)
        self.params = {"error": code}
        if description:
            self.params["error_description"] = description


@dataclass(frozen=True, kw_only=True)
class MagicLink(Plugin):
    """Options of magic links."""

    id: ClassVar[str] = "magic-link"
    letters: ClassVar[Letters] = {"send_magic_link": _letter}
    safe: ClassVar[Mapping[str, Safe]] = {
        "expires_in": Safe("links that sign in lie in mailboxes for long", most=3600),
    }

    send_magic_link: MagicLinkCallback | None = None
    """Mails a link; gets a `MagicLinkMail` and the request (None for server-side calls). `def` or
    `async def`; runs in the background, failures are logged. None: `Auth(mail=...)` does."""
    expires_in: Duration = 300
    """Life of a link (5 minutes)."""
    confirm: bool = False
    """The link leads to a page with one button, which signs in by POST; the GET does nothing."""
    disable_sign_up: bool = False
    """Links never create users."""
    generate_token: TokenGenerator | None = None
    """Makes the token, from the address; an empty text means: as usual. It must not be guessable:
    nothing else guards the account."""
    store_token: TokenStorage = "plain"
    """How tokens are stored: as they are, as SHA-256, or by a function."""
    rate_limit: RateLimitRule = _LIMIT
    """For each of the paths."""
    allowed_attempts: int = 1
    """Has no effect, as in the reference: a link is good once. Any other number is logged."""

    def __post_init__(self) -> None:
        seconds("MagicLink.expires_in", self.expires_in, least=1)
        check_storage("MagicLink.store_token", self.store_token, ("plain", "hashed"))
        check_number("MagicLink.allowed_attempts", self.allowed_attempts, least=1)
        if self.allowed_attempts != 1:
            _log.warning("MagicLink.allowed_attempts has no effect: a link is good once")

    def promise_life(self) -> int:
        """Seconds that a link may live."""
        return seconds("MagicLink.expires_in", self.expires_in)

    def rate_rules(self) -> Sequence[RateRule]:
        """The same for asking and for opening."""
        return [RateRule(f"{path}*", self.rate_limit) for path in (_SENT, _OPENED)]

    def mails_links(self) -> Sequence[str]:
        """Its link."""
        return ["MagicLink.send_magic_link"]

    def endpoints(self) -> Iterator[Endpoint[Any, Any]]:
        """Its endpoints; opening asks first, if the option says so."""
        own = super().endpoints()
        if not self.confirm:
            return own
        return asking_first(own, MagicLink.magic_link_verify, Question(purpose="sign-in"))

    def needs(self) -> Sequence[tuple[str, str]]:
        """Somebody who mails."""
        return () if self.send_magic_link else [("MagicLink.send_magic_link", MAILER)]

    @post(_SENT, check_login_csrf=True, promises_mail=True)
    async def sign_in_magic_link(self, call: Call, body: SignInMagicLink) -> Status:
        """Mail a link. The answer does not tell whether anybody has the address."""
        token = await self._token(call, body.email)
        identifier, ends = await self._identifier(call, token), call.after(self.promise_life())
        email = normal_email(body.email)
        user = await user_of_address(call, email)
        await bind(call, identifier, await mailbox_promise(call, user, email), ends)
        row = _Row(type="magic-link", email=body.email, name=body.name)
        await create_verification(call, identifier, msgspec.json.encode(row).decode(), ends)
        params = {"token": token, "callbackURL": body.callback_url or "/"}
        if body.new_user_callback_url:
            params["newUserCallbackURL"] = body.new_user_callback_url
        if body.error_callback_url:
            params["errorCallbackURL"] = body.error_callback_url
        mail = MagicLinkMail(
            email=body.email,
            url=append_query(f"{call.site.base_url}{_OPENED}", params),
            token=token,
            metadata=None if body.metadata is msgspec.UNSET else body.metadata,
            expires_at=ends,
        )
        await send_mail(call, self.send_magic_link, mail)
        return Status()

    @get(_OPENED, redeems=True)
    async def magic_link_verify(self, call: Call, query: VerifyMagicLink) -> SignedInByLink[User]:
        """Open a link: sign in, or up. The browser is sent on, also on failure.

        Whoever held an unverified account under this address is out. Raises INVALID_CALLBACK_URL
        (403) for a target that leads elsewhere.
        """
        targets = await _targets(call, query)
        try:
            owner = await self._redeem(call, query.token)
            session = await _session(call, owner)
        except _Refused as refusal:
            raise await redirect_from_origin(call, targets.error, refusal.params) from None
        set_session_cookies(call, session, owner.user)
        if query.callback_url:
            target = targets.new_user if owner.is_new else targets.success
            raise await redirect_from_origin(call, target)
        return SignedInByLink(token=session.token, user=owner.user, session=session)

    async def _token(self, call: Call, email: str) -> str:
        own = None if self.generate_token is None else await call.run(self.generate_token, email)
        return str(own) if own else call.random(32, LETTERS)

    async def _identifier(self, call: Call, token: str) -> str:
        return f"{self.id}:{await stored_code(call, self.store_token, token)}"

    async def _redeem(self, call: Call, token: str) -> MailboxOwner:
        identifier = await self._identifier(call, token)
        found = await find_verification(call, identifier)
        # What is no promise of ours stays: it is not for us to burn.
        if found is None or _row(found.value) is None:
            raise _Refused("INVALID_TOKEN")
        taken = await take_promise(call, identifier)
        row = None if taken is None else _row(taken.row.value)
        if taken is None or row is None:
            raise _Refused("INVALID_TOKEN")
        return await self._owner(call, row, taken)

    async def _owner(self, call: Call, row: _Row, taken: Redeemed) -> MailboxOwner:
        new_user = None if self.disable_sign_up else {"name": row.name or ""}
        try:
            owner = await owner_of_mailbox(
                call, normal_email(row.email), new_user, proof=taken, method="magic-link"
            )
        except Void:
            raise _Refused("INVALID_TOKEN") from None
        except APIError as error:
            if error.code is None:
                raise
            if error.code == EmailPasswordCodes.FAILED_TO_CREATE_USER.code:
                raise _Refused("failed_to_create_user") from None
            raise _Refused(error.code, error.message) from None
        if owner is None and self.disable_sign_up:
            raise _Refused("new_user_signup_disabled")
        if owner is None:
            raise _Refused("failed_to_create_user")
        call.subject = owner.user.id
        return owner


async def _session(call: Call, owner: MailboxOwner) -> Session:
    async def allowed(there: User) -> bool:
        return await owner.proof.stands(call, there)

    try:
        session = await begin_session(call, owner.user, allowed)
    except Void:
        raise _Refused("INVALID_TOKEN") from None
    if session is None:
        raise _Refused("failed_to_create_session")
    return session


def _row(value: str) -> _Row | None:
    try:
        return msgspec.json.decode(value, type=_Row)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


async def _targets(call: Call, query: VerifyMagicLink) -> _Targets:
    success = query.callback_url or "/"
    new_user = query.new_user_callback_url or success
    error = query.error_callback_url or success
    for target in (success, new_user, error):
        await check_trusted_url(call, target)
    return _Targets(success, new_user, error)


class MagicLinkAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    sign_in_magic_link: EndpointCall[M, SignInMagicLink, Status]
    """Mail a link. The answer does not tell whether anybody has the address."""
    magic_link_verify: EndpointCall[M, VerifyMagicLink, SignedInByLink[U]]
    """Open a link: sign in, or up. The browser is sent on, also on failure.

    Whoever held an unverified account under this address is out. Raises INVALID_CALLBACK_URL
    (403) for a target that leads elsewhere.
    """
