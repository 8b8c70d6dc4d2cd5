"""A server with providers, and providers that answer as a test wants, without a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from tests.support.browser import Answer, Browser
from tests.support.providers import unsigned
from watchword import Advanced, Auth, Outgoing
from watchword.oauth.provider import Provider
from watchword.providers import GitHub, Google

TOKEN = "access-token-that-is-secret"
REFRESH = "refresh-token-that-is-secret"
CODE = "code-that-is-secret"
CLIENT_SECRET = "client-secret-that-is-secret"

GOOGLE_TOKENS = "https://oauth2.googleapis.com/token"

Handler = Callable[[httpx2.Request], httpx2.Response]


@dataclass
class World:
    """The providers' servers. `claims` are Google's ID token, `user` and `emails` GitHub's API."""

    claims: dict[str, Any] = field(
        default_factory=lambda: {
            "sub": "g-1",
            "name": "Ada Lovelace",
            "email": "Ada@Example.com",
            "email_verified": True,
            "picture": "https://pictures.example/ada.png",
        }
    )
    user: dict[str, Any] = field(default_factory=lambda: {"id": 7, "name": "Ada", "login": "ada"})
    emails: list[dict[str, Any]] = field(
        default_factory=lambda: [{"email": "ada@example.com", "primary": True, "verified": True}]
    )
    fails: Handler | None = None
    """Answers instead of the token endpoints."""
    asked: list[httpx2.Request] = field(default_factory=list)

    @property
    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self.answer)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        url = str(request.url)
        if url == "https://api.github.com/user":
            return httpx2.Response(200, json=self.user)
        if url == "https://api.github.com/user/emails":
            return httpx2.Response(200, json=self.emails)
        if self.fails is not None:
            return self.fails(request)
        tokens = {"access_token": TOKEN, "refresh_token": REFRESH, "expires_in": 3600}
        if url == GOOGLE_TOKENS:
            tokens["id_token"] = unsigned(self.claims)
        return httpx2.Response(200, json={**tokens, "scope": "email profile"})


def providers(**options: Any) -> list[Provider]:
    """Google and GitHub."""
    given = {"client_id": "client", "client_secret": CLIENT_SECRET, **options}
    return [Google(**given), GitHub(**given)]


def social_auth(
    make_auth: Callable[..., Auth[Any]],
    world: World,
    *,
    provider: dict[str, Any] | None = None,
    **options: Any,
) -> Auth[Any]:
    """A server whose providers are in `world`."""
    outgoing = Outgoing(transport=world.transport)
    return make_auth(
        social_providers=providers(**(provider or {})),
        advanced=Advanced(outgoing=outgoing),
        **options,
    )


def begin(browser: Browser, provider: str = "google", **body: Any) -> dict[str, str]:
    """Ask for a flow: the parameters of the URL that the browser is sent to."""
    answer = browser.post("/sign-in/social", {"provider": provider, **body})
    assert answer.status == 200, answer.json
    return parameters(answer.json["url"])


def come_back(browser: Browser, state: str, provider: str = "google", **query: str) -> Answer:
    """The callback, as the provider makes the browser open it."""
    return browser.get(f"/callback/{provider}", {"state": state, "code": CODE, **query})


def sign_in(browser: Browser, provider: str = "google", **body: Any) -> Answer:
    """The whole way."""
    return come_back(browser, begin(browser, provider, **body)["state"], provider)


def parameters(url: str | None) -> dict[str, str]:
    """The query of a URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url or "").query).items()}


def error_of(answer: Answer) -> str | None:
    """The code with which a flow ended."""
    assert answer.status == 302, (answer.status, answer.json)
    return parameters(answer.header("location")).get("error")


def registered(auth: Auth[Any], rows: Any, *, verified: bool) -> None:
    """Somebody signed up here with Ada's address; `rows` runs SQL."""
    assert Browser(auth).sign_up().status == 200
    if verified:
        rows("update user set emailVerified = 1")
