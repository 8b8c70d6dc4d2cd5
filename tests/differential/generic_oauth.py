"""Scripts for the profile `social`: its generic providers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.differential.provider import (
    Person,
    account_of,
    id_token,
    link,
    noting_what_is_asked,
    openid,
    plain,
    sign_in,
    verified_user,
)
from tests.differential.recording import Browser, Recorder

HOUR = 3600
SORRY = {"callbackURL": "/home", "errorCallbackURL": "/sorry?from=sign-in"}


def generic_going_away(server: Recorder) -> None:
    nobody = server.browser()
    for provider in ("fakeoidc", "plainoauth", "closedoidc"):

        def ask(name: str, provider: str = provider, **body: object) -> None:
            nobody.post(f"{provider}, {name}", "/sign-in/social", {"provider": provider, **body})

        ask("as it is")
        ask("with scopes", scopes=["one", "openid"])
        ask("with a hint", loginHint="ada@example.com")
        ask("with more", additionalParams={"a": "b c", "prompt": "none"})
        ask("by itself", disableRedirect=True)
    for path in ("/sign-in/oauth2", "/oauth2/link"):
        nobody.post(path, path, {"providerId": "fakeoidc", "provider": "fakeoidc"})
    nobody.get("an old callback", "/oauth2/callback/fakeoidc?code=x&state=y")


def generic_coming_back(server: Recorder) -> None:
    with noting_what_is_asked(server):
        for person in (
            openid("o-new", "New.OpenID@Example.com"),
            plain(701, "new.plain@example.com"),
        ):
            name, ada = person.provider, server.browser()
            sign_in(ada, f"{name}, new", person, callbackURL="/home", newUserCallbackURL="/hello")
            user = ada.get(f"{name}, session", "/get-session").json["user"]
            ada.get(f"{name}, accounts", "/list-accounts")
            server.rows("account", "userId", user["id"])
            renamed = person.but(name="Countess", display="Countess")
            again = server.browser()
            sign_in(again, f"{name}, known", renamed, callbackURL="/home")
            again.get(f"{name}, session again", "/get-session")
    person = replace(openid("o-closed", "closed.openid@example.com"), provider="closedoidc")
    sign_in(server.browser(), "closed", person, requestSignUp=True, **SORRY)


def generic_persons(server: Recorder) -> None:
    def ask(name: str, person: Person) -> None:
        browser = server.browser()
        sign_in(browser, name, person, **SORRY)
        browser.get(f"{name}, session", "/get-session")

    ada, hub = openid("o-person", "person.openid@example.com"), plain(702, "person@example.com")
    ask("no address", ada.but(email=None))
    ask("no subject", ada.but(sub=None))
    ask("no name", ada.but(name=None, sub="o-nameless", email="nameless@example.com"))
    ask("unverified", openid("o-unverified", "unverified.o@example.com", verified=False))
    ask("verified in words", ada.but(email_verified="true", sub="o-words", email="w@example.com"))
    ask("verified as a number", ada.but(email_verified=1, sub="o-number", email="n@example.com"))
    ask("nobody at the plain one", hub.but(uid=None))
    ask("by the other field", hub.but(uid=None, id=703, email="other.field@example.com"))
    ask("a text for a number", hub.but(uid="undefined"))
    ask("no address at the plain one", hub.but(email=None))
    ask("unverified at the plain one", plain(704, "unverified.p@example.com", verified=False))
    verified_user(server, "join.openid@example.com")
    ask("joins", openid("o-join", "join.openid@example.com"))
    verified_user(server, "stay.plain@example.com")
    ask("does not join", plain(705, "stay.plain@example.com", verified=False))


def generic_wrong_answers(server: Recorder) -> None:
    ada, hub = openid("o-wrong", "wrong.openid@example.com"), plain(706, "wrong.p@example.com")
    cases: dict[str, Person] = {
        "denied": ada.where(deny="access_denied", denyDescription="Not today"),
        "no code": ada.where(dropCode=True),
        "no state": ada.where(dropState=True),
        "the right issuer": ada.where(issParameter="right"),
        "another issuer": ada.where(issParameter="https://evil.example"),
        "an issuer where none is known": hub.where(issParameter="https://evil.example"),
        "tokens refused": ada.where(tokenStatus=400, tokenError="invalid_grant"),
        "tokens failing": hub.where(tokenStatus=500),
        "an error as a success": ada.where(tokenErrorIn200="invalid_grant"),
        "garbage for tokens": ada.where(tokenGarbage=True),
        "tokens elsewhere": ada.where(tokenRedirect=f"{server.provider}/plain/token"),
        "no user": hub.where(userinfoStatus=500),
        "another key": ada.where(idToken={"key": "evil"}),
        "unsigned": ada.where(idToken={"alg": "none"}),
        "signed with the public key": ada.where(idToken={"alg": "HS256"}),
        "another audience": ada.where(idToken={"aud": "somebody-else"}),
        "another token issuer": ada.where(idToken={"iss": "https://evil.example"}),
        "another nonce": ada.where(idToken={"nonce": "another"}),
        "no nonce": ada.where(idToken={"dropNonce": True}),
        "an old token": ada.where(idToken={"expiresIn": -HOUR}),
        "no ID token": ada.where(noIdToken=True),
    }
    for name, person in cases.items():
        sign_in(server.browser(), name, person, **SORRY)


def generic_id_tokens(server: Recorder) -> None:
    ada = openid("o-id", "id.openid@example.com")

    def ask(name: str, given: dict[str, Any], provider: str = "fakeoidc") -> Browser:
        browser = server.browser()
        body = {"provider": provider, "idToken": given, "callbackURL": "/home"}
        browser.post(name, "/sign-in/social", body)
        return browser

    def token(person: Person = ada, **quirks: Any) -> dict[str, Any]:
        at = replace(person, provider="oidc")
        return {"token": id_token(server, at, **{"client": "oidc-client", **quirks})}

    browser = ask("new", {**token(), "accessToken": "at-given"})
    browser.get("session", "/get-session")
    server.rows("account", "accountId", "o-id")
    ask("known", token())
    ask("with a nonce", {**token(nonce="n"), "nonce": "n"})
    ask("with another nonce", {**token(nonce="n"), "nonce": "m"})
    ask("another key", token(key="evil"))
    ask("another client", token(client="closed-client"))
    ask("expired", token(expiresIn=-60))
    ask("old", token(iatOffset=-2 * HOUR))
    ask("no address", token(ada.but(email=None)))
    ask("nonsense", {"token": "x"})
    ask("where there are no keys", token(), "plainoauth")
    ask("where nobody signs up", token(client="closed-client"), "closedoidc")


def generic_accounts(server: Recorder) -> None:
    ada = verified_user(server, "accounts.generic@example.com")
    ada.sign_in("accounts.generic@example.com")
    with noting_what_is_asked(server):
        link(ada, "link openid", openid("o-acc", "accounts.generic@example.com"))
        link(ada, "link plain", plain(707, "accounts.generic@example.com"))
        link(ada, "link another", openid("o-acc-2", "another.generic@example.com"))
        for provider in ("fakeoidc", "plainoauth"):
            chosen = {"accountId": account_of(ada, provider)}
            ada.post(f"{provider}, token", "/get-access-token", chosen)
            ada.post(f"{provider}, refresh", "/refresh-token", chosen)
            ada.get(f"{provider}, who", f"/account-info?accountId={chosen['accountId']}")
        with server.later(HOUR - 3):
            ada.post("nearly over", "/get-access-token", chosen)
    server.rows("account", "accountId", "o-acc")
    ada.post("unlink", "/unlink-account", {"accountId": account_of(ada, "plainoauth")})
    ada.get("left", "/list-accounts")


def generic_sign_out(server: Recorder) -> None:
    bodies: dict[str, Any] = {
        "as it is": {},
        "with a target": {"callbackURL": "/bye", "state": "kept"},
        "by itself": {"disableRedirect": True, "callbackURL": "/bye"},
        "elsewhere": {"callbackURL": "https://evil.example"},
        "a number": {"state": 5},
        "a text": {"disableRedirect": "yes"},
    }
    for name, body in bodies.items():
        ada = server.browser()
        sign_in(ada, f"{name}, in", openid("o-out", "out.generic@example.com"))
        ada.post(name, "/sign-out", body)
        ada.get(f"{name}, session", "/get-session")
    ada = server.browser()
    sign_in(ada, "plain, in", plain(708, "out.plain@example.com"))
    ada.post("plain", "/sign-out", {})
    server.browser().post("nobody", "/sign-out", {"state": "x"})


SCRIPTS = (
    generic_going_away,
    generic_coming_back,
    generic_persons,
    generic_wrong_answers,
    generic_id_tokens,
    generic_accounts,
    generic_sign_out,
)
