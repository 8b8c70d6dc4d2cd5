"""Flows through the fake identity provider (tests/reference/fake-provider.mjs)."""

from __future__ import annotations

import http.client
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from tests.differential.recording import Browser, Exchange, Recorder


@dataclass(frozen=True)
class Person:
    """Who signs in where, and what goes wrong there (`quirks`, PROFILES.md, section 8)."""

    provider: str
    profile: dict[str, Any]
    quirks: dict[str, Any] = field(default_factory=dict[str, Any])

    def but(self, **profile: Any) -> Person:
        """The same with other words about the person."""
        return replace(self, profile={**self.profile, **profile})

    def where(self, **quirks: Any) -> Person:
        """The same with a provider that does something wrong."""
        return replace(self, quirks={**self.quirks, **quirks})


def google(subject: str, email: str, *, verified: bool = True) -> Person:
    """Somebody at the provider with ID tokens."""
    profile = {"sub": subject, "name": "Ada Lovelace", "email": email, "email_verified": verified}
    return Person("google", {**profile, "picture": "https://pictures.example/ada.png"})


def github(number: int, email: str, *, verified: bool = True) -> Person:
    """Somebody at the provider that is asked for the user, and for addresses."""
    address = {"email": email, "primary": True, "verified": verified}
    profile = {"id": number, "login": "ada", "name": "Ada", "emails": [address]}
    return Person("github", {**profile, "avatar_url": "https://pictures.example/hub.png"})


def discord(number: str, email: str, *, verified: bool = True) -> Person:
    """Somebody at the provider whose options say more."""
    profile = {"id": number, "username": "ada", "global_name": "Ada L.", "discriminator": "0"}
    return Person("discord", {**profile, "avatar": None, "email": email, "verified": verified})


def apple(subject: str, email: str, **posted: Any) -> Person:
    """Somebody at the provider that posts a form, at first with who it is in it."""
    profile = {"sub": subject, "email": email, "email_verified": "true"}
    return Person("apple", {**profile, "posted": posted} if posted else profile)


def openid(subject: str, email: str, *, verified: bool = True) -> Person:
    """Somebody at the generic provider of OpenID Connect."""
    return replace(google(subject, email, verified=verified), provider="fakeoidc")


def plain(number: int, email: str, *, verified: bool = True) -> Person:
    """Somebody at the generic provider of OAuth 2."""
    profile = {"uid": number, "display": "A. L.", "name": "Ada", "email": email}
    return Person("plainoauth", {**profile, "verified": verified})


def begin(browser: Browser, name: str, person: Person, **body: Any) -> str:
    """Ask for a flow, noted under a name; the URL of the authorization."""
    given = {"provider": person.provider, **body}
    return browser.post(name, "/sign-in/social", given).json["url"]


def callback(browser: Browser, url: str, person: Person) -> str:
    """Let the person agree at the provider; the URL that it sends the browser to."""
    return agree(browser.recorder.provider, url, person)


def agree(provider: str, url: str, person: Person) -> str:
    """The same at a provider's base URL."""
    told = json.dumps({"profile": person.profile, "quirks": person.quirks}).encode()
    header = urlsafe_b64encode(told).decode().rstrip("=")
    target = url if url.startswith(provider) else f"{provider}/{url.removeprefix('https://')}"
    status, location, text = _ask("GET", target, headers={"x-oracle-user": header})
    assert status == 302, text
    return location


def sign_in(browser: Browser, name: str, person: Person, **body: Any) -> Exchange:
    """The whole way there and back; the callback is noted under the name."""
    url = begin(browser, f"{name}, away", person, **body)
    return browser.follow(name, callback(browser, url, person))


def link(browser: Browser, name: str, person: Person, **body: Any) -> Exchange:
    """The same for who is signed in, and gets one more way to."""
    given = {"provider": person.provider, "callbackURL": "/linked", **body}
    url = browser.post(f"{name}, away", "/link-social", given).json["url"]
    return browser.follow(name, callback(browser, url, person))


def id_token(server: Recorder, person: Person, **more: Any) -> str:
    """An ID token as an application gets it by itself. `nonce` is a claim; the rest are quirks."""
    return id_token_of(server.provider, person, **more)


def id_token_of(provider: str, person: Person, **more: Any) -> str:
    """The same of a provider's base URL."""
    nonce = more.pop("nonce", None)
    client = more.pop("client", f"{person.provider}-client")
    asked = {"party": person.provider, "clientId": client, "profile": person.profile}
    body = {**asked, "quirks": more, **({} if nonce is None else {"nonce": nonce})}
    text = _ask("POST", f"{provider}/__control/id-token", json.dumps(body))[2]
    return json.loads(text)["token"]


@contextmanager
def noting_what_is_asked(server: Recorder) -> Iterator[None]:
    """Note every request that reaches the provider meanwhile: fields, authentication, PKCE."""
    log = f"{server.provider}/__control/log"
    _ask("DELETE", log)
    yield
    server.note(Exchange("asked of the provider", 200, [], _ask("GET", log)[2]))


def verified_user(server: Recorder, email: str) -> Browser:
    """Somebody who signed up here and has proven the address."""
    browser = server.browser()
    browser.sign_up(email)
    browser.follow("verify", server.mail("verify-email", email)["url"])
    return browser


def account_of(browser: Browser, provider: str) -> str:
    """The id of the row of somebody's account, from the noted list."""
    found = browser.get("accounts", "/list-accounts").json
    return next(one["id"] for one in found if one["providerId"] == provider)


def _ask(
    method: str, url: str, data: str | None = None, headers: dict[str, str] | None = None
) -> tuple[int, str, str]:
    """Status, `Location` and text."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    try:
        connection.request(method, f"{where.path}?{where.query}", data, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.getheader("location") or "", answer.read().decode()
    finally:
        connection.close()
