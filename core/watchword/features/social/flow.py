"""The way to a provider and back (spec: social, sections 1, 2 and 7; security A1 to A9)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace

import msgspec

from watchword.call import Call
from watchword.errors import APIError, ConfigurationError, Redirect
from watchword.features.email_password_wire import EmailPasswordCodes, SignedIn
from watchword.features.promises import session_promise
from watchword.oauth.authorization import RESERVED, Authorization, asked_at
from watchword.oauth.client import Client
from watchword.oauth.failures import WithoutTokens
from watchword.oauth.key_sets import KeySets
from watchword.oauth.profile import Identity
from watchword.oauth.provider import CodeGrant, Provider
from watchword.oauth.state import (
    State,
    StateRefused,
    give_state,
    keep_state,
    new_state,
    take_state,
    waiting_state,
)
from watchword.oauth.tokens import Tokens, unverified_claims
from watchword.pipeline.origin_check import check_trusted_url
from watchword.pipeline.validation import invalid
from watchword.records import User
from watchword.runtime.outgoing_opening import require_http

from .account_tokens import TokenKeeper
from .arrival import Seen, arrive, let_in, signs_up
from .ending import ended, failed
from .journey import Journey, Lead, redirect_uri
from .linking import begun_by, link_by_token
from .person import FAILURES, Person, ask_who, posted_user, posted_user_of, tell_failure
from .refusal import Refused
from .resolution import Terms
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


class SocialFlow:
    """Sign-in with the providers of one server."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self._providers = {provider.id: provider for provider in providers}
        if len(self._providers) < len(providers):
            ids = [provider.id for provider in providers]
            twice = ", ".join(sorted({one for one in ids if ids.count(one) > 1}))
            raise ConfigurationError(
                "social_providers",
                f"{twice}: a provider is named twice, here or by a plugin",
                "Give each one once",
            )
        require_http("social_providers")
        self._key_sets = KeySets()
        self.tokens = TokenKeeper(self._providers, self._key_sets)
        """Of the accounts that come of it."""
        self._leads: tuple[Lead, ...] = ()

    def led_by(self, lead: Lead) -> SocialFlow:
        """The same, but for flows that set out: `lead` may take them another way, after others."""
        led = copy(self)
        led._leads = (*self._leads, lead)
        return led

    @property
    def provider_ids(self) -> tuple[str, ...]:
        """The ids of all providers."""
        return tuple(self._providers)

    async def sign_in(self, call: Call, body: SignInSocial) -> SocialRedirect | SignedIn[User]:
        """Answer `/sign-in/social`."""
        provider = await self._asked_for(call, body)
        if body.id_token is not msgspec.UNSET:
            return await self._by_id_token(call, provider, body, body.id_token)
        state = _new_state(call, provider, body)
        state = replace(state, new_user_url=body.new_user_callback_url or None)
        return await _away(call, provider, body, state, self._leads)

    async def link(self, call: Call, body: LinkSocial) -> SocialRedirect | SocialLinked:
        """Answer `/link-social`."""
        provider = await self._asked_for(call, body)
        if body.id_token is msgspec.UNSET:
            state = replace(_new_state(call, provider, body), link=begun_by(call))
            return await _away(call, provider, body, state, self._leads)
        promise = await session_promise(call)
        person, tokens = await self._shown(call, provider, body.id_token)
        if person.email is None:
            raise SocialCodes.USER_EMAIL_NOT_FOUND()
        tokens = replace(tokens, refresh_token=body.id_token.refresh_token or None)
        await link_by_token(call, promise, person, tokens)
        return SocialLinked()

    async def finish(self, call: Call, given: Mapping[str, str]) -> Redirect:
        """What a callback with a state leads to. Raises INVALID_CALLBACK_URL for a target that is
        not trusted any more."""
        try:
            state = await self.begun(call, given.get("state", ""))
        except StateRefused as refusal:
            return await failed(call, refusal.error_url, refusal.code)
        for target in (state.callback_url, state.new_user_url, state.error_url):
            await check_trusted_url(call, target)
        return await ended(call, state.error_url, self._come_back(call, state, given))

    async def waiting(self, call: Call, url: str, sealed: str | None) -> State | None:
        """The flow that waits for an answer to a URL of `sign_in` or `link`; None for all others.

        `sealed` is the cookie of the cookie strategy.
        """
        value = (asked_at(url.partition("?")[0], url) or {}).get("state")
        if value is None:
            return None
        state = await waiting_state(call, value, call.config.state_strategy, sealed)
        if state is None:
            return None
        # One that does not say how it is asked holds up nobody who asks another one.
        for name in (state.provider,) if state.provider else self._providers:
            provider = await self.ready(call, name)
            uri = "" if provider is None else redirect_uri(provider, call.site.base_url)
            if provider is not None and provider.asked_by(url, uri) == value:
                return state
        return None

    def let_finish(self, call: Call, state: State, sealed: str | None) -> None:
        """Let this browser finish a flow that was begun outside of it (`state.give_state`)."""
        give_state(call, state, call.config.state_strategy, sealed)

    async def restart(self, call: Call) -> Redirect | None:
        """Where a callback without a state leads if its provider may begin: to that provider, for
        a flow of this browser's own. The code that came along is of no use to anybody."""
        asked = call.params["id"]
        known = self._providers.get(asked)
        if known is None or not known.description.allows_idp_initiated:
            return None
        provider = await self.ready(call, asked)
        if provider is None:
            return None
        body = SignInSocial(provider=asked, disable_redirect=True)
        state = _new_state(call, provider, body)
        return Redirect((await _away(call, provider, body, state, self._leads)).url)

    async def _asked_for(self, call: Call, body: ToProvider) -> Provider:
        provider = await self.ready(call, body.provider)
        if provider is None:
            raise SocialCodes.PROVIDER_NOT_FOUND()
        if not RESERVED.isdisjoint(body.additional_params):
            raise invalid([("body.additionalParams", "These have names of the protocol's own")])
        return provider

    async def ready(self, call: Call, provider_id: str) -> Provider | None:
        """A provider that can be asked; None if there is none, or it does not say how."""
        provider = self._providers.get(provider_id)
        if provider is None:
            return None
        try:
            return await provider.prepared(Client.of(call, self._key_sets))
        except FAILURES as error:
            tell_failure(provider, error)
            return None

    async def begun(self, call: Call, value: str) -> State:
        """The flow that this browser began, for the one caller that comes first. Raises
        `StateRefused`."""
        skip = call.config.options.account.skip_state_cookie_check
        state = await take_state(call, value, call.config.state_strategy, skip_cookie=skip)
        call.flow_context = state.server_context
        return state

    async def seen(self, call: Call, state: State, given: Mapping[str, str]) -> Seen:
        """Whom a callback with a code speaks of. Raises `Refused`."""
        provider = await self._provider_of(call, state, given)
        client = Client.of(call, self._key_sets)
        tokens = await _exchanged(call, client, provider, state, given)
        person = await ask_who(provider, client, tokens)
        if person is None or not _same_nonce(state, tokens):
            raise Refused("unable_to_get_user_info")
        return Seen(provider, person, tokens)

    def provider(self, name: str) -> Provider | None:
        """The provider with this id."""
        return self._providers.get(name)

    async def _come_back(self, call: Call, state: State, given: Mapping[str, str]) -> str:
        return await arrive(call, state, await self.seen(call, state, given))

    async def _provider_of(self, call: Call, state: State, given: Mapping[str, str]) -> Provider:
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
        provider = await self.ready(call, asked)
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
        terms = Terms(may_sign_up=signs_up(provider, asked=body.request_sign_up is True))
        seen = Seen(provider, person, tokens)
        try:
            found, session = await let_in(call, seen, terms, body.callback_url)
        except Refused as refusal:
            if refusal.code == "email_not_verified":
                raise EmailPasswordCodes.EMAIL_NOT_VERIFIED() from None
            raise SocialCodes.OAUTH_LINK_ERROR(refusal.code.replace("_", " ")) from None
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
        alone = provider.description.id_token_alone
        shown = replace(tokens, access_token=None) if alone else tokens
        person = await ask_who(provider, client, shown)
        if person is None or not (alone or _same_subject(provider, person, tokens)):
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


async def _away(
    call: Call, provider: Provider, body: ToProvider, state: State, leads: Sequence[Lead]
) -> SocialRedirect:
    journey = Journey(state, state.value, redirect_uri(provider, call.site.base_url))
    try:
        for lead in leads:
            journey = await lead(call, provider, journey)
        await keep_state(call, journey.state, call.config.state_strategy)
    except ValueError:
        raise invalid([("body.additionalData", "This is too long")]) from None
    except LookupError:
        raise APIError(500) from None
    url = provider.authorization_url(
        Authorization(
            state=journey.parameter,
            code_verifier=state.code_verifier,
            redirect_uri=journey.redirect_uri,
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
        redirect_uri=redirect_uri(provider, call.site.base_url),
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


def _same_nonce(state: State, tokens: Tokens) -> bool:
    # Without an ID token there is none that could be from another flow.
    if state.nonce is None or tokens.id_token is None:
        return True
    claims = unverified_claims(tokens.id_token)
    return claims is not None and claims.get("nonce") == state.nonce


def _same_subject(provider: Provider, person: Person, tokens: Tokens) -> bool:
    """Whether what was asked elsewhere is about whom the token is about (security A3)."""
    if provider.description.user_info_url is None or provider.get_user_info is not None:
        return True
    claims = unverified_claims(tokens.id_token)
    if claims is None:
        # It names nobody, and an access token beside it may be anybody's.
        return tokens.access_token == tokens.id_token
    return Identity(id=claims.get("sub")).subject == person.subject
