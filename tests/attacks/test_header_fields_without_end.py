"""W1: header fields are read up to a length. Servers usually bound them; not all do."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Browser, handle
from tests.support.entrances import Entrances
from tests.support.work import Work, watched_work
from watchword import (
    Advanced,
    Auth,
    BytesBody,
    CookieCache,
    Headers,
    IPAddressOptions,
    Request,
    SessionOptions,
)
from watchword.plugins import Bearer

READ = (
    "origin",
    "referer",
    "host",
    "cookie",
    "authorization",
    "x-forwarded-for",
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-proto",
    "user-agent",
    "content-type",
    "content-length",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-purpose",
)
CONTENTS = {
    "letters": "a",
    "hops": "10.0.0.1, ",
    "cookies": "a=b; ",
    "pieces": "better-auth.session_data.7=x; ",
    "bearers": "Bearer a ",
    "url": "https://a/",
    "spaces": " ",
}
BODY = json.dumps({"email": "ada@example.com", "password": "password1234"}).encode()


@pytest.fixture
def auth(make_auth: MakeAuth) -> Auth[Any]:
    made = make_auth(
        advanced=Advanced(
            trusted_proxy_headers=True,
            ip_address=IPAddressOptions(trusted_proxies=["10.0.0.0/8"]),
        ),
        session=SessionOptions(cookie_cache=CookieCache()),
        plugins=[Bearer()],
    )
    assert Browser(made).sign_up().status == 200
    return made


@pytest.fixture
def work() -> Iterator[Work]:
    with watched_work() as watched:
        yield watched


def request(name: str, value: str, *, host: str = "localhost:3000") -> Request:
    headers = {"content-type": "application/json", "cookie": "a=b", "origin": ORIGIN, name: value}
    return Request(
        method="POST",
        path="/api/auth/sign-in/email",
        host=host,
        headers=Headers(headers.items()),
        body=BytesBody(BODY),
    )


@pytest.mark.parametrize("content", list(CONTENTS))
@pytest.mark.parametrize("name", READ)
def test_a_field_of_half_a_megabyte_is_431(
    auth: Auth[Any], work: Work, kind: str, name: str, content: str
) -> None:
    pattern = CONTENTS[content]
    with work.counted():
        answer = handle(auth, request(name, pattern * (524_288 // len(pattern))), kind)
    assert (answer.status, answer.body) == (431, b"")
    assert work.hashed == work.parsed == work.normalised == []


@pytest.mark.parametrize("content", list(CONTENTS))
@pytest.mark.parametrize("name", READ)
def test_a_long_field_that_is_read_makes_little_work(
    auth: Auth[Any], work: Work, name: str, content: str
) -> None:
    pattern = CONTENTS[content]
    with work.counted():
        answer = handle(auth, request(name, pattern * (65_000 // len(pattern))))
    assert answer.status in (200, 400, 403, 415)
    assert len(answer.headers) < 120
    assert max(work.normalised, default=0) <= 255
    assert work.lines < 150_000


@pytest.mark.parametrize("entrance", ["asgi", "wsgi"])
@pytest.mark.parametrize("name", ["origin", "referer", "cookie", "user-agent"])
def test_it_is_431_through_every_entrance(auth: Auth[Any], entrance: str, name: str) -> None:
    with Entrances(auth) as entrances:
        fields = [("content-type", b"application/json"), (name, b"a" * 524_288)]
        answer = entrances.send(
            entrance, "POST", b"/api/auth/sign-in/email", fields=fields, body=BODY
        )
    assert answer.status == 431


def test_many_fields_of_one_name_are_one_that_is_too_long() -> None:
    headers = Headers([("Cookie", "a=" + "b" * 1000)] * 1000)
    assert headers.has_too_long
    assert headers.get("cookie") is None or len(headers.get("cookie") or "") <= 65_536


def test_a_host_of_half_a_megabyte_names_no_site(make_auth: MakeAuth, kind: str) -> None:
    auth = make_auth(base_url=None)
    answer = handle(auth, request("x-other", "", host="a" * 524_288), kind)
    assert answer.status == 400


@pytest.mark.parametrize("name", ["cookie", "authorization"])
def test_nobody_is_signed_in_by_a_field_that_is_too_long(auth: Auth[Any], name: str) -> None:
    browser = Browser(auth)
    browser.sign_in()
    cookie = "; ".join(f"{known}={value}" for known, value in browser.jar.items())
    assert auth.blocking.check({"cookie": cookie}).session is not None
    assert auth.blocking.check({"cookie": f"{cookie}; x={'y' * 524_288}"}).session is None


def test_a_user_agent_is_cut_off_where_it_is_stored(auth: Auth[Any], tmp_path: Path) -> None:
    assert handle(auth, request("user-agent", "Ada" * 20_000)).status == 200
    with sqlite3.connect(tmp_path / "test.db") as database:
        rows = database.execute("select userAgent from session order by createdAt").fetchall()
    database.close()
    assert max(len(row[0]) for row in rows) == 1024


@pytest.mark.parametrize("cached", [False, True])
def test_sixty_kilobytes_of_cookie_pieces_expire_a_hundred(
    make_auth: MakeAuth, kind: str, cached: bool
) -> None:
    cache = CookieCache() if cached else None
    auth = make_auth(session=SessionOptions(cookie_cache=cache))
    pieces = "; ".join(f"better-auth.session_data.{number}=x" for number in range(1800))
    browser = Browser(auth, kind)
    browser.sign_up()
    for others in ("", "; " + "; ".join(f"{name}={value}" for name, value in browser.jar.items())):
        for path in ("/get-session", "/sign-out"):
            method = "POST" if path == "/sign-out" else "GET"
            answer = browser.send(method, path, headers={"cookie": pieces + others})
            assert answer.status == 200
            assert len(answer.cookies) <= 110


def test_a_token_that_no_cookie_can_hold_is_not_hashed(auth: Auth[Any], work: Work) -> None:
    long = f"{'x' * 60_000}.{'A' * 43}="
    browser = Browser(auth)
    for name, value in (
        ("cookie", f"better-auth.session_token={long}"),
        ("authorization", f"Bearer {long}"),
    ):
        answer = browser.send("GET", "/get-session", headers={name: value})
        assert (answer.status, answer.json) == (200, None)
    assert max(work.hashed, default=0) <= 4096
