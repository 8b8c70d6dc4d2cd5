"""G1: whatever bytes arrive, the answer is one of the protocol's errors, and nothing is stored.

Property-based: methods, paths, headers, cookies and bodies, against every endpoint, through the
real ASGI and WSGI entrances.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.conftest import FAST
from tests.support.browser import ORIGIN, SECRET
from tests.support.entrances import Entrances
from tests.support.plugins import drop, every_plugin
from watchword import (
    Auth,
    ChangeEmail,
    CookieCache,
    DeleteUser,
    EmailAndPassword,
    EmailVerification,
    PasswordReset,
    SessionOptions,
)

FIELDS = ("email", "password", "name", "token", "callbackURL", "rememberMe", "newEmail", "id")
HEADERS = ("cookie", "origin", "referer", "content-type", "x-forwarded-for", "user-agent", "host")


class Target:
    """One server behind both entrances, with a look at what it stored."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "any.db"
        self.auth = Auth(
            database=f"sqlite:///{self.file}",
            secret=SECRET,
            base_url=ORIGIN,
            email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
            email_verification=EmailVerification(send_verification_email=drop, answer_after=0),
            password_reset=PasswordReset(send_reset_password=drop),
            change_email=ChangeEmail(enabled=True),
            delete_user=DeleteUser(enabled=True),
            session=SessionOptions(cookie_cache=CookieCache(strategy="jwe")),
            plugins=every_plugin(OneTimeToken={"set_ott_header_on_new_session": True}),
            environ={},
        )
        self.auth.blocking.migrate()
        self.paths = [endpoint.path for endpoint in self.auth.endpoints.values()]
        self.entrances = Entrances(self.auth)

    def stored(self) -> int:
        database = sqlite3.connect(self.file)
        try:
            tables = ("user", "session", "account", "verification")
            return sum(
                database.execute(f"select count(*) from {table}").fetchone()[0] for table in tables
            )
        finally:
            database.close()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    made = Target(tmp_path_factory.mktemp("any"))
    yield made
    made.entrances.close()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """JSON-like bodies with the fields that endpoints know, forms, or any bytes at all."""
    choice = draw(st.integers(0, 3))
    if choice == 0:
        return draw(st.binary(max_size=200))
    fields = draw(st.dictionaries(st.sampled_from(FIELDS) | st.text(), json_values, max_size=5))
    if choice == 1:
        return "&".join(f"{key}={value}" for key, value in fields.items()).encode(
            "utf-8", "surrogatepass"
        )
    text = json.dumps(fields)
    return text.encode() if choice == 2 else text.encode("utf-16")


header_values = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"application/json",
            b"application/x-www-form-urlencoded",
            ORIGIN.encode(),
            b"null",
            b"better-auth.session_token=x.y",
            b"better-auth.session_token=%ff%fe; a=b; =; ;;",
            b"localhost:3000",
        ]
    ),
)


@pytest.mark.parametrize("entrance", ["asgi", "wsgi"])
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_g1_any_request_gets_an_answer_of_the_protocol(
    target: Target, entrance: str, data: st.DataObject
) -> None:
    method = data.draw(st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS", "X"]))
    known = data.draw(st.sampled_from(target.paths)).encode()
    path = b"/api/auth" + data.draw(st.sampled_from([known, known]) | st.binary(max_size=30))
    query = data.draw(st.binary(max_size=40))
    headers = data.draw(st.lists(st.tuples(st.sampled_from(HEADERS), header_values), max_size=5))
    body = data.draw(bodies())
    before = target.stored()
    status = target.entrances.send(
        entrance, method, path, query=query, fields=headers, body=body
    ).status
    assert status < 500
    if status >= 400:
        assert target.stored() == before
