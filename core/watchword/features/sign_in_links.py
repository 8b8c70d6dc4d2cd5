"""Links that sign a given user in, once: for a text message, a chat, an invitation.

The server makes one for a user whom it knows (`auth.users.sign_in_link`); no client can ask for
one. Whoever opens it first is signed in, as far as sign-ins go: bans hold, and a second factor is
asked for. It proves no mailbox. A new password, a new address, the end of all sessions and a
deletion void it (security M1, M8, W5).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from watchword.call import Call
from watchword.crypto.random_strings import URL_SAFE
from watchword.crypto.signing import hash_identifier
from watchword.discreet import Discreet
from watchword.endpoint import Endpoint, get
from watchword.errors import APIError, ErrorCode, ErrorCodes
from watchword.http.query import append_query
from watchword.pipeline.origin_check import check_target, check_trusted_url
from watchword.pipeline.validation import Flag, TargetURL, Token
from watchword.plugin_base import Plugin
from watchword.records import Session, User
from watchword.server_api import EndpointCall, M, ServerAPI
from watchword.sessions.sessions import set_session_cookies
from watchword.verifications.verifications import create_verification

from .confirmation import Question, asking_first
from .promises import Void, account_promise, begin_session, bind, take_promise
from .redirects import redirect_from_origin

U = TypeVar("U", bound=User)

LONGEST_LIFE = 604_800
"""Seconds that a link may live (7 days)."""
_PATH = "/sign-in/link"


class SignInLinkCodes(ErrorCodes):
    """Errors of links that sign in."""

    INVALID_TOKEN = ErrorCode(
        400, "INVALID_TOKEN", "The link is not valid, or was used already", guess=True
    )
    FAILED_TO_CREATE_SESSION = ErrorCode(
        422, "FAILED_TO_CREATE_SESSION", "A hook of the database refused the session"
    )


class OpenSignInLink(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What a link carries."""

    token: Token
    error_callback_url: TargetURL = msgspec.field(default="", name="errorCallbackURL")
    """Where the browser goes if the link is not valid; empty: to `/`."""
    disable_redirect: Flag = msgspec.field(default="", name="disableRedirect")
    """Answer with the session, or the error: a page of the application goes on by itself."""


class SignedInByLink(Discreet, msgspec.Struct, Generic[U], frozen=True):
    """Who is signed in now, and where the link leads."""

    session: Session
    user: U
    url: str


class SignInLink(Discreet, msgspec.Struct, frozen=True):
    """A link for one person. Whoever holds `url` or `token` is signed in by it: never log them."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("url",))

    url: str
    token: str
    expires_at: datetime


class _Row(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    user_id: str
    url: str
    remember: bool


async def issue_sign_in_link(
    call: Call, user: User, *, target: str, error_target: str, lifetime: int, remember: bool
) -> SignInLink:
    """A link for this user; it lives `lifetime` seconds, and leads to `target`.

    Raises INVALID_CALLBACK_URL (403) for a target that is not trusted.
    """
    for url in (target, error_target):
        await check_target(call, url)
    token = call.random(32, URL_SAFE)
    identifier, ends = _identifier(token), call.after(lifetime)
    await bind(call, identifier, await account_promise(call, user), ends)
    row = _Row(user.id, target, remember)
    await create_verification(call, identifier, msgspec.json.encode(row).decode(), ends)
    params = {"token": token}
    if error_target:
        params["errorCallbackURL"] = error_target
    url = append_query(f"{call.site.base_url}{_PATH}", params)
    return SignInLink(url=url, token=token, expires_at=ends)


@dataclass(frozen=True, kw_only=True)
class SignInLinks(Plugin):
    """Options of links that sign in. Without any that the server made there is nothing to open."""

    id: ClassVar[str] = "sign-in-links"
    codes: ClassVar[type[ErrorCodes]] = SignInLinkCodes

    confirm: bool = False
    """A link leads to a page with one button, which signs in by POST; the GET does nothing."""

    def promise_life(self) -> int:
        """Seconds that a link may live."""
        return LONGEST_LIFE

    def endpoints(self) -> Iterator[Endpoint[Any, Any]]:
        """Its endpoint, which asks first, if the option says so."""
        own = super().endpoints()
        if not self.confirm:
            return own
        return asking_first(own, SignInLinks.open_sign_in_link, Question(purpose="sign-in"))

    @get(_PATH, redeems=True)
    async def open_sign_in_link(self, call: Call, query: OpenSignInLink) -> SignedInByLink[User]:
        """Open a link that the server made. The browser is sent on, also on failure.

        Raises INVALID_TOKEN with `disableRedirect`, INVALID_CALLBACK_URL (403) for a target that
        leads elsewhere.
        """
        error_target = query.error_callback_url or "/"
        await check_trusted_url(call, error_target)
        try:
            opened = await self._redeem(call, query.token)
        except APIError as refusal:
            if query.disable_redirect or refusal.code is None:
                raise
            params = {"error": refusal.code}
            raise await redirect_from_origin(call, error_target, params) from None
        if query.disable_redirect:
            return opened
        raise await redirect_from_origin(call, opened.url)

    async def _redeem(self, call: Call, token: str) -> SignedInByLink[User]:
        taken = await take_promise(call, _identifier(token))
        if taken is None or taken.promise is None:
            raise SignInLinkCodes.INVALID_TOKEN()
        row = msgspec.json.decode(taken.row.value, type=_Row)
        user = await call.db.find_one(User, id=row.user_id)
        if user is None:
            raise SignInLinkCodes.INVALID_TOKEN()
        call.subject = user.id

        async def allowed(there: User) -> bool:
            return await taken.stands(call, there)

        try:
            session = await begin_session(call, user, allowed, remember=row.remember)
        except Void:
            raise SignInLinkCodes.INVALID_TOKEN() from None
        if session is None:
            raise SignInLinkCodes.FAILED_TO_CREATE_SESSION()
        set_session_cookies(call, session, user, remember=row.remember)
        return SignedInByLink(session=session, user=user, url=row.url)


def _identifier(token: str) -> str:
    return f"sign-in-link:{hash_identifier(token)}"


class SignInLinksAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    open_sign_in_link: EndpointCall[M, OpenSignInLink, SignedInByLink[U]]
    """Open a link that the server made. The browser is sent on, also on failure.

    Raises INVALID_TOKEN with `disableRedirect`, INVALID_CALLBACK_URL (403) for a target that
    leads elsewhere.
    """
