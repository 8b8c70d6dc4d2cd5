"""Sign-in with identity providers (spec: social sign-in and accounts, sections 1 to 7).

What needs the providers' modules is in `flow`, which is loaded where there is a provider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from watchword.call import Call
from watchword.endpoint import Traits, endpoint, post
from watchword.errors import ErrorCodes, Redirect
from watchword.features.email_password_wire import SignedIn
from watchword.features.status import error_page_url
from watchword.http.bounds import LONGEST_VALUE
from watchword.http.query import append_query, encode_form
from watchword.observability.request_log import link_refused
from watchword.pipeline.validation import invalid
from watchword.plugin_base import Plugin
from watchword.records import User
from watchword.server_api import EndpointCall, M, ServerAPI, U

from .wire import LinkSocial, SignInSocial, SocialCodes, SocialLinked, SocialRedirect

if TYPE_CHECKING:
    from watchword.oauth.provider import Provider

    from .flow import SocialFlow

_PARAMETERS = ("code", "error", "device_id", "error_description", "state", "user", "iss")
_BOTH = ("GET", "POST")


@dataclass(frozen=True, kw_only=True)
class SocialSignIn(Plugin):
    """Installed in every `Auth`; `social_providers` fills it."""

    id: ClassVar[str] = "social"
    codes: ClassVar[type[ErrorCodes]] = SocialCodes

    flow: SocialFlow | None = None
    """None: there is no provider."""

    def provider_ids(self) -> Sequence[str]:
        return () if self.flow is None else self.flow.provider_ids

    @post("/sign-in/social", check_login_csrf=True)
    async def sign_in_social(
        self, call: Call, body: SignInSocial
    ) -> SocialRedirect | SignedIn[User]:
        """Begin to sign in with a provider, or do so with its ID token. Raises PROVIDER_NOT_FOUND,
        ID_TOKEN_NOT_SUPPORTED, INVALID_TOKEN, FAILED_TO_GET_USER_INFO, USER_EMAIL_NOT_FOUND,
        OAUTH_LINK_ERROR, EMAIL_NOT_VERIFIED."""
        if self.flow is None:
            raise SocialCodes.PROVIDER_NOT_FOUND()
        return await self.flow.sign_in(call, body)

    @post("/link-social", requires="sensitive")
    async def link_social_account(
        self, call: Call, body: LinkSocial
    ) -> SocialRedirect | SocialLinked:
        """Begin to link a provider's account to who is signed in, or do so with an ID token. Raises
        PROVIDER_NOT_FOUND, ID_TOKEN_NOT_SUPPORTED, INVALID_TOKEN, FAILED_TO_GET_USER_INFO,
        USER_EMAIL_NOT_FOUND, SOCIAL_ACCOUNT_ALREADY_LINKED, LINKING_NOT_ALLOWED,
        LINKING_DIFFERENT_EMAILS_NOT_ALLOWED, LINKING_FAILED."""
        if self.flow is None:
            raise SocialCodes.PROVIDER_NOT_FOUND()
        return await self.flow.link(call, body)

    @endpoint(
        _BOTH,
        "/callback/:id",
        source="query",
        traits=Traits(form=True, redeems=True),
        name="callback_oauth",
    )
    async def callback_oauth(self, call: Call) -> None:
        """Where a provider sends the browser back to; sends it on, also on failure."""
        given = callback_parameters(call)
        if call.request is not None and call.request.method == "POST":
            # Cookies do not come along from another site: they will, with the browser's own GET.
            path = f"{call.site.base_url}/callback/{call.params['id']}"
            raise Redirect(f"{path}?{encode_form(given)}")
        begins = "state" not in given and bool(given.get("code"))
        if begins and self.flow is not None and (away := await self.flow.restart(call)):
            raise away
        if self.flow is None or not given.get("state"):
            code = "state_mismatch" if given.get("state") else "state_not_found"
            link_refused(call, code)
            raise Redirect(append_query(error_page_url(call), {"error": code}))
        raise await self.flow.finish(call, given)


@dataclass(frozen=True, kw_only=True)
class ProviderSource(Plugin):
    """Base of plugins that bring identity providers."""

    def identity_providers(self) -> Sequence[Provider]:
        """Providers of its own, beside `social_providers`."""
        return ()


def callback_parameters(call: Call) -> Mapping[str, str]:
    """The parameters of a callback; those of the query go before those of the body."""
    if call.body is not None and not isinstance(call.body, dict):
        raise invalid([("body", "An object with named values is needed here")])
    found: dict[str, str] = {}
    for name in _PARAMETERS:
        for where, source in (("query", call.query), ("body", call.fields)):
            value = source.get(name)
            if value is None or name in found:
                continue
            if not isinstance(value, str) or len(value) > LONGEST_VALUE:
                raise invalid([(f"{where}.{name}", "A single text of some length is needed here")])
            found[name] = value
    return found


def open_flow(providers: Sequence[Provider]) -> SocialFlow | None:
    """What the providers need; None without any. Raises `ConfigurationError`."""
    if not providers:
        return None
    made: SocialFlow = import_module("..flow", __name__).SocialFlow(providers)
    return made


class SocialAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    sign_in_social: EndpointCall[M, SignInSocial, SocialRedirect | SignedIn[U]]
    """Begin to sign in with a provider, or do so with its ID token. Raises PROVIDER_NOT_FOUND,
    ID_TOKEN_NOT_SUPPORTED, INVALID_TOKEN, FAILED_TO_GET_USER_INFO, USER_EMAIL_NOT_FOUND,
    OAUTH_LINK_ERROR, EMAIL_NOT_VERIFIED.
    """
    link_social_account: EndpointCall[M, LinkSocial, SocialRedirect | SocialLinked]
    """Begin to link a provider's account to who is signed in, or do so with an ID token. Raises
    PROVIDER_NOT_FOUND, ID_TOKEN_NOT_SUPPORTED, INVALID_TOKEN, FAILED_TO_GET_USER_INFO,
    USER_EMAIL_NOT_FOUND, SOCIAL_ACCOUNT_ALREADY_LINKED, LINKING_NOT_ALLOWED,
    LINKING_DIFFERENT_EMAILS_NOT_ALLOWED, LINKING_FAILED.
    """
    callback_oauth: EndpointCall[M, None, None]
    """Where a provider sends the browser back to; sends it on, also on failure."""
