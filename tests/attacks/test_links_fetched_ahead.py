"""W15: a link in a mail is opened by machines first; what is fetched ahead redeems nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attacks.mailing_site import ADA, NEW, Site
from tests.core.conftest import MakeAuth
from tests.support.plugins import every_plugin
from watchword import Auth

AHEAD = [
    {"sec-purpose": "prefetch"},
    {"sec-purpose": "prefetch;prerender"},
    {"Sec-Purpose": "Prefetch; anonymous-client-ip"},
    {"purpose": "prefetch"},
    {"x-purpose": "preview"},
    {"x-moz": "prefetch"},
]


@pytest.fixture
def site(make_auth: MakeAuth, kind: str) -> Site:
    site = Site(make_auth, kind)
    site.browser().sign_up(ADA)
    return site


LINKS: list[tuple[str, dict[str, str], str]] = [
    ("/send-verification-email", {"email": ADA}, "/verify-email"),
    ("/change-email", {"newEmail": NEW}, "/verify-email"),
    ("/sign-in/magic-link", {"email": ADA}, "/magic-link/verify"),
    ("/delete-user", {}, "/delete-user/callback"),
]
"""How each kind of link is asked for, and where it is opened."""


@pytest.mark.parametrize("headers", AHEAD, ids=str)
def test_w15_a_browser_that_fetches_ahead_redeems_nothing(
    site: Site, headers: dict[str, str]
) -> None:
    owner = site.signed_in()
    for ask, body, path in LINKS:
        query = {"token": site.mail(owner, ask, body).token}
        for more in ({}, {"callbackURL": "/done"}):
            answer = owner.send("GET", path, query={**query, **more}, headers=headers)
            assert (answer.status, answer.response.body) == (503, b""), path
            assert answer.header("cache-control") == "no-store"
            assert answer.cookies == ()
    user = site.signed_in().session()["user"]
    assert (user["email"], user["emailVerified"]) == (ADA, False)


@pytest.mark.parametrize(("ask", "body", "path"), LINKS)
def test_w15_head_redeems_nothing_and_the_link_is_good_afterwards(
    site: Site, ask: str, body: dict[str, str], path: str
) -> None:
    owner = site.signed_in()
    query = {"token": site.mail(owner, ask, body).token}
    assert owner.send("HEAD", path, query=query).status == 404
    assert owner.send("GET", path, query=query, headers=AHEAD[0]).status == 503
    assert owner.get(path, query).status == 200


def test_w15_pages_that_redeem_nothing_may_be_fetched_ahead(site: Site) -> None:
    token = site.mail(site.browser(), "/request-password-reset", {"email": ADA}).token
    for path, query in (
        ("/ok", {}),
        ("/get-session", {}),
        (f"/reset-password/{token}", {"callbackURL": "/reset"}),
    ):
        answer = site.browser().send("GET", path, query=query, headers=AHEAD[0])
        assert answer.status in (200, 302), path


def test_w15_every_link_that_takes_a_token_says_that_it_redeems(make_auth: MakeAuth) -> None:
    """A new kind of link is turned away as well, or this fails."""
    auth: Auth[Any] = make_auth(plugins=every_plugin(lambda mail, request: None))
    redeeming = {
        endpoint.path: endpoint.traits.redeems
        for plugin in auth.config.plugins.values()
        for endpoint in plugin.endpoints()
        if "GET" in endpoint.methods
        and endpoint.input is not None
        and "token" in endpoint.input.__struct_encode_fields__
    }
    assert set(redeeming) >= {"/verify-email", "/magic-link/verify", "/delete-user/callback"}
    assert all(redeeming.values()), redeeming
