"""Pages with one button: what stands in them, who may press it, and who gets there first."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.attacks.mailing_site import ADA, NEW, Site, site_options
from tests.core.conftest import MakeAuth
from tests.core.features.test_confirmation import ASKING, LINKS
from tests.support.browser import ORIGIN, Browser
from tests.support.link_pages import hidden_fields, look, press, send_form
from tests.support.plugins import every_plugin
from watchword import Auth, ChangeEmail, DeleteUser, EmailVerification, SignInLinks

PATHS = ["/verify-email", "/magic-link/verify", "/delete-user/callback", "/sign-in/link"]
MARKUP = [
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    '"></form><form action=https://evil.example>',
    "</title></style><svg onload=alert(1)>",
    "\u2028\x00\ud800&quot;&#34;",
]
OUTSIDE = [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "javascript://localhost:3000/%0aalert(1)",
    "http://localhost:3000@evil.example",
    "http://localhost:3000\\@evil.example",
    "\thttps://evil.example",
    "data:text/html,x",
]
TARGETS = {
    "/verify-email": ["callbackURL"],
    "/magic-link/verify": ["callbackURL", "newUserCallbackURL", "errorCallbackURL"],
    "/delete-user/callback": ["callbackURL"],
    "/sign-in/link": ["errorCallbackURL"],
}


@pytest.fixture
def site(make_auth: MakeAuth) -> Site:
    site = Site(make_auth, **ASKING, trusted_origins=["https://*.app.example", "myapp://"])
    site.browser().sign_up(ADA)
    return site


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("text", MARKUP)
def test_markup_in_a_link_is_text(site: Site, path: str, text: str) -> None:
    query = {"token": text.encode("utf-8", "replace").decode(), TARGETS[path][0]: "/a?<b>'\"&c"}
    browser = site.browser()
    page = browser.send("GET", path, query=query, headers={"accept": "text/html"})
    assert page.status == 200
    body = page.response.body.decode()
    assert body.count("<form") == body.count("<button") == body.count("</title>") == 1
    assert not re.search(r"<(script|img|svg)", body)
    assert hidden_fields(page) == query, "and what is sent is what came"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("target", OUTSIDE)
def test_no_page_leads_elsewhere(site: Site, path: str, target: str) -> None:
    for name in TARGETS[path]:
        query = {"token": "t", name: target}
        page = site.browser().send("GET", path, query=query, headers={"accept": "text/html"})
        assert (page.status, page.code) == (403, "INVALID_CALLBACK_URL"), (name, target)
        sent = send_form(site.browser(), path, query)
        assert sent.status == 403, (name, target)


@pytest.mark.parametrize("path", PATHS)
def test_what_is_too_long_is_refused_and_not_repeated(site: Site, path: str) -> None:
    long = "x" * 1_000_000
    for query in ({"token": long}, {"token": "t", TARGETS[path][0]: f"/{long}"}):
        page = site.browser().send("GET", path, query=query, headers={"accept": "text/html"})
        assert page.status in (400, 403), page.status
        assert len(page.response.body) < 500
        sent = send_form(site.browser(), path, query)
        assert sent.status in (400, 403, 413), sent.status


def test_pages_are_kept_by_nobody_framed_by_nobody_and_run_nothing(site: Site) -> None:
    mail = site.mail(site.browser(), "/sign-in/magic-link", {"email": ADA, "callbackURL": "/x"})
    page = look(site.browser(), mail.url)
    assert page.header("cache-control") == "no-store"
    assert page.header("x-frame-options") == "DENY"
    assert page.header("x-content-type-options") == "nosniff"
    policy = dict(part.split(" ", 1) for part in _policy(page.response.headers).split("; "))
    assert policy["default-src"] == policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert "script-src" not in policy
    assert "unsafe" not in policy["style-src"]
    assert policy["form-action"] == f"'self' {ORIGIN} https://*.app.example myapp:"
    # The path and the query of the page, with its token, are in no Referer.
    assert page.header("referrer-policy") == "strict-origin"
    assert page.cookies == ()


@pytest.mark.parametrize(
    "host", ["a;script-src *", "a,b", "a'unsafe-inline'", "a;sandbox", "*", "a b"]
)
def test_no_target_ends_the_policy(site: Site, host: str) -> None:
    query = {"token": "t", "callbackURL": f"https://{host}.app.example/"}
    headers = {"accept": "text/html"}
    page = site.browser().send("GET", "/magic-link/verify", query=query, headers=headers)
    if page.status == 200:
        allowed = _policy(page.response.headers).split("form-action ")[1]
        assert re.fullmatch(r"[a-z0-9:/*.' -]+; frame-ancestors 'none'", allowed)
        assert "unsafe" not in allowed


def _policy(headers: tuple[tuple[str, str], ...]) -> str:
    (value,) = [value for name, value in headers if name == "content-security-policy"]
    return value


CROSS_SITE = [
    {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    {"origin": "https://evil.example", "sec-fetch-site": ""},
    {"origin": "null", "sec-fetch-site": "cross-site"},
    {"origin": "null", "sec-fetch-site": ""},
    {"origin": "", "sec-fetch-site": "cross-site"},
    {"origin": "https://evil.localhost:3000", "sec-fetch-site": "same-site"},
    {"origin": "", "referer": "https://evil.example/localhost:3000", "sec-fetch-site": ""},
]


@pytest.mark.parametrize("headers", CROSS_SITE, ids=str)
@pytest.mark.parametrize(("ask", "body"), [(ask, body) for ask, body, _, _ in LINKS])
def test_no_other_site_presses_the_button(
    site: Site, ask: str, body: dict[str, str], headers: dict[str, str]
) -> None:
    """With the visitor's cookies and without: nobody is signed in as somebody else, say."""
    owner = site.signed_in()
    mail = site.mail(owner, ask, body)
    page = look(owner, mail.url)
    for browser in (owner, site.browser()):
        refused = press(browser, mail.url, page, **headers)
        assert refused.status == 403, refused.json
        assert refused.cookies == ()
    assert press(owner, mail.url, page).status == 302, "the link is as good as before"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": ORIGIN, "sec-fetch-site": "same-origin"},
        {"origin": ORIGIN, "sec-fetch-site": "", "sec-fetch-mode": ""},
        {"origin": "null", "sec-fetch-site": "same-origin"},
    ],
    ids=str,
)
def test_browsers_without_cookies_press_it(site: Site, headers: dict[str, str]) -> None:
    """The page was opened from a mail program: `SameSite` cookies stayed at home."""
    mail = site.mail(site.browser(), "/sign-in/magic-link", {"email": ADA})
    visitor = site.browser()
    assert press(visitor, mail.url, look(visitor, mail.url), **headers).status == 302
    assert visitor.session()["user"]["email"] == ADA


def test_a_link_of_one_kind_opens_no_other(site: Site) -> None:
    owner = site.signed_in()
    tokens = {path: site.mail(owner, ask, body).token for ask, body, path, _ in LINKS[1:]}
    for path in PATHS:
        for other, token in tokens.items():
            if other != path:
                send_form(owner, path, {"token": token})
    assert owner.session()["user"]["email"] == ADA
    stranger = site.browser()
    for path in ("/magic-link/verify", "/sign-in/link"):
        for other in ("/verify-email", "/delete-user/callback"):
            send_form(stranger, path, {"token": tokens[other]})
    assert stranger.session() is None


def test_odd_forms_are_refused(site: Site) -> None:
    browser = site.browser()
    for fields in ({}, {"token": ""}, {"token": "t", "callbackURL": "x\r\nset-cookie: a=b"}):
        answer = send_form(browser, "/magic-link/verify", fields)
        assert answer.status in (302, 400, 403)
        assert answer.cookies == ()
    for data, kind in ((b"token=a&token=b", "text/plain"), (b"{", "application/json")):
        given = {"content-type": kind}
        answer = browser.send("POST", "/magic-link/verify", data=data, headers=given)
        assert answer.status in (400, 415)


def test_where_all_ask_first_no_get_redeems(make_auth: MakeAuth) -> None:
    """A new kind of link asks as well, or this fails."""
    auth: Auth[Any] = make_auth(
        email_verification=EmailVerification(confirm=True),
        change_email=ChangeEmail(confirm=True),
        delete_user=DeleteUser(confirm=True),
        sign_in_links=SignInLinks(confirm=True),
        plugins=every_plugin(lambda mail, request: None, MagicLink={"confirm": True}),
    )
    taking = [
        endpoint
        for plugin in auth.config.plugins.values()
        for endpoint in plugin.endpoints()
        if endpoint.input is not None and "token" in endpoint.input.__struct_encode_fields__
    ]
    gets = {one.path: one.traits for one in taking if "GET" in one.methods}
    assert set(gets) == set(PATHS)
    assert all(traits.only_asks and not traits.redeems for traits in gets.values())
    posts = [one for one in taking if one.path in PATHS and one.methods == ("POST",)]
    assert len(posts) == len(PATHS)
    assert all(one.traits.check_login_csrf and one.traits.form for one in posts)


@pytest.mark.parametrize("options", ["sqlite", "postgres", "mysql"], indirect=True)
def test_of_fifty_presses_one_signs_in(make_auth: MakeAuth, options: dict[str, Any]) -> None:
    site = Site(make_auth, **{**ASKING, **options})
    site.browser().sign_up(ADA)
    mail = site.mail(site.browser(), "/sign-in/magic-link", {"email": ADA, "callbackURL": "/"})
    page = look(site.browser(), mail.url)

    def press_once(number: int) -> tuple[str | None, bool]:
        browser = Browser(site.auth)
        answer = press(browser, mail.url, page)
        return answer.header("location"), "better-auth.session_token" in browser.jar

    with ThreadPoolExecutor(50) as pool:
        found = Counter(pool.map(press_once, range(50)))
    lost = (f"{ORIGIN}/?error=INVALID_TOKEN", False)
    assert found == {(f"{ORIGIN}/", True): 1, lost: 49}


@pytest.mark.parametrize("options", ["sqlite", "postgres", "mysql"], indirect=True)
def test_of_fifty_presses_one_changes_the_address(
    make_auth: MakeAuth, options: dict[str, Any]
) -> None:
    site = Site(make_auth, **{**ASKING, **options})
    site.browser().sign_up(ADA)
    owner = site.signed_in()
    mail = site.mail(owner, "/change-email", {"newEmail": NEW})
    page = look(owner, mail.url)

    def press_once(number: int) -> str | None:
        browser = Browser(site.auth)
        browser.jar = dict(owner.jar)
        return press(browser, mail.url, page).header("location")

    with ThreadPoolExecutor(50) as pool:
        found = Counter(pool.map(press_once, range(50)))
    assert found["/"] == 1, found


@pytest.fixture
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    return site_options(request)
