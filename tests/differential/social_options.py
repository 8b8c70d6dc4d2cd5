"""Scripts for the profiles derived from `social`: states in cookies, other rules of linking."""

from __future__ import annotations

from tests.differential.provider import (
    account_of,
    begin,
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
from tests.differential.social import SORRY


def states_in_cookies(server: Recorder) -> None:
    person = google("g-cookie", "cookie.state@example.com")

    def away(browser: Browser) -> str:
        return callback(browser, begin(browser, "away", person, **SORRY), person)

    ada = server.browser()
    url = away(ada)
    server.browser().follow("another browser", url)
    other = server.browser()
    away(other)
    other.follow("another browser with a flow of its own", url)
    ada.follow("the right browser", url)
    ada.get("session", "/get-session")
    ada.follow("once more", url)
    first, second = away(ada), away(ada)
    ada.follow("the flow before", first)
    ada.follow("the flow after", second)
    url, copy = away(ada), server.browser()
    copy.jar = dict(ada.jar)
    ada.follow("the first of two copies", url)
    copy.follow("the second of two copies", url)
    late = away(ada)
    with server.later(605):
        ada.follow("too late", late)
    for name, cookie in {
        "cut short": lambda held: held[:-8],
        "nonsense": lambda held: "nonsense",
        "empty": lambda held: "",
        "the session's": lambda held: ada.jar["better-auth.session_token"],
    }.items():
        url = away(ada)
        ada.jar["better-auth.oauth_state"] = cookie(ada.jar["better-auth.oauth_state"])
        ada.follow(name, url)
    ada.send("no state", "GET", "/callback/google?code=x", None, origin="")
    url = away(ada)
    ada.post("sign out", "/sign-out", {})
    ada.follow("after signing out", url)


def overriding(server: Recorder) -> None:
    person = google("g-override", "override@example.com", verified=False)
    ada = server.browser()
    sign_in(ada, "first", person)
    ada.get("session", "/get-session")
    sign_in(ada, "another name", person.but(name="Countess", picture=None))
    ada.get("session", "/get-session")
    sign_in(ada, "vouched for", person.but(email_verified=True))
    ada.get("session", "/get-session")
    sign_in(ada, "another address", person.but(email="overridden@example.com"))
    ada.get("session", "/get-session")
    sign_in(server.browser(), "somebody else", github(601, "taken.override@example.com"))
    sign_in(
        ada, "an address that is taken", person.but(email="taken.override@example.com"), **SORRY
    )
    ada.get("session", "/get-session")


def joining_freely(server: Recorder) -> None:
    for number, (proven, vouched) in enumerate(((1, 1), (1, 0), (0, 1), (0, 0))):
        case = f"{'proven' if proven else 'unproven'}, {'vouched' if vouched else 'unvouched'}"
        email = f"free{number}@example.com"
        if proven:
            verified_user(server, email)
        else:
            server.browser().sign_up(email)
        ada = server.browser()
        sign_in(ada, case, github(610 + number, email, verified=bool(vouched)), **SORRY)
        ada.get(f"{case}, session", "/get-session")


def linking_freely(server: Recorder) -> None:
    ada = verified_user(server, "free.link@example.com")
    link(ada, "another address", google("g-free", "else.free@example.com"))
    ada.get("taken over", "/get-session")
    link(ada, "no address", github(621, "x@example.com").but(emails=[]))
    link(ada, "unverified", github(622, "else.free@example.com", verified=False))
    link(ada, "barred", github(623, "barred.free@example.com"), **SORRY)
    given = {"provider": "google", "idToken": {"token": ""}}
    for name, person in {
        "token of another address": google("g-free-2", "third.free@example.com"),
        "token without an address": google("g-free-3", "").but(email=None),
        "token, unverified": google("g-free-4", "x.free@example.com", verified=False),
    }.items():
        given["idToken"] = {"token": id_token(server, person)}
        ada.post(name, "/link-social", given)
    ada.get("accounts", "/list-accounts")
    ada.get("session", "/get-session")


def giving_up_all(server: Recorder) -> None:
    ada = server.browser()
    sign_in(ada, "sign in", github(631, "give.up.all@example.com"))
    account = {"accountId": account_of(ada, "github")}
    ada.post("valid", "/get-access-token", account)
    ada.post("the last one", "/unlink-account", account)
    ada.get("accounts", "/list-accounts")
    sign_in(server.browser(), "back", github(631, "give.up.all@example.com"), **SORRY)


def mapped_fields(server: Recorder) -> None:
    ada = server.browser()
    sign_in(ada, "sign in", github(641, "mapped@example.com"))
    user = ada.get("session", "/get-session").json["user"]
    server.rows("user", "id", user["id"])


def proving_first(server: Recorder) -> None:
    person = discord("651", "prove.first@example.com", verified=False)
    ada = server.browser()
    sign_in(ada, "new", person, **SORRY)
    ada.get("no session", "/get-session")
    sign_in(ada, "known", person, **SORRY)
    ada.follow("verify", server.mail("verify-email", "prove.first@example.com")["url"])
    sign_in(ada, "proven", person, **SORRY)
    ada.get("session", "/get-session")
    sign_in(server.browser(), "vouched for", discord("652", "vouched.first@example.com"), **SORRY)


def barred_users(server: Recorder) -> None:
    sign_in(server.browser(), "new", github(661, "barred@example.com"), **SORRY)
    sign_in(server.browser(), "at the usual page", github(661, "barred@example.com"))
    token = id_token(server, google("g-barred", "barred@example.com"))
    given = {"provider": "google", "idToken": {"token": token}}
    server.browser().post("by token", "/sign-in/social", given)
    sign_in(server.browser(), "known", github(662, "not.barred@example.com"))
    sign_in(server.browser(), "barred later", github(662, "barred.now@example.com"), **SORRY)


def closed_doors(server: Recorder) -> None:
    sign_in(server.browser(), "sign-up is off", google("g-closed", "closed@example.com"))
    sign_in(server.browser(), "told", google("g-closed", "closed@example.com"), **SORRY)
    asked = google("g-closed", "closed@example.com")
    sign_in(server.browser(), "asking", asked, requestSignUp=True)
    given = {"provider": "google", "idToken": {"token": id_token(server, asked)}}
    server.browser().post("ID tokens are off", "/sign-in/social", given)
    ada = verified_user(server, "closed.link@example.com")
    ada.post("link by token", "/link-social", given)
    link(ada, "link", google("g-closed-link", "closed.link@example.com"))
    link(ada, "link, told", google("g-closed-link", "closed.link@example.com"), **SORRY)
    sign_in(server.browser(), "join", google("g-closed-join", "closed.link@example.com"))
    ada.send("no state", "GET", "/callback/google?code=x", None, origin="")
    ada.send("unknown state", "GET", "/callback/google?state=x", None, origin="")
    ada.send("error", "GET", "/error?error=x", None, origin="")


def any_browser(server: Recorder) -> None:
    person = github(701, "any.browser@example.com")
    ada = server.browser()
    url = callback(ada, begin(ada, "away", person, **SORRY), person)
    other = server.browser()
    other.follow("another browser", url)
    other.get("session", "/get-session")
    ada.follow("the right one, too late", url)


def tokens_as_they_were(server: Recorder) -> None:
    person = github(711, "as.they.were@example.com")
    ada = server.browser()
    sign_in(ada, "first", person)
    before = server.rows("account", "accountId", "711")
    sign_in(ada, "again", person.where(expiresIn=60))
    after = server.rows("account", "accountId", "711")
    assert [row["accessToken"] for row in before] == [row["accessToken"] for row in after]


def joining_explicitly(server: Recorder) -> None:
    email = "explicit@example.com"
    ada = verified_user(server, email)
    sign_in(server.browser(), "joining", google("g-explicit", email), **SORRY)
    link(ada, "linking", google("g-explicit", email))
    sign_in(server.browser(), "signing in", google("g-explicit", email))
    ada.get("accounts", "/list-accounts")


SCRIPTS = {
    "social-open": (
        states_in_cookies,
        overriding,
        joining_freely,
        linking_freely,
        giving_up_all,
        mapped_fields,
        proving_first,
        barred_users,
    ),
    "social-closed": (closed_doors, any_browser, tokens_as_they_were),
    "social-explicit": (joining_explicitly,),
}
