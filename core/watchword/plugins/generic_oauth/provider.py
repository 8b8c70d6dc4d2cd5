"""A provider that is all options: any server of OAuth 2 or OpenID Connect."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, cast

from watchword.configuration.durations import Duration, seconds
from watchword.errors import ConfigurationError
from watchword.http.origins import is_loopback_host
from watchword.http.request import Request
from watchword.http.urls import parse_url
from watchword.oauth.authorization import Authorization, authorization_url, unreserved
from watchword.oauth.client import Client
from watchword.oauth.client_authentication import Method
from watchword.oauth.description import Description
from watchword.oauth.failures import OAuthFailed
from watchword.oauth.id_tokens import ASYMMETRIC, IdTokenRules, verified_claims
from watchword.oauth.keyed_provider import KeyedProvider
from watchword.oauth.profile import Fields, UserInfo
from watchword.oauth.provider import CodeGrant
from watchword.oauth.tokens import Profile, Tokens, unverified_claims

from .discovery import Discovered, Discovery, Source, is_safe, issuer_at

Params: TypeAlias = "Mapping[str, str]"
GetToken: TypeAlias = "Callable[[CodeGrant], Tokens | Awaitable[Tokens]]"
AccountSubject: TypeAlias = "Callable[[Profile, Tokens], str | int | Awaitable[str | int]]"
RefreshParams: TypeAlias = "Callable[[Request | None], Params | Awaitable[Params | None] | None]"

_ID = re.compile(r"[A-Za-z0-9._~-]{1,100}")
_TAKEN = ("credential", ".", "..")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]{0,8192}")


@dataclass(frozen=True, kw_only=True, repr=False)
class GenericProvider(KeyedProvider):
    """Accounts of any server of OAuth 2 or OpenID Connect."""

    provider_id: str
    """Its name in paths and in the accounts' rows; never changed again."""
    name: str | None = None
    """For people; None: the id."""
    discovery_url: str | None = None
    """Where the provider tells about itself: `https://.../.well-known/openid-configuration`."""
    discovery_headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of that request, and of the one for the keys if they are on the same server."""
    issuer: str | None = None
    """What it has to say that it is; None: what follows from `discovery_url`."""
    allow_http: bool = False
    """Take plain http from other machines, too: inside of a network of your own."""
    token_endpoint: str | None = None
    """This, `authorization_endpoint`, `userinfo_endpoint` and `end_session_endpoint` go before what
    the provider tells."""
    userinfo_endpoint: str | None = None
    """Who it is that signed in; goes before what the provider tells."""
    end_session_endpoint: str | None = None
    """Where the browser signs out there; goes before what the provider tells."""
    post_logout_redirect_uri: str | None = None
    """Where the provider sends the browser after a sign-out; relative to the base URL."""
    disable_provider_logout: bool = False
    """Signing out here leaves the session at the provider alone."""
    require_id_token_verification: bool = False
    """Refuse to work where the provider does not tell its issuer and its keys."""
    disable_id_token_nonce_binding: bool = False
    """Send no nonce, for providers that do not give it back."""
    account_subject: AccountSubject | None = None
    """Gets profile and tokens: the id of the account, which never changes. None: `sub` with OpenID
    Connect, else `id`."""
    response_type: str = "code"
    """What is asked for at the authorization endpoint."""
    response_mode: Literal["query", "form_post"] | None = None
    """How the answer comes back: in the query, or posted as a form. None: it is not asked for."""
    access_type: str | None = None
    """`offline`, where a refresh token has to be asked for so."""
    pkce: bool = True
    """Off only for providers that refuse it."""
    authorization_params: Params = field(default_factory=dict[str, str])
    """Further parameters of the authorization URL; those of a client may replace them."""
    token_params: Params = field(default_factory=dict[str, str])
    """Further fields of the form that exchanges a code."""
    refresh_params: Params | RefreshParams = field(default_factory=dict[str, str])
    """Further fields of the form that asks for new tokens, or a function of the request that makes
    it necessary. What that says is its sender's word: hold it against what the user may do."""
    token_headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the requests for tokens."""
    access_token_expires_in: Duration | None = None
    """Life of access tokens, where the provider does not tell it: seconds or a `timedelta`."""
    get_token: GetToken | None = None
    """Gets code and verifier, and the tokens for them in your own way."""
    allow_idp_initiated: bool = False
    """A callback that nobody asked for begins a flow: the provider's pages may link here."""

    _discovery: Discovery = field(default_factory=Discovery, init=False, compare=False)

    # What it is, as far as that is known.

    def describe(self) -> Description:
        found = self._found
        return Description(
            id=self.provider_id,
            name=self.name or self.provider_id,
            authorization_url=self.authorization_endpoint or found.authorization_endpoint or "",
            token_url=self.token_endpoint or found.token_endpoint or "",
            user_info_url=self.userinfo_endpoint or found.userinfo_endpoint,
            authentication=self.authentication_by("post"),
            takes_login_hint=True,
            pkce=self.pkce,
            response_type=self.response_type,
            response_mode=self.response_mode,
            parameters=unreserved(self.authorization_params),
            fields=Fields(
                id="sub" if found.is_openid else "id",
                image=("picture",),
                email_verified="email_verified",
            ),
            issuer=found.issuer,
            id_token=self._rules(found),
            id_token_alone=True,
            needs_nonce=self._rules(found) is not None and not self.disable_id_token_nonce_binding,
            allows_idp_initiated=self.allow_idp_initiated,
        )

    @property
    def document_url(self) -> str | None:
        """Where the provider tells about itself."""
        return self.discovery_url

    async def prepared(self, client: Client) -> GenericProvider:
        """The provider with what it tells about itself. Raises `OAuthFailed`, `OutgoingFailed`."""
        url = self.document_url
        if url is None:
            return self
        headers = _lower(self.discovery_headers)
        source = Source(
            provider_id=self.id,
            url=url,
            headers=headers,
            issuer=self.issuer,
            allow_http=self.allow_http,
        )
        made = self._with(await self._discovery.get(client, source))
        known = made.description
        if not (made.authorization_endpoint or known.authorization_url):
            raise OAuthFailed(f"{self.id}: discovery tells no authorization endpoint")
        if not known.token_url and self.get_token is None:
            raise OAuthFailed(f"{self.id}: discovery tells no token endpoint")
        if self.require_id_token_verification and known.id_token is None:
            raise OAuthFailed(f"{self.id}: discovery tells no issuer or no keys")
        return made

    @property
    def _found(self) -> Discovered:
        return cast("Discovered", vars(self).get("_discovered") or _NOTHING)

    def _with(self, found: Discovered) -> GenericProvider:
        made = copy(self)
        vars(made).pop("description", None)  # It is made anew, from what was found.
        vars(made)["_discovered"] = found
        return made

    def _rules(self, found: Discovered) -> IdTokenRules | None:
        if found.issuer is None or found.jwks_uri is None:
            return None
        near = _origin(found.jwks_uri) == _origin(self.document_url or "")
        return IdTokenRules(
            jwks_url=found.jwks_uri,
            jwks_headers=_lower(self.discovery_headers) if near else {},
            issuers=(found.issuer,),
            algorithms=found.algorithms or ASYMMETRIC,
            max_age=None,
        )

    # The way out.

    def scopes_of(self, wanted: Sequence[str]) -> list[str]:
        scopes = [*wanted, *self.scope]
        return ["openid", *scopes] if self._found.is_openid and "openid" not in scopes else scopes

    def early_parameters(self, asked: Authorization) -> dict[str, str | None]:
        return {**super().early_parameters(asked), "access_type": self.access_type}

    def end_session_url(self, id_token: str | None, target: str | None, state: str) -> str | None:
        """Where a browser ends its session there (OpenID Connect RP-Initiated Logout 1.0).

        `target` is where it goes on. None if the provider has no such place.
        """
        endpoint = self.end_session_endpoint or self._found.end_session_endpoint
        if endpoint is None or self.disable_provider_logout:
            return None
        params = {
            "id_token_hint": id_token,
            "post_logout_redirect_uri": target,
            "client_id": self.client_ids[0] if target or not id_token else None,
            "state": (state or None) if target else None,
        }
        return authorization_url(endpoint, params)

    # The way back.

    async def exchange(self, client: Client, grant: CodeGrant) -> Tokens:
        if self.get_token is None:
            return self._dated(await super().exchange(client, grant), client.now)
        tokens = await client.run(self.get_token, grant)
        if not isinstance(tokens, Tokens):
            raise OAuthFailed(f"{self.id}: get_token gave no tokens")
        return self._dated(tokens, client.now)

    async def refresh_tokens(self, client: Client, refresh_token: str) -> Tokens:
        return self._dated(await super().refresh_tokens(client, refresh_token), client.now)

    async def ask_for_tokens(
        self,
        client: Client,
        form: Mapping[str, str],
        method: Method,
        headers: Mapping[str, str] | None = None,
    ) -> Profile:
        if not self.description.token_url:
            raise OAuthFailed(f"{self.id}: there is no token endpoint")
        more = self.token_params
        if form["grant_type"] == "refresh_token":
            more = await self._refresh_params(client)
        others = {name: value for name, value in more.items() if name not in form}
        own = _lower(self.token_headers)
        return await super().ask_for_tokens(client, {**form, **others}, method, own)

    async def _refresh_params(self, client: Client) -> Params:
        if not callable(self.refresh_params):
            return self.refresh_params
        request = None if client.call is None else client.call.request
        return cast("Params | None", await client.run(self.refresh_params, request)) or {}

    def _dated(self, tokens: Tokens, now: datetime) -> Tokens:
        life = self.access_token_expires_in
        if life is None or tokens.access_token_expires_at is not None:
            return tokens
        return replace(tokens, access_token_expires_at=now + timedelta(seconds=self._life(life)))

    def _life(self, life: Duration) -> int:
        return seconds(f"GenericOAuth: {self.id}.access_token_expires_in", life, least=1)

    # Who it is.

    async def user_info(self, client: Client, tokens: Tokens) -> UserInfo | None:
        claims = await self._verified(client, tokens.id_token)
        found = await super().user_info(client, tokens)
        if found is None:
            return None
        told = found.profile.get("sub")
        own = self.get_user_info is not None and told is None
        if claims is not None and not own and str(told) != claims["sub"]:
            raise OAuthFailed(f"{self.id}: the user info is about somebody else")
        subject = found.identity.id
        if self.account_subject is not None:
            subject = await client.run(self.account_subject, found.profile, tokens)
        elif self.get_user_info is not None and claims is not None and self._found.is_openid:
            subject = claims["sub"]
        return replace(found, identity=replace(found.identity, id=subject))

    async def fetch_profile(self, client: Client, tokens: Tokens) -> Profile | None:
        claims = unverified_claims(tokens.id_token)
        if claims is not None and claims.get("sub") and claims.get("email"):
            return {"id": claims["sub"], **_told(claims), **claims}
        profile = await self.ask_user_info(client, tokens)
        return None if profile is None else {**profile, **_told(profile)}

    async def ask_user_info(self, client: Client, tokens: Tokens) -> Profile | None:
        """What the user-info URL says; None without one, or without an access token."""
        known = self.description
        return await super().fetch_profile(client, tokens) if known.user_info_url else None

    async def _verified(self, client: Client, token: str | None) -> Profile | None:
        """The claims of an ID token, as far as they can be held against keys. Raises."""
        rules = self.description.id_token
        if rules is None or token is None:
            return None
        return await verified_claims(client, token, rules, self.client_ids, None)

    # Options that cannot work.

    def wrong(self, option: str, problem: str, remedy: str) -> ConfigurationError:
        return ConfigurationError(f"GenericOAuth: {self.id}.{option}", problem, remedy)

    def check(self) -> None:
        super().check()
        if not _ID.fullmatch(self.provider_id) or self.provider_id in _TAKEN:
            raise self.wrong(
                "provider_id",
                f"{self.provider_id!r} cannot name a provider",
                "Use letters, digits, - and _; accounts with a password are called credential",
            )
        if self.access_token_expires_in is not None:
            self._life(self.access_token_expires_in)
        for option in ("discovery_headers", "token_headers"):
            for name, value in getattr(self, option).items():
                if not (_HEADER.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
                    raise self.wrong(option, "has what is no header", "Use printable ASCII")
        self._check_places()
        self._check_discovery()

    def _check_places(self) -> None:
        for option in (
            "discovery_url",
            "authorization_endpoint",
            "token_endpoint",
            "userinfo_endpoint",
            "end_session_endpoint",
        ):
            url = getattr(self, option)
            found = parse_url(url) if url else None
            near = found is not None and is_loopback_host(found.netloc)
            if url and not is_safe(url, allow_http=near or self.allow_http):
                raise self.wrong(option, f"{url} is no https URL", "See allow_http for http")

    def _check_discovery(self) -> None:
        url = self.document_url
        if url is not None:
            if self.issuer is None and issuer_at(url) is None:
                problem = f"it does not follow from {url}"
                raise self.wrong("issuer", problem, "Give it, or a URL with /.well-known/ in it")
            return
        if self.require_id_token_verification:
            raise self.wrong(
                "discovery_url", "is missing", "ID tokens are verified by what it tells"
            )
        if not self.description.authorization_url:
            remedy = "Give it, or a discovery_url"
            raise self.wrong("authorization_endpoint", "is missing", remedy)
        if not self.description.token_url and self.get_token is None:
            raise self.wrong(
                "token_endpoint", "is missing", "Give it, a discovery_url or get_token"
            )


_NOTHING = Discovered()


def _told(profile: Profile) -> dict[str, object]:
    """What a profile says, by the names that functions written for the reference read."""
    verified, image = profile.get("email_verified"), profile.get("picture")
    made: dict[str, object] = {"emailVerified": verified is True or verified == "true"}
    return made if image is None else {**made, "image": image}


def _origin(url: str) -> str | None:
    found = parse_url(url)
    return None if found is None else found.origin


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
