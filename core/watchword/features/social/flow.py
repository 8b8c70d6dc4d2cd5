"""The way to a provider and back (spec: social, sections 1, 2 and 7; security A1 to A9)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec

import msgspec

from watchword.call import Call
from watchword.errors import APIError, ConfigurationError, Overloaded, Redirect
from watchword.features.email_password_wire import EmailPasswordCodes, SignedIn
from watchword.features.email_verification import EmailVerification
from watchword.features.redirects import redirect_to
from watchword.features.status import error_page_url
from watchword.http.query import append_query
from watchword.oauth.authorization import RESERVED, Authorization
from watchword.oauth.client import Client
from watchword.oauth.failures import WithoutTokens
from watchword.oauth.key_sets import KeySets
from watchword.oauth.provider import CodeGrant, Provider
from watchword.oauth.state import (
    State,
    StateRefused,
    keep_state,
    new_state,
    take_state,
)
from watchword.oauth.tokens import Tokens, unverified_claims
from watchword.observability.request_log import link_refused
from watchword.pipeline.origin_check import check_trusted_url
from watchword.pipeline.validation import invalid
from watchword.records import User
from watchword.sessions.sessions import set_session_cookies

from .account_tokens import TokenKeeper
from .linking import begun_by, link_after_redirect, link_by_token
from .person import FAILURES, Person, ask_who, posted_user, posted_user_of, tell_failure
from .refusal import Refused
from .resolution import Resolved, Terms, begin_session, resolve
from .wire import (
    GivenIdToken,
    LinkSocial,
    SignInSocial,
    SocialCodes,
    SocialLinked,
    SocialRedirect,
    ToProvider,
)

_ERROR = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]{1,255}")
"""What a provider may call an error (RFC 6749, 4.1.2.1)."""
_LONGEST_DESCRIPTION = 1000


class SocialFlow:
    """Sign-in with the providers of one server."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self._providers = {provider.id: provider for provider in providers}
        if len(self._providers) < len(providers):
            raise ConfigurationError(
                "social_providers", "names a provider twice", "Give each one once"
            )
        if find_spec("httpx2") is None:
            raise ConfigurationError(
                "social_providers", "httpx2 is not installed", "pip install 'watchword[social]'"
            )
        self._key_sets = KeySets()
        self.tokens = TokenKeeper(self._providers, self._key_sets)
        """Of the accounts that come of it."""

    async def sign_in(self, call: Call, body: SignInSocial) -> SocialRedirect | SignedIn[User]:
        """Answer `/sign-in/social`."""
        provider = self._asked_for(body)
        if body.id_token is not msgspec.UNSET:
            return await self._by_id_token(call, provider, body, body.id_token)
        state = _new_state(call, provider, body)
        state = replace(state, new_user_url=body.new_user_callback_url or None)
        return await _away(call, provider, body, state)

    async def link(self, call: Call, body: LinkSocial) -> SocialRedirect | SocialLinked:
        """Answer `/link-social`."""
        provider = self._asked_for(body)
        if body.id_token is msgspec.UNSET:
            state = replace(_new_state(call, provider, body), link=begun_by(call))
            return await _away(call, provider, body, state)
        person, tokens = await self._shown(call, provider, body.id_token)
        if person.email is None:
            raise SocialCodes.USER_EMAIL_NOT_FOUND()
        tokens = replace(tokens, refresh_token=body.id_token.refresh_token or None)
        await link_by_token(call, call.session.user.id, person, tokens)
        return SocialLinked()

    async def finish(self, call: Call, given: Mapping[str, str]) -> Redirect:
        """What a callback with a state leads to. Raises INVALID_CALLBACK_URL for a target that is
        not trusted any more."""
        account = call.config.options.account
        try:
            state = await take_state(
                call,
                given.get("state", ""),
                call.config.state_strategy,
                skip_cookie=account.skip_state_cookie_check,
            )
        except StateRefused as refusal:
            return await _failed(call, refusal.error_url, refusal.code)
        for target in (state.callback_url, state.new_user_url, state.error_url):
            await check_trusted_url(call, target)
        try:
            target = await self._come_back(call, state, given)
        except Refused as refusal:
            return await _failed(call, state.error_url, refusal.code, refusal.description)
        except Overloaded:
            return await _failed(call, state.error_url, "temporarily_unavailable")
        except APIError as error:
            if error.code is None:
                raise
            return await _failed(call, state.error_url, error.code, error.message)
        return await redirect_to(call, target)

    def _asked_for(self, body: ToProvider) -> Provider:
        provider = self._providers.get(body.provider)
        if provider is None:
            raise SocialCodes.PROVIDER_NOT_FOUND()
        if not RESERVED.isdisjoint(body.additional_params):
            raise invalid([("body.additionalParams", "These have names of the protocol's own")])
        return provider

    async def _come_back(self, call: Call, state: State, given: Mapping[str, str]) -> str:
        """Where a browser goes whose flow worked. Raises `Refused`."""
        provider = self._provider_of(call, state, given)
        client = Client.of(call, self._key_sets)
        tokens = await _exchanged(call, client, provider, state, given)
        person = await ask_who(provider, client, tokens)
        if person is None or not _same_nonce(state, tokens):
            raise Refused("unable_to_get_user_info")
        if state.link is not None:
            await link_after_redirect(call, state.link, person, tokens)
            return state.callback_url
        if person.email is None:
            raise Refused("email_not_found")
        terms = Terms(
            may_sign_up=_may_sign_up(provider, state.request_sign_up is True),
            overrides=provider.override_user_info_on_sign_in,
        )
        found = await resolve(call, person, tokens, terms)
        if await _must_verify(call, provider, found, state.callback_url):
            raise Refused("email_not_verified")
        session = await begin_session(call, found)
        set_session_cookies(call, session, found.user, remember=True)
        return state.new_user_url or state.callback_url if found.is_new else state.callback_url

    def _provider_of(self, call: Call, state: State, given: Mapping[str, str]) -> Provider:
        """The provider that a callback with a code came from. Raises `Refused`."""
        asked = call.params["id"]
        if state.provider not in (None, asked):
            raise Refused("state_mismatch")
        if given.get("error"):
            known = _ERROR.fullmatch(given["error"])
            code = given["error"] if known else "invalid_callback_request"
            raise Refused(code, given.get("error_description"))
        if not given.get("code"):
            raise Refused("no_code")
        provider = self._providers.get(asked)
        if provider is None:
            raise Refused("oauth_provider_not_found")
        issuer, named = provider.description.issuer, given.get("iss")
        if issuer and named and named != issuer:
            raise Refused("issuer_mismatch")
        if provider.description.needs_nonce and state.nonce is None:
            raise Refused("nonce_binding_missing")
        return provider

    async def _by_id_token(
        self, call: Call, provider: Provider, body: SignInSocial, given: GivenIdToken
    ) -> SignedIn[User]:
        person, tokens = await self._shown(call, provider, given)
        if person.email is None:
            raise SocialCodes.USER_EMAIL_NOT_FOUND()
        terms = Terms(may_sign_up=_may_sign_up(provider, body.request_sign_up is True))
        try:
            found = await resolve(call, person, tokens, terms)
            if await _must_verify(call, provider, found, body.callback_url):
                raise EmailPasswordCodes.EMAIL_NOT_VERIFIED()
            session = await begin_session(call, found)
        except Refused as refusal:
            raise SocialCodes.OAUTH_LINK_ERROR(refusal.code.replace("_", " ")) from None
        set_session_cookies(call, session, found.user, remember=True)
        return SignedIn(redirect=False, token=session.token, user=found.user)

    async def _shown(
        self, call: Call, provider: Provider, given: GivenIdToken
    ) -> tuple[Person, Tokens]:
        """Whom an ID token is about, and what is kept of it."""
        if not provider.takes_id_tokens:
            raise SocialCodes.ID_TOKEN_NOT_SUPPORTED()
        client = Client.of(call, self._key_sets)
        nonce = None if given.nonce is msgspec.UNSET else given.nonce
        try:
            genuine = await provider.verify(client, given.token, nonce)
        except FAILURES as error:
            tell_failure(provider, error)
            genuine = False
        if not genuine:
            raise SocialCodes.INVALID_TOKEN()
        tokens = Tokens(
            id_token=given.token,
            access_token=given.access_token or None,
            posted_user=posted_user(given.user),
        )
        person = await ask_who(provider, client, tokens)
        if person is None or not _same_subject(provider, person, given.token):
            raise SocialCodes.FAILED_TO_GET_USER_INFO()
        return person, tokens


def _new_state(call: Call, provider: Provider, body: ToProvider) -> State:
    wants = body.request_sign_up
    made = new_state(
        call,
        provider.id,
        callback_url=body.callback_url or call.site.origin,
        nonce=provider.description.needs_nonce,
    )
    return replace(
        made,
        error_url=body.error_callback_url or None,
        request_sign_up=None if wants is msgspec.UNSET else wants,
        additional=body.additional_data,
    )


async def _away(call: Call, provider: Provider, body: ToProvider, state: State) -> SocialRedirect:
    try:
        await keep_state(call, state, call.config.state_strategy)
    except ValueError:
        raise invalid([("body.additionalData", "This is too long")]) from None
    except LookupError:
        raise APIError(500) from None
    url = provider.authorization_url(
        Authorization(
            state=state.value,
            code_verifier=state.code_verifier,
            redirect_uri=_redirect_uri(call, provider),
            scopes=body.scopes,
            login_hint=None if body.login_hint is msgspec.UNSET else body.login_hint,
            nonce=state.nonce,
            params=body.additional_params,
        )
    )
    if not body.disable_redirect:
        call.set_header("location", url)
    return SocialRedirect(url=url, redirect=not body.disable_redirect)


async def _exchanged(
    call: Call, client: Client, provider: Provider, state: State, given: Mapping[str, str]
) -> Tokens:
    grant = CodeGrant(
        code=given["code"],
        redirect_uri=_redirect_uri(call, provider),
        code_verifier=state.code_verifier,
        device_id=given.get("device_id"),
    )
    try:
        tokens = await provider.exchange(client, grant)
    except FAILURES as error:
        tell_failure(provider, error)
        # To the protocol, an answer without tokens is one that says nothing of anybody.
        silent = isinstance(error, WithoutTokens)
        raise Refused("unable_to_get_user_info" if silent else "invalid_code") from None
    return replace(tokens, posted_user=posted_user_of(given.get("user")))


async def _must_verify(call: Call, provider: Provider, found: Resolved, callback_url: str) -> bool:
    """Whether the user has to prove the address first; mails the link where options say so."""
    if not provider.require_email_verification or found.user.email_verified:
        return False
    verification = call.config.plugin(EmailVerification)
    wanted = verification.send_on_sign_in
    if found.is_new:
        wanted = verification.send_on_sign_up is not False
    if wanted:
        call.runtime.require_room()
        await verification.send(call, found.user, callback_url)
    return True


def _may_sign_up(provider: Provider, asked: bool) -> bool:
    return not provider.disable_sign_up and (asked or not provider.disable_implicit_sign_up)


def _same_nonce(state: State, tokens: Tokens) -> bool:
    if state.nonce is None:
        return True
    claims = unverified_claims(tokens.id_token)
    return claims is not None and claims.get("nonce") == state.nonce


def _same_subject(provider: Provider, person: Person, token: str) -> bool:
    """Whether what was asked elsewhere is about whom the token is about (security A3)."""
    if provider.description.user_info_url is None or provider.get_user_info is not None:
        return True
    claims = unverified_claims(token)
    return claims is None or str(claims.get("sub")) == person.subject


def _redirect_uri(call: Call, provider: Provider) -> str:
    path = provider.description.callback_path or f"/callback/{provider.id}"
    return provider.redirect_uri or f"{call.site.base_url}{path}"


async def _failed(
    call: Call, error_url: str | None, code: str, description: str | None = None
) -> Redirect:
    params = {"error": code}
    if description:
        params["error_description"] = description[:_LONGEST_DESCRIPTION]
    if error_url:
        return await redirect_to(call, error_url, params)
    link_refused(call, code)
    # The page is the application's own option, or ours.
    return Redirect(append_query(error_page_url(call), params))
