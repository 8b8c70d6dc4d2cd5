"""One Tap: signing in with the ID token that Google hands to a page."""

from __future__ import annotations

import base64
import logging
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from tests.core.conftest import MakeAuth
from tests.plugins.google_server import CLAIMS, KEY, KEYS, NOW, Google
from tests.support.browser import ORIGIN, SECRET, Answer, Browser, Clock
from tests.support.databases import mysql_connection, mysql_database, postgres_database
from tests.support.providers import unsigned
from tests.support.social import registered, social_auth
from watchword import Advanced, APIError, Auth, ConfigurationError, Outgoing, providers
from watchword.oauth.profile import Identity, UserInfo
from watchword.plugins import OneTap
from watchword.plugins.one_tap import OneTapToken
from watchword.runtime.blocking import finish
from watchword.storage.memory import MemoryStorage

PATH = "/one-tap/callback"


@contextmanager
def mysql_database_of_the_reference() -> Iterator[str]:
    """The URL of a new one whose ids have 36 characters."""
    with mysql_database() as url:
        auth = Auth(database=url, secret=SECRET, base_url=ORIGIN, environ={})
        auth.blocking.migrate()
        auth.blocking.close()
        with mysql_connection(url) as connection, connection.cursor() as cursor:
            cursor.execute("ALTER TABLE verification MODIFY id varchar(36) NOT NULL")
        yield url


EACH_DATABASE = [
    pytest.param(nullcontext, id="SQLite"),
    pytest.param(postgres_database, id="PostgreSQL"),
    pytest.param(mysql_database, id="MariaDB"),
    pytest.param(mysql_database_of_the_reference, id="MariaDB of the reference"),
]


@pytest.fixture
def world() -> Google:
    return Google()


@pytest.fixture
def rows(tmp_path: Path) -> Any:
    def run(statement: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(tmp_path / "test.db") as connection:
            return connection.execute(statement).fetchall()

    return run


def server(make_auth: MakeAuth, world: Google, tap: OneTap | None = None, **options: Any) -> Any:
    return social_auth(make_auth, world, plugins=[tap or OneTap()], **options)


def tap(browser: Browser, token: str, **more: Any) -> Answer:
    return browser.post(PATH, {"idToken": token, **more})


def refused(answer: Answer, status: int = 400) -> str:
    """The message of a refusal, which has no code."""
    assert (answer.status, answer.code, answer.cookies) == (status, None, ())
    return answer.json["message"]


def test_a_tap_signs_up_and_the_next_one_in(
    make_auth: MakeAuth, world: Google, rows: Any, kind: str
) -> None:
    browser = Browser(server(make_auth, world), kind)
    first = tap(browser, world.token(), callbackURL="/home")
    assert first.status == 200
    assert list(first.json) == ["token", "user"]
    user = first.json["user"]
    assert (user["email"], user["name"], user["emailVerified"], user["image"]) == (
        "ada@example.com",
        "Ada Lovelace",
        True,
        "https://pictures.example/ada.png",
    )
    assert browser.session()["session"]["token"] == first.json["token"]
    later = world.token(iat=NOW + 1)
    assert tap(browser, later).json["user"]["id"] == user["id"]
    assert rows("select providerId, accountId, scope, accessToken, idToken from account") == [
        ("google", "g-1", "openid,profile,email", None, later)
    ]


def test_no_provider_is_needed(make_auth: MakeAuth, world: Google) -> None:
    outgoing = Outgoing(transport=world.transport)
    tap_alone = OneTap(client_id=["other", "client"])
    auth = make_auth(plugins=[tap_alone], advanced=Advanced(outgoing=outgoing))
    assert tap(Browser(auth), world.token()).status == 200
    assert [str(one.url) for one in world.asked] == [KEYS]


def test_its_own_client_ids_go_before_the_providers(make_auth: MakeAuth, world: Google) -> None:
    browser = Browser(server(make_auth, world, OneTap(client_id="page")))
    refused(tap(browser, world.token(aud="client")))
    assert tap(browser, world.token(aud="page")).status == 200


@pytest.mark.parametrize("client_id", [None, "", [], ["client", ""]])
def test_somebody_has_to_be_meant(make_auth: MakeAuth, client_id: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"OneTap\.client_id"):
        make_auth(plugins=[OneTap(client_id=client_id)])


def test_the_server_itself_may_call_it(make_auth: MakeAuth, world: Google) -> None:
    api = server(make_auth, world).blocking.api
    signed_in = api.one_tap_callback(OneTapToken(id_token=world.token()))
    assert signed_in.user.email == "ada@example.com"
    with pytest.raises(APIError) as error:
        api.one_tap_callback(OneTapToken(id_token="x"))
    assert error.value.status == 400


OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})


def forged(world: Google) -> dict[str, str]:
    claims = {**world.claims, **CLAIMS}
    header, _, signature = world.token().split(".")
    payload = unsigned({**claims, "sub": "g-2"}).split(".")[1]
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    public = str(KEY.as_dict(private=False)["n"])
    return {
        "nobody's": unsigned(claims),
        "another key's": jwt.encode(
            {"alg": "RS256", "kid": "one"}, claims, OTHER_KEY, algorithms=["RS256"]
        ),
        "with a key of its own": jwt.encode(
            {"alg": "RS256", "jwk": OTHER_KEY.as_dict(private=False)},
            claims,
            OTHER_KEY,
            algorithms=["RS256"],
        ),
        "another payload": f"{header}.{payload}.{signature}",
        "no algorithm": f"{none}.{payload}.",
        "the public key as a secret": jwt.encode(
            {"alg": "HS256", "kid": "one"}, claims, OctKey.import_key(public), algorithms=["HS256"]
        ),
        "no token": "x",
        "nothing": "",
        "dots": "..",
        "accents": "é.é.é",
    }


def test_a3_a_token_that_google_did_not_sign_signs_nobody_in(
    make_auth: MakeAuth, world: Google
) -> None:
    browser = Browser(server(make_auth, world))
    for name, token in forged(world).items():
        assert refused(tap(browser, token)), name
    assert browser.session() is None


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"exp": NOW - 31},
        {"exp": None},
        {"iat": NOW - 3631},
        {"iat": None},
        {"iat": NOW + 31},
        {"nbf": NOW + 31},
        {"sub": None},
        {"sub": "null"},
        {"sub": ""},
    ],
    ids=str,
)
def test_a3_a_token_that_is_not_for_us_and_now_signs_nobody_in(
    make_auth: MakeAuth, world: Google, changes: dict[str, Any]
) -> None:
    browser = Browser(server(make_auth, world))
    refused(tap(browser, world.token(**changes)))
    assert browser.session() is None


@pytest.mark.parametrize(
    ("hd", "claimed", "status"),
    [
        ("example.com", "example.com", 200),
        ("example.com", "evil.example", 400),
        ("example.com", None, 400),
        ("*", "any.example", 200),
        ("*", None, 400),
    ],
)
def test_a_hosted_domain_holds_here_too(
    make_auth: MakeAuth, world: Google, hd: str, claimed: str | None, status: int
) -> None:
    auth = make_auth(
        social_providers=[providers.Google(client_id="client", client_secret="secret", hd=hd)],
        advanced=Advanced(outgoing=Outgoing(transport=world.transport)),
        plugins=[OneTap()],
    )
    assert tap(Browser(auth), world.token(hd=claimed)).status == status


def test_keys_that_cannot_be_had_sign_nobody_in(
    make_auth: MakeAuth, world: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Google, "answer", lambda self, request: httpx2.Response(500))
    refused(tap(Browser(server(make_auth, world)), world.token()))


@pytest.mark.parametrize("email", [None, "", "no address", "x" * 300 + "@example.com", 5])
def test_without_an_address_nobody_signs_up(
    make_auth: MakeAuth, world: Google, rows: Any, email: Any
) -> None:
    answer = tap(Browser(server(make_auth, world)), world.token(email=email))
    assert "e-mail" in refused(answer)
    assert rows("select * from user") == []


@pytest.mark.parametrize("verified", [False, None, "false", 1, "TRUE"])
def test_a5_an_unverified_address_takes_over_nobody(
    make_auth: MakeAuth, world: Google, rows: Any, verified: Any
) -> None:
    auth = server(make_auth, world)
    registered(auth, rows, verified=True)
    browser = Browser(auth)
    answer = tap(browser, world.token(email_verified=verified))
    assert refused(answer, 401) == "account not linked"
    assert rows("select providerId from account") == [("credential",)]
    assert browser.session() is None


def test_a5_a_user_who_proved_nothing_is_not_joined(
    make_auth: MakeAuth, world: Google, rows: Any
) -> None:
    auth = server(make_auth, world)
    registered(auth, rows, verified=False)
    assert refused(tap(Browser(auth), world.token()), 401) == "account not linked"


def test_a5_a_proven_address_on_both_sides_joins(
    make_auth: MakeAuth, world: Google, rows: Any
) -> None:
    auth = server(make_auth, world)
    registered(auth, rows, verified=True)
    assert tap(Browser(auth), world.token()).status == 200
    assert len(rows("select id from user")) == 1


def test_a_subject_is_the_tokens_whatever_the_applications_function_says(
    make_auth: MakeAuth, world: Google, rows: Any
) -> None:
    def somebody(tokens: Any) -> UserInfo:
        return UserInfo(identity=Identity(id="other", email="own@example.com"))

    auth = server(make_auth, world, provider={"get_user_info": somebody})
    assert tap(Browser(auth), world.token()).json["user"]["email"] == "own@example.com"
    assert rows("select accountId from account") == [("g-1",)]
    nobody = server(make_auth, world, provider={"get_user_info": lambda tokens: None})
    refused(tap(Browser(nobody), world.token(iat=NOW + 1)))


@pytest.mark.parametrize("where", ["plugin", "provider"])
def test_who_is_new_may_be_refused(make_auth: MakeAuth, world: Google, where: str) -> None:
    chosen = OneTap(disable_sign_up=where == "plugin")
    auth = server(make_auth, world, chosen, provider={"disable_sign_up": where == "provider"})
    assert refused(tap(Browser(auth), world.token()), 401) == "signup disabled"


def test_who_has_to_prove_the_address_is_told_so(make_auth: MakeAuth, world: Google) -> None:
    auth = server(make_auth, world, provider={"require_email_verification": True})
    answer = tap(Browser(auth), world.token(email_verified=False))
    assert (answer.status, answer.code, answer.cookies) == (403, "EMAIL_NOT_VERIFIED", ())


def test_the_providers_word_may_replace_what_is_there(make_auth: MakeAuth, world: Google) -> None:
    auth = server(make_auth, world, provider={"override_user_info_on_sign_in": True})
    browser = Browser(auth)
    tap(browser, world.token())
    assert tap(browser, world.token(name="Countess")).json["user"]["name"] == "Countess"


def test_a_hook_of_the_application_refuses(make_auth: MakeAuth, world: Google, rows: Any) -> None:
    def refuse(*_: Any) -> None:
        raise APIError(403, "BANNED_USER", "Not you")

    auth = server(make_auth, world, validate_user_info=refuse)
    answer = tap(Browser(auth), world.token())
    assert (answer.status, answer.code) == (403, "BANNED_USER")
    assert rows("select * from user") == []


def test_a_token_is_good_once(make_auth: MakeAuth, world: Google, clock: Clock) -> None:
    auth = server(make_auth, world)
    token = world.token(exp=NOW + 7200)
    assert tap(Browser(auth), token).status == 200
    thief = Browser(auth)
    refused(tap(thief, token))
    # Another spelling of the same signature: its last character has bits that mean nothing.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet[alphabet.index(token[-1]) ^ 1]
    refused(tap(thief, token[:-1] + last))
    clock.forward(3629)
    refused(tap(thief, token))
    assert thief.session() is None


@pytest.mark.parametrize("secondary", [False, True])
@pytest.mark.parametrize("path", ["/sign-in/social", "/link-social"])
def test_a_copy_is_good_nowhere_else(
    make_auth: MakeAuth, world: Google, kind: str, path: str, secondary: bool
) -> None:
    more: dict[str, Any] = {"secondary_storage": MemoryStorage()} if secondary else {}
    auth, token = server(make_auth, world, **more), world.token()
    thief = Browser(auth, kind)
    thief.sign_up("eve@example.com")
    assert tap(Browser(auth), token).status == 200
    for copied in (token, token[:-1] + ("A" if token[-1] != "A" else "Q")):
        answer = thief.post(path, {"provider": "google", "idToken": {"token": copied}})
        assert (answer.status, answer.code) == (401, "INVALID_TOKEN")
    assert thief.session()["user"]["email"] == "eve@example.com"
    fresh = {"provider": "google", "idToken": {"token": world.token(iat=NOW + 1)}}
    assert Browser(auth).post("/sign-in/social", fresh).status == 200


@pytest.mark.parametrize("database", EACH_DATABASE)
def test_of_fifty_with_one_token_one_gets_in(
    make_auth: MakeAuth, world: Google, database: Any
) -> None:
    with database() as url:
        auth = server(make_auth, world, **({} if url is None else {"database": url}))
        token = world.token()
        with ThreadPoolExecutor(50) as pool:
            counted = Counter(pool.map(lambda _: tap(Browser(auth), token).status, range(50)))
        sessions = finish(auth.blocking.runtime.engine.count("session", ()))
        auth.blocking.close()
    assert counted == {200: 1, 400: 49}
    assert sessions == 1


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"origin": "https://evil.example"}, "INVALID_ORIGIN"),
        ({"origin": "", "referer": "https://evil.example/page"}, "INVALID_ORIGIN"),
        (
            {"origin": "", "sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"},
            "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED",
        ),
    ],
)
def test_o7_another_site_signs_nobody_in(
    make_auth: MakeAuth, world: Google, headers: dict[str, str], code: str
) -> None:
    auth = server(make_auth, world)
    answer = Browser(auth).post(PATH, {"idToken": world.token()}, **headers)
    assert (answer.status, answer.code, answer.cookies) == (403, code, ())


def test_r1_the_page_to_go_on_to_has_to_be_trusted(make_auth: MakeAuth, world: Google) -> None:
    browser = Browser(server(make_auth, world))
    for page in ("https://evil.example", "//evil.example", "javascript:alert(1)"):
        answer = tap(browser, world.token(), callbackURL=page)
        assert (answer.status, answer.code, answer.cookies) == (403, "INVALID_CALLBACK_URL", ())


@pytest.mark.parametrize("value", [None, 5, [], {}, True, "x" * 65_537])
def test_odd_tokens_are_no_input(make_auth: MakeAuth, world: Google, value: Any) -> None:
    answer = Browser(server(make_auth, world)).post(PATH, {"idToken": value})
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


def test_no_token_gets_into_the_log(
    make_auth: MakeAuth, world: Google, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    auth: Auth[Any] = server(make_auth, world)
    token = world.token(aud="another")
    refused(tap(Browser(auth), token))
    assert token not in caplog.text
    assert token.split(".")[2] not in caplog.text
    assert "another audience" in caplog.text
