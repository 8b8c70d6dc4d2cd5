"""Tokens for other services: what they say, who gets them, and how long they are good."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, cast

import httpx2
import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.jwt_server import claims_of, header_of, key_ids, run, signed, token_of, verified
from tests.support.browser import ORIGIN, Browser, Clock
from watchword import (
    Advanced,
    APIError,
    Auth,
    Column,
    ConfigurationError,
    Outgoing,
    SessionAndUser,
    SessionOptions,
    User,
)
from watchword.configuration.options import CookieCache
from watchword.plugins import JWT, Admin
from watchword.plugins.jwt import (
    JWKSOptions,
    JWTOptions,
    KeyPairConfig,
    SignedWith,
    SignJWT,
    VerifyJWT,
)

NOW = int(Clock().time.timestamp())
CACHED = SessionOptions(cookie_cache=CookieCache(max_age=300))


@pytest.fixture
def ada(make_auth: MakeAuth, kind: str) -> Browser:
    browser = Browser(make_auth(plugins=[JWT()]), kind)
    browser.sign_up()
    return browser


def test_a_token_says_what_clients_see_of_the_user(ada: Browser) -> None:
    token, user = token_of(ada), ada.session()["user"]
    (key,) = ada.get("/jwks").json["keys"]
    assert header_of(token) == {"alg": "EdDSA", "kid": key["kid"]}
    assert claims_of(token) == {
        "iat": NOW,
        **user,
        "sub": user["id"],
        "exp": NOW + 900,
        "iss": ORIGIN,
        "aud": ORIGIN,
    }
    assert list(claims_of(token))[:1] == ["iat"]
    assert list(claims_of(token))[-4:] == ["sub", "exp", "iss", "aud"]


def test_a_key_is_published_without_what_is_secret(ada: Browser) -> None:
    (key,) = ada.get("/jwks").json["keys"]
    assert list(key) == ["alg", "crv", "x", "kty", "kid"]
    assert (key["alg"], key["crv"], key["kty"]) == ("EdDSA", "Ed25519", "OKP")


def test_the_first_key_is_made_by_whoever_asks_for_keys(make_auth: MakeAuth, kind: str) -> None:
    browser = Browser(make_auth(plugins=[JWT()]), kind)
    assert key_ids(browser) == key_ids(browser) != []


def test_answers_about_the_session_carry_a_token(ada: Browser) -> None:
    answer = ada.get("/get-session")
    token = answer.header("set-auth-jwt")
    assert answer.header("access-control-expose-headers") == "set-auth-jwt"
    assert token is not None
    assert claims_of(token)["sub"] == answer.json["user"]["id"]
    assert ada.get("/list-sessions").header("set-auth-jwt") is None


def test_a_token_that_nobody_would_see_is_not_made(make_auth: MakeAuth, kind: str) -> None:
    made: list[str] = []

    def payload(found: SessionAndUser[User]) -> dict[str, object]:
        made.append(found.user.id)
        return {}

    browser = Browser(make_auth(plugins=[JWT(jwt=JWTOptions(define_payload=payload))]), kind)
    browser.sign_up()
    cookie = "; ".join(f"{name}={value}" for name, value in browser.jar.items())
    get_session, headers = browser.auth.blocking.api.get_session, {"cookie": cookie}
    assert get_session(headers=headers) is not None
    assert made == []
    shown = get_session(headers=headers, return_headers=True).response
    assert dict(shown.headers)["set-auth-jwt"]
    assert len(made) == 1


def test_nobody_gets_no_token(ada: Browser, clock: Clock) -> None:
    nobody = Browser(ada.auth, ada.kind)
    assert nobody.get("/get-session").header("set-auth-jwt") is None
    assert (nobody.get("/token").status, nobody.get("/token").code) == (401, "UNAUTHORIZED")
    clock.forward(8 * 86_400)
    assert ada.get("/get-session").header("set-auth-jwt") is None
    assert ada.get("/token").status == 401


def test_no_token_where_the_header_is_not_wanted(make_auth: MakeAuth, kind: str) -> None:
    browser = Browser(make_auth(plugins=[JWT(disable_setting_jwt_header=True)]), kind)
    browser.sign_up()
    answer = browser.get("/get-session")
    assert (answer.status, answer.header("set-auth-jwt")) == (200, None)
    assert answer.header("access-control-expose-headers") is None


def test_a_token_that_no_proxy_would_pass_is_left_out(ada: Browser) -> None:
    assert ada.post("/update-user", {"image": "x" * 10_000}).status == 200
    answer = ada.get("/get-session")
    assert (answer.status, answer.header("set-auth-jwt")) == (200, None)
    assert claims_of(token_of(ada))["image"] == "x" * 10_000


def test_a_session_that_was_ended_gets_no_token_by_its_copy(make_auth: MakeAuth, kind: str) -> None:
    auth = make_auth(plugins=[JWT()], session=CACHED)
    browser = Browser(auth, kind)
    browser.sign_up()
    assert browser.get("/get-session").header("set-auth-jwt")
    stolen = Browser(auth, kind)
    stolen.jar.update(browser.jar)
    assert browser.post("/sign-out", {}).status == 200
    answer = stolen.get("/get-session")
    assert answer.json is not None
    assert answer.header("set-auth-jwt") is None
    assert stolen.get("/token").status == 401


def test_whoever_is_banned_gets_no_token(make_auth: MakeAuth, kind: str, tmp_path: Path) -> None:
    auth = make_auth(plugins=[Admin(), JWT()], session=CACHED)
    root, bob = Browser(auth, kind), Browser(auth, kind)
    root.sign_up("root@example.com")
    bob_id = bob.sign_up("bob@example.com").json["user"]["id"]
    run(tmp_path, "update user set role = 'admin' where email = 'root@example.com'")
    root.sign_in("root@example.com")
    assert bob.get("/get-session").header("set-auth-jwt")
    assert root.post("/admin/ban-user", {"userId": bob_id}).status == 200
    assert bob.get("/get-session").header("set-auth-jwt") is None
    assert bob.get("/token").status == 401


def test_what_it_says_of_the_user_is_what_is_true_now(make_auth: MakeAuth, kind: str) -> None:
    """Not what a copy in a cookie says."""
    auth = make_auth(plugins=[JWT()], session=CACHED)
    one, other = Browser(auth, kind), Browser(auth, kind)
    one.sign_up()
    other.sign_in()
    assert other.post("/update-user", {"name": "Countess"}).status == 200
    token = one.get("/get-session").header("set-auth-jwt")
    assert token is not None
    assert claims_of(token)["name"] == "Countess"


class Marked(User, kw_only=True):
    aud: str | None = None
    exp: str | None = None
    sub: str | None = None
    secret_note: Annotated[str | None, Column(returned=False)] = None


def test_fields_of_users_do_not_speak_for_the_server(make_auth: MakeAuth, kind: str) -> None:
    """Clients set them: nobody shall choose whom his tokens are for, or how long they live."""
    browser = Browser(make_auth(plugins=[JWT()], user_type=Marked), kind)
    given = {"aud": "https://bank.example", "exp": "9999999999", "sub": "root", "secretNote": "s"}
    user = browser.sign_up(**given).json["user"]
    claims = claims_of(token_of(browser))
    assert (claims["aud"], claims["exp"], claims["sub"]) == (ORIGIN, NOW + 900, user["id"])
    assert "secretNote" not in claims


def test_the_application_says_what_tokens_say(make_auth: MakeAuth, kind: str) -> None:
    async def payload(found: Any) -> Mapping[str, object]:
        return {"mail": found.user.email, "aud": "https://api.example", "sub": "never", "at": NOON}

    def subject(found: Any) -> str:
        return f"user:{found.user.name}"

    options = JWTOptions(
        define_payload=payload,
        get_subject=subject,
        issuer="https://id.example",
        expiration_time=timedelta(hours=1),
    )
    browser = Browser(make_auth(plugins=[JWT(jwt=options)]), kind)
    browser.sign_up()
    assert claims_of(token_of(browser)) == {
        "iat": NOW,
        "mail": "ada@example.com",
        "aud": "https://api.example",
        "sub": "user:Ada",
        "at": "2030-01-01T12:00:00.000Z",
        "exp": NOW + 3600,
        "iss": "https://id.example",
    }


NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("given", [None, "text", {"x": object()}])
def test_what_no_token_can_say_is_the_servers_fault(
    make_auth: MakeAuth, kind: str, given: Any
) -> None:
    options = JWTOptions(define_payload=lambda _: given)
    browser = Browser(make_auth(plugins=[JWT(jwt=options)]), kind)
    browser.sign_up()
    answer = browser.get("/token")
    assert (answer.status, answer.code) == (500, "INVALID_CLAIMS")


@pytest.mark.parametrize("given", ["", None, 5])
def test_a_token_is_about_somebody(make_auth: MakeAuth, kind: str, given: Any) -> None:
    browser = Browser(make_auth(plugins=[JWT(jwt=JWTOptions(get_subject=lambda _: given))]), kind)
    browser.sign_up()
    assert browser.get("/token").code == "INVALID_CLAIMS"


def test_a_token_may_end_at_a_moment(make_auth: MakeAuth, kind: str) -> None:
    options = JWTOptions(expiration_time=NOON, audience=["https://a.example", "https://b.example"])
    browser = Browser(make_auth(plugins=[JWT(jwt=options)]), kind)
    browser.sign_up()
    claims = claims_of(token_of(browser))
    assert claims["exp"] == int(NOON.timestamp())
    assert claims["aud"] == ["https://a.example", "https://b.example"]
    assert verified(browser.auth, token_of(browser)) == claims


async def test_the_servers_own_code_signs_and_verifies(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[JWT()])
    made = await auth.api.sign_jwt(SignJWT(payload={"sub": "job", "n": 1}))
    claims = {"sub": "job", "n": 1, "exp": NOW + 900, "iss": ORIGIN, "aud": ORIGIN}
    assert claims_of(made.token) == claims
    assert (await auth.api.verify_jwt(VerifyJWT(token=made.token))).payload == claims
    await auth.close()


def test_what_is_asked_for_counts_before_the_options(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[JWT()])
    asked = {"issuer": "https://i.example", "audience": ["https://a.example"], "expires_in": 60}
    claims = claims_of(signed(auth, payload={"sub": "x", "iat": NOW - 30, "jti": "1"}, **asked))
    assert claims["exp"] == NOW + 30
    assert (claims["iss"], claims["aud"]) == ("https://i.example", ["https://a.example"])
    own = {"sub": "x", "exp": NOW + 5, "iss": "i", "aud": "a", "nbf": NOW}
    assert claims_of(signed(auth, payload=own, **asked)) == own


def test_only_the_server_itself_signs_and_verifies(ada: Browser) -> None:
    for path in ("/sign-jwt", "/verify-jwt"):
        assert ada.post(path, {"payload": {"sub": "root"}, "token": "x"}).status == 404


def test_a_token_is_good_for_its_time_its_issuer_and_its_audience(
    make_auth: MakeAuth, clock: Clock
) -> None:
    auth = make_auth(plugins=[JWT()])
    token = signed(auth)
    assert verified(auth, token)["sub"] == "ada"
    assert verified(auth, token, "https://other.example") is None
    assert verified(auth, signed(auth, audience="https://other.example")) is None
    elsewhere = signed(auth, issuer="https://other.example")
    assert verified(auth, elsewhere) is None
    assert verified(auth, elsewhere, "https://other.example")["sub"] == "ada"
    later = signed(auth, payload={"sub": "ada", "nbf": NOW + 10})
    assert verified(auth, later) is None
    clock.forward(10)
    assert verified(auth, later) is not None
    clock.forward(890)
    assert verified(auth, token) is None
    assert verified(auth, signed(auth, payload={"n": 1})) is None, "about nobody"


@pytest.mark.parametrize("path", ["/.well-known/jwks.json", "/keys"])
def test_the_keys_are_where_the_options_say(make_auth: MakeAuth, kind: str, path: str) -> None:
    browser = Browser(make_auth(plugins=[JWT(jwks=JWKSOptions(jwks_path=path))]), kind)
    assert len(browser.get(path).json["keys"]) == 1
    assert browser.get("/jwks").status == 404


class Signer:
    """Keys elsewhere: another server, whose function and whose keys are used."""

    def __init__(self, auth: Auth[Any]) -> None:
        self.auth = auth
        self.wanted: list[SignedWith] = []

    async def sign(self, claims: Mapping[str, object], wanted: SignedWith) -> str:
        self.wanted.append(wanted)
        return (await self.auth.api.sign_jwt(SignJWT(payload=dict(claims)))).token

    def keys(self, request: httpx2.Request) -> httpx2.Response:
        keys = self.auth.blocking.api.get_jwks().keys
        return httpx2.Response(200, json={"keys": keys})


def test_keys_elsewhere_and_a_signer_of_the_application(
    make_auth: MakeAuth, tmp_path: Path, kind: str
) -> None:
    signer = Signer(make_auth(database=f"sqlite:///{tmp_path}/keys.db", plugins=[JWT()]))
    jwks = JWKSOptions(remote_url="https://keys.example/jwks", key_pair_config=KeyPairConfig())
    outgoing = Outgoing(transport=httpx2.MockTransport(signer.keys))
    auth = make_auth(
        plugins=[JWT(jwks=jwks, jwt=JWTOptions(sign=signer.sign))],
        advanced=Advanced(outgoing=outgoing),
    )
    browser = Browser(auth, kind)
    browser.sign_up()
    token = token_of(browser)
    assert signer.wanted == [SignedWith()]
    assert browser.get("/jwks").status == 404
    assert verified(auth, token)["sub"] == browser.session()["user"]["id"]
    assert verified(auth, token[:-4] + "AAAA") is None


def test_a_signer_that_gives_no_token_is_the_servers_fault(make_auth: MakeAuth) -> None:
    jwks = JWKSOptions(remote_url="https://keys.example/jwks", key_pair_config=KeyPairConfig())
    wrong: tuple[Any, ...] = ("not a token", None, "a.b.c\r\nx: y")
    for given in wrong:
        auth = make_auth(
            plugins=[JWT(jwks=jwks, jwt=JWTOptions(sign=cast("Any", lambda *_, g=given: g)))]
        )
        with pytest.raises(APIError, match="INVALID_CLAIMS"):
            signed(auth)


@pytest.mark.parametrize(
    ("kind", "given", "option"),
    [
        (KeyPairConfig, {"alg": "HS256"}, "KeyPairConfig.alg"),
        (KeyPairConfig, {"alg": "none"}, "KeyPairConfig.alg"),
        (KeyPairConfig, {"modulus_length": 1024}, "KeyPairConfig.modulus_length"),
        (KeyPairConfig, {"modulus_length": 16_384}, "KeyPairConfig.modulus_length"),
        (JWKSOptions, {"key_pair_config": "EdDSA"}, "JWKSOptions.key_pair_config"),
        (JWKSOptions, {"key_pair_configs": ["EdDSA"]}, "JWKSOptions.key_pair_configs"),
        (JWKSOptions, {"jwks_path": "jwks"}, "JWKSOptions.jwks_path"),
        (JWKSOptions, {"jwks_path": "/../jwks"}, "JWKSOptions.jwks_path"),
        (JWKSOptions, {"jwks_path": "/a?b"}, "JWKSOptions.jwks_path"),
        (JWKSOptions, {"rotation_interval": 1}, "JWKSOptions.rotation_interval"),
        (JWKSOptions, {"grace_period": -1}, "JWKSOptions.grace_period"),
        (JWKSOptions, {"remote_url": "https://keys.example"}, "JWKSOptions.remote_url"),
        (JWKSOptions, {"remote_url": "keys"}, "JWKSOptions.remote_url"),
        (JWTOptions, {"issuer": ""}, "JWTOptions.issuer"),
        (JWTOptions, {"audience": []}, "JWTOptions.audience"),
        (JWTOptions, {"expiration_time": "15m"}, "JWTOptions.expiration_time"),
        (JWTOptions, {"expiration_time": datetime(2030, 1, 1)}, "JWTOptions.expiration_time"),
        (JWTOptions, {"define_payload": "x"}, "JWTOptions.define_payload"),
        (JWT, {"jwt": JWTOptions(sign=lambda *_: "")}, "JWTOptions.sign"),
        (JWT, {"jwks": "/jwks"}, "JWT.jwks"),
        (
            JWT,
            {"jwks": JWKSOptions(rotation_interval=3600, grace_period=60)},
            "JWKSOptions.grace_period",
        ),
        (JWT, {"jwks": JWKSOptions(rotation_interval=60)}, "JWKSOptions.rotation_interval"),
    ],
)
def test_wrong_options_are_named(kind: Any, given: dict[str, Any], option: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        kind(**given)
    assert raised.value.option == option


def test_production_wants_to_know_for_whom_it_speaks(make_auth: MakeAuth) -> None:
    """Else whoever sends a request with another host gets a token with another audience."""
    with pytest.raises(ConfigurationError, match=r"JWTOptions.issuer"):
        make_auth(base_url=None, production=True, plugins=[JWT()])
    named = JWTOptions(issuer="https://a.example", audience="https://b.example")
    make_auth(base_url=None, production=True, plugins=[JWT(jwt=named)])


class Failing(Exception):
    """What a function of the application fails with."""


@pytest.mark.parametrize("given", [None, {"x": object()}, {"big": "x" * 200_000}, Failing("ada")])
def test_who_is_signed_in_is_told_where_no_token_can_be_made(
    make_auth: MakeAuth, kind: str, given: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def define(found: object) -> Any:
        if isinstance(given, Exception):
            raise given
        return given

    browser = Browser(make_auth(plugins=[JWT(jwt=JWTOptions(define_payload=define))]), kind)
    browser.sign_up()
    answer = browser.get("/get-session")
    assert (answer.status, answer.json["user"]["name"]) == (200, "Ada")
    assert answer.header("set-auth-jwt") is None
    assert "no set-auth-jwt" in caplog.text
    assert "ada" not in caplog.text
