"""Whoever signed in with a provider before the import does so afterwards, as the same user."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import psycopg
import pytest

from tests.cli.conftest import SECRET, Workplace
from tests.importing.conftest import Target, bare, filled, work
from tests.support.browser import Browser
from tests.support.providers import unsigned
from tests.support.social import begin, come_back, error_of
from watchword import Advanced, Auth, Outgoing
from watchword.oauth.provider import Provider
from watchword.providers import (
    Apple,
    Discord,
    Facebook,
    GitHub,
    Google,
    Microsoft,
    Notion,
    Reddit,
    Salesforce,
    Slack,
    Twitter,
)

__all__ = ["bare", "work"]

OID = "11111111-2222-4333-8444-555555555555"
PRIVATE_OID = "00000000-0000-0000-abcd-0123456789ef"
KINDS = (
    *(Apple, Discord, Facebook, GitHub, Google, Microsoft, Notion, Reddit),
    *(Salesforce, Slack, Twitter),
)
APP = """
from watchword import Auth, EmailAndPassword
from watchword.providers import Reddit

auth = Auth(
    database="sqlite:///app.db",
    base_url="https://app.example.com",
    email_and_password=EmailAndPassword(enabled=True),
    social_providers=[Reddit(client_id="c", client_secret="s")],
)
"""


def profiles(subject: Any, email: str | None) -> dict[str, Any]:
    """What each provider's user info says of a person, by its URL without the query."""
    name = "Ann"
    return {
        "discord.com/api/users/@me": {"id": subject, "username": name, "email": email},
        "graph.facebook.com/debug_token": {
            "data": {"is_valid": True, "app_id": "client", "user_id": subject}
        },
        "graph.facebook.com/me": {"id": subject, "name": name, "email": email},
        "api.github.com/user": {"id": subject, "login": name, "email": email},
        "api.github.com/user/emails": [{"email": email, "primary": True, "verified": False}],
        "api.notion.com/v1/users/me": {
            "bot": {"owner": {"user": {"id": subject, "name": name, "person": {"email": email}}}}
        },
        "oauth.reddit.com/api/v1/me": {"id": subject, "name": name},
        "login.salesforce.com/services/oauth2/userinfo": {"user_id": subject, "email": email},
        "slack.com/api/openid.connect.userInfo": {
            "https://slack.com/user_id": subject,
            "email": email,
        },
        "api.x.com/2/users/me": {"data": {"id": subject, "name": name, "confirmed_email": email}},
    }


@dataclass
class Site:
    """The application after the import. Providers vouch for no address: only the account counts."""

    target: Target
    auth: Auth[Any]
    subject: Any = ""
    email: str | None = None

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        said = profiles(self.subject, self.email).get(f"{request.url.host}{request.url.path}")
        if said is not None:
            return httpx2.Response(200, json=said)
        claims = {"sub": self.subject, "oid": self.subject, "email": self.email, "name": "Ann"}
        tokens = {"access_token": "token"}
        if "microsoft" in request.url.host or "google" in request.url.host:
            tokens["id_token"] = unsigned(claims)
        if "apple" in request.url.host:
            tokens["id_token"] = unsigned(claims)
        return httpx2.Response(200, json=tokens)

    def signs_in(self, provider: str, subject: Any, email: str, told: str | None = None) -> None:
        """The whole redirect flow ends in a session of the user who was imported with the address;
        nobody and no account is added. `told` is the address that the provider gives now."""
        before = self.counts()
        (owner,) = self.target.rows(f"""SELECT id FROM "user" WHERE email = '{email}'""")
        self.subject, self.email = subject, told or email
        browser = Browser(self.auth)
        answer = come_back(browser, begin(browser, provider)["state"], provider)
        assert error_of(answer) is None, answer.header("location")
        session = browser.get("/get-session").json
        assert (session["user"]["id"], session["user"]["email"]) == (owner[0], email)
        assert self.counts() == before

    def stays_outside(self, provider: str, subject: Any, email: str) -> None:
        """The provider's word alone is not enough; nobody is made beside who is there."""
        before = self.counts()
        self.subject, self.email = subject, email
        browser = Browser(self.auth)
        answer = come_back(browser, begin(browser, provider)["state"], provider)
        assert error_of(answer) == "account_not_linked"
        assert self.counts() == before

    def counts(self) -> list[tuple[Any, ...]]:
        sql = 'SELECT (SELECT COUNT(*) FROM "user"), (SELECT COUNT(*) FROM account)'
        return self.target.rows(sql)


@pytest.fixture
def site(target: Target) -> Iterator[Site]:
    given: dict[str, Any] = {"client_id": "client", "client_secret": "secret"}
    made = Site(target, target.auth)
    providers: list[Provider] = [kind(**given) for kind in KINDS]
    made.auth = Auth(
        database=f"sqlite:///{target.folder}/app.db",
        base_url="http://localhost:3000",
        secret=SECRET,
        environ={},
        social_providers=providers,
        advanced=Advanced(outgoing=Outgoing(transport=httpx2.MockTransport(made.answer))),
    )
    yield made
    made.auth.blocking.close()


def authjs(*rows: tuple[str, str, str | None]) -> str:
    accounts = "".join(
        f"INSERT INTO accounts VALUES ({n}, {n}, '{provider}', '{own}', "
        + ("NULL" if token is None else f"'{token}'")
        + ");"
        for n, (provider, own, token) in enumerate(rows, 1)
    )
    users = "".join(
        f"INSERT INTO users VALUES ({n}, 'Ann', 'user{n}@example.com', NULL, NULL);"
        for n in range(1, len(rows) + 1)
    )
    return f"""
        CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT,
            "emailVerified" TIMESTAMPTZ, image TEXT);
        CREATE TABLE accounts (id INTEGER PRIMARY KEY, "userId" INTEGER, provider TEXT,
            "providerAccountId" TEXT, id_token TEXT);
        {users}{accounts}
    """


def test_authjs(site: Site) -> None:
    token = unsigned({"sub": "pairwise-1", "oid": OID, "filler": "x" * 3000})
    rows = [
        ("google", "1122", None),
        ("github", "77", None),
        ("apple", "000123.abc.0456", None),
        ("facebook", "991", None),
        ("discord", "80351110224678912", None),
        ("twitter", "2244994945", None),
        ("slack", "U0R7JM", None),
        ("notion", "6794760a-1f15-45cd-9c65-0dfe42f5135a", None),
        ("salesforce", "https://login.salesforce.com/id/00Dx0/005x0000", None),
        ("microsoft-entra-id", "pairwise-1", token),
        ("azure-ad", "pairwise-2", None),
    ]
    ran = site.target.run("authjs", filled(site.target.folder / "old.db", authjs(*rows)))

    assert "1: an account at microsoft: its id there is not known (at id 11)" in ran.out
    site.signs_in("google", "1122", "user1@example.com")
    site.signs_in("github", 77, "user2@example.com")
    site.signs_in("apple", "000123.abc.0456", "user3@example.com")
    site.signs_in("facebook", "991", "user4@example.com")
    site.signs_in("discord", "80351110224678912", "user5@example.com")
    site.signs_in("twitter", "2244994945", "user6@example.com")
    site.signs_in("slack", "U0R7JM", "user7@example.com")
    site.signs_in("notion", "6794760a-1f15-45cd-9c65-0dfe42f5135a", "user8@example.com")
    site.signs_in("salesforce", "005x0000", "user9@example.com")
    site.signs_in("microsoft", OID, "user10@example.com")
    site.stays_outside("microsoft", "22222222-2222-4333-8444-555555555555", "user11@example.com")


def test_an_address_that_changed_at_the_provider_makes_no_second_user(site: Site) -> None:
    script = authjs(("google", "1122", None))
    site.target.run("authjs", filled(site.target.folder / "old.db", script))

    site.signs_in("google", "1122", "user1@example.com", told="new@example.com")


def test_allauth(site: Site) -> None:
    rows = [
        ("google", "1122", {}),
        ("apple", "000123.abc.0456", {}),
        ("twitter_oauth2", "2244994945", {}),
        ("slack", "T0R7GR_U0R7JM", {}),
        ("notion", "user-6794760a-1f15_workspace-9c65", {}),
        ("reddit", "ann_the_name", {"id": "4wqf1x", "name": "ann_the_name"}),
        ("microsoft", OID.upper(), {}),
        ("microsoft", "abcd0123456789ef", {}),
    ]
    script = """
        CREATE TABLE auth_user (id INTEGER PRIMARY KEY, password varchar(128), email varchar(254),
            username varchar(150), is_active bool);
        CREATE TABLE account_emailaddress (id INTEGER PRIMARY KEY, email varchar(254),
            verified bool, "primary" bool, user_id INTEGER);
        CREATE TABLE socialaccount_socialaccount (id INTEGER PRIMARY KEY, provider varchar(200),
            uid varchar(191), extra_data TEXT, user_id INTEGER);
    """
    for n, (provider, uid, told) in enumerate(rows, 1):
        script += (
            f"INSERT INTO auth_user VALUES ({n}, '!x', 'user{n}@example.com', 'u{n}', 1);"
            f"INSERT INTO socialaccount_socialaccount VALUES ({n}, '{provider}', '{uid}', "
            f"'{json.dumps(told)}', {n});"
        )
    ran = site.target.run("django", filled(site.target.folder / "old.db", script))

    assert "Left behind" not in ran.out
    site.signs_in("google", "1122", "user1@example.com")
    site.signs_in("apple", "000123.abc.0456", "user2@example.com")
    site.signs_in("twitter", "2244994945", "user3@example.com")
    site.signs_in("slack", "U0R7JM", "user4@example.com")
    site.signs_in("notion", "6794760a-1f15", "user5@example.com")
    site.signs_in("reddit", "4wqf1x", "user6@example.com")
    site.signs_in("microsoft", OID, "user7@example.com")
    site.signs_in("microsoft", PRIVATE_OID, "user8@example.com")


def test_supabase(site: Site, postgres: str) -> None:
    rows: list[tuple[str, str, dict[str, Any]]] = [
        ("google", "1122", {"sub": "1122"}),
        ("github", "77", {"sub": "77"}),
        ("x", "2244994945", {"sub": "2244994945"}),
        ("slack_oidc", "U0R7JM", {"sub": "U0R7JM"}),
        ("azure", "pairwise", {"sub": "pairwise", "custom_claims": {"oid": OID}}),
        ("discord", "80351110224678912", {"sub": "80351110224678912"}),
    ]
    with psycopg.connect(postgres) as connection:
        connection.execute("""
            CREATE SCHEMA auth;
            CREATE TABLE auth.users (id uuid PRIMARY KEY, email varchar(255),
                encrypted_password varchar(255), email_confirmed_at timestamptz,
                raw_user_meta_data jsonb, created_at timestamptz, deleted_at timestamptz);
            CREATE TABLE auth.identities (provider_id text, user_id uuid, identity_data jsonb,
                provider text);
        """)
        for n, (provider, own, told) in enumerate(rows, 1):
            key = f"{n}" * 8 + "-1111-4111-8111-111111111111"
            connection.execute(
                "INSERT INTO auth.users (id, email) VALUES (%s, %s)",
                [key, f"user{n}@example.com"],
            )
            connection.execute(
                "INSERT INTO auth.identities VALUES (%s, %s, %s, %s)",
                [own, key, json.dumps(told), provider],
            )
    site.target.run("supabase", postgres)

    site.signs_in("google", "1122", "user1@example.com")
    site.signs_in("github", 77, "user2@example.com")
    site.signs_in("twitter", "2244994945", "user3@example.com")
    site.signs_in("slack", "U0R7JM", "user4@example.com")
    site.signs_in("microsoft", OID, "user5@example.com")
    site.signs_in("discord", "80351110224678912", "user6@example.com")


def test_firebase(site: Site) -> None:
    rows = [
        ("google.com", "1122"),
        ("apple.com", "000123.abc.0456"),
        ("github.com", "77"),
        ("facebook.com", "991"),
        ("twitter.com", "2244994945"),
        ("microsoft.com", OID),
    ]
    export = site.target.folder / "users.json"
    users = [
        {
            "localId": f"u{n}",
            "email": f"user{n}@example.com",
            "emailVerified": False,
            "providerUserInfo": [{"providerId": provider, "rawId": own}],
        }
        for n, (provider, own) in enumerate(rows, 1)
    ]
    export.write_text(json.dumps({"users": users}))
    site.target.run("firebase", str(export))

    site.signs_in("google", "1122", "user1@example.com")
    site.signs_in("apple", "000123.abc.0456", "user2@example.com")
    site.signs_in("github", 77, "user3@example.com")
    site.signs_in("facebook", "991", "user4@example.com")
    site.signs_in("twitter", "2244994945", "user5@example.com")
    site.signs_in("microsoft", OID, "user6@example.com")


def test_auth0(site: Site) -> None:
    rows: list[tuple[str, dict[str, Any]]] = [
        ("google-oauth2|1122", {"provider": "google-oauth2", "user_id": "1122"}),
        ("github|77", {"provider": "github", "user_id": 77}),
        ("apple|0.1.2", {"provider": "apple", "user_id": "0.1.2"}),
        ("windowslive|abcd", {"provider": "windowslive", "user_id": "abcd0123456789ef"}),
        (
            "oauth2|discord|80351110224678912",
            {"provider": "oauth2", "user_id": "discord|80351110224678912", "connection": "discord"},
        ),
        ("oauth2|Slack|U1", {"provider": "oauth2", "user_id": "U1", "connection": "Slack"}),
    ]
    lines = [
        {"user_id": own, "email": f"user{n}@example.com", "identities": [{**one, "isSocial": True}]}
        for n, (own, one) in enumerate(rows, 1)
    ]
    alone = {"user_id": "oauth2|discord|99", "email": "user7@example.com"}
    piped = "".join(json.dumps(line) + "\n" for line in [*lines, alone])
    site.target.run("auth0", "-", piped=piped)

    site.signs_in("google", "1122", "user1@example.com")
    site.signs_in("github", 77, "user2@example.com")
    site.signs_in("apple", "0.1.2", "user3@example.com")
    site.signs_in("microsoft", PRIVATE_OID, "user4@example.com")
    site.signs_in("discord", "80351110224678912", "user5@example.com")
    site.signs_in("slack", "U1", "user6@example.com")
    site.signs_in("discord", "99", "user7@example.com")


def test_fastapi_users(site: Site) -> None:
    script = """
        CREATE TABLE user (id CHAR(36) PRIMARY KEY, email VARCHAR(320),
            hashed_password VARCHAR(1024), is_active BOOLEAN, is_verified BOOLEAN);
        CREATE TABLE oauth_account (id CHAR(36) PRIMARY KEY, user_id CHAR(36),
            oauth_name VARCHAR(100), account_id VARCHAR(320));
        INSERT INTO user VALUES ('1', 'user1@example.com', '', true, true);
        INSERT INTO user VALUES ('2', 'user2@example.com', '', true, true);
        INSERT INTO oauth_account VALUES ('1', '1', 'google', 'people/1122');
        INSERT INTO oauth_account VALUES ('2', '2', 'reddit', '4wqf1x');
    """
    ran = site.target.run("fastapi-users", filled(site.target.folder / "old.db", script))

    site.signs_in("google", "1122", "user1@example.com")
    # Somebody else's name can be one's id.
    assert "1: an account at reddit: its id there is not known" in ran.out
    assert site.target.accounts("user2@example.com") == []


def test_who_has_no_address_gets_the_placeholder_that_a_sign_in_would_make(
    site: Site, work: Workplace
) -> None:
    work.write("app.py", APP)
    script = authjs(("reddit", "4wqf1x", None), ("google", "1122", None)).replace(
        "'user1@example.com'", "NULL"
    )
    ran = site.target.run(
        "authjs",
        filled(site.target.folder / "old.db", script.replace("'user2@example.com'", "NULL")),
    )

    assert "1: no e-mail address (at id 2)" in ran.out, "Google makes none up"
    site.signs_in("reddit", "4wqf1x", "4wqf1x@reddit.placeholder.invalid")
    again = site.target.run("authjs", f"sqlite:///{site.target.folder}/old.db", "--update")
    assert "0 users imported" in again.out
