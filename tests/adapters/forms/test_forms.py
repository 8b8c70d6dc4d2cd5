"""Views that submit forms behave alike in every framework."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.adapters.drivers import Answer, ASGIClient, Client
from tests.adapters.forms.applications import APPLICATIONS
from tests.core.conftest import FAST
from tests.support.browser import SECRET, Clock
from watchword import Auth, EmailAndPassword, SignUpEmail
from watchword.adapters import starlette as on_starlette
from watchword.http.cookies import cookies_after

SITE = "http://app.example.com"
PASSWORD = "password1234"
FORM = ("content-type", "application/x-www-form-urlencoded")
FRAMEWORKS = [name for name in APPLICATIONS if name not in ("wsgi", "asgi")]


@dataclass
class Visitor:
    """A browser before an application."""

    client: Client
    clock: Clock
    origin: str = SITE
    cookies: str = ""

    def post(self, path: str, *pairs: tuple[str, str], **rest: Any) -> Answer:
        body = urlencode(pairs).encode()
        length = [] if body or "chunks" in rest else [("content-length", "0")]
        headers = [("origin", self.origin), FORM, *length]
        return self._sent("POST", path, headers, **{"body": body, **rest})

    def get(self, path: str) -> Answer:
        return self._sent("GET", path, [])

    def sign_in(self, path: str = "/in", email: str = "ada@example.com") -> Answer:
        return self.post(path, ("email", email), ("password", PASSWORD))

    def _sent(self, method: str, path: str, headers: list[tuple[str, str]], **rest: Any) -> Answer:
        own = [("cookie", self.cookies)] if self.cookies else []
        answer = self.client.send(method, path, [*own, *headers], **rest)
        self.cookies = cookies_after(self.cookies, answer.all("set-cookie"))
        return answer


@pytest.fixture(params=APPLICATIONS)
def visitor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Visitor]:
    clock = Clock()
    auth = Auth(
        database=f"sqlite:///{tmp_path}/app.db",
        secret=SECRET,
        base_url=SITE,
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
        clock=clock,
        environ={},
    )
    auth.blocking.migrate()
    for name in ("ada", "bob"):
        email = f"{name}@example.com"
        auth.blocking.api.sign_up_email(SignUpEmail(name=name, email=email, password=PASSWORD))
    client: Any = APPLICATIONS[request.param](auth)
    with asyncio.Runner() as runner:
        client.run = runner.run
        yield Visitor(client, clock)
        runner.run(auth.close())
    auth.blocking.close()


def of_frameworks(test: Any) -> Any:
    """For what applications without a framework do themselves."""
    return pytest.mark.parametrize("visitor", FRAMEWORKS, indirect=True)(test)


def said(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body.decode()


def test_the_rest_of_a_view_sees_who_signed_in_and_out(visitor: Visitor) -> None:
    assert said(visitor.sign_in()) == (200, "nobody ok ada@example.com")
    bob = visitor.sign_in(email="bob@example.com")
    assert said(bob) == (200, "ada@example.com ok bob@example.com")
    assert said(visitor.post("/out")) == (200, "bob@example.com ok nobody")
    assert said(visitor.post("/out")) == (200, "nobody ok nobody")


def test_a_refusal_changes_nobody(visitor: Visitor) -> None:
    visitor.sign_in()
    refused = visitor.post("/in", ("email", "bob@example.com"), ("password", "wrong-one"))
    assert said(refused) == (401, "ada@example.com INVALID_EMAIL_OR_PASSWORD ada@example.com")
    assert refused.all("set-cookie") == []


def test_a_session_that_is_renewed_on_the_way_is_not_forgotten(visitor: Visitor) -> None:
    visitor.sign_in()
    visitor.clock.forward(2 * 86_400)
    answer = visitor.post("/in", ("email", "bob@example.com"), ("password", "wrong-one"))
    assert len([line for line in answer.all("set-cookie") if "session_token" in line]) == 1
    assert answer.body.endswith(b"ada@example.com")


def test_answers_are_kept_by_no_cache(visitor: Visitor) -> None:
    answer = visitor.sign_in()
    assert answer.all("cache-control") == ["no-store"]
    assert "Cookie" in "".join(answer.all("vary"))


def test_headers_of_the_view_stay_as_they_are(visitor: Visitor) -> None:
    answer = visitor.sign_in("/mine")
    assert answer.all("cache-control") == ["private"]
    lines = answer.all("set-cookie")
    assert lines[-1].startswith("own=1")
    assert any("session_token" in line for line in lines[:-1])


def test_a_form_that_the_view_read_itself_is_taken(visitor: Visitor) -> None:
    assert said(visitor.sign_in("/read")) == (200, "nobody ok ada@example.com")


def test_of_repeated_fields_the_last_counts(visitor: Visitor) -> None:
    who = (("email", "ada@example.com"), ("password", PASSWORD))
    for last, remembered in (("on", True), ("false", False)):
        answer = visitor.post("/in", *who, ("rememberMe", "false"), ("rememberMe", last))
        (line,) = [one for one in answer.all("set-cookie") if "session_token" in one]
        assert ("Max-Age" in line) is remembered


def test_other_sites_are_refused(visitor: Visitor) -> None:
    visitor.origin = "https://evil.example"
    refused = visitor.sign_in()
    assert said(refused) == (403, "nobody INVALID_ORIGIN nobody")
    assert refused.all("set-cookie") == []


def test_what_is_only_looked_at_changes_nothing(visitor: Visitor) -> None:
    visitor.sign_in()
    with suppress(RuntimeError):  # some frameworks hand it on, others answer
        assert visitor.get("/look").status == 500
    assert visitor.sign_in().body.startswith(b"ada@example.com")


def test_below_a_prefix_the_same_endpoint_is_run(visitor: Visitor) -> None:
    answer = visitor.post("/in", ("email", "ada@example.com"), ("password", PASSWORD), root="/v1")
    assert said(answer) == (200, "nobody ok ada@example.com")


@of_frameworks
@pytest.mark.parametrize("chunked", [False, True])
def test_forms_without_end_are_refused(visitor: Visitor, chunked: bool) -> None:
    body = b"email=ada%40example.com&password=" + b"a" * 3_000_000
    pieces = {"body": b"", "chunks": [body[:1000], body[1000:]]} if chunked else {"body": body}
    answer = visitor.post("/in", **pieces)
    assert answer.status in (400, 401, 411, 413)
    assert answer.all("set-cookie") == []


@of_frameworks
def test_next_comes_from_the_form_or_the_query(visitor: Visitor) -> None:
    assert said(visitor.get("/next")) == (200, "/home")
    assert said(visitor.get("/next?next=/a%3Fb")) == (200, "/a?b")
    assert said(visitor.post("/next?next=/a", ("next", "/b"))) == (200, "/b")
    assert said(visitor.post("/next?next=/a", ("next", ""))) == (200, "/a")
    assert said(visitor.get(f"/next?next={SITE}/x")) == (200, f"{SITE}/x")
    escaped = f"{SITE}%5C@evil.example"  # a framework escapes the backslash, and that ends the name
    for evil in ("https://evil.example", "//evil.example", "/%5Cevil.example", escaped):
        assert said(visitor.get(f"/next?next={evil}")) == (200, "/home")
        assert said(visitor.get(f"/next?next=/a&next={evil}")) in ((200, "/home"), (200, "/a"))


@of_frameworks
def test_guards_lead_to_the_login_page_and_back(visitor: Visitor) -> None:
    def sent(answer: Answer) -> tuple[int, list[str]]:
        return answer.status, answer.all("location")

    there = "/login?a=b&next=%2Flate%3Fc%3D1#c"
    assert sent(visitor.get("/late?c=1")) == (302, [there])
    assert sent(visitor.post("/late?c=1", ("x", "y"))) == (302, ["/login?a=b#c"])
    assert sent(visitor.get("/late?c=" + "x" * 3000)) == (302, ["/login?a=b#c"])
    visitor.sign_in()
    assert visitor.get("/late?c=1").status == 200
    visitor.clock.forward(86_400 + 1)
    assert sent(visitor.get("/late?c=1")) == (302, [there])


def test_without_the_session_middleware_nothing_is_submitted(tmp_path: Path) -> None:
    auth = Auth(database=f"sqlite:///{tmp_path}/app.db", secret=SECRET, base_url=SITE, environ={})

    async def login(request: Request) -> PlainTextResponse:
        done = await on_starlette.submit(auth, request, "sign_in_email")
        return PlainTextResponse(done.code)

    client = ASGIClient(Starlette(routes=[Route("/in", login, methods=["POST"])]))
    with pytest.raises(RuntimeError, match="session middleware"):
        Visitor(client, Clock()).sign_in()
