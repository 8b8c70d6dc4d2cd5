"""Scripts for the profile `social`: ID tokens of applications, and the tokens of accounts."""

from __future__ import annotations

from typing import Any

from tests.differential.provider import (
    Person,
    account_of,
    discord,
    github,
    google,
    id_token,
    noting_what_is_asked,
    sign_in,
    verified_user,
)
from tests.differential.recording import Browser, Recorder

HOUR = 3600


def id_tokens(server: Recorder) -> None:
    ada = google("g-id", "id.token@example.com")

    def ask(name: str, person: Person, given: dict[str, Any], **body: Any) -> Browser:
        browser = server.browser()
        asked = {"provider": person.provider, "idToken": given, "callbackURL": "/home", **body}
        browser.post(name, "/sign-in/social", asked)
        return browser

    def token(**quirks: Any) -> dict[str, Any]:
        return {"token": id_token(server, ada, **quirks)}

    browser = ask("new", ada, {**token(), "accessToken": "at-given", "refreshToken": "rt-given"})
    browser.get("session", "/get-session")
    browser.get("accounts", "/list-accounts")
    server.rows("account", "accountId", "g-id")
    ask("known", ada, token())
    ask("with the right nonce", ada, {**token(nonce="n-1"), "nonce": "n-1"})
    ask("with another nonce", ada, {**token(nonce="n-1"), "nonce": "n-2"})
    ask("with a nonce that it has not", ada, {**token(), "nonce": "n-1"})
    ask("a nonce that is not asked for", ada, token(nonce="n-1"))
    wrong: dict[str, dict[str, Any]] = {
        "another key": {"key": "evil"},
        "an unknown key": {"kid": "unknown"},
        "unsigned": {"alg": "none"},
        "signed with the public key": {"alg": "HS256"},
        "another audience": {"aud": "somebody-else"},
        "another of our clients": {"client": "github-client"},
        "several audiences": {"aud": ["somebody-else", "google-client"]},
        "another issuer": {"iss": "https://evil.example"},
        "the issuer without a scheme": {"iss": "accounts.google.com"},
        "expired": {"expiresIn": -60},
        "just expired": {"expiresIn": -10},
        "old": {"iatOffset": -2 * HOUR},
        "of the future": {"iatOffset": 600},
    }
    for name, quirks in wrong.items():
        ask(name, ada, token(**quirks))
    for name, text in {"nonsense": "x", "three parts": "a.b.c", "empty": ""}.items():
        ask(name, ada, {"token": text})
    ask("no token", ada, {})
    ask("a number", ada, {"token": 5})
    ask("an unknown field", ada, {**token(), "more": 1})
    ask("expiresAt", ada, {**token(), "expiresAt": 5})
    ask("a user", ada, {**token(), "user": {"name": {"firstName": "Eve"}, "email": "eve@x.co"}})
    for person in (github(401, "id.hub@example.com"), discord("402", "id.cord@example.com")):
        ask(f"{person.provider} has none", person, token())
    ask("an unknown provider", Person("nowhere", {}), token())
    ask("elsewhere", ada, token(), callbackURL="https://evil.example")


def persons_of_id_tokens(server: Recorder) -> None:
    def ask(name: str, person: Person, **body: Any) -> None:
        browser = server.browser()
        given = {"token": id_token(server, person)}
        asked = {"provider": "google", "idToken": given, **body}
        browser.post(name, "/sign-in/social", asked)
        browser.get(f"{name}, session", "/get-session")

    ask("no address", google("g-id-none", "").but(email=None))
    ask("an empty address", google("g-id-empty", ""))
    ask("no subject", Person("google", {"email": "id.sub@example.com", "email_verified": True}))
    ask("an empty subject", google("", "id.empty@example.com"))
    ask("no name", Person("google", {"sub": "g-id-name", "email": "id.name@example.com"}))
    ask("unverified", google("g-id-unverified", "id.unverified@example.com", verified=False))
    verified_user(server, "id.join@example.com")
    ask("joins", google("g-id-join", "id.join@example.com"))
    server.browser().sign_up("id.stay@example.com")
    ask("does not join", google("g-id-stay", "id.stay@example.com"))


def access_tokens(server: Recorder) -> None:
    ada = server.browser()
    sign_in(ada, "sign in", google("g-access", "access@example.com"), scopes=["more"])
    account = account_of(ada, "google")

    def ask(name: str, body: object, browser: Browser = ada) -> None:
        browser.post(name, "/get-access-token", body)

    with noting_what_is_asked(server):
        ask("valid", {"accountId": account})
        with server.later(HOUR - 30):
            ask("still valid", {"accountId": account})
        with server.later(HOUR - 3):
            ask("nearly over", {"accountId": account})
            ask("renewed", {"accountId": account})
        server.rows("account", "accountId", "g-access")
    for name, body in {
        "unknown": {"accountId": "unknown"},
        "by the provider's id": {"accountId": "g-access"},
        "by provider": {"providerId": "google"},
        "with the provider": {"accountId": account, "providerId": "google"},
        "nothing": {},
        "a number": {"accountId": 5},
        "of another user": {"accountId": account, "userId": "another"},
        "both ways": {"accountId": account, "useAccountCookie": True},
        "not by cookie": {"useAccountCookie": False},
    }.items():
        ask(name, body)
    ask("nobody", {"accountId": account}, server.browser())
    ask("nobody, with a user", {"accountId": account, "userId": "x"}, server.browser())
    eve = verified_user(server, "eve.access@example.com")
    ask("another's", {"accountId": account}, eve)
    ask("a password", {"accountId": account_of(eve, "credential")}, eve)
    for name, body in {"unknown": {"accountId": "unknown"}, "nothing": {}}.items():
        ada.post(f"refresh, {name}", "/refresh-token", body)
    eve.post("refresh a password", "/refresh-token", {"accountId": account_of(eve, "credential")})
    eve.post("refresh another's", "/refresh-token", {"accountId": account})
    server.browser().post("refresh, nobody", "/refresh-token", {"accountId": account})


def refreshing(server: Recorder) -> None:
    cases: dict[str, Person] = {
        "google": google("g-refresh", "refresh@example.com"),
        "github": github(411, "refresh.hub@example.com"),
        "discord": discord("412", "refresh.cord@example.com"),
        "a new refresh token": google("g-rotate", "rotate@example.com").where(rotateRefresh=True),
        "no refresh token": google("g-no-refresh", "no.refresh@example.com").where(noRefresh=True),
        "refused": google("g-refused-refresh", "re.fused@example.com").where(refreshStatus=400),
        "failing": github(413, "failing.hub@example.com").where(refreshStatus=500),
        "a short life": google("g-short", "short.life@example.com").where(expiresIn=3),
    }
    for name, person in cases.items():
        with noting_what_is_asked(server):
            ada = server.browser()
            sign_in(ada, name, person, requestSignUp=True)
            account = {"accountId": account_of(ada, person.provider)}
            ada.post(f"{name}, refresh", "/refresh-token", account)
            with server.later(HOUR + 10):
                ada.post(f"{name}, when it is over", "/get-access-token", account)
                ada.get(f"{name}, who it is", f"/account-info?accountId={account['accountId']}")
            subject = str(person.profile.get("sub") or person.profile["id"])
            server.rows("account", "accountId", subject)


def asking_the_provider(server: Recorder) -> None:
    people = (
        google("g-info", "info@example.com"),
        github(421, "info.hub@example.com"),
        discord("422", "info.cord@example.com"),
    )
    for person in people:
        ada, name = server.browser(), person.provider
        sign_in(ada, name, person, requestSignUp=True)
        account = account_of(ada, name)
        ada.get(f"{name}, info", f"/account-info?accountId={account}")
        server.browser().get(f"{name}, nobody", f"/account-info?accountId={account}")
    ada = server.browser()
    sign_in(ada, "failing", github(423, "info.failing@example.com"))
    account = account_of(ada, "github")
    for query in ("", "?accountId=", "?accountId=unknown", "?providerId=github"):
        ada.get(f"info{query}", f"/account-info{query}")
    for query in ("&userId=x", "&more=x", "&accountId=y", "&useAccountCookie=true"):
        ada.get(f"info, {query}", f"/account-info?accountId={account}{query}")
    ada.get("by cookie", "/account-info?useAccountCookie=true")
    eve = verified_user(server, "eve.info@example.com")
    eve.get("another's", f"/account-info?accountId={account}")
    eve.get("a password", f"/account-info?accountId={account_of(eve, 'credential')}")


SCRIPTS = (id_tokens, persons_of_id_tokens, access_tokens, refreshing, asking_the_provider)
