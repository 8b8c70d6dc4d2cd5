"""The way of a system's browser to a provider, for an application that began to sign in.

The application got the provider's URL, and the cookie that binds the flow to a browser. The browser
that shall answer has no such cookie: it comes by here, gets it, and goes on. Whoever makes somebody
else's browser come by has that one finish the flow; so it is only done for flows that this server
began, whose result goes to an application and leaves nothing in the browser.

Whose account is linked that way to whom is another matter. It is only done where the account has to
have the address that the user has proven to be his.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from watchword.call import Call
from watchword.discreet import Discreet
from watchword.errors import ErrorCode, ErrorCodes, Redirect
from watchword.features.social.plugin import SocialSignIn
from watchword.http.bounds import LONGEST_VALUE
from watchword.oauth.state import Link, State
from watchword.pipeline.validation import TargetURL
from watchword.records import User

from .deep_links import is_deep_link


class NativeCodes(ErrorCodes):
    """Errors of applications on devices."""

    INVALID_AUTHORIZATION_URL = ErrorCode(
        400, None, "This leads to no provider that an application is waiting for"
    )


class AuthorizationProxy(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """To which URL of a provider, and the state cookie if the flow is in one."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("authorization_url", "oauth_state"))

    authorization_url: TargetURL = msgspec.field(name="authorizationURL")
    oauth_state: Annotated[str, msgspec.Meta(max_length=LONGEST_VALUE)] = msgspec.field(
        default="", name="oauthState"
    )


async def to_provider(call: Call, query: AuthorizationProxy, *, links: bool) -> Redirect:
    """The redirect to the provider, with the flow's cookie for this browser.

    `links`: also in flows that may link the account of somebody else. Raises
    `INVALID_AUTHORIZATION_URL` for any other URL.
    """
    flow, sealed = call.config.plugin(SocialSignIn).flow, query.oauth_state or None
    state = None if flow is None else await flow.waiting(call, query.authorization_url, sealed)
    if flow is None or state is None or not _leads_to_application(state):
        raise NativeCodes.INVALID_AUTHORIZATION_URL()
    if state.link is not None and not links and not await _keeps_strangers_out(call, state.link):
        raise NativeCodes.INVALID_AUTHORIZATION_URL()
    flow.let_finish(call, state, sealed)
    return Redirect(query.authorization_url)


def _leads_to_application(state: State) -> bool:
    return is_deep_link(state.callback_url) and (
        not state.new_user_url or is_deep_link(state.new_user_url)
    )


async def _keeps_strangers_out(call: Call, link: Link) -> bool:
    """Whether only the owner of the user's mailbox has an account that can be linked."""
    if call.config.options.account.linking.allow_different_emails:
        return False
    user = await call.db.find_one(User, id=link.user_id)
    return user is not None and user.email_verified
