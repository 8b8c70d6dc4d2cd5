"""What a browser sends as the response of an authenticator: anything (security K1, K3)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cbor2 import CBORTag

from tests.core.conftest import MakeAuth
from tests.plugins.passkey_server import (
    GIVE,
    LIST,
    MADE,
    NEW,
    PasskeyServer,
    begun,
    outcome,
    passkey_server,
    register,
    sign_in,
)
from tests.support.authenticator import (
    BE,
    BS,
    ED,
    UP,
    UV,
    Authenticator,
    b64,
    new_key,
    rsa_key,
    unb64,
)
from tests.support.browser import Clock

REFUSED = (400, "FAILED_TO_VERIFY_REGISTRATION")
FAILED = {(400, "AUTHENTICATION_FAILED"), (401, "AUTHENTICATION_FAILED")}
UNKNOWN = (401, "PASSKEY_NOT_FOUND")
LONG = "A" * 100_000


@pytest.fixture
def server(make_auth: MakeAuth, clock: Clock, tmp_path: Path) -> PasskeyServer:
    return passkey_server(make_auth, clock, tmp_path, "blocking")()


VALUES: list[Any] = [None, True, 0, -1.5, "", "x", "\u00e9", LONG, [], [1], {}, {"a": 1}, "AA=="]
"""Put where something else belongs."""
DEEP: Any = 0
for _ in range(50):
    DEEP = [DEEP]


@pytest.mark.parametrize("response", [*VALUES, DEEP], ids=lambda one: repr(one)[:12])
def test_k3_no_response_at_all(server: PasskeyServer, response: Any) -> None:
    ada, _ = server.with_passkey()
    begun(ada, NEW)
    assert outcome(ada.post(MADE, {"response": response})) == REFUSED
    begun(ada)
    wanted = UNKNOWN if isinstance(response, dict) else (400, "VALIDATION_ERROR")
    assert outcome(ada.post(GIVE, {"response": response})) == wanted


def places(response: dict[str, Any]) -> list[tuple[str, ...]]:
    inner: list[tuple[str, ...]] = [("response", name) for name in response["response"]]
    return [*((name,) for name in response), *inner]


def changed(response: dict[str, Any], place: tuple[str, ...], value: Any) -> dict[str, Any]:
    copy = json.loads(json.dumps(response))
    *folders, name = place
    target = copy["response"] if folders else copy
    target[name] = value
    return copy


IGNORED = {"authenticatorAttachment", "clientExtensionResults", "userHandle"}


def test_k3_any_value_in_any_field_of_a_registration(server: PasskeyServer) -> None:
    ada, key = server.signed_up(), Authenticator()
    for place in places(key.create(begun(ada, NEW))):
        for value in VALUES:
            if place[-1] in IGNORED or (place[-1] == "transports" and value in (None, [])):
                continue
            response = changed(key.create(begun(ada, NEW)), place, value)
            answer = ada.post(MADE, {"response": response})
            assert outcome(answer) == REFUSED, (place, value)
    assert server.sql("select count(*) from passkey") == [(0,)]


def test_k3_any_value_in_any_field_of_an_authentication(server: PasskeyServer) -> None:
    _, key = server.with_passkey()
    browser = server.browser()
    for place in places(key.get(begun(browser))):
        for value in VALUES:
            if place[-1] in IGNORED:
                continue
            response = changed(key.get(begun(browser)), place, value)
            found = outcome(browser.post(GIVE, {"response": response}))
            assert found in FAILED | {UNKNOWN}, (place, value)
    assert browser.session() is None


def test_k3_bytes_that_are_cut_or_flipped(server: PasskeyServer) -> None:
    ada, key = server.with_passkey()
    browser = server.browser()
    for name in ("authenticatorData", "signature", "clientDataJSON"):
        size = len(unb64(key.get(begun(browser))["response"][name]))
        for position in range(0, size, max(1, size // 12)):
            response = key.get(begun(browser))
            data = bytearray(unb64(response["response"][name]))
            data[min(position, len(data) - 1)] ^= 0x41  # one signature is shorter than another
            for bad in (bytes(data), bytes(data[:position]), bytes(data) + b"\0"):
                sent = changed(response, ("response", name), b64(bad))
                assert outcome(browser.post(GIVE, {"response": sent})) in {
                    *FAILED,
                    (400, "CHALLENGE_NOT_FOUND"),
                }
    whole = unb64(key.create(begun(ada, NEW))["response"]["attestationObject"])
    for position in range(0, len(whole), 7):
        response = key.create(begun(ada, NEW))
        data = unb64(response["response"]["attestationObject"])[:position]
        sent = changed(response, ("response", "attestationObject"), b64(data))
        assert outcome(ada.post(MADE, {"response": sent})) == REFUSED
    assert browser.session() is None
    assert len(ada.get(LIST).json) == 1


@pytest.mark.parametrize(
    "client_data",
    [
        {"type": "webauthn.get"},
        {"type": "payment.get"},
        {"type": None},
        {"challenge": "AAAA"},
        {"challenge": 1},
        {"challenge": None},
        {"origin": "http://localhost:3000.evil.example"},
        {"origin": ["http://localhost:3000"]},
        {"origin": None},
        {"crossOrigin": True},
        {"crossOrigin": "no"},
        {"tokenBinding": "supported"},
        {"tokenBinding": {}},
        {"tokenBinding": {"status": "odd"}},
        {"tokenBinding": {"status": ["present"]}},
    ],
    ids=str,
)
def test_k1_what_the_browser_says(server: PasskeyServer, client_data: dict[str, Any]) -> None:
    ada, key = server.with_passkey()
    if client_data == {"type": "webauthn.get"}:
        key.client_data = client_data
        assert outcome(register(ada, key)) == REFUSED
        key.credentials.pop()
        key.client_data = {"type": "webauthn.create"}
        assert outcome(sign_in(server.browser(), key)) in FAILED
        return
    key.client_data = client_data
    assert outcome(sign_in(server.browser(), key)) in FAILED
    assert outcome(register(ada, key)) == REFUSED


def test_what_browsers_may_say(server: PasskeyServer) -> None:
    ada, key = server.with_passkey()
    for status in ("present", "supported"):
        key.client_data = {"tokenBinding": {"status": status}, "topOrigin": None, "new": [1]}
        assert sign_in(server.browser(), key).status == 200
        assert register(ada, Authenticator(client_data=key.client_data)).status == 200


@pytest.mark.parametrize("flags", [0, UV, UP | BS])
def test_k1_flags_that_are_refused(server: PasskeyServer, flags: int) -> None:
    ada, key = server.with_passkey()
    key.flags = flags
    assert outcome(sign_in(server.browser(), key)) == (400, "AUTHENTICATION_FAILED")
    assert outcome(register(ada, key)) == REFUSED


def test_extensions_of_the_authenticator_are_read_over(server: PasskeyServer) -> None:
    ada = server.signed_up()
    key = Authenticator(flags=UP | UV | ED | BE)
    options = begun(ada, NEW)
    response = key.create(options, extensions=cbor2.dumps({"credProtect": 2}))
    assert ada.post(MADE, {"response": response}).status == 200


def with_number(number: int, value: Any) -> bytes:
    cose, _ = new_key("ES256")
    return cbor2.dumps({**cose, number: value})


def of_rsa(modulus: bytes, exponent: bytes = b"\1\0\1") -> bytes:
    return cbor2.dumps({1: 3, 3: -257, -1: modulus, -2: exponent})


KEYS: dict[str, Callable[[], bytes]] = {
    "an empty map": lambda: cbor2.dumps({}),
    "a list": lambda: cbor2.dumps([]),
    "a number": lambda: cbor2.dumps(1),
    "a pattern": lambda: cbor2.dumps(CBORTag(35, "(a+)+$")),
    "nothing": lambda: b"",
    "an unknown type": lambda: with_number(1, 9),
    "RS1": lambda: with_number(3, -65535),
    "ES512": lambda: with_number(3, -36),
    "RS256 with a point": lambda: with_number(3, -257),
    "an algorithm in words": lambda: with_number(3, "x"),
    "an unknown curve": lambda: with_number(-1, 99),
    "no x": lambda: with_number(-2, b""),
    "a point off the curve": lambda: with_number(-2, b"\1" * 32),
    "y as a number": lambda: with_number(-3, 7),
    "a short Ed25519 key": lambda: cbor2.dumps({1: 1, 3: -8, -1: 6, -2: b"short"}),
    "RSA with 1024 bits": lambda: of_rsa(rsa_key(1024)[0][-1]),
    "RSA with a long exponent": lambda: of_rsa(rsa_key(2048)[0][-1], b"\1" * 256),
    "RSA with 16000 bits": lambda: of_rsa(b"\xff" * 2000),
}


@pytest.mark.parametrize("made", KEYS.values(), ids=KEYS)
def test_keys_that_are_no_keys(server: PasskeyServer, made: Callable[[], bytes]) -> None:
    ada = server.signed_up()
    response = Authenticator().create(begun(ada, NEW), cose=made())
    assert outcome(ada.post(MADE, {"response": response})) == REFUSED
    assert server.sql("select count(*) from passkey") == [(0,)]


@pytest.mark.parametrize(
    "changes",
    [
        {"attStmt": {"sig": b"x"}},
        {"attStmt": {"alg": -7}},
        {"attStmt": None},
        {"fmt": "odd"},
        {"fmt": None},
        {"fmt": ["none"]},
        {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"x"}},
        {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"x", "x5c": [b"no certificate"]}},
        {"fmt": "fido-u2f", "attStmt": {"sig": b"x", "x5c": []}},
        {"fmt": "tpm", "attStmt": {"ver": "2.0", "sig": 1}},
        {"fmt": "apple", "attStmt": {"x5c": [b""]}},
        {"fmt": "android-key", "attStmt": {}},
        {"fmt": "android-safetynet", "attStmt": {"ver": "1", "response": b"a.b.c"}},
        {"authData": b"short"},
        {"authData": "text"},
        {"authData": None},
    ],
    ids=str,
)
def test_attestations_that_are_refused(server: PasskeyServer, changes: dict[str, Any]) -> None:
    ada = server.signed_up()
    response = Authenticator().create(begun(ada, NEW), **changes)
    assert outcome(ada.post(MADE, {"response": response})) == REFUSED


def test_an_attestation_of_the_key_itself_is_verified(server: PasskeyServer) -> None:
    ada, key = server.signed_up(), Authenticator()
    options = begun(ada, NEW)
    response = key.create(options)
    plain = cbor2.loads(unb64(response["response"]["attestationObject"]))
    told = hashlib.sha256(unb64(response["response"]["clientDataJSON"])).digest()
    signature = key.credentials[0].sign(plain["authData"] + told)
    packed = {**plain, "fmt": "packed", "attStmt": {"alg": -7, "sig": signature}}
    sent = changed(response, ("response", "attestationObject"), b64(cbor2.dumps(packed)))
    assert ada.post(MADE, {"response": sent}).status == 200


def test_a_response_with_the_id_of_another_passkey(server: PasskeyServer) -> None:
    _, key = server.with_passkey()
    bob, own = server.with_passkey("bob@example.com")
    browser = server.browser()
    response = own.get(begun(browser))
    name = b64(key.credentials[0].id)
    for sent in ({**response, "id": name}, {**response, "id": name, "rawId": name}):
        assert outcome(browser.post(GIVE, {"response": sent})) in FAILED
        response = own.get(begun(browser))
    made = own.create(begun(bob, NEW))
    other = {**made, "id": "AAAA", "rawId": "AAAA"}
    assert outcome(bob.post(MADE, {"response": other})) == REFUSED


def test_longest_credential_ids(server: PasskeyServer) -> None:
    ada, key = server.signed_up(), Authenticator()
    response = key.create(begun(ada, NEW), id=b"x" * 1023)
    assert ada.post(MADE, {"response": response}).status == 200
    assert sign_in(server.browser(), key).status == 200
    response = key.create(begun(ada, NEW), id=b"x" * 1024)
    assert outcome(ada.post(MADE, {"response": response})) == REFUSED


BODIES: list[tuple[str, Callable[[Any], Any]]] = [
    (MADE, lambda value: {"response": {}, "name": value}),
    (MADE, lambda value: {"response": {}, "createSession": value}),
    (GIVE, lambda value: value),
]


@pytest.mark.parametrize("value", [1, [], {"a": 1}, LONG], ids=lambda one: repr(one)[:8])
def test_fields_of_other_types(server: PasskeyServer, value: Any) -> None:
    ada, _ = server.with_passkey()
    for path, body in BODIES:
        assert outcome(ada.post(path, body(value))) == (400, "VALIDATION_ERROR")
    assert outcome(ada.get(NEW, {"name": LONG}))[0] in (400, 414)
    assert outcome(ada.get(NEW, {"context": "x" * 3000})) == (400, "VALIDATION_ERROR")
