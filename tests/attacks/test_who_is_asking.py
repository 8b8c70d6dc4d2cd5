"""W2: one answer to who is asking, for endpoints, own routes, guards and grants.

What a request consumes belongs to the person it acts for, and a credential of one person never
touches the cookies of another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.drivers import Answer
from tests.attacks.applications import Application, application
from tests.attacks.own_routes import APPLICATIONS
from watchword import CookieCache, DynamicBaseURL, SessionOptions

DAY = 86_400
PAGES = ("/who", "/members")


@pytest.fixture(params=APPLICATIONS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def app(name: str, tmp_path: Path) -> Iterator[Application]:
    with application(name, tmp_path) as made:
        yield made


def signed_in(answer: Answer) -> str | None:
    """Whom `/get-session` names."""
    found = json.loads(answer.body)
    return None if found is None else found["user"]["email"]


@pytest.mark.parametrize("page", PAGES)
def test_w2_a_bearer_opens_own_routes_as_it_opens_endpoints(app: Application, page: str) -> None:
    ada = app.person("ada")
    assert signed_in(app.get("/api/auth/get-session", ada.by_bearer)) == ada.address
    assert app.page(page, ada.by_bearer) == (200, ada.address)


@pytest.mark.parametrize("page", PAGES)
def test_w2_a_bearer_wins_over_a_cookie_everywhere(app: Application, page: str) -> None:
    ada, eve = app.person("ada"), app.person("eve")
    both = (ada.by_cookie, eve.by_bearer)
    assert signed_in(app.get("/api/auth/get-session", *both)) == eve.address
    assert app.page(page, *both) == (200, eve.address)


def test_w2_a_grant_is_that_of_the_person_whom_the_route_acts_for(app: Application) -> None:
    ada, eve = app.person("ada"), app.person("eve")
    app.confirm(eve)
    assert app.page("/wipe", ada.by_cookie) == (403, "")
    assert app.page("/wipe", ada.by_cookie, eve.by_bearer) == (200, eve.address)
    assert app.page("/wipe", eve.by_cookie) == (403, ""), "Eve's grant was burned for Eve"


def test_w2_a_bearer_cannot_use_up_the_grant_of_the_cookie_beside_it(app: Application) -> None:
    ada, eve = app.person("ada"), app.person("eve")
    app.confirm(ada)
    assert app.page("/wipe", ada.by_cookie, eve.by_bearer) == (403, "")
    assert app.page("/wipe", ada.by_cookie) == (200, ada.address)


@pytest.mark.parametrize("header", ["Bearer a.b", "Basic YTpi", "Bearer ", "Bearer \xfc"])
def test_w2_what_is_no_bearer_leaves_the_cookie_in_force(app: Application, header: str) -> None:
    ada = app.person("ada")
    headers = (ada.by_cookie, ("authorization", header))
    assert signed_in(app.get("/api/auth/get-session", *headers)) == ada.address
    for page in PAGES:
        assert app.page(page, *headers) == (200, ada.address)


def test_w2_a_stale_bearer_is_nobody_and_leaves_the_cookie_alone(app: Application) -> None:
    ada = app.person("ada")
    stale = ("authorization", "Bearer " + "x" * 32)
    answers = [app.get("/api/auth/get-session", ada.by_cookie, stale)]
    answers += [app.get(page, ada.by_cookie, stale) for page in PAGES]
    answers += [app.post("/wipe", ada.by_cookie, stale)]
    answers += [app.post("/api/auth/sign-out", ada.by_cookie, stale)]
    assert [answer.status for answer in answers] == [200, 200, 401, 401, 200]
    assert signed_in(answers[0]) is None
    assert answers[1].body == b"nobody"
    assert [answer.all("set-cookie") for answer in answers] == [[]] * 5
    assert app.page("/who", ada.by_cookie) == (200, ada.address)


def test_w2_the_renewal_of_a_bearer_sets_no_cookie_beside_anothers(app: Application) -> None:
    ada, eve = app.person("ada"), app.person("eve")
    app.clock.forward(2 * DAY)
    for path in ("/who", "/api/auth/get-session"):
        assert app.get(path, ada.by_cookie, eve.by_bearer).all("set-cookie") == []
    app.clock.forward(2 * DAY)
    told = app.get("/api/auth/get-session", ada.by_cookie, eve.by_bearer)
    assert told.all("set-auth-token")[0].startswith(eve.token)
    app.clock.forward(4 * DAY)
    assert app.page("/who", eve.by_bearer) == (200, eve.address), "it was renewed all the same"
    assert app.page("/who", ada.by_cookie) == (200, "nobody"), "and Ada's was not"


def test_w2_without_a_cookie_a_bearer_gets_those_of_its_session(app: Application) -> None:
    ada = app.person("ada")
    app.clock.forward(2 * DAY)
    [line] = app.get("/who", ada.by_bearer).all("set-cookie")
    assert ada.token in line


def test_w2_signing_a_bearer_out_leaves_the_cookies_session(app: Application) -> None:
    ada, eve = app.person("ada"), app.person("eve")
    answer = app.post("/api/auth/sign-out", ada.by_cookie, eve.by_bearer)
    assert (answer.status, answer.all("set-cookie")) == (200, [])
    assert app.page("/who", eve.by_bearer) == (200, "nobody")
    assert app.page("/who", ada.by_cookie) == (200, ada.address)


@pytest.mark.parametrize("path", ["/who", "/api/auth/get-session"])
def test_w2_a_cached_cookie_is_neither_believed_nor_touched_for_a_bearer(
    name: str, path: str, tmp_path: Path
) -> None:
    session = SessionOptions(cookie_cache=CookieCache(enabled=True))
    with application(name, tmp_path, session=session) as app:
        ada, eve = app.person("ada"), app.person("eve")
        assert "session_data" in ada.cookie
        answer = app.get(path, ada.by_cookie, eve.by_bearer)
        assert eve.address in answer.body.decode()
        assert ada.address not in answer.body.decode()
        assert answer.all("set-cookie") == []


def test_w2_a_cached_session_holds_its_own_grant(name: str, tmp_path: Path) -> None:
    session = SessionOptions(cookie_cache=CookieCache(enabled=True))
    with application(name, tmp_path, session=session) as app:
        ada = app.person("ada")
        app.confirm(ada)
        assert app.page("/wipe", ada.by_cookie)[0] == 200
        app.confirm(ada)
        # The cache would vouch for a minute longer; a grant asks the store.
        app.auth.blocking.api.sign_out(headers=[("cookie", ada.cookie)])
        assert app.page("/wipe", ada.by_cookie)[0] == 401


@pytest.mark.parametrize("host", ["evil.example", "a b", "[", "a:99999999", "", "x" * 300])
def test_w2_a_foreign_host_is_a_refusal_and_not_a_failure(
    name: str, host: str, tmp_path: Path
) -> None:
    site = DynamicBaseURL(allowed_hosts=["app.example.com"], protocol="http")
    with application(name, tmp_path, base_url=site) as app:
        ada = app.person("ada")
        for page, status in (("/who", 200), ("/members", 401), ("/wipe", 401)):
            answer = app.elsewhere("POST" if page == "/wipe" else "GET", page, host, ada)
            # Werkzeug itself answers 400 to what is no host at all.
            assert answer.status in (status, 400), page
            assert ada.address not in answer.body.decode()
        assert app.elsewhere("GET", "/api/auth/get-session", host, ada).status == 400
