"""The keys behind tokens: made once, kept encrypted, exchanged, published, and read seldom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from tests.core.conftest import MakeAuth
from tests.plugins.jwt_server import (
    encoded,
    header_of,
    key_ids,
    put,
    rows,
    run,
    signed,
    token_of,
    verified,
)
from tests.support.browser import Browser, Clock
from tests.support.vectors import vectors
from watchword import Advanced, APIError, VersionedSecret
from watchword.crypto.signed_tokens import ALGORITHMS, Algorithm
from watchword.crypto.symmetric import decrypt
from watchword.plugins import JWT
from watchword.plugins.jwt import JWKSOptions, KeyPairConfig
from watchword.storage.sqlalchemy import SQLAlchemyStorage
from watchword.storage.sqlite import SQLiteStorage

FLOWS = vectors("flows", "vectors-plugins-1.json")
SECRET = vectors("meta", "vectors-plugins-1.json")["secret"]
DAY = 86_400
ROTATING = JWT(jwks=JWKSOptions(rotation_interval=DAY, grace_period=7 * DAY))
every_algorithm = pytest.mark.parametrize("algorithm", list(ALGORITHMS))
Counted = tuple[Browser, list[str]]


def keys_for(algorithm: Any, *more: Any) -> JWT:
    configs = [KeyPairConfig(alg=one) for one in more]
    own = KeyPairConfig(alg=algorithm)
    return JWT(jwks=JWKSOptions(key_pair_config=own, key_pair_configs=configs))


@every_algorithm
def test_every_algorithm_signs_and_verifies(make_auth: MakeAuth, algorithm: Algorithm) -> None:
    auth = make_auth(plugins=[keys_for(algorithm)])
    token = signed(auth)
    assert header_of(token)["alg"] == algorithm
    assert verified(auth, token)["sub"] == "ada"
    (key,) = Browser(auth).get("/jwks").json["keys"]
    kind, curve = ALGORITHMS[algorithm]
    assert (key["kty"], key.get("crv"), key["alg"]) == (kind, curve, algorithm)
    assert not {"d", "p", "q", "dp", "dq", "qi", "k", "use"} & key.keys()


@every_algorithm
def test_rows_of_the_reference_are_read(
    make_auth: MakeAuth, clock: Clock, tmp_path: Path, algorithm: Algorithm
) -> None:
    vector = FLOWS["jwt"][algorithm]
    auth = make_auth(plugins=[keys_for(algorithm)], secret=SECRET)
    put(tmp_path, vector["jwksRow"])
    assert Browser(auth).get("/jwks").json == vector["jwks"]
    clock.forward(vector["payload"]["iat"] - clock().timestamp())
    assert verified(auth, vector["token"]) == vector["payload"]
    token = signed(auth, payload=vector["payload"])
    assert header_of(token) == vector["header"]
    assert verified(auth, token) == vector["payload"]
    if algorithm in ("EdDSA", "RS256"):  # The others sign with a random number.
        assert token == vector["token"]


def test_rows_in_plain_text_are_read(make_auth: MakeAuth, tmp_path: Path) -> None:
    auth = make_auth(plugins=[JWT()], secret=SECRET)
    put(tmp_path, FLOWS["jwtUnencryptedRow"])
    token = signed(auth)
    assert header_of(token)["kid"] == FLOWS["jwtUnencryptedRow"]["id"]
    assert verified(auth, token) is not None


def test_rows_are_stored_as_the_reference_does(make_auth: MakeAuth, tmp_path: Path) -> None:
    auth = make_auth(plugins=[JWT()], secret=SECRET)
    signed(auth)
    (row,) = rows(tmp_path)
    vector = FLOWS["jwt"]["EdDSA"]["jwksRow"]
    assert row.keys() == vector.keys()
    assert (row["alg"], row["crv"], row["expiresAt"]) == ("EdDSA", "Ed25519", None)
    sealed = json.loads(row["privateKey"])
    private = json.loads(decrypt(sealed, auth.config.secrets))
    assert len(sealed) == len(json.loads(vector["privateKey"]))
    assert private == {**json.loads(row["publicKey"]), "d": private["d"]}
    assert private["d"] not in row["privateKey"] + row["publicKey"]


def test_keys_are_in_plain_text_where_that_is_wanted(make_auth: MakeAuth, tmp_path: Path) -> None:
    auth = make_auth(plugins=[JWT(jwks=JWKSOptions(disable_private_key_encryption=True))])
    signed(auth)
    (row,) = rows(tmp_path)
    assert json.loads(row["privateKey"])["kty"] == "OKP"


def test_the_size_of_rsa_keys(make_auth: MakeAuth, tmp_path: Path) -> None:
    config = KeyPairConfig(alg="RS256", modulus_length=3072)
    auth = make_auth(plugins=[JWT(jwks=JWKSOptions(key_pair_config=config))])
    signed(auth)
    assert len(json.loads(rows(tmp_path)[0]["publicKey"])["n"]) == 512


def test_keys_are_exchanged_and_published_until_nobody_needs_them(
    make_auth: MakeAuth, clock: Clock, kind: str, tmp_path: Path
) -> None:
    browser = Browser(make_auth(plugins=[ROTATING]), kind)
    browser.sign_up()
    first = token_of(browser)
    clock.forward(DAY - 1)
    last = token_of(browser)
    assert header_of(last) == header_of(first)
    clock.forward(1)
    second = token_of(browser)
    old, new = header_of(first)["kid"], header_of(second)["kid"]
    assert old != new
    assert set(key_ids(browser)) == {old, new}
    assert verified(browser.auth, last) is not None
    clock.forward(7 * DAY - 1)
    assert old in key_ids(browser)
    clock.forward(1)
    assert old not in key_ids(browser)
    assert len(rows(tmp_path)) == 2, "rows stay"


def test_a_key_whose_time_is_over_vouches_for_nothing(make_auth: MakeAuth, clock: Clock) -> None:
    auth = make_auth(plugins=[ROTATING])
    token = signed(auth, expires_in=30 * DAY)
    clock.forward(8 * DAY - 1)
    assert verified(auth, token) is not None
    clock.forward(1)
    assert verified(auth, token) is None
    assert Browser(auth).get("/jwks").json == {"keys": []}


@pytest.fixture
def counted(make_auth: MakeAuth, kind: str, tmp_path: Path) -> Counted:
    """A browser, and the tables that its server asks the database for."""
    asked: list[str] = []

    class Counting:
        def __init__(self, engine: Any) -> None:
            self._engine = engine

        def __getattr__(self, name: str) -> Any:
            found = getattr(self._engine, name)
            if name not in ("find_one", "find_many", "count", "create"):
                return found

            def noted(model: str, *args: Any, **options: Any) -> Any:
                asked.append(f"{name} {model}")
                return found(model, *args, **options)

            return noted

    class Storage(SQLiteStorage):
        def blocking(self, schema: Any) -> Any:
            return Counting(super().blocking(schema))

        def asynchronous(self, schema: Any) -> Any:
            return Counting(super().asynchronous(schema))

    auth = make_auth(database=Storage(str(tmp_path / "test.db")), plugins=[JWT()])
    browser = Browser(auth, kind)
    browser.sign_up()
    return browser, asked


def of_keys(asked: list[str]) -> list[str]:
    return [one for one in asked if one.endswith(" jwks")]


def test_a_second_token_reads_no_key(counted: Counted, clock: Clock) -> None:
    browser, asked = counted
    token_of(browser)
    asked.clear()
    for _ in range(20):
        token_of(browser)
    assert browser.get("/get-session").header("set-auth-jwt")
    assert of_keys(asked) == []
    clock.forward(60)
    token_of(browser)
    token_of(browser)
    assert of_keys(asked) == ["find_many jwks"]


def test_an_unknown_key_costs_one_look_up(counted: Counted) -> None:
    browser, asked = counted
    token = token_of(browser)
    header = header_of(token)
    asked.clear()
    forged = ".".join((encoded({**header, "kid": "x" * 32}), *token.split(".")[1:]))
    assert verified(browser.auth, token) is not None
    asked.clear()
    assert verified(browser.auth, forged) is None
    assert of_keys(asked) == ["find_one jwks"]


def test_a_key_of_another_process_counts_at_once(make_auth: MakeAuth, clock: Clock) -> None:
    ours, theirs = make_auth(plugins=[ROTATING]), make_auth(plugins=[ROTATING])
    signed(ours)
    clock.forward(DAY - 30)
    token = signed(theirs)
    assert verified(ours, token) is not None
    clock.forward(30)
    token = signed(theirs)
    assert header_of(token)["kid"] in key_ids(Browser(ours))
    assert verified(ours, token) is not None
    assert header_of(signed(ours)) == header_of(token), "one new key is enough"


def test_a_key_that_was_taken_away_is_forgotten_soon(
    make_auth: MakeAuth, clock: Clock, tmp_path: Path
) -> None:
    auth = make_auth(plugins=[JWT()])
    token = signed(auth)
    run(tmp_path, "DELETE FROM jwks")
    clock.forward(60)
    assert verified(auth, token) is None
    assert header_of(signed(auth)) != header_of(token)


def test_a_key_that_no_secret_opens_only_verifies(make_auth: MakeAuth) -> None:
    token = signed(make_auth(plugins=[JWT()]))
    other = make_auth(plugins=[JWT()], secret="another-secret-0123456789-abcdefghijkl")
    assert verified(other, token) is not None
    assert header_of(signed(other)) != header_of(token)
    assert len(key_ids(Browser(other))) == 2


def test_an_older_secret_opens_its_keys(make_auth: MakeAuth, tmp_path: Path) -> None:
    old = VersionedSecret(1, "old-secret-0123456789-abcdefghijklmnopqr")
    new = VersionedSecret(2, "new-secret-0123456789-abcdefghijklmnopqr")
    token = signed(make_auth(plugins=[JWT()], secret=None, secrets=[old]))
    assert json.loads(rows(tmp_path)[0]["privateKey"]).startswith("$ba$1$")
    exchanged = make_auth(plugins=[JWT()], secret=None, secrets=[new, old])
    assert header_of(signed(exchanged)) == header_of(token)


@pytest.mark.parametrize(
    "row",
    [
        {"publicKey": "no JSON"},
        {"publicKey": "[]"},
        {"publicKey": '{"kty":"OKP","crv":"Ed25519"}'},
        {"publicKey": '{"kty":"oct","k":"AAAA"}', "alg": "HS256"},
        {"publicKey": '{"kty":"RSA","n":"AQAB","e":"AQAB"}', "alg": "RS256"},
        {"publicKey": json.dumps({"kty": "RSA", "n": "A" * 100_000, "e": "AQAB"}), "alg": "PS256"},
        {"publicKey": '{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}', "alg": "ES256"},
        {"alg": "none"},
        {"alg": "ES256"},
    ],
)
def test_rows_that_are_no_keys_are_left_out(
    make_auth: MakeAuth, tmp_path: Path, row: dict[str, Any]
) -> None:
    auth = make_auth(plugins=[JWT()], secret=SECRET)
    good = signed(auth)
    put(
        tmp_path,
        {**FLOWS["jwt"]["EdDSA"]["jwksRow"], "createdAt": "2031-01-01T00:00:00.000Z", **row},
    )
    assert key_ids(Browser(auth)) == [header_of(good)["kid"]]
    assert header_of(signed(auth)) == header_of(good)


@pytest.mark.parametrize("stored", ["", "x", '"abcd"', "{}", '{"kty":"OKP","d":"AAAA"}', "[1]"])
def test_a_private_key_that_cannot_be_read_does_not_sign(
    make_auth: MakeAuth, tmp_path: Path, stored: str
) -> None:
    auth = make_auth(plugins=[JWT()])
    first = signed(auth)
    run(tmp_path, 'UPDATE jwks SET "privateKey" = ?', stored)
    fresh = make_auth(plugins=[JWT()])
    assert header_of(signed(fresh)) != header_of(first)
    assert verified(fresh, first) is not None


def test_a_caller_chooses_algorithm_and_key(make_auth: MakeAuth, clock: Clock) -> None:
    auth = make_auth(plugins=[keys_for("EdDSA", "ES256")])
    own, other = signed(auth), signed(auth, signing_algorithm="ES256")
    assert (header_of(own)["alg"], header_of(other)["alg"]) == ("EdDSA", "ES256")
    assert header_of(signed(auth)) == header_of(own), "the first one stays the usual one"
    assert header_of(signed(auth, signing_key_id=header_of(other)["kid"])) == header_of(other)
    assert verified(auth, other) is not None
    for asked in (
        {"signing_algorithm": "RS256"},
        {"signing_key_id": "nobody"},
        {"signing_key_id": header_of(own)["kid"], "signing_algorithm": "ES256"},
    ):
        with pytest.raises(APIError, match="SIGNING_KEY_REFUSED"):
            signed(auth, **asked)


def test_an_expired_key_cannot_be_chosen(make_auth: MakeAuth, clock: Clock) -> None:
    auth = make_auth(plugins=[ROTATING])
    key_id = header_of(signed(auth))["kid"]
    clock.forward(DAY)
    with pytest.raises(APIError, match="SIGNING_KEY_REFUSED"):
        signed(auth, signing_key_id=key_id)


def test_a_key_without_an_algorithm_is_for_the_configured_one(
    make_auth: MakeAuth, tmp_path: Path
) -> None:
    auth = make_auth(plugins=[JWT()], secret=SECRET)
    put(tmp_path, {**FLOWS["jwt"]["EdDSA"]["jwksRow"], "alg": None})
    assert Browser(auth).get("/jwks").json["keys"][0]["alg"] == "EdDSA"
    assert verified(auth, signed(auth)) is not None


@pytest.mark.parametrize("ids", ["serial", "uuid"])
def test_ids_of_other_kinds(make_auth: MakeAuth, kind: str, ids: Any) -> None:
    browser = Browser(make_auth(plugins=[JWT()], advanced=Advanced(generate_id=ids)), kind)
    browser.sign_up()
    token = token_of(browser)
    assert key_ids(browser) == [header_of(token)["kid"]]
    assert verified(browser.auth, token) is not None
    for key_id in ("x", "1' OR '1'='1", "../../etc", "9" * 30, "-1"):
        forged = ".".join((encoded({"alg": "EdDSA", "kid": key_id}), *token.split(".")[1:]))
        assert verified(browser.auth, forged) is None


def test_a_key_that_is_undone_is_not_used_any_more(make_auth: MakeAuth, tmp_path: Path) -> None:
    """The application's transaction takes the first key back: others could never verify by it."""
    engine = create_engine(f"sqlite:///{tmp_path}/test.db")
    storage = SQLAlchemyStorage(engine)
    auth = make_auth(database=storage, plugins=[JWT()])
    with Session(engine) as session, storage.using(session):
        undone = signed(auth)
        session.rollback()
    assert rows(tmp_path) == []
    token = signed(auth)
    assert header_of(token) != header_of(undone)
    assert [row["id"] for row in rows(tmp_path)] == [header_of(token)["kid"]]
    engine.dispose()
