"""Flows, accounts and tokens of the reference and of our server on one database are the same."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.conformance.profiles import build
from tests.conformance.surroundings import Surroundings
from tests.differential.provider import Person, agree, github, google, id_token_of
from tests.dropin.visitor import Pair, Visitor
from tests.support.browser import ORIGIN
from tests.support.databases import fresh_name
from tests.support.reference import fake_provider, reference_server

both_ways = pytest.mark.parametrize(
    ("here", "there"), [("ours", "reference"), ("reference", "ours")]
)
profiles = pytest.mark.parametrize("profile", ["social", "social-open"])
"""States in rows and encrypted tokens; states in cookies and plain tokens."""


@dataclass(frozen=True)
class Shared(Pair):
    """Both servers, their database, and the provider of both."""

    file: str
    provider: str

    def rows(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        """Run SQL beside both."""
        with closing(sqlite3.connect(self.file, timeout=20)) as database, database:
            return database.execute(statement, values).fetchall()


class Servers:
    """One pair for each profile, started when first asked for."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._provider = stack.enter_context(fake_provider())
        self._pairs: dict[str, Shared] = {}

    def of(self, profile: str) -> Shared:
        """Both servers with a profile."""
        if profile not in self._pairs:
            file = str(self._folder / f"{profile}.db")
            more = ("--provider", self._provider, "--base-url", ORIGIN)
            reference = self._stack.enter_context(reference_server(profile, file, *more))
            url = f"sqlite:///{file}"
            auth = build(profile, Surroundings(ORIGIN, url, provider=self._provider))
            self._stack.callback(auth.blocking.close)
            self._pairs[profile] = Shared(auth, reference, file, self._provider)
        return self._pairs[profile]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(tmp_path_factory.mktemp("shared"), stack)


def somebody(provider: str = "google") -> Person:
    """A new person with an address that nobody has."""
    name = fresh_name()
    email = f"{name}@example.com"
    if provider == "github":
        return github(int(name.rpartition("_")[2], 36) % 10**12, email)
    return google(name, email)


class Traveller(Visitor):
    """A visitor who goes to the provider, too."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.shared = shared

    def away(self, server: str, person: Person, path: str = "/sign-in/social") -> str:
        """Begin a flow and agree; the path and query of the callback."""
        body = {"provider": person.provider, "callbackURL": "/home", "errorCallbackURL": "/sorry"}
        status, answer = self.ask(server, "POST", path, body)
        assert status == 200, answer
        url = urlsplit(agree(self.shared.provider, answer["url"], person))
        return f"{url.path.removeprefix('/api/auth')}?{url.query}"

    def back(self, server: str, callback: str) -> str:
        """Open the callback; where it leads."""
        status, location = self.open(server, callback)
        assert status == 302, location
        return location

    def account(self, server: str, provider: str) -> str:
        """The id of the row of one's account."""
        _, found = self.ask(server, "GET", "/list-accounts")
        return next(one["id"] for one in found if one["providerId"] == provider)


@profiles
@both_ways
def test_a_flow_begun_here_ends_there(
    servers: Servers, profile: str, here: str, there: str
) -> None:
    traveller = Traveller(servers.of(profile))
    person = somebody()
    callback = traveller.away(here, person)
    assert traveller.back(there, callback) == "/home"
    found = [traveller.session(server) for server in (here, there)]
    for one in found:
        # A field of a plugin that only the reference has here.
        one["user"].pop("isAnonymous", None)
    assert found[0] == found[1]
    assert found[0]["user"]["email"] == person.profile["email"]
    # Neither takes the state again.
    for server in (here, there):
        assert "error=" in traveller.back(server, callback)


@profiles
@both_ways
def test_another_browser_ends_no_flow(
    servers: Servers, profile: str, here: str, there: str
) -> None:
    shared = servers.of(profile)
    callback = Traveller(shared).away(here, somebody())
    stranger = Traveller(shared)
    assert "error=state_mismatch" in stranger.back(there, callback)
    stranger.away(there, somebody())
    assert "error=state_mismatch" in stranger.back(there, callback)
    assert stranger.session(here) is None


@profiles
@both_ways
@pytest.mark.parametrize("provider", ["google", "github"])
def test_who_signed_up_here_signs_in_there(
    servers: Servers, profile: str, here: str, there: str, provider: str
) -> None:
    shared, person = servers.of(profile), somebody(provider)
    first, second = Traveller(shared), Traveller(shared)
    assert first.back(here, first.away(here, person)) == "/home"
    assert second.back(there, second.away(there, person)) == "/home"
    user = first.session(here)["user"]
    assert second.session(there)["user"]["id"] == user["id"]
    assert first.ask(here, "GET", "/list-accounts") == first.ask(there, "GET", "/list-accounts")
    assert shared.rows("select count(*) from account where userId = ?", user["id"]) == [(1,)]


@profiles
@both_ways
def test_tokens_kept_here_are_given_out_there(
    servers: Servers, profile: str, here: str, there: str
) -> None:
    shared, person = servers.of(profile), somebody()
    traveller = Traveller(shared)
    traveller.back(here, traveller.away(here, person))
    account = {"accountId": traveller.account(there, "google")}
    (kept,) = shared.rows(
        "select accessToken, refreshToken from account where id = ?", account["accountId"]
    )
    assert [token.endswith("-zz") for token in kept] == [profile == "social-open"] * 2
    given = traveller.ask(here, "POST", "/get-access-token", account)
    assert given[1]["accessToken"].startswith("at-")
    assert traveller.ask(there, "POST", "/get-access-token", account) == given
    status, renewed = traveller.ask(there, "POST", "/refresh-token", account)
    assert (status, renewed["accessToken"] != given[1]["accessToken"]) == (200, True)
    status, again = traveller.ask(here, "POST", "/get-access-token", account)
    assert (status, again["accessToken"]) == (200, renewed["accessToken"])
    query = urlencode(account)
    told = [traveller.ask(one, "GET", f"/account-info?{query}") for one in (here, there)]
    assert told[0] == told[1]
    assert told[0][1]["user"]["email"] == person.profile["email"]


@profiles
@both_ways
def test_a_link_begun_here_is_made_there(
    servers: Servers, profile: str, here: str, there: str
) -> None:
    traveller, person = Traveller(servers.of(profile)), somebody("github")
    traveller.back(here, traveller.away(here, person))
    user = traveller.session(here)["user"]["id"]
    other = google(fresh_name(), person.profile["emails"][0]["email"])
    assert traveller.back(there, traveller.away(here, other, "/link-social")) == "/home"
    for server in (here, there):
        _, accounts = traveller.ask(server, "GET", "/list-accounts")
        assert sorted(one["providerId"] for one in accounts) == ["github", "google"]
    phone = Traveller(servers.of(profile))
    assert phone.back(here, phone.away(there, other)) == "/home"
    assert phone.session(there)["user"]["id"] == user


@profiles
@both_ways
def test_a_link_whose_session_ended_here_is_not_made_there(
    servers: Servers, profile: str, here: str, there: str
) -> None:
    traveller, person = Traveller(servers.of(profile)), somebody("github")
    traveller.back(here, traveller.away(here, person))
    other = google(fresh_name(), person.profile["emails"][0]["email"])
    callback = traveller.away(here, other, "/link-social")
    thief = Traveller(servers.of(profile))
    thief.browser.jar = dict(traveller.browser.jar)
    assert thief.ask(here, "POST", "/sign-out", {})[0] == 200
    assert traveller.back(there, callback) == "/sorry?error=unable_to_link_account"


@both_ways
def test_an_account_linked_by_token_here_is_known_there(
    servers: Servers, here: str, there: str
) -> None:
    shared, person = servers.of("social"), somebody("github")
    traveller = Traveller(shared)
    traveller.back(here, traveller.away(here, person))
    other = google(fresh_name(), person.profile["emails"][0]["email"])
    token = id_token_of(shared.provider, other)
    given = {"token": token, "accessToken": "at-given", "refreshToken": "rt-given"}
    body = {"provider": "google", "idToken": given}
    assert traveller.ask(here, "POST", "/link-social", body)[0] == 200
    account = {"accountId": traveller.account(there, "google")}
    _, kept = traveller.ask(there, "POST", "/get-access-token", account)
    assert (kept["accessToken"], kept["idToken"]) == ("at-given", token)
    status, answer = Visitor(shared).ask(there, "POST", "/sign-in/social", body)
    assert (status, answer["user"]["id"]) == (200, traveller.session(here)["user"]["id"])


@both_ways
def test_an_account_given_up_here_is_gone_there(servers: Servers, here: str, there: str) -> None:
    traveller, person = Traveller(servers.of("social")), somebody("github")
    traveller.back(here, traveller.away(here, person))
    other = google(fresh_name(), person.profile["emails"][0]["email"])
    traveller.back(here, traveller.away(here, other, "/link-social"))
    account = {"accountId": traveller.account(here, "google")}
    assert traveller.ask(here, "POST", "/unlink-account", account)[0] == 200
    status, answer = traveller.ask(there, "POST", "/get-access-token", account)
    assert (status, answer["code"]) == (400, "ACCOUNT_NOT_FOUND")


def test_both_say_the_same_of_rows_that_do_not_fit(servers: Servers) -> None:
    """An account whose user is gone; two accounts of one person."""
    shared = servers.of("social")
    orphan, twice = somebody(), somebody()
    for person in (orphan, twice):
        traveller = Traveller(shared)
        traveller.back("reference", traveller.away("reference", person))
    shared.rows("delete from user where email = ?", orphan.profile["email"])
    columns = "userId, accountId, providerId, createdAt, updatedAt"
    shared.rows(
        f"insert into account (id, {columns}) select 'twice', {columns} from account "
        "where accountId = ?",
        twice.profile["sub"],
    )
    for person, code in ((orphan, "unable_to_link_account"), (twice, "internal_server_error")):
        ends = [Traveller(shared) for _ in range(2)]
        found = [
            one.back(server, one.away(server, person))
            for one, server in zip(ends, ("ours", "reference"), strict=True)
        ]
        assert [f"error={code}" in target for target in found] == [True, True], found


def test_both_remember_the_same_of_a_flow(servers: Servers) -> None:
    """The row of a state: its name, its keys in their order, its end."""
    shared = servers.of("social")
    kept: dict[str, Any] = {}
    for server in ("ours", "reference"):
        traveller = Traveller(shared)
        state = dict(
            pair.split("=")
            for pair in traveller.away(server, somebody()).partition("?")[2].split("&")
        )["state"]
        ((value,),) = shared.rows(
            "select value from verification where identifier = ?", f"auth-state:{state}"
        )
        found = json.loads(value)
        # Ours says which provider it is for, in addition; the reference passes over it.
        assert (found.pop("provider", None) == "google") == (server == "ours")
        forms = {name: type(one).__name__ for name, one in found.items()}
        kept[server] = (list(found), forms, len(found["codeVerifier"]), len(found["oauthState"]))
    assert kept["ours"] == kept["reference"]
