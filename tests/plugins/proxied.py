"""A production and a preview of it, and a browser that goes from one to the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.support.browser import Answer, handle
from tests.support.social import CODE, World, error_of, parameters, social_auth
from watchword import Auth, BytesBody, Headers, Request
from watchword.crypto.derivation import purpose_secrets
from watchword.crypto.secrets_list import Secrets
from watchword.plugins import OAuthProxy

PRODUCTION = "https://app.example"
PREVIEW = "https://pr-7.preview.example"
SHARED = "proxy-secret-0123456789-abcdefghijKLMNOP"
CALLBACK = f"{PRODUCTION}/api/auth/callback/google"


@dataclass
class Traveller:
    """One browser with a jar for each origin; `seen` are the URLs that it opened."""

    servers: dict[str, Any]
    """By origin: an `Auth`, or what answers a request and its body."""
    kind: str = "blocking"
    jars: dict[str, dict[str, str]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def open(self, url: str, **headers: str) -> Answer:
        """Go to a URL, without following where it leads."""
        self.seen.append(url)
        where = urlsplit(url)
        origin = f"{where.scheme}://{where.netloc}"
        return self._send(origin, "GET", where.path, where.query, b"", headers)

    def post(self, site: str, path: str, body: object, **headers: str) -> Answer:
        """What a page of a site sends to its own server."""
        sent = {"content-type": "application/json", "origin": site, **headers}
        named = {name.replace("_", "-"): text for name, text in sent.items()}
        return self._send(site, "POST", f"/api/auth{path}", "", json.dumps(body).encode(), named)

    def session(self, origin: str) -> Any:
        return self.open(f"{origin}/api/auth/get-session").json

    def _send(
        self, origin: str, method: str, path: str, query: str, data: bytes, headers: dict[str, str]
    ) -> Answer:
        where = urlsplit(origin)
        jar = self.jars.setdefault(origin, {})
        cookie = "; ".join(f"{name}={value}" for name, value in jar.items())
        given = {"host": where.netloc, **({"cookie": cookie} if cookie else {}), **headers}
        request = Request(
            method=method,
            path=path,
            query=query,
            scheme=where.scheme,
            host=where.netloc,
            headers=Headers(given.items()),
            body=BytesBody(data),
            client="203.0.113.7",
        )
        server = self.servers[origin]
        local = isinstance(server, Auth)
        got = handle(server, request, self.kind) if local else server.answer(request, data)
        answer = Answer(got)
        for line in answer.cookies:
            pair, *attributes = line.split("; ")
            name, _, value = pair.partition("=")
            if "Max-Age=0" in attributes:
                jar.pop(name, None)
            else:
                jar[name] = value
        return answer


@dataclass
class Proxied:
    """Both servers before one world of providers."""

    world: World
    production: Auth[Any]
    preview: Auth[Any]
    kind: str = "blocking"

    def browser(self) -> Traveller:
        return Traveller({PRODUCTION: self.production, PREVIEW: self.preview}, self.kind)

    def begin(self, browser: Traveller, **body: Any) -> str:
        """Begin at the preview; the URL of the provider."""
        given = {"provider": "google", "callbackURL": "/home", **body}
        answer = browser.post(PREVIEW, "/sign-in/social", given)
        assert answer.status == 200, answer.json
        return answer.json["url"]

    def at_production(self, browser: Traveller, url: str, **query: str) -> Answer:
        """What production answers when the provider sends the browser back to it."""
        asked = parameters(url)
        assert asked["redirect_uri"] == CALLBACK
        given = {"state": asked["state"], "code": CODE, **query}
        return browser.open(f"{asked['redirect_uri']}?{urlencode(given)}")

    def handed_over(self, browser: Traveller, **body: Any) -> str:
        """Where production sends the browser with the profile."""
        answer = self.at_production(browser, self.begin(browser, **body))
        assert (answer.status, answer.cookies) == (302, ()), answer.json
        return answer.header("location") or ""

    def sign_in(self, browser: Traveller, **body: Any) -> Answer:
        """The whole way."""
        return browser.open(self.handed_over(browser, **body))


def proxied(
    make_auth: Callable[..., Auth[Any]],
    folder: Any,
    kind: str = "blocking",
    *,
    world: World | None = None,
    production: dict[str, Any] | None = None,
    preview: dict[str, Any] | None = None,
    provider: dict[str, Any] | None = None,
    **options: Any,
) -> Proxied:
    """Two servers with secrets and databases of their own, and one secret for the proxy."""
    world = world or World()
    chosen = {"secret": SHARED, "production_url": PRODUCTION, **options}
    return Proxied(
        world,
        social_auth(
            make_auth,
            world,
            provider=provider,
            **{
                "base_url": PRODUCTION,
                "trusted_origins": ["https://*.preview.example"],
                "plugins": [OAuthProxy(**chosen)],
                **(production or {}),
            },
        ),
        social_auth(
            make_auth,
            world,
            provider=provider,
            **{
                "base_url": PREVIEW,
                "secret": "preview-secret-0123456789-abcdefghijKLM",
                "database": f"sqlite:///{folder}/preview.db",
                "plugins": [OAuthProxy(**chosen)],
                **(preview or {}),
            },
        ),
        kind,
    )


def query_of(url: str) -> dict[str, str]:
    """The parameters of a URL, in order."""
    return dict(parse_qsl(urlsplit(url).query))


def keys(purpose: str, secret: str = SHARED) -> Secrets:
    """The key of one purpose."""
    return purpose_secrets(Secrets(secret), purpose)


def lost(answer: Answer) -> str | None:
    """The code of a failure that let nobody in."""
    assert not [line for line in answer.cookies if "session_token" in line]
    return error_of(answer)
