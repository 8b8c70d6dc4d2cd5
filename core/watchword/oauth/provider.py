"""A way to sign in with somebody else: what every identity provider is.

A provider is one small module in `watchword.providers` with one frozen dataclass. Mostly it is
data:

    @dataclass(frozen=True, kw_only=True, repr=False)
    class HuggingFace(Provider):
        \"""Sign in with Hugging Face.\"""

        def describe(self) -> Description:
            return Description(
                id="huggingface",
                name="Hugging Face",
                authorization_url="https://huggingface.co/oauth/authorize",
                token_url="https://huggingface.co/oauth/token",
                scopes=("openid", "profile", "email"),
                user_info_url="https://huggingface.co/oauth/userinfo",
                fields=Fields(
                    id="sub",
                    name=("name", "preferred_username"),
                    image=("picture",),
                    email_verified="email_verified",
                ),
            )

Options of one provider alone (an issuer, a tenant) are further fields with defaults; `describe` may
read them, and runs once per object. `check` refuses what cannot work when the object is made.
Those that also take a signature instead of a secret build on `keyed_provider`.

What is particular overrides one of these, from the rarest on:

    prepared            what has to be looked up before anything can be asked
    authorization_url   the URL that the browser is sent to
    scopes_of           which scopes are asked for
    extra_parameters    parameters of that URL that follow from options
    secret              the client secret, where it is made and not given
    exchange            a code for tokens
    refresh_tokens      a refresh token for new ones
    fetch_profile       who it is: by default the user-info URL, or the ID token's claims
    identify            the person in a profile: by default `description.fields`
    accepts_claims      what else an ID token has to say, in every flow
    check_id_token      an ID token that an application hands in

Coroutines get a `Client`: requests, the time, nothing of the server. They raise `OAuthFailed` for
whatever a provider answers that cannot be used; `OutgoingFailed` and `Overloaded` pass through.
A server that asks uses `Provider.user_info`, `refresh` and `verify`, which let the application's
own functions go first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TypeAlias, cast

from watchword.errors import ConfigurationError
from watchword.http.urls import parse_url

from .authorization import Authorization, asked_at, authorization_url, unreserved
from .client import Client, bearer
from .client_authentication import (
    Method,
    PrivateKey,
    basic_credentials,
    client_assertion,
)
from .description import Description
from .failures import OAuthFailed, WithoutTokens
from .id_tokens import verified_claims
from .pkce import code_challenge
from .profile import Identity, UserInfo
from .tokens import Profile, Tokens, json_object, read_tokens, unverified_claims

Mapped: TypeAlias = "Mapping[str, object]"
MapProfile: TypeAlias = "Callable[[Profile], Mapped | Awaitable[Mapped]]"
GetUserInfo: TypeAlias = "Callable[[Tokens], UserInfo | Awaitable[UserInfo | None] | None]"
RefreshAccessToken: TypeAlias = "Callable[[str], Tokens | Awaitable[Tokens]]"
VerifyIdToken: TypeAlias = "Callable[[str, str | None], bool | Awaitable[bool]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeGrant:
    """What a callback brought, and what the state knows of its flow."""

    code: str = field(repr=False)
    redirect_uri: str
    code_verifier: str = field(default="", repr=False)
    device_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, repr=False)
class Provider:
    """An identity provider with this application's options. Raises `ConfigurationError`."""

    client_id: str | Sequence[str]
    """From the provider's console. With several the first asks, and tokens for all are accepted."""
    client_secret: str | None = None
    """From there as well; public clients have none."""
    scope: Sequence[str] = ()
    """Asked for beside the provider's own."""
    disable_default_scope: bool = False
    """Ask for `scope` alone."""
    redirect_uri: str | None = None
    """None: `<base url>/callback/<id>`."""
    authorization_endpoint: str | None = None
    """Instead of the provider's own."""
    prompt: str | None = None
    """Whether the provider asks again: `consent`, `select_account`, `login` ..."""
    map_profile_to_user: MapProfile | None = None
    """Gets the profile; what it returns replaces fields of the user, by attribute name."""
    get_user_info: GetUserInfo | None = None
    """Asks for the person instead of us. None: it cannot be told who this is."""
    refresh_access_token: RefreshAccessToken | None = None
    """Gets the refresh token, and new tokens by your own way."""
    verify_id_token: VerifyIdToken | None = None
    """Gets the token and the nonce that came with it: whether both are genuine. Replaces all of our
    own checks. An access token beside it is believed for the subject that the token names; beside
    one that names none, only if it is that one again."""
    disable_id_token_sign_in: bool = False
    """Refuse ID tokens that applications hand in."""
    disable_sign_up: bool = False
    """Only who has an account can sign in."""
    disable_implicit_sign_up: bool = False
    """Only who asks for it (`requestSignUp`) gets an account."""
    override_user_info_on_sign_in: bool = False
    """Take over name, image, address and mapped fields with every sign-in."""
    require_email_verification: bool = False
    """Nobody is signed in before the address is verified."""

    def __post_init__(self) -> None:
        for option in fields(self):
            if isinstance(option.default, tuple) and isinstance(getattr(self, option.name), str):
                # Its letters would be taken for the texts.
                raise self.wrong(option.name, "is one text", "Give a list of texts, even of one")
        if not self.client_ids or not all(self.client_ids):
            raise self.wrong("client_id", "is missing", "Register the application there")
        known = self.description
        if known.needs_secret and not self.client_secret:
            raise self.wrong("client_secret", "is missing", "Take it from the provider's console")
        for url in (self._endpoint, known.token_url):
            parsed = parse_url(url) if url else None
            if url and (parsed is None or not parsed.is_web):
                raise self.wrong("URLs", f"{url} is no web address", "Give options as whole URLs")
        self.check()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(client_id={self.client_ids[0]!r})"

    # What a provider is.

    def describe(self) -> Description:
        """What is known of the provider, with these options."""
        raise NotImplementedError

    def check(self) -> None:
        """Refuse options that cannot work. Raises `ConfigurationError` (see `wrong`)."""

    def wrong(self, option: str, problem: str, remedy: str) -> ConfigurationError:
        """The error about an option."""
        return ConfigurationError(f"social_providers: {self.id}.{option}", problem, remedy)

    @cached_property
    def description(self) -> Description:
        """What is known of the provider."""
        return self.describe()

    @property
    def id(self) -> str:
        """Its name in paths and rows."""
        return self.description.id

    @property
    def client_ids(self) -> tuple[str, ...]:
        """All client ids; the first is the one that asks."""
        given = self.client_id
        return (given,) if isinstance(given, str) else tuple(given)

    async def prepared(self, client: Client) -> Provider:
        """The provider as it is to be asked now, with all that is known of it. May raise."""
        return self

    # The way out: the authorization URL.

    def authorization_url(self, asked: Authorization) -> str:
        """Where the browser is sent. Raises `OAuthFailed`."""
        known = self.description
        verifier = asked.code_verifier if known.pkce else ""
        scopes = self.scopes_of(asked.scopes) if known.sends_scopes else []
        first = {
            "response_type": known.response_type,
            known.client_id_name: self.client_ids[0],
            "state": asked.state,
            "scope": known.scope_separator.join(scopes) or None,
            "redirect_uri": asked.redirect_uri,
        }
        params: dict[str, str | None] = {
            **{name: first[name] for name in known.opening},
            **self.early_parameters(asked),
            "response_mode": known.response_mode,
            "code_challenge_method": "S256" if verifier else None,
            "code_challenge": code_challenge(verifier) if verifier else None,
        }
        # One that is not sent has no place yet, if a client sends it.
        params = {name: value for name, value in params.items() if value is not None}
        params |= known.parameters
        params |= self.extra_parameters(asked)
        if known.takes_parameters:
            params |= unreserved(asked.params)
        params |= {known.client_id_name: self.client_ids[0], **known.fixed_parameters}
        return authorization_url(self._endpoint, params)

    def asked_by(self, url: str, redirect_uri: str) -> str | None:
        """The state in a URL that asks this provider for this application; None in any other."""
        asked = asked_at(self._endpoint, url) or {}
        mine = {self.description.client_id_name: self.client_ids[0], "redirect_uri": redirect_uri}
        return asked.get("state") if mine.items() <= asked.items() else None

    @property
    def _endpoint(self) -> str:
        return self.authorization_endpoint or self.description.authorization_url

    def scopes_of(self, wanted: Sequence[str]) -> list[str]:
        """The scopes to ask for: the provider's own, the application's, the request's."""
        own = () if self.disable_default_scope else self.description.scopes
        if self.description.wanted_scopes_first:
            return [*own, *wanted, *self.scope]
        return [*own, *self.scope, *wanted]

    def early_parameters(self, asked: Authorization) -> dict[str, str | None]:
        """Those of the protocol that stand before the challenge, in the protocol's order:
        duration, display, login_hint, nonce, prompt, hd, access_type."""
        known = self.description
        return {
            "login_hint": asked.login_hint if known.takes_login_hint else None,
            "nonce": asked.nonce,
            "prompt": self.prompt or known.prompt,
        }

    def extra_parameters(self, asked: Authorization) -> dict[str, str | None]:
        """Those of the provider alone that follow from options or from the flow."""
        return {}

    # The way back: tokens.

    async def exchange(self, client: Client, grant: CodeGrant) -> Tokens:
        """Tokens for a code (RFC 6749, 4.1.3)."""
        known = self.description
        form = {"grant_type": "authorization_code", "code": grant.code}
        sends = known.pkce if known.sends_verifier is None else known.sends_verifier
        if sends and grant.code_verifier:
            form["code_verifier"] = grant.code_verifier
        if known.sends_device_id and grant.device_id:
            form["device_id"] = grant.device_id
        form["redirect_uri"] = grant.redirect_uri
        found = await self.ask_for_tokens(client, form, known.authentication, known.token_headers)
        return read_tokens(found, client.now)

    async def refresh_tokens(self, client: Client, refresh_token: str) -> Tokens:
        """New tokens for a refresh token (RFC 6749, 6)."""
        known = self.description
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        form |= self.refresh_parameters()
        method = known.refresh_authentication or known.authentication
        found = await self.ask_for_tokens(client, form, method)
        return read_tokens(found, client.now, refreshed=True)

    def refresh_parameters(self) -> dict[str, str]:
        """What else the provider wants in a refresh."""
        return {}

    async def ask_for_tokens(
        self,
        client: Client,
        form: Mapping[str, str],
        method: Method,
        headers: Mapping[str, str] | None = None,
    ) -> Profile:
        """Send a form to the token endpoint, with our credentials behind it; what it answers."""
        known = self.description
        fields, credentials = await self.credentials(client, method)
        sent = {"accept": "application/json", **credentials, **(headers or {})}
        answer = await client.post_form(known.token_url, {**form, **fields}, sent)
        found = json_object(answer, f"{known.id}: token", unusable=WithoutTokens)
        if found.get("error") and not found.get("access_token"):
            raise WithoutTokens(f"{known.id}: token: an error in a successful answer")
        return found

    async def credentials(
        self, client: Client, method: Method
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Fields of the form and headers that prove who we are."""
        client_id, name, key = self.client_ids[0], self.description.client_id_name, self.private_key
        if method == "private_key_jwt" and key is not None:
            return client_assertion(
                key,
                client_id=client_id,
                audience=self.description.token_url,
                now=client.now,
                jti=client.random(),
            ), {}
        secret = None if method == "none" else await self.secret(client)
        if secret is None:
            return {name: client_id}, {}
        if method == "basic":
            return {}, {"authorization": basic_credentials(client_id, secret)}
        return {name: client_id, "client_secret": secret}, {}

    @property
    def private_key(self) -> PrivateKey | None:
        """The key of `private_key_jwt`, for providers that have an option for it."""
        return None

    async def secret(self, client: Client) -> str | None:
        """The client secret."""
        return self.client_secret

    # Who it is.

    async def fetch_profile(self, client: Client, tokens: Tokens) -> Profile | None:
        """What the provider says of the person; None if it says nothing."""
        known = self.description
        url, body = known.user_info_url, known.user_info_body
        claims = unverified_claims(tokens.id_token)
        if url is None or (known.prefers_id_token and claims is not None):
            return claims
        if not tokens.access_token:
            return None
        headers = {**bearer(tokens.access_token), **known.user_info_headers}
        asking = client.get(url, headers) if body is None else client.post(url, body, headers)
        profile = json_object(await asking, f"{known.id}: user info")
        return known.person_in(profile)

    def identify(self, profile: Profile) -> Identity:
        """The person in a profile. May raise `OAuthFailed`."""
        mapping = self.description.fields
        if mapping is None:
            raise OAuthFailed(f"{self.id}: its description names no fields of a profile")
        return mapping.identify(profile)

    def accepts_claims(self, claims: Profile) -> bool:
        """Whether an ID token says what it has to beyond the protocol: a domain, a tenant."""
        return True

    async def check_id_token(self, client: Client, token: str, nonce: str | None) -> bool:
        """Whether an ID token that an application hands in is genuine. May raise instead."""
        rules = self.description.id_token
        if rules is None:
            return False
        claims = await verified_claims(client, token, rules, self.client_ids, nonce)
        return self.accepts_claims(claims)

    # What the server asks: the application's own functions go first.

    @property
    def takes_id_tokens(self) -> bool:
        """Whether applications may sign in with an ID token."""
        own = self.verify_id_token is not None or self.description.id_token is not None
        return own and not self.disable_id_token_sign_in

    @property
    def can_refresh(self) -> bool:
        """Whether new tokens can be had."""
        return self.refresh_access_token is not None or self.description.refreshes

    async def verify(self, client: Client, token: str, nonce: str | None) -> bool:
        """Whether an ID token is genuine. `OAuthFailed` is a no."""
        if self.verify_id_token is not None:
            return await client.run(self.verify_id_token, token, nonce) is True
        try:
            return await self.check_id_token(client, token, nonce)
        except OAuthFailed:
            return False

    async def refresh(self, client: Client, refresh_token: str) -> Tokens:
        """New tokens."""
        if self.refresh_access_token is not None:
            made = await client.run(self.refresh_access_token, refresh_token)
            if not isinstance(made, Tokens) or not made.access_token:
                raise OAuthFailed(f"{self.id}: refresh_access_token gave no Tokens with one")
            return made
        return await self.refresh_tokens(client, refresh_token)

    async def user_info(self, client: Client, tokens: Tokens) -> UserInfo | None:
        """The person, with the application's mapping applied; None if it cannot be told who."""
        if self.get_user_info is not None:
            made = await client.run(self.get_user_info, tokens)
            if not isinstance(made, UserInfo | None):
                raise OAuthFailed(f"{self.id}: get_user_info gave no UserInfo")
            return made
        profile = await self.fetch_profile(client, tokens)
        if profile is None:
            return None
        identity = self.identify(profile)
        if self.map_profile_to_user is not None:
            mapped = await client.run(self.map_profile_to_user, profile)
            if not isinstance(mapped, Mapping | None):
                raise OAuthFailed(f"{self.id}: map_profile_to_user gave no mapping")
            identity = identity.changed(cast("Mapping[str, object]", mapped or {}))
        return UserInfo(identity=identity, profile=profile)
