"""O1, O7: forms of other sites where `disable_csrf_check` or `disable_origin_check` is on.

Most endpoints read JSON alone, and that no other site can send without CORS, whatever is switched
off. Pages take forms for them, and any site can have a browser send one.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.pages_visitor import ADA, FORM, PASSWORD, PagesVisitor
from tests.support.browser import ORIGIN, Browser
from watchword import Advanced, APIError, Auth, Request, UpdateUser
from watchword.plugins import Pages

EVIL = "https://evil.example"
OFF = [
    Advanced(disable_csrf_check=True),
    Advanced(disable_origin_check=True),
    Advanced(disable_origin_check=["/sign-in", "/update-user"]),
]
FROM_ELSEWHERE: list[dict[str, str]] = [
    {"origin": EVIL},
    {"origin": "null"},
    {"origin": EVIL, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
]
FORMS = [
    FORM,
    "multipart/form-data; boundary=x",
    "text/plain",
    "Text/Plain; x=application/json",
    "",
]


@pytest.fixture(params=OFF, ids=["csrf", "origins", "paths"])
def auth(make_auth: MakeAuth, request: pytest.FixtureRequest) -> Auth[Any]:
    return make_auth(plugins=[Pages()], advanced=request.param)


def sent(browser: Browser, kind: str, **headers: str) -> Request:
    """What a browser sends to a page of the application."""
    made = browser.request("POST", "/x")
    given = made.headers
    for name, text in {"content-type": kind, **headers}.items():
        given = given.replacing(name.replace("_", "-"), text)
    return made.with_headers(given if kind else given.without("content-type"))


def submit(auth: Auth[Any], kind: str, endpoint: str, request: Request, **data: str) -> int:
    if kind == "blocking":
        return auth.blocking.submit(endpoint, request, data).status

    async def run() -> int:
        try:
            return (await auth.submit(endpoint, request, data)).status
        finally:
            await auth.close()

    return asyncio.run(run())


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
def test_ready_pages_take_no_form_of_another_site(auth: Auth[Any], headers: dict[str, str]) -> None:
    visitor = PagesVisitor(auth)
    visitor.sign_up()
    evil = {"do": "profile", "name": "Eve"}
    assert visitor.send_form("account", evil, **headers).status == 403
    assert visitor.session()["user"]["name"] == "Ada"
    stranger = PagesVisitor(auth)
    entered = {"identifier": ADA, "password": PASSWORD}
    refused = stranger.send_form("sign-in", entered, **headers)
    assert (refused.status, refused.answer.cookies) == (403, ())
    assert visitor.send_form("account", {"do": "profile", "name": "Ada L."}).status == 303


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
def test_views_submit_no_form_of_another_site(
    auth: Auth[Any], kind: str, form: str, headers: dict[str, str]
) -> None:
    browser = Browser(auth)
    browser.sign_up()
    evil = sent(browser, form, **headers)
    assert submit(auth, kind, "update_user", evil, name="Eve") == 403
    with pytest.raises(APIError) as refused:
        auth.blocking.api.update_user(UpdateUser(name="Eve"), request=evil)
    assert refused.value.status == 403
    assert browser.session()["user"]["name"] == "Ada"
    stranger = sent(Browser(auth), form, **headers)
    assert submit(auth, kind, "sign_in_email", stranger, email=ADA, password=PASSWORD) == 403


def test_views_submit_those_of_their_own_site_and_json(auth: Auth[Any], kind: str) -> None:
    browser = Browser(auth)
    browser.sign_up()
    for form in FORMS:
        own = sent(browser, form, origin=ORIGIN)
        assert submit(auth, kind, "update_user", own, name="Ada L.") == 200
    script = sent(browser, "application/json; charset=utf-8", origin=EVIL)
    assert submit(auth, kind, "update_user", script, name="Ada L.") == 200
