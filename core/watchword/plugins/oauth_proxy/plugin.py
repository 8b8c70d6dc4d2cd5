"""Previews sign in through production (spec: plugin oauth-proxy).

A provider sends browsers to the callback of production alone. So a preview sends the browser to the
provider with production's callback, and with its state, encrypted, as the `state`. Production opens
that, asks the provider who it is, stores nothing, and sends the browser with an encrypted profile
back to the preview, which signs in whoever began the flow there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar
from urllib.parse import quote

from watchword.call import Call
from watchword.configuration.durations import Duration, seconds
from watchword.configuration.safe_ranges import Safe
from watchword.crypto.secrets_list import LEAST_LENGTH, PLACEHOLDERS, Secrets
from watchword.crypto.signing import equal
from watchword.endpoint import Traits, endpoint
from watchword.errors import ConfigurationError, Redirect
from watchword.features.social.arrival import Seen, arrive, signs_up
from watchword.features.social.ending import ended, failed
from watchword.features.social.flow import SocialFlow
from watchword.features.social.journey import Journey, redirect_uri
from watchword.features.social.person import Person
from watchword.features.social.plugin import SocialSignIn, callback_parameters
from watchword.features.social.refusal import Refused
from watchword.http.bounds import LONGEST_GROWN_URL, LONGEST_VALUE
from watchword.http.query import append_query, parse_query
from watchword.http.urls import parse_url
from watchword.oauth.provider import Provider
from watchword.oauth.state import State, StateRefused, encode_state, read_state
from watchword.pipeline.origin_check import check_trusted_url
from watchword.plugin_base import Plugin, before
from watchword.server_api import EndpointCall, M, ServerAPI, U

from .places import checked_origin, detour
from .sealing import Purpose, seal, unseal
from .wire import HandedOver, Payload, StatePackage, read, write

_BACK = Traits(trusted_urls=("callbackURL",), longest_value=LONGEST_GROWN_URL, redeems=True)
_ENDS = ("/oauth-proxy", "/oauth-proxy-callback")
"""How the addresses end that profiles are sent to."""
_AHEAD = 10
"""Seconds that the other server's clock may be ahead."""


@dataclass(frozen=True, kw_only=True)
class OAuthProxy(Plugin):
    """Options of the OAuth proxy, which all deployments have alike."""

    id: ClassVar[str] = "oauth-proxy"
    safe: ClassVar[Mapping[str, Safe]] = {
        "max_age": Safe("profiles that are handed over lie in URLs for long", most=300),
    }

    production_url: str | None = None
    """The origin whose callbacks the providers know. None: that of `BETTER_AUTH_URL`, or of
    `base_url`."""
    current_url: str | None = None
    """The origin of this deployment. None: where the request was sent to, if that is trusted; else
    what the host says in the environment (`VERCEL_URL` and others), else that of `base_url`."""
    max_age: Duration = 60
    """How old a profile may be that production hands over."""
    secret: str | None = field(default=None, repr=False)
    """What all deployments have in common. None: the server's own secrets."""

    def __post_init__(self) -> None:
        checked_origin("OAuthProxy.production_url", self.production_url)
        checked_origin("OAuthProxy.current_url", self.current_url)
        seconds("OAuthProxy.max_age", self.max_age, least=1)
        known = self.secret in PLACEHOLDERS
        if self.secret is not None and (known or len(self.secret) < LEAST_LENGTH):
            raise ConfigurationError(
                "OAuthProxy.secret",
                f"is a published default, or shorter than {LEAST_LENGTH} characters",
                "Make one with `watchword secret`",
            )

    def trusted_origins(self) -> tuple[str, ...]:
        """Its own."""
        parsed = parse_url(self.current_url) if self.current_url else None
        return () if parsed is None else (parsed.origin,)

    def adapt(self, feature: Plugin) -> Plugin:
        """Flows with providers set out by way of production."""
        if isinstance(feature, SocialSignIn) and feature.flow is not None:
            return replace(feature, flow=feature.flow.led_by(self._lead))
        return feature

    @before("/callback/:id")
    async def hand_over(self, call: Call) -> None:
        """In production: answer callbacks of flows that began elsewhere."""
        if call.request is not None and call.request.method == "POST":
            return  # It comes again, as a GET.
        given, flow = callback_parameters(call), call.config.plugin(SocialSignIn).flow
        package = read(
            StatePackage, self._unsealed(call, "oauth-proxy-package", given.get("state"))
        )
        inner = None if package is None else package.sealed
        state = read_state(self._unsealed(call, "oauth-proxy-state", inner) or "")
        if flow is None or package is None or state is None:
            return
        await check_trusted_url(call, state.callback_url)
        expired = call.now.timestamp() * 1000 > state.expires_at
        genuine = equal(state.value, package.state) and not expired and _is_preview(state)
        error_url = _absolute(state.error_url, state)
        work = self._handed_over(call, flow, state if genuine else None, given)
        raise await ended(call, error_url, work)

    @endpoint(
        ("GET",),
        "/callback/:id/oauth-proxy",
        source="query",
        traits=_BACK,
        name="oauth_proxy_completion",
    )
    async def come_back(self, call: Call, query: HandedOver) -> None:
        """Where production sends the browser back to; signs in and sends it on, also on failure."""
        raise await self._taken(call, query, call.params["id"])

    @endpoint(("GET",), "/oauth-proxy-callback", source="query", traits=_BACK, name="oauth_proxy")
    async def come_back_to_the_old_place(self, call: Call, query: HandedOver) -> None:
        """The same at the address that older versions sent browsers to."""
        raise await self._taken(call, query, None)

    async def _lead(self, call: Call, provider: Provider, journey: Journey) -> Journey:
        way = await detour(call, self.production_url, self.current_url)
        if way is None:
            return journey
        path, state = call.site.base_path, journey.state
        here = f"{way.current}{path}/callback/{quote(provider.id, safe='')}/oauth-proxy"
        state = replace(state, callback_url=append_query(here, {"callbackURL": state.callback_url}))
        sealed = self._sealed(call, "oauth-proxy-state", encode_state(state))
        package = write(StatePackage(state=state.value, sealed=sealed))
        parameter = self._sealed(call, "oauth-proxy-package", package)
        if len(parameter) > LONGEST_VALUE:
            raise ValueError("the state is too long for a URL")
        return Journey(state, parameter, redirect_uri(provider, f"{way.production}{path}"))

    async def _handed_over(
        self, call: Call, flow: SocialFlow, state: State | None, given: Mapping[str, str]
    ) -> str:
        """Where the preview waits, with the profile. Raises `Refused`."""
        if state is None:
            raise Refused("state_mismatch")
        seen = await flow.seen(call, state, given)
        if seen.person.email is None:
            raise Refused("email_not_found")
        waiting = parse_url(state.callback_url)
        asked = parse_query(waiting.query if waiting else "").get("callbackURL")
        payload = Payload.of(
            seen,
            seen.person.email,
            seen.person.additional(call),
            state,
            asked if isinstance(asked, str) and asked else state.callback_url,
            round(call.now.timestamp() * 1000),
            new=signs_up(seen.provider, asked=state.request_sign_up is True),
        )
        sealed = self._sealed(call, "oauth-proxy-profile", write(payload))
        target = append_query(state.callback_url, {"profile": sealed})
        if len(target) > LONGEST_GROWN_URL:
            raise Refused("profile_too_long")
        return target

    async def _taken(self, call: Call, query: HandedOver, provider_id: str | None) -> Redirect:
        """The redirect to where a handed-over profile leads."""
        if not query.profile:
            return await failed(call, None, "missing_profile")
        text = self._unsealed(call, "oauth-proxy-profile", query.profile)
        if text is None:
            return await failed(call, None, "invalid_profile")
        payload = read(Payload, text)
        person = None if payload is None else payload.person()
        if payload is None or person is None:
            return await failed(call, None, "invalid_payload")
        flow, error_url = call.config.plugin(SocialSignIn).flow, payload.error_url
        provider = None if flow is None else flow.provider(person.provider_id)
        if provider_id not in (None, person.provider_id):
            return await failed(call, error_url, "provider_mismatch")
        age = call.now.timestamp() - payload.timestamp / 1000
        if not -_AHEAD <= age <= seconds("OAuthProxy.max_age", self.max_age):
            return await failed(call, error_url, "payload_expired")
        if flow is None or provider is None:
            return await failed(call, error_url, "oauth_provider_not_found")
        try:
            state = await flow.begun(call, payload.state)
        except StateRefused:
            return await failed(call, error_url, "state_mismatch")
        state = replace(state, callback_url=payload.callback_url)
        for target in (state.callback_url, state.new_user_url, state.error_url):
            await check_trusted_url(call, target)
        return await ended(call, state.error_url, _arrived(call, payload, state, provider, person))

    def _secrets(self, call: Call) -> Secrets:
        return call.config.secrets if self.secret is None else Secrets(self.secret)

    def _sealed(self, call: Call, purpose: Purpose, text: str) -> str:
        return seal(call, self._secrets(call), purpose, text)

    def _unsealed(self, call: Call, purpose: Purpose, sealed: str | None) -> str | None:
        return unseal(call, self._secrets(call), purpose, sealed or "")


async def _arrived(
    call: Call, payload: Payload, state: State, provider: Provider, person: Person
) -> str:
    if state.provider not in (None, provider.id):
        raise Refused("state_mismatch")
    seen = Seen(provider, person, payload.tokens())
    return await arrive(call, state, seen, may_sign_up=not payload.disable_sign_up)


def _is_preview(state: State) -> bool:
    """Whether somebody waits for a profile where the flow goes on."""
    waiting = parse_url(state.callback_url)
    return waiting is not None and waiting.is_web and waiting.path.endswith(_ENDS)


def _absolute(error_url: str | None, state: State) -> str | None:
    """A page of the preview, whose paths mean nothing in production."""
    waiting = parse_url(state.callback_url)
    if error_url and error_url.startswith("/") and waiting is not None:
        return waiting.origin + error_url
    return error_url


class OAuthProxyAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    oauth_proxy_completion: EndpointCall[M, HandedOver, None]
    """Where production sends the browser back to; signs in and sends it on, also on failure."""
    oauth_proxy: EndpointCall[M, HandedOver, None]
    """The same at the address that older versions sent browsers to."""
