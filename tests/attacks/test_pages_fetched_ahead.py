"""W15, W2: a page that calls an endpoint on behalf of its browser fetches nothing ahead for it.

What browsers, mail scanners and previews ask for without a person behind it redeems no link, at
whichever address the link leads: that of the endpoint, or a page of the application. And what is
refused at the endpoint for its length is refused there as well.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.attacks.mailing_site import ADA, Site
from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN
from watchword import APIError, Headers, Request, SignInEmail
from watchword.http.bounds import LONGEST_FIELD

AHEAD: list[tuple[str, dict[str, str]]] = [
    ("HEAD", {}),
    ("GET", {"sec-purpose": "prefetch"}),
    ("GET", {"sec-purpose": "prefetch;prerender"}),
    ("GET", {"purpose": "prefetch"}),
    ("GET", {"x-moz": "prefetch"}),
]


@pytest.fixture
def site(make_auth: MakeAuth, kind: str) -> Site:
    site = Site(make_auth, kind)
    site.browser().sign_up(ADA)
    return site


def page(method: str, headers: dict[str, str]) -> Request:
    """What a browser sent to a page of the application."""
    given = {"host": "localhost:3000", **headers}
    return Request(
        method=method,
        path="/welcome",
        host="localhost:3000",
        headers=Headers(given.items()),
        client="192.0.2.7",
    )


def call(site: Site, name: str, *given: Any, **options: Any) -> Any:
    """Call an endpoint in the site's world."""
    if site.kind == "blocking":
        return getattr(site.auth.blocking.api, name)(*given, **options)

    async def run() -> Any:
        try:
            return await getattr(site.auth.api, name)(*given, **options)
        finally:
            await site.auth.close()

    return asyncio.run(run())


@pytest.mark.parametrize(("method", "headers"), AHEAD)
def test_w15_a_page_that_is_fetched_ahead_redeems_no_link(
    site: Site, method: str, headers: dict[str, str]
) -> None:
    token = site.mail(site.browser(), "/sign-in/magic-link", {"email": ADA}).token
    query = {"token": token}
    with pytest.raises(APIError) as refused:
        call(site, "magic_link_verify", query=query, request=page(method, headers))
    assert refused.value.status == 503
    done = call(site, "magic_link_verify", query=query, request=page("GET", {}))
    assert done.user.email == ADA


def test_a_page_that_redeems_nothing_may_be_fetched_ahead(site: Site) -> None:
    assert call(site, "get_session", request=page("HEAD", {})) is None


@pytest.mark.parametrize("name", ["origin", "cookie", "referer"])
def test_w2_header_fields_without_end_are_refused_on_behalf_of_a_browser_too(
    site: Site, name: str
) -> None:
    """They are not there for whoever looks for them, such as the check of the origin."""
    headers = {"origin": ORIGIN, name: "x" * (LONGEST_FIELD + 1)}
    ada = SignInEmail(email=ADA, password="password1234")
    with pytest.raises(APIError) as refused:
        call(site, "sign_in_email", ada, request=page("POST", headers))
    assert refused.value.status == 431
