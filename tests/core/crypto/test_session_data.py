"""The session cache cookie in its three forms."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.vectors import vectors
from watchword.crypto.jwe import SESSION_SALT, TokenKeys
from watchword.crypto.jwt import sign_jwt
from watchword.crypto.secrets_list import Secrets
from watchword.crypto.session_data import (
    CompactSessionData,
    JweSessionData,
    JwtSessionData,
    SessionData,
    SessionDataCodec,
)

SECRET = "test-secret-0123456789-abcdefghijKLMNOP"
NOW = 1_893_456_000
CASES = vectors("session_data_cookie")
DATE = "2030-01-01T00:00:00.000Z"
PAYLOAD: dict[str, Any] = {
    "session": {
        "id": "s1",
        "token": "tok",
        "userId": "u1",
        "expiresAt": "2030-01-08T00:00:00.000Z",
        "createdAt": DATE,
        "updatedAt": DATE,
        "score": 1.5,
    },
    "user": {
        "id": "u1",
        "email": "user@example.com",
        "emailVerified": True,
        "name": 'Łu "é" </script> \u2028 😀',
        "createdAt": DATE,
        "updatedAt": DATE,
    },
    "updatedAt": NOW * 1000,
    "version": "1",
}


def codec(strategy: str, secret: str = SECRET) -> SessionDataCodec:
    """The codec of one strategy."""
    if strategy == "compact":
        return CompactSessionData(secret)
    if strategy == "jwt":
        return JwtSessionData(secret)
    return JweSessionData(TokenKeys(Secrets(secret), SESSION_SALT))


STRATEGIES = ("compact", "jwt", "jwe")
CODECS = {strategy: codec(strategy) for strategy in STRATEGIES}


@pytest.fixture(params=STRATEGIES)
def form(request: pytest.FixtureRequest) -> SessionDataCodec:
    return CODECS[request.param]


def recorded_payload(case: dict[str, Any]) -> dict[str, Any]:
    """The payload of a recorded cookie."""
    if case["strategy"] == "compact":
        return json.loads(case["decoded_text"])["session"]
    claims = json.loads(case["payload_text"]) if "payload_text" in case else case["payload"]
    return {name: claims[name] for name in ("session", "user", "updatedAt", "version")}


def case_id(case: dict[str, Any]) -> str:
    return f"{case['strategy']}-{case['now_ms']}"


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_cookie_of_the_reference_is_read(case: dict[str, Any]) -> None:
    payload, now = recorded_payload(case), case["now_ms"] / 1000

    found = CODECS[case["strategy"]].decode(case["session_data_value"], now=now)

    assert found == SessionData(
        session=payload["session"],
        user=payload["user"],
        updated_at=case["now_ms"],
        version="1",
        expires_at=case["now_ms"] + 300_000,
    )


@pytest.mark.parametrize("case", [case for case in CASES if case["strategy"] != "jwe"], ids=case_id)
def test_a_cookie_has_the_reference_s_bytes(case: dict[str, Any]) -> None:
    value = CODECS[case["strategy"]].encode(
        recorded_payload(case), now=case["now_ms"] / 1000, lifetime=300
    )

    assert value == case["session_data_value"]


def test_what_is_written_is_read_again(form: SessionDataCodec) -> None:
    value = form.encode(PAYLOAD, now=NOW, lifetime=300)

    found = form.decode(value, now=NOW)

    assert found == SessionData(
        PAYLOAD["session"], PAYLOAD["user"], NOW * 1000, "1", (NOW + 300) * 1000
    )


def test_an_encrypted_cookie_has_an_id_of_its_own() -> None:
    keys = TokenKeys(Secrets(SECRET), SESSION_SALT)
    value = JweSessionData(keys, lambda: "the-id").encode(PAYLOAD, now=NOW, lifetime=300)

    claims = keys.decrypt(value, now=NOW)

    assert list(claims) == ["session", "user", "updatedAt", "version", "iat", "exp", "jti"]
    assert claims["jti"] == "the-id"


def test_c1_a_cookie_ends_with_its_lifetime(form: SessionDataCodec) -> None:
    value = form.encode(PAYLOAD, now=NOW, lifetime=300)

    assert form.decode(value, now=NOW + 299.9) is not None
    assert form.decode(value, now=NOW + 300.1) is None


def test_c1_a_cookie_of_another_secret_is_none(form: SessionDataCodec) -> None:
    for strategy in STRATEGIES:
        value = codec(strategy, "another-secret").encode(PAYLOAD, now=NOW, lifetime=300)
        assert form.decode(value, now=NOW) is None


def test_c1_a_cookie_of_another_form_is_none() -> None:
    for written in STRATEGIES:
        value = CODECS[written].encode(PAYLOAD, now=NOW, lifetime=300)
        for read in STRATEGIES:
            assert (CODECS[read].decode(value, now=NOW) is not None) is (read == written)


def test_c1_every_changed_character_is_noticed(form: SessionDataCodec) -> None:
    value = form.encode(PAYLOAD, now=NOW, lifetime=300)

    for at, char in enumerate(value):
        changed = value[:at] + ("A" if char != "A" else "B") + value[at + 1 :]
        assert form.decode(changed, now=NOW) is None


def compact(text: str) -> str:
    """A compact cookie with any content."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def signed(text: str) -> str:
    """The right signature over any text."""
    digest = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def written(payload: Mapping[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def test_a_compact_signature_may_be_spelled_in_base64_or_base64url() -> None:
    text, end = written(PAYLOAD), (NOW + 300) * 1000
    signature = signed(f'{text[:-1]},"expiresAt":{end}}}')
    classic = signature.replace("-", "+").replace("_", "/")

    for spelling in (signature, signature + "=", classic, classic + "="):
        value = compact(f'{{"session":{text},"expiresAt":{end},"signature":"{spelling}"}}')
        assert CODECS["compact"].decode(value, now=NOW) is not None


def test_c1_a_longer_life_is_noticed() -> None:
    text, end = written(PAYLOAD), (NOW + 300) * 1000
    signature = signed(f'{text[:-1]},"expiresAt":{end}}}')

    for later in (f"{end}0", f"{end + 1}", f"{end}.0", "1e99", "null", f'"{end}"'):
        value = compact(f'{{"session":{text},"expiresAt":{later},"signature":"{signature}"}}')
        assert CODECS["compact"].decode(value, now=NOW) is None


def test_c1_the_signature_of_another_cookie_serves_no_cache() -> None:
    text = written(PAYLOAD)

    for other in ("tok", text, f"{text}.{NOW}", '{"session":{},"expiresAt":9999999999999}'):
        value = compact(
            f'{{"session":{text},"expiresAt":9999999999999,"signature":"{signed(other)}"}}'
        )
        assert CODECS["compact"].decode(value, now=NOW) is None


@pytest.mark.parametrize(
    "value",
    ["", "x", "=", "e30", "bnVsbA", "W10", "....", "a.b.c", "é", "\ud800", "\0", "A" * 10_000]
    + [compact(text) for text in ("{", "[]", '{"session":1}', '{"session":{},"expiresAt":1}')]
    + [compact('{"session":{},"expiresAt":1,"signature":1}')]
    + [compact('{"session":{},"expiresAt":1,"signature":""}')]
    + [compact('{"session":{"a":1},"expiresAt":1,"signature":"\\ud800"}')]
    + [compact('{"session":' + "[" * 5_000 + "]" * 5_000 + ',"expiresAt":1,"signature":""}')]
    + [base64.urlsafe_b64encode(b'{"session":{"\xff":1},"expiresAt":1,"signature":""}').decode()],
    ids=lambda value: ascii(value[:24]),
)
def test_c3_a_damaged_cookie_counts_as_absent(form: SessionDataCodec, value: str) -> None:
    assert form.decode(value, now=NOW) is None


@given(st.text())
def test_c3_no_value_fails_to_be_read(value: str) -> None:
    for form in CODECS.values():
        assert form.decode(value, now=NOW) is None


def changed(part: str | None, **values: object) -> dict[str, Any]:
    """The payload with other values; `...` leaves one out."""
    target = PAYLOAD if part is None else PAYLOAD[part]
    made = {**target, **values}
    made = {name: value for name, value in made.items() if value is not ...}
    return made if part is None else {**PAYLOAD, part: made}


ODD = {
    "no session": changed(None, session=...),
    "session null": changed(None, session=None),
    "session a list": changed(None, session=[]),
    "no user": changed(None, user=...),
    "user a text": changed(None, user="u1"),
    "no time": changed(None, updatedAt=...),
    "time a text": changed(None, updatedAt="1"),
    "time a boolean": changed(None, updatedAt=True),
    "version a number": changed(None, version=1),
    "version null": changed(None, version=None),
    "no token": changed("session", token=...),
    "token a number": changed("session", token=7),
    "user id null": changed("session", userId=None),
    "no end": changed("session", expiresAt=...),
    "end a number": changed("session", expiresAt=NOW * 1000),
    "end no date": changed("session", expiresAt="tomorrow"),
    "end an odd date": changed("session", expiresAt="2030-13-01T00:00:00.000Z"),
    "no e-mail": changed("user", email=...),
    "e-mail a list": changed("user", email=["user@example.com"]),
    "verified a text": changed("user", emailVerified="true"),
    "verified a number": changed("user", emailVerified=1),
    "name null": changed("user", name=None),
    "creation no date": changed("user", createdAt=""),
}


@pytest.mark.parametrize("payload", ODD.values(), ids=ODD.keys())
def test_c3_a_genuine_cookie_of_another_shape_counts_as_absent(
    form: SessionDataCodec, payload: dict[str, Any]
) -> None:
    value = form.encode(payload, now=NOW, lifetime=300)

    assert form.decode(value, now=NOW) is None


def test_extra_keys_and_optional_ones_are_allowed(form: SessionDataCodec) -> None:
    payload = changed("user", image=None, nickname={"deep": [1]}, id="u1")
    payload = {**payload, "more": 1}
    del payload["version"]

    found = form.decode(form.encode(payload, now=NOW, lifetime=300), now=NOW)

    assert found is not None
    assert found.version == "1"
    assert found.user["nickname"] == {"deep": [1]}


def test_an_empty_payload_is_not_signed() -> None:
    with pytest.raises(ValueError, match="content"):
        CODECS["compact"].encode({}, now=NOW, lifetime=300)


def test_c2_a_genuine_token_of_another_purpose_is_no_cache() -> None:
    token = sign_jwt({"email": "user@example.com", "iat": NOW, "exp": NOW + 300}, SECRET)

    assert CODECS["jwt"].decode(token, now=NOW) is None
