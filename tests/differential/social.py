"""Scripts for the profile `social`: to a provider and back, and everything that can go wrong."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.differential.provider import (
    Person,
    begin,
    callback,
    discord,
    github,
    google,
    noting_what_is_asked,
    sign_in,
    verified_user,
)
from tests.differential.recording import Browser, Recorder

SORRY = {"callbackURL": "/home", "errorCallbackURL": "/sorry?from=sign-in"}


def going_away(server: Recorder) -> None:
    nobody = server.browser()

    def ask(name: str, **body: object) -> None:
        nobody.post(name, "/sign-in/social", body)

    for provider in ("google", "github", "discord"):
        ask(provider, provider=provider)
        ask(f"{provider} with scopes", provider=provider, scopes=["one", "two"])
        ask(f"{provider} with a hint", provider=provider, loginHint="ada@example.com")
        ask(f"{provider} with more", provider=provider, additionalParams={"a": "b c", "hl": "de"})
        ask(f"{provider}, by itself", provider=provider, disableRedirect=True)
        ask(f"{provider}, sign up", provider=provider, requestSignUp=True)
        ask(f"{provider}, idToken is null", provider=provider, idToken=None)
    ask("unknown provider", provider="nowhere")
    ask("known elsewhere", provider="gitlab")
    ask("an object's own", provider="__proto__")
    ask("empty provider", provider="")
    ask("no provider")
    ask("number for a provider", provider=5)
    for name in ("state", "client_id", "redirect_uri", "response_type", "code_challenge", "nonce"):
        ask(f"{name} by the client", provider="google", additionalParams={name: "chosen"})
    ask("prompt by the client", provider="google", additionalParams={"prompt": "none"})
    for name in ("callbackURL", "errorCallbackURL", "newUserCallbackURL"):
        ask(f"{name} elsewhere", provider="google", **{name: "https://evil.example"})
        ask(f"{name} of a friend", provider="google", **{name: "https://app.trusted.example/x"})
        ask(f"{name} is a number", provider="google", **{name: 5})
    ask("scopes are a text", provider="google", scopes="email")
    ask("a scope is a number", provider="google", scopes=[5])
    ask("requestSignUp is a text", provider="google", requestSignUp="yes")
    ask("disableRedirect is a text", provider="google", disableRedirect="yes")
    ask("idToken is a text", provider="google", idToken="x")
    ask("idToken without a token", provider="google", idToken={})
    ask("additionalData is a list", provider="google", additionalData=[1])
    ask("additionalParams of numbers", provider="google", additionalParams={"a": 1})
    nobody.post("no body", "/sign-in/social")
    nobody.get("reading", "/sign-in/social")
    nobody.post("from elsewhere", "/sign-in/social", {"provider": "google"}, origin="https://x.co")


def coming_back(server: Recorder) -> None:
    with noting_what_is_asked(server):
        for person in (
            google("g-new", "New.Google@Example.com"),
            github(71, "new.github@example.com"),
            discord("72", "new.discord@example.com"),
        ):
            name, ada = person.provider, server.browser()
            more = {"newUserCallbackURL": "/welcome", "requestSignUp": True}
            sign_in(ada, f"{name}, new", person, callbackURL="/home", **more)
            user = ada.get(f"{name}, session", "/get-session").json["user"]
            ada.get(f"{name}, accounts", "/list-accounts")
            server.rows("account", "userId", user["id"])
            again = server.browser()
            sign_in(again, f"{name}, known", person, callbackURL="/home", **more)
            again.get(f"{name}, session again", "/get-session")
            sign_in(again, f"{name}, without a target", person)


def who_may_sign_up(server: Recorder) -> None:
    person = discord("900", "discord.sign-up@example.com")
    sign_in(server.browser(), "without asking", person, **SORRY)
    sign_in(server.browser(), "saying no", person, requestSignUp=False)
    sign_in(server.browser(), "asking", person, requestSignUp=True)
    sign_in(server.browser(), "being there", person)


def wrong_answers(server: Recorder) -> None:
    ada = google("g-wrong", "wrong.answers@example.com")
    hub = github(81, "wrong.github@example.com")
    cases: dict[str, Person] = {
        "denied": ada.where(deny="access_denied"),
        "denied with a word": ada.where(deny="access_denied", denyDescription="Not today & never"),
        "denied for good": ada.where(deny="temporarily_unavailable"),
        "no code": ada.where(dropCode=True),
        "no state": ada.where(dropState=True),
        "another state": ada.where(state="x" * 32),
        "an empty state": ada.where(state=""),
        "the right issuer": ada.where(issParameter="right"),
        "another issuer": ada.where(issParameter="https://evil.example"),
        "an issuer where none is known": hub.where(issParameter="https://evil.example"),
        "tokens refused": ada.where(tokenStatus=400, tokenError="invalid_grant"),
        "tokens failing": ada.where(tokenStatus=500),
        "an error as a success": ada.where(tokenErrorIn200="invalid_grant"),
        "an error as a success at GitHub": hub.where(tokenErrorIn200="bad_verification_code"),
        "garbage for tokens": ada.where(tokenGarbage=True),
        "garbage at GitHub": hub.where(tokenGarbage=True),
        "tokens elsewhere": ada.where(tokenRedirect=f"{server.provider}/plain/token"),
        "no ID token": ada.where(noIdToken=True),
        "no user": hub.where(userinfoStatus=500),
        "no user for this token": hub.where(userinfoStatus=401),
    }
    for name, person in cases.items():
        sign_in(server.browser(), name, person, callbackURL="/home")
        sign_in(server.browser(), f"{name}, told", person, **SORRY)


def tokens_of_the_provider_itself(server: Recorder) -> None:
    """What comes from the token endpoint needs no signature: the connection vouches for it."""
    ada = google("g-direct", "direct@example.com")
    for name, wrong in {
        "another key": {"key": "evil"},
        "another audience": {"aud": "somebody-else"},
        "another issuer": {"iss": "https://evil.example"},
        "expired": {"expiresIn": -3600},
        "unsigned": {"alg": "none"},
    }.items():
        sign_in(server.browser(), name, ada.where(idToken=wrong), **SORRY)


def persons(server: Recorder) -> None:
    ada, hub = google("g-person", "person@example.com"), github(61, "person.hub@example.com")
    without = {key: value for key, value in ada.profile.items() if key != "email"}
    cases: dict[str, Person] = {
        "no address": Person("google", without),
        "an empty address": ada.but(email=""),
        "null for an address": ada.but(email=None),
        "no address at GitHub": hub.but(emails=[]),
        "no subject": Person("google", {**without, "sub": None, "email": "no.sub@example.com"}),
        "an empty subject": ada.but(sub="", email="empty.sub@example.com"),
        "a subject of null": ada.but(sub="null", email="null.sub@example.com"),
        "no name": ada.but(sub="g-unnamed", name=None, email="unnamed@example.com"),
        "no image": ada.but(sub="g-plain", picture=None, email="plain@example.com"),
        "a public address": hub.but(email="public.hub@example.com", id=62),
        "the primary one": hub.but(
            id=63,
            emails=[
                {"email": "second.hub@example.com", "primary": False, "verified": True},
                {"email": "first.hub@example.com", "primary": True, "verified": False},
            ],
        ),
        "only a login": hub.but(id=64, name=None, emails=[{"email": "login.hub@example.com"}]),
    }
    for number, said in enumerate(("true", "false", 1, "yes", None, False)):
        person = google(f"g-said-{number}", f"said{number}@example.com")
        cases[f"verified says {said!r}"] = person.but(email_verified=said)
    for name, person in cases.items():
        browser = server.browser()
        sign_in(browser, name, person, **SORRY)
        browser.get(f"{name}, session", "/get-session")


def joining(server: Recorder) -> None:
    """Somebody with the address is there already, with a password."""
    for proven in (True, False):
        for vouched in (True, False):
            for trusted in (True, False):
                case = f"{proven=} {vouched=} {trusted=}".replace("=", " ").lower()
                email = f"join.{'-'.join(case.split())}@example.com"
                browser = verified_user(server, email) if proven else server.browser()
                if not proven:
                    browser.sign_up(email)
                number = int(proven) * 4 + int(vouched) * 2 + int(trusted)
                person = (
                    google(f"g-join-{number}", email, verified=vouched)
                    if trusted
                    else github(500 + number, email, verified=vouched)
                )
                sign_in(server.browser(), f"join, {case}", person, **SORRY)
                browser.get(f"accounts, {case}", "/list-accounts")
                browser.get(f"session, {case}", "/get-session")


def signing_in_again(server: Recorder) -> None:
    person = google("g-again", "again.social@example.com", verified=False)
    ada = server.browser()
    sign_in(ada, "first", person, scopes=["more"])
    user = ada.get("session", "/get-session").json["user"]
    server.rows("account", "accountId", "g-again")
    sign_in(ada, "another address", person.but(email="other.social@example.com", name="Other"))
    ada.get("as it was", "/get-session")
    sign_in(ada, "now vouched for", person.but(email_verified=True))
    ada.get("verified", "/get-session")
    sign_in(ada, "no refresh token", person.where(noRefresh=True))
    server.rows("account", "accountId", "g-again")
    ada.post("sign out", "/sign-out", {})
    sign_in(ada, "no longer vouched for", person)
    ada.get("still verified", "/get-session")
    server.rows("user", "id", user["id"])


def states(server: Recorder) -> None:
    person = google("g-state", "state@example.com")

    def away(browser: Browser, **body: object) -> str:
        return callback(browser, begin(browser, "away", person, **body), person)

    ada = server.browser()
    url = away(ada, **SORRY)
    server.browser().follow("another browser", url)
    other = server.browser()
    away(other)
    other.follow("another browser with a flow of its own", url)
    ada.follow("the right browser", url)
    ada.follow("once more", url)
    first, second = away(ada, **SORRY), away(ada, **SORRY)
    ada.follow("the flow before", first)
    ada.follow("the flow after", second)
    late = away(ada, **SORRY)
    with server.later(590):
        ada.follow("just in time", late)
    late = away(ada, **SORRY)
    with server.later(605):
        ada.follow("too late", late)
    ada.follow("still too late", late)
    tampered = away(ada, **SORRY)
    ada.jar["better-auth.state"] += "x"
    ada.follow("a cookie that nobody signed", tampered)
    away(ada)
    bare = urlsplit(away(ada, **SORRY)).query
    for name, query in {
        "nothing": "",
        "code alone": "code=x",
        "error alone": "error=access_denied",
        "unknown state": "state=unknown&code=x",
        "state twice": f"{bare}&state=other",
        "code twice": f"{bare}&code=other",
        "a longer state": bare.replace("state=", "state=x"),
        "a very long state": f"state={'x' * 3000}&code=x",
    }.items():
        ada.send(name, "GET", f"/callback/google?{query}", None, origin="")
    ada.send("the right one", "GET", f"/callback/google?{bare}", None, origin="")


def errors_in_callbacks(server: Recorder) -> None:
    """What a provider may say, whatever it is."""
    ada = server.browser()
    for name, more in {
        "an error with a space": {"error": "access denied"},
        "an error in markup": {"error": "<b>no</b>"},
        "an error and a code": {"error": "access_denied", "code": "x"},
        "an empty error": {"error": "", "code": "x"},
        "an empty code": {"code": ""},
        "a wrong code": {"code": "wrong"},
        "a description alone": {"error_description": "Because", "code": "wrong"},
        "an unreadable user": {"code": "wrong", "user": "{"},
        "an unknown parameter": {"code": "wrong", "more": "x"},
        "a device": {"code": "wrong", "device_id": "d"},
    }.items():
        person = google("g-errors", "errors@example.com")
        away = callback(ada, begin(ada, f"{name}, away", person, **SORRY), person)
        state = dict(parse_qsl(urlsplit(away).query))["state"]
        query = urlencode({"state": state, **more})
        ada.send(name, "GET", f"/callback/google?{query}", None, origin="")


def other_callbacks(server: Recorder) -> None:
    """A flow that began with one provider, and ends elsewhere."""
    for provider in ("github", "nowhere", "gitlab"):
        ada, person = server.browser(), google("g-elsewhere", "elsewhere@example.com")
        away = callback(ada, begin(ada, f"{provider}, away", person, **SORRY), person)
        query = urlsplit(away).query
        ada.send(f"back at {provider}", "GET", f"/callback/{provider}?{query}", None, origin="")


def posted_callbacks(server: Recorder) -> None:
    """Providers that answer with a form: the browser is sent on to the same as a GET."""
    person = google("g-posted", "posted@example.com")

    def fields(browser: Browser) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(callback(browser, begin(browser, "away", person),
                                                person)).query))  # fmt: skip

    ada = server.browser()
    given = fields(ada)
    elsewhere = server.browser()
    location = elsewhere.post_form(
        "a form", "/callback/google", {**given, "id_token": "x", "more": "y"}, origin=""
    ).header("location")
    ada.follow("sent on", location or "")
    ada.get("session", "/get-session")
    eve = server.browser()
    given = fields(eve)
    eve.post_form("a form with cookies", "/callback/google", given, origin="https://x.example")
    eve.post_form("a form of a friend", "/callback/google", given, origin="https://a.wild.example")
    eve.post_form("a form without an origin", "/callback/google", given, origin="")
    state = urlencode({"state": given["state"]})
    eve.post_form("query before form", f"/callback/google?{state}", {"state": "x", "code": "y"})
    eve.post("JSON", "/callback/google", given)
    eve.post("a number in JSON", "/callback/google", {"state": 5})
    eve.post("a list", "/callback/google", [1])
    eve.post("nothing", "/callback/google")
    data = json.dumps(given).encode()
    eve.send("plain text", "POST", "/callback/google", data, content_type="text/plain")
    eve.post_form("an empty form", "/callback/google", {})
    eve.post_form("an unknown provider", "/callback/nowhere", given)


SCRIPTS = (
    going_away,
    coming_back,
    who_may_sign_up,
    wrong_answers,
    tokens_of_the_provider_itself,
    persons,
    joining,
    signing_in_again,
    states,
    errors_in_callbacks,
    other_callbacks,
    posted_callbacks,
)
