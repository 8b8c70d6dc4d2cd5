"""Sessions of users: listed, ended, begun; and links that begin one."""

from __future__ import annotations

from typing import TypeVar, cast

from watchword.call import Call
from watchword.configuration.durations import Duration
from watchword.errors import APIError, ConfigurationError
from watchword.features.letters import Letter, mailer_of, proven_name
from watchword.features.sessions import end_all_sessions
from watchword.features.sign_in_links import LONGEST_LIFE, SignInLink, issue_sign_in_link
from watchword.http.headers import HeaderSource
from watchword.http.request import Request
from watchword.pipeline.responding import respond
from watchword.pipeline.validation import Identifier, TargetURL
from watchword.records import Session, User
from watchword.results import SessionAndUser
from watchword.server_api import WithHeaders
from watchword.sessions.sessions import (
    create_session,
    finish_call,
    require_stored_sessions,
    set_session_cookies,
)

from .arguments import checked, life_of, user_id_of
from .serving import Hand, M, found, served

U = TypeVar("U", bound=User)


class Entering(Hand[M, U]):
    """The functions around sessions."""

    @served
    async def sessions(self, call: Call, user_id: str | int) -> list[Session]:
        """The user's sessions that have not ended, newest first, a hundred at most.

        Their tokens are in them, and not in what is printed of them.
        """
        return await call.sessions.of_user(call, user_id_of(user_id))

    @served
    async def revoke_session(self, call: Call, user_id: str | int, session_id: str) -> bool:
        """End one session of a user, by its id (`session.id`); False if it is none of the user's.

        Raises SESSIONS_NOT_STORED.
        """
        require_stored_sessions(call)
        who, wanted = user_id_of(user_id), str(checked("session_id", session_id, Identifier))
        for token in await call.sessions.tokens_of(call, who):
            known = await call.sessions.load(call, token)
            if known is not None and known.session.id == wanted and known.user.id == who:
                await call.sessions.remove(call, token)
                return True
        return False

    @served
    async def revoke_sessions(self, call: Call, user_id: str | int) -> None:
        """End all sessions of a user, and with them what they had asked for by mail, and links.

        Raises USER_NOT_FOUND, SESSIONS_NOT_STORED.
        """
        require_stored_sessions(call)
        user = await found(call, user_id_of(user_id))
        await end_all_sessions(call, user.id)

    @served
    async def create_session(
        self,
        call: Call,
        user_id: str | int,
        *,
        remember: bool = True,
        headers: HeaderSource | None = None,
        request: Request | None = None,
    ) -> WithHeaders[SessionAndUser[U]]:
        """Sign a user in on the server's word: nobody proved anything, and no second factor is
        asked for. Put the `cookies` of what comes back on the response to the browser.

        Address and browser are noted from `headers` or `request`. Raises USER_NOT_FOUND, 403 with a
        code of its own (BANNED_USER), 409 without a code where a hook of the database refused.
        """
        call.config.sites.resolve_call(call.request, call.headers)
        user = await found(call, user_id_of(user_id))
        call.subject = user.id
        session = await create_session(call, user, remember=checked("remember", remember, bool))
        if session is None:
            raise APIError(409, None, "A hook of the database refused the session")
        set_session_cookies(call, session, user, remember=remember)
        await finish_call(call)
        value = SessionAndUser(session=session, user=cast("U", user))
        return WithHeaders(value, respond(call, value))

    @served
    async def sign_in_link(
        self,
        call: Call,
        user_id: str | int,
        *,
        callback_url: str = "/",
        error_callback_url: str = "",
        expires_in: Duration = 900,
        remember: bool = True,
        mail: bool = False,
        headers: HeaderSource | None = None,
        request: Request | None = None,
    ) -> SignInLink:
        """A link that signs this user in, once, and leads to `callback_url`; `mail` it to him as
        well, by `Auth(mail=...)`.

        It lives 15 minutes, or `expires_in` (at most 7 days), and is void once the user has another
        password or address, or all sessions are ended. Where several hosts are served, `headers` or
        `request` say which. Raises USER_NOT_FOUND, INVALID_CALLBACK_URL (403), VALIDATION_ERROR,
        `ConfigurationError` without a `base_url`, and for a mail
        without a mailer.
        """
        _check_host(call)
        life = life_of("expires_in", expires_in, LONGEST_LIFE)
        user = await found(call, user_id_of(user_id))
        mailer = mailer_of(call) if checked("mail", mail, bool) else None
        link = await issue_sign_in_link(
            call,
            user,
            target=checked("callback_url", callback_url or "/", TargetURL),
            error_target=checked("error_callback_url", error_callback_url, TargetURL),
            lifetime=life,
            remember=checked("remember", remember, bool),
        )
        if mailer is not None:
            await mailer.post(call, _letter(user, link), user)
        return link


def _letter(user: User, link: SignInLink) -> Letter:
    return Letter(
        kind="sign-in-link",
        to=user.email,
        name=proven_name(user),
        url=link.url,
        expires_at=link.expires_at,
        user_id=user.id,
    )


def _check_host(call: Call) -> None:
    """Refuse a link to a host that nobody named but who asks."""
    believing = call.config.sites.believing
    if believing is not None:
        raise ConfigurationError(
            believing,
            "any host would do, and a link that signs in could lead anywhere",
            'Give the address of the server: Auth(base_url="https://app.example.com")',
        )
    call.config.sites.resolve_call(call.request, call.headers)
