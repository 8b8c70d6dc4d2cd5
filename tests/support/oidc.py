"""A provider of OpenID Connect, and one of OAuth 2 alone, that answer as a test wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.support.browser import Browser, Clock
from tests.support.social import CLIENT_SECRET, REFRESH, TOKEN, Handler, begin, come_back
from watchword import Advanced, Auth, Outgoing
from watchword.plugins import GenericOAuth
from watchword.plugins.generic_oauth import GenericProvider

ISSUER = "https://id.example"
DOCUMENT_URL = f"{ISSUER}/.well-known/openid-configuration"
PLAIN = "https://plain.example"
KEY = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})
FOREIGN = RSAKey.generate_key(2048, {"kid": "one"})


@dataclass
class Realm:
    """Both servers. `document` and `claims` are OpenID Connect's, `user` is the user info of both;
    with `sends_id_token` off no ID token comes along."""

    clock: Clock
    document: dict[str, Any] = field(
        default_factory=lambda: {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "userinfo_endpoint": f"{ISSUER}/userinfo",
            "end_session_endpoint": f"{ISSUER}/logout",
            "jwks_uri": f"{ISSUER}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
    )
    claims: dict[str, Any] = field(
        default_factory=lambda: {
            "sub": "s-1",
            "name": "Ada Lovelace",
            "email": "Ada@Example.com",
            "email_verified": True,
            "picture": "https://pictures.example/ada.png",
        }
    )
    user: dict[str, Any] = field(
        default_factory=lambda: {"id": 7, "name": "Ada", "email": "ada@example.com"}
    )
    sends_id_token: bool = True
    key: Any = field(default_factory=lambda: KEY)
    nonce: str | None = None
    """What the browser was sent with; `arrive` looks it up."""
    tokens: dict[str, Any] = field(
        default_factory=lambda: {
            "access_token": TOKEN,
            "refresh_token": REFRESH,
            "expires_in": 3600,
            "scope": "openid email",
        }
    )
    answers: dict[str, Handler] = field(default_factory=dict)
    """By URL, instead of what is usually answered."""
    asked: list[httpx2.Request] = field(default_factory=list)

    def id_token(self, **changes: Any) -> str:
        """One that is signed for the client."""
        now = int(self.clock().timestamp())
        own = {"iss": ISSUER, "aud": "client", "iat": now, "exp": now + 600, "nonce": self.nonce}
        claims = {**own, **self.claims, **changes}
        given = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "one"}, given, self.key, algorithms=["RS256"])

    def times(self, url: str) -> int:
        """How often a URL was asked for."""
        return sum(str(one.url) == url for one in self.asked)

    def last(self, url: str) -> httpx2.Request:
        """The last request for a URL."""
        return next(one for one in reversed(self.asked) if str(one.url) == url)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        url = str(request.url)
        if url in self.answers:
            return self.answers[url](request)
        if url == DOCUMENT_URL:
            return httpx2.Response(200, json=self.document)
        if url == f"{ISSUER}/jwks":
            return httpx2.Response(200, json={"keys": [KEY.as_dict(private=False)]})
        if url.endswith("/token"):
            tokens = dict(self.tokens)
            if self.sends_id_token and url.startswith(ISSUER):
                tokens["id_token"] = self.id_token()
            return httpx2.Response(200, json=tokens)
        if url.endswith("/userinfo"):
            return httpx2.Response(200, json=self.user)
        return httpx2.Response(404)


def realm_provider(**options: Any) -> GenericProvider:
    """The provider of OpenID Connect."""
    given = {"provider_id": "realm", "client_id": "client", "client_secret": CLIENT_SECRET}
    return GenericProvider(**{**given, "discovery_url": DOCUMENT_URL, **options})


def plain_provider(**options: Any) -> GenericProvider:
    """The provider of OAuth 2."""
    given = {"provider_id": "plain", "client_id": "client", "client_secret": CLIENT_SECRET}
    places = {
        "authorization_endpoint": f"{PLAIN}/authorize",
        "token_endpoint": f"{PLAIN}/token",
        "userinfo_endpoint": f"{PLAIN}/userinfo",
    }
    return GenericProvider(**{**given, **places, **options})


def generic_auth(
    make_auth: Callable[..., Auth[Any]], realm: Realm, *config: GenericProvider, **options: Any
) -> Auth[Any]:
    """A server with these providers, or with both."""
    outgoing = Outgoing(transport=httpx2.MockTransport(realm.answer))
    return make_auth(
        plugins=[GenericOAuth(config=config or (realm_provider(), plain_provider()))],
        advanced=Advanced(outgoing=outgoing),
        **options,
    )


def leave(browser: Browser, realm: Realm, provider: str = "realm", **body: Any) -> dict[str, str]:
    """Begin a flow; the ID token is going to have its nonce."""
    asked = begin(browser, provider, **body)
    realm.nonce = asked.get("nonce")
    return asked


def arrive(browser: Browser, realm: Realm, provider: str = "realm", **body: Any) -> Any:
    """The whole way."""
    return come_back(browser, leave(browser, realm, provider, **body)["state"], provider)


def form_of(request: httpx2.Request) -> dict[str, str]:
    """The fields of a form."""
    return dict(httpx2.QueryParams(request.content.decode()))
