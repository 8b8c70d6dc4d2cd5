"""Test clients of every framework are signed in, as if by the application."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest
from litestar.testing import AsyncTestClient

from tests.adapters.apps import litestar_app, quart_app, starlette_app
from tests.testing.conftest import ADDRESS
from tests.testing.sites import CLIENTS
from watchword import APIError, Auth, CookieCache, SessionOptions, testing
from watchword.plugins import Admin

# Litestar's client warns of hosts without a dot, which its own cookies may not reach.
SITE = "http://testserver.local"


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_is_signed_in_until_it_signs_out(name: str, auth: Auth[Any]) -> None:
    ada = testing.make_user(auth, email="ada@example.com")
    with CLIENTS[name](auth, SITE) as client:
        assert client.get("/me").status_code == 401
        found = testing.sign_in(auth, client, ada)
        assert found.user == ada
        assert client.get("/me").text == "ada@example.com"
        gone = client.post("/api/auth/sign-out", json={}, headers={"Origin": ADDRESS})
        assert gone.status_code == 200
        assert client.get("/me").status_code == 401
    assert auth.blocking.users.sessions(ada.id) == []


@pytest.mark.parametrize("name", CLIENTS)
def test_the_session_is_renewed_in_the_client_and_ends(name: str, auth: Auth[Any]) -> None:
    ada = testing.make_user(auth)
    with testing.frozen(auth) as clock, CLIENTS[name](auth, ADDRESS) as client:
        testing.sign_in(auth, client, ada.id, host="app.example.com")
        asked = {"base_url": ADDRESS} if name in ("flask", "werkzeug") else {}
        clock.forward(2 * 86_400)
        assert client.get("/me", **asked).status_code == 200
        clock.forward(6 * 86_400)  # only the renewal keeps it alive
        assert client.get("/me", **asked).status_code == 200
        clock.forward(8 * 86_400)
        assert client.get("/me", **asked).status_code == 401


@pytest.mark.parametrize("name", CLIENTS)
def test_somebody_else_takes_the_place(name: str) -> None:
    kept = SessionOptions(cookie_cache=CookieCache(enabled=True))
    auth = testing.auth(base_url=ADDRESS, session=kept)
    with CLIENTS[name](auth, SITE) as client:
        for person in ("ada@example.com", "bob@example.com"):
            user = testing.make_user(auth, email=person)
            testing.sign_in(auth, client, user, remember=person.startswith("bob"))
            assert client.get("/me").text == person


@pytest.mark.parametrize("kit", [httpx, httpx2])
async def test_asynchronous_clients(kit: Any, auth: Auth[Any]) -> None:
    ada = await testing.async_make_user(auth, email="ada@example.com")
    transport = kit.ASGITransport(app=starlette_app(auth))
    async with kit.AsyncClient(transport=transport, base_url=SITE) as client:
        found = await testing.async_sign_in(auth, client, ada)
        assert found.user == ada
        assert (await client.get("/me")).text == "ada@example.com"
    await auth.close()


async def test_the_client_of_quart(auth: Auth[Any]) -> None:
    app = quart_app(auth)
    ada = testing.make_user(auth, email="ada@example.com")
    async with app.test_app() as running:
        client = running.test_client()
        assert (await client.get("/me")).status_code == 401
        testing.sign_in(auth, client, ada)
        assert await (await client.get("/me")).get_data() == b"ada@example.com"
        gone = await client.post("/api/auth/sign-out", json={}, headers={"Origin": ADDRESS})
        assert gone.status_code == 200
        assert (await client.get("/me")).status_code == 401
        app.config["SERVER_NAME"] = "shop.example.com"
        fresh = running.test_client()
        testing.sign_in(auth, fresh, ada)
        assert (await fresh.get("/me")).status_code == 200


async def test_the_asynchronous_client_of_litestar(auth: Auth[Any]) -> None:
    async with AsyncTestClient(litestar_app(auth), base_url=SITE) as client:
        testing.sign_in(auth, client, testing.make_user(auth, email="ada@example.com"))
        assert (await client.get("/me")).text == "ada@example.com"
    await auth.close()


def test_the_host_of_a_flask_application_is_known(auth: Auth[Any]) -> None:
    with CLIENTS["flask"](auth, SITE) as client:
        client.application.config["SERVER_NAME"] = "shop.example.com:8000"
        testing.sign_in(auth, client, testing.make_user(auth))
        assert client.get("/me", base_url="http://shop.example.com:8000").status_code == 200


def test_cookies_for_clients_of_other_kinds(auth: Auth[Any]) -> None:
    ada = testing.make_user(auth, email="ada@example.com")
    cookies = testing.session_cookies(auth, ada)
    assert list(cookies) == ["__Secure-better-auth.session_token"]
    sent = "; ".join(f"{name}={value}" for name, value in cookies.items())
    with CLIENTS["httpx2-wsgi"](auth, SITE) as client:
        assert client.get("/me", headers={"Cookie": sent}).text == "ada@example.com"


def test_clients_that_are_not_known_are_refused(auth: Auth[Any]) -> None:
    ada = testing.make_user(auth)
    with pytest.raises(TypeError, match=r"object is none of .*session_cookies"):
        testing.sign_in(auth, object(), ada)
    with httpx2.Client() as client, pytest.raises(ValueError, match="base_url="):
        testing.sign_in(auth, client, ada)
    assert auth.blocking.users.sessions(ada.id) == []


def test_who_is_banned_is_not_signed_in() -> None:
    auth = testing.auth(plugins=[Admin()])
    eve = testing.make_user(auth)
    auth.blocking.users.disable(eve.id)
    with CLIENTS["flask"](auth, SITE) as client, pytest.raises(APIError, match="BANNED_USER"):
        testing.sign_in(auth, client, eve)


def test_users_are_new_ones_with_the_fields_that_are_given(auth: Auth[Any]) -> None:
    one, another = testing.make_user(auth), testing.make_user(auth, email_verified=False)
    assert one.email != another.email
    assert (one.name, one.email_verified, another.email_verified) == ("Test User", True, False)
    with pytest.raises(APIError, match="nonsense"):
        testing.make_user(auth, nonsense=1)
