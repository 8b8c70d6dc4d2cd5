"""Scripts for the profile `social`: linking providers' accounts, listing and giving them up."""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.differential.provider import (
    Person,
    account_of,
    callback,
    discord,
    github,
    google,
    id_token,
    link,
    sign_in,
    verified_user,
)
from tests.differential.recording import Browser, Recorder

SORRY = {"errorCallbackURL": "/sorry"}


def linking(server: Recorder) -> None:
    email = "link@example.com"
    ada = verified_user(server, email)
    link(ada, "link", google("g-link", email))
    ada.get("accounts", "/list-accounts")
    server.rows("account", "accountId", "g-link")
    link(ada, "again, with more scopes", google("g-link", email), scopes=["calendar"])
    server.rows("account", "accountId", "g-link")
    link(ada, "another of the same provider", google("g-link-2", email), **SORRY)
    link(ada, "another provider", github(301, email))
    ada.get("accounts", "/list-accounts")
    ada.get("session", "/get-session")
    ada.post("sign out", "/sign-out", {})
    sign_in(ada, "sign in with it", google("g-link", email))
    ada.get("session", "/get-session")


def refused_links(server: Recorder) -> None:
    email = "refused.link@example.com"
    ada = verified_user(server, email)
    sign_in(server.browser(), "its owner", google("g-taken", "owner@example.com"))
    sign_in(server.browser(), "a namesake", github(310, "namesake@example.com"))
    cases: dict[str, Person] = {
        "unverified, not trusted": github(311, email, verified=False),
        "unverified, trusted": google("g-unverified", email, verified=False),
        "another address": google("g-other", "other.address@example.com"),
        "an address in capitals": google("g-capitals", email.upper()),
        "no address": google("g-none", "").but(email=None),
        "taken": google("g-taken", email),
        "taken, of the owner's address": google("g-taken", "owner@example.com"),
        "denied": google("g-denied", email).where(deny="access_denied"),
        "tokens refused": google("g-refused", email).where(tokenStatus=400),
        "no user": github(312, email).where(userinfoStatus=500),
        "no code": github(312, email).where(dropCode=True),
    }
    for name, person in cases.items():
        link(ada, name, person, **SORRY)
        link(ada, f"{name}, at the usual page", person)
    ada.get("accounts", "/list-accounts")
    unproven = server.browser()
    unproven.sign_up("unproven.link@example.com")
    link(unproven, "an address that is not proven here", github(320, "unproven.link@example.com"))
    unproven.get("accounts", "/list-accounts")
    unproven.get("session", "/get-session")


def beginning_to_link(server: Recorder) -> None:
    ada = verified_user(server, "begin.link@example.com")

    def ask(name: str, browser: Browser = ada, **body: object) -> None:
        browser.post(name, "/link-social", {"provider": "google", "callbackURL": "/l", **body})

    ask("nobody", server.browser())
    ask("google")
    ask("scopes", scopes=["one"])
    ask("by itself", disableRedirect=True)
    ask("unknown provider", provider="nowhere")
    ask("a field of signing in", newUserCallbackURL="/welcome")
    ask("requestSignUp", requestSignUp=True)
    ask("a hint", loginHint="ada@example.com")
    ask("more", additionalParams={"hl": "de"})
    ask("elsewhere", callbackURL="https://evil.example")
    ask("errors elsewhere", errorCallbackURL="https://evil.example")
    ask("number for a provider", provider=5)
    ask("idToken is a text", idToken="x")
    ada.post("no target", "/link-social", {"provider": "google"})
    ada.post("no provider", "/link-social", {})
    ada.post("no body", "/link-social")
    ada.get("reading", "/link-social")
    ada.post("from elsewhere", "/link-social", {"provider": "google"}, origin="https://x.co")
    with server.later(2 * 86_400):
        ask("a session that is not fresh")


def links_of_sessions(server: Recorder) -> None:
    """A link belongs to the session that began it."""
    email = "session.link@example.com"
    ada = verified_user(server, email)

    def away(browser: Browser, person: Person) -> str:
        body = {"provider": person.provider, "callbackURL": "/linked", **SORRY}
        return callback(browser, browser.post("away", "/link-social", body).json["url"], person)

    url = away(ada, google("g-out", email))
    ada.post("sign out", "/sign-out", {})
    ada.follow("after signing out", url)
    ada.sign_in(email)
    url = away(ada, google("g-revoked", email))
    phone = server.browser()
    phone.sign_in(email)
    phone.post("revoke", "/revoke-other-sessions", {})
    ada.follow("after it was revoked", url)
    ada.jar.clear()
    ada.sign_in(email)
    url = away(ada, google("g-bare", email))
    token = ada.jar.pop("better-auth.session_token")
    ada.follow("without the session's cookie", url)
    ada.get("nobody", "/get-session")
    ada.jar["better-auth.session_token"] = token
    ada.get("accounts", "/list-accounts")
    url = away(ada, github(330, email))
    eve = verified_user(server, "eve.session.link@example.com")
    ada.jar["better-auth.session_token"] = eve.jar["better-auth.session_token"]
    ada.follow("with another's session", url)
    ada.get("nothing for the other", "/list-accounts")
    query = urlsplit(away(eve, google("g-gone", "eve.session.link@example.com"))).query
    eve.post("delete", "/delete-user", {"password": "correct horse"})
    eve.send("the user is gone", "GET", f"/callback/google?{query}", None, origin="")


def linking_by_token(server: Recorder) -> None:
    email = "token.link@example.com"
    ada = verified_user(server, email)
    sign_in(server.browser(), "its owner", google("g-token-taken", "token.owner@example.com"))

    def ask(name: str, person: Person, browser: Browser = ada, **more: object) -> None:
        given = {"token": id_token(server, person), **more}
        body = {"provider": person.provider, "idToken": given, "callbackURL": "/linked"}
        browser.post(name, "/link-social", body)

    ask("nobody", google("g-token", email), server.browser())
    ask("link", google("g-token", email), accessToken="at-1", refreshToken="rt-1")
    server.rows("account", "accountId", "g-token")
    ask("again", google("g-token", email), accessToken="at-2")
    ask("again, of another address", google("g-token", "changed@example.com"))
    ask("taken", google("g-token-taken", email))
    ask("another address", google("g-token-other", "else@example.com"))
    ask("no address", google("g-token-none", "").but(email=None))
    ask("unverified, trusted", google("g-token-unverified", email, verified=False))
    ask("no subject", google("", email))
    ask("a field of signing in", google("g-token", email), user={"name": {"firstName": "A"}})
    for name, token in {"nonsense": "x", "three parts": "a.b.c", "empty": ""}.items():
        ada.post(name, "/link-social", {"provider": "google", "idToken": {"token": token}})
    for provider in ("github", "discord"):
        given = {"token": id_token(server, google("g-token", email))}
        ada.post(f"{provider} has none", "/link-social", {"provider": provider, "idToken": given})
    ada.get("accounts", "/list-accounts")


def giving_up(server: Recorder) -> None:
    email = "unlink@example.com"
    ada = verified_user(server, email)
    link(ada, "link", google("g-unlink", email))
    eve = verified_user(server, "eve.unlink@example.com")
    link(eve, "link", google("g-eve-unlink", "eve.unlink@example.com"))
    own, hers = account_of(ada, "google"), account_of(eve, "google")

    def give_up(name: str, body: object, browser: Browser = ada) -> None:
        browser.post(name, "/unlink-account", body)

    give_up("nobody", {"accountId": own}, server.browser())
    give_up("another's", {"accountId": hers})
    give_up("unknown", {"accountId": "unknown"})
    give_up("by the provider's id", {"accountId": "g-unlink"})
    give_up("by provider", {"providerId": "google"})
    give_up("with the provider", {"accountId": own, "providerId": "google"})
    give_up("a number", {"accountId": 5})
    give_up("nothing", {})
    with server.later(2 * 86_400):
        give_up("not fresh", {"accountId": hers}, eve)
    hub = verified_user(server, "hub.unlink@example.com")
    link(hub, "link", github(340, "hub.unlink@example.com"))
    give_up("its own", {"accountId": account_of(hub, "github")}, hub)
    give_up("the last", {"accountId": account_of(hub, "credential")}, hub)
    hub.get("accounts", "/list-accounts")
    alone = server.browser()
    sign_in(alone, "no password", discord("341", "alone@example.com"), requestSignUp=True)
    give_up("the only one", {"accountId": account_of(alone, "discord")}, alone)
    alone.get("accounts", "/list-accounts")
    server.browser().get("listing as nobody", "/list-accounts")
    sign_in(
        server.browser(), "back to the one that was given up", github(340, "hub.unlink@example.com")
    )


SCRIPTS = (
    linking,
    refused_links,
    beginning_to_link,
    links_of_sessions,
    linking_by_token,
    giving_up,
)
