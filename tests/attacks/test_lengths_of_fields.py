"""W1: every text that an endpoint takes has a length, and no request makes work without a bound.

The lengths are found by walking the declarations, so that a new endpoint is in these tests by
itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import msgspec.inspect as shapes
import pytest

from tests.core.conftest import FAST
from tests.support.browser import ORIGIN, SECRET, Browser
from tests.support.entrances import Entrances, Raw
from tests.support.plugins import drop, every_plugin
from tests.support.work import Work, watched_work
from watchword import (
    Auth,
    ChangeEmail,
    DeleteUser,
    EmailAndPassword,
    EmailVerification,
    PasswordReset,
)
from watchword.endpoint import Endpoint

MANY = tuple(f"https://*.origin-{number}.example" for number in range(50))
OPTIONS: dict[str, Any] = {
    "secret": SECRET,
    "base_url": ORIGIN,
    "trusted_origins": MANY,
    "email_and_password": EmailAndPassword(enabled=True, argon2_cost=FAST),
    "email_verification": EmailVerification(send_verification_email=drop, answer_after=0),
    "password_reset": PasswordReset(send_reset_password=drop),
    "change_email": ChangeEmail(enabled=True),
    "delete_user": DeleteUser(enabled=True),
    "plugins": every_plugin(EmailOTP={"change_email": True}),
    "environ": {},
}
MOST_LINES = 150_000
"""Lines of Python for one request: some 10 ms. To undo an escape takes four, and a query may have
twenty thousand."""
MARKS = "\u0301\u0323"
"""To put these into the normal order takes time that grows with the square of their number."""
FILLED = {
    "a": lambda length: "a" * length,
    "marks": lambda length: ("https://a" + MARKS * length)[:length],
    "slashes": lambda length: ("https://a/" + "/.." * length)[:length],
    "escapes": lambda length: ("/" + "%cc%81" * length)[:length],
}
VALID = {
    "email": "ada@example.com",
    "newEmail": "eve@example.com",
    "password": "password1234",
    "newPassword": "password1234",
    "currentPassword": "password1234",
    "name": "Ada",
    "token": "123456",
    "otp": "123456",
    "phoneNumber": "+15551234567",
    "username": "ada",
    "callbackURL": "/",
    "accountId": "x",
}


@dataclass(frozen=True)
class Text:
    """A text in the input of an endpoint."""

    endpoint: Endpoint[Any, Any]
    field: str
    longest: int | None

    def __str__(self) -> str:
        return f"{self.endpoint.path} {self.field}"


def texts_of(endpoint: Endpoint[Any, Any]) -> Iterator[Text]:
    """All texts of an endpoint's input, those inside lists and unions too."""
    if endpoint.input is None:
        return
    shape = shapes.type_info(endpoint.input)
    assert isinstance(shape, shapes.StructType)
    for field in shape.fields:
        for found in _inside(field.type):
            if isinstance(found, shapes.StrType):
                yield Text(endpoint, field.encode_name, found.max_length)


def _inside(shape: shapes.Type) -> Iterator[shapes.Type]:
    if isinstance(shape, shapes.UnionType):
        for one in shape.types:
            yield from _inside(one)
    elif isinstance(shape, shapes.ListType):
        yield from _inside(shape.item_type if shape.max_length else shapes.StrType())
    else:
        yield shape


def every_text() -> list[Text]:
    endpoints = Auth(**OPTIONS).endpoints.values()
    return [text for endpoint in endpoints for text in texts_of(endpoint)]


TEXTS = every_text()
SERVED = [text for text in TEXTS if not text.endpoint.traits.server_only]


@pytest.mark.parametrize("text", TEXTS, ids=str)
def test_every_text_of_every_endpoint_has_a_length(text: Text) -> None:
    assert text.longest is not None


def test_the_walk_finds_the_endpoints() -> None:
    assert len({text.endpoint.path for text in TEXTS}) > 25
    assert len(SERVED) > 50


@pytest.fixture(scope="module")
def entrances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrances]:
    file = tmp_path_factory.mktemp("lengths") / "lengths.db"
    auth = Auth(database=f"sqlite:///{file}", **OPTIONS)
    auth.blocking.migrate()
    # What is loaded with its first use is not the work of any text.
    Browser(auth).get("/expo-authorization-proxy", {"authorizationURL": "https://id.example"})
    Browser(auth).post("/one-tap/callback", {"idToken": "x"})
    with Entrances(auth) as made:
        yield made


@pytest.fixture(scope="module")
def cookie(entrances: Entrances) -> bytes:
    ada = Browser(entrances.auth)
    assert ada.sign_up().status == 200
    return "; ".join(f"{name}={value}" for name, value in ada.jar.items()).encode()


@pytest.fixture
def work() -> Iterator[Work]:
    with watched_work() as watched:
        yield watched


def sent(entrances: Entrances, entrance: str, cookie: bytes, text: Text, value: str) -> Raw:
    """A request of who is signed in, with this value and others that are valid."""
    endpoint = text.endpoint
    known = {found.field for found in texts_of(endpoint)}
    given = {name: valid for name, valid in VALID.items() if name in known}
    given |= {"type": _type(endpoint)} if "type" in given or "/one-time" in endpoint.path else {}
    given[text.field] = value
    fields = [("cookie", cookie), ("origin", ORIGIN.encode())]
    path = f"/api/auth{endpoint.path.replace(':token', 'x')}".encode()
    if endpoint.source == "query":
        return entrances.send(entrance, "GET", path, query=urlencode(given).encode(), fields=fields)
    fields.append(("content-type", b"application/json"))
    body = json.dumps(given, ensure_ascii=False).encode()
    return entrances.send(entrance, "POST", path, fields=fields, body=body)


def _type(endpoint: Endpoint[Any, Any]) -> str:
    return "user.delete" if endpoint.path.startswith("/one-time") else "sign-in"


@pytest.mark.parametrize("content", list(FILLED))
@pytest.mark.parametrize("entrance", ["asgi", "wsgi"])
@pytest.mark.parametrize("text", SERVED, ids=str)
def test_no_text_makes_more_work_than_its_length_is_worth(
    entrances: Entrances, cookie: bytes, work: Work, text: Text, entrance: str, content: str
) -> None:
    assert text.longest is not None
    longest = min(text.longest, 100_000)
    for length in (longest, longest + 1):
        value = FILLED[content](length)
        with work.counted():
            answer = sent(entrances, entrance, cookie, text, value)
        assert answer.status < 500
        assert max(work.normalised, default=0) <= 255
        assert max(work.encoded, default=0) <= 255
        assert max(work.parsed, default=0) <= 20_000
        assert max(work.hashed, default=0) <= 10_000
        assert len(work.parsed) <= 10
        assert len(work.normalised) <= 10
        assert len(work.hashed) <= 30
        assert work.lines < MOST_LINES


@pytest.mark.parametrize("entrance", ["asgi", "wsgi"])
@pytest.mark.parametrize("text", SERVED, ids=str)
def test_a_longer_text_is_refused_and_nothing_is_done(
    entrances: Entrances, cookie: bytes, text: Text, entrance: str
) -> None:
    assert text.longest is not None
    length = max(text.longest, 2048) + 1 if text.longest < 1_000_000 else 100_000
    answer = sent(entrances, entrance, cookie, text, "a" * length)
    wanted = (400, 403, 404) if text.endpoint.path == "/delete-user/callback" else (400, 403)
    assert answer.status in wanted
    assert answer.code in REFUSALS
    assert answer.all("set-cookie") == []


REFUSALS = {
    "invalid_request",
    "VALIDATION_ERROR",
    "PASSWORD_TOO_LONG",
    "TWO_FACTOR_NOT_ENABLED",
    "YOU_ARE_NOT_ALLOWED_TO_CREATE_USERS",
    "INVALID_CALLBACK_URL",
    "INVALID_REDIRECT_URL",
    "INVALID_ERROR_CALLBACK_URL",
    "INVALID_NEW_USER_CALLBACK_URL",
}


@pytest.mark.parametrize("entrance", ["asgi", "wsgi"])
def test_the_attack_of_the_combining_marks(
    entrances: Entrances, cookie: bytes, work: Work, entrance: str
) -> None:
    body = {"email": "ada@example.com", "password": "x", "callbackURL": "https://a" + MARKS * 9999}
    fields = [("content-type", b"application/json"), ("cookie", cookie)]
    for origin in (ORIGIN, "https://a" + quote(MARKS) * 5000):
        answer = entrances.send(
            entrance,
            "POST",
            b"/api/auth/sign-in/email",
            fields=[*fields, ("origin", origin.encode())],
            body=json.dumps(body).encode(),
        )
        assert answer.status == 403
    assert max(work.normalised, default=0) <= 255


@pytest.mark.parametrize("entrance", ["asgi", "wsgi"])
def test_a_url_is_parsed_once_whatever_number_of_origins_is_trusted(
    entrances: Entrances, work: Work, entrance: str
) -> None:
    body = {"email": "no@example.com", "password": "x", "callbackURL": "https://else.example/"}
    answer = entrances.send(
        entrance,
        "POST",
        b"/api/auth/sign-in/email",
        fields=[("content-type", b"application/json"), ("origin", ORIGIN.encode())],
        body=json.dumps(body).encode(),
    )
    assert answer.code == "INVALID_CALLBACK_URL"
    assert len(work.parsed) == 1


@pytest.mark.parametrize("entrance", ["asgi", "wsgi"])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        (b"token=" + b"x" * 9000, 400),
        (b"x=" + b"x" * 9000, 400),
        (b"a&" * 5000, 400),
        (b"a=" + b"%41" * 30_000, 400),
        (b"&" * 900, 200),
        (b"other=" + b"x" * 8000, 200),
    ],
)
def test_a_query_has_an_end(
    entrances: Entrances, work: Work, entrance: str, query: bytes, status: int
) -> None:
    with work.counted():
        answer = entrances.send(entrance, "GET", b"/api/auth/get-session", query=query)
    assert answer.status == status
    assert work.lines < MOST_LINES


@pytest.mark.parametrize("entrance", ["asgi", "wsgi"])
@pytest.mark.parametrize("tail", [b"x" * 5000, b"/" * 60_000, b"/x" * 30_000])
def test_a_path_has_an_end(entrances: Entrances, work: Work, entrance: str, tail: bytes) -> None:
    with work.counted():
        answer = entrances.send(
            entrance, "GET", b"/api/auth/reset-password/" + tail, query=b"callbackURL=/"
        )
    assert (answer.status, answer.body) == (404, b"")
    assert work.lines < 5000


@pytest.mark.parametrize("entrance", ["asgi", "wsgi"])
@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (b"application/x-www-form-urlencoded", b"a&" * 200_000, 413),
        (b"application/x-www-form-urlencoded", b"a=" + b"%41" * 200_000, 413),
        (b"application/json", b"[" + b"[]," * 200_000 + b"[]]", 400),
        (b"application/json", b'{"a":"' + b"[" * 500_000 + b'"}', 400),
        (b"application/json", b'{"a":' + b"[" * 65 + b"]" * 65 + b"}", 400),
    ],
    ids=["fields", "escapes", "arrays", "brackets in a text", "depth"],
)
def test_a_body_is_not_gone_through_byte_by_byte(
    entrances: Entrances, work: Work, entrance: str, kind: bytes, body: bytes, status: int
) -> None:
    fields = [("content-type", kind), ("origin", ORIGIN.encode())]
    with work.counted():
        answer = entrances.send(
            entrance, "POST", b"/api/auth/sign-in/email", fields=fields, body=body
        )
    assert answer.status == status
    assert work.lines < MOST_LINES
