"""Popups: a window that goes to a provider and tells the page that opened it what came of it."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.proxied import PREVIEW, proxied
from tests.support.browser import ORIGIN, SECRET, Answer, Browser, Clock
from tests.support.social import World, begin, come_back, parameters, social_auth
from tests.support.vectors import vectors
from watchword import AccountOptions, Auth, ModelHooks, Redirect
from watchword.crypto.signing import sign_cookie_value
from watchword.plugins import Bearer, OAuthPopup, OAuthProxy
from watchword.plugins.oauth_popup import StartPopup, plugin

APP = "https://app.example"
START = "/oauth-popup/start"
COOKIE = "better-auth.oauth_popup"
NONCE = "0123456789abcdef" * 2
SCRIPTS = re.compile(r"<script([^>]*)>(.*?)</script>", re.DOTALL)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(params=["database", "cookie"])
def auth(make_auth: MakeAuth, world: World, request: pytest.FixtureRequest) -> Auth[Any]:
    account = AccountOptions(store_state_strategy=request.param)
    return server(make_auth, world, account=account)


def server(make_auth: MakeAuth, world: World, **options: Any) -> Auth[Any]:
    given = {"trusted_origins": [APP, "myapp://"], "plugins": [OAuthPopup(), Bearer()], **options}
    return social_auth(make_auth, world, **given)


def start(browser: Browser, **query: Any) -> Answer:
    """Open the popup."""
    given = {"provider": "google", "popupOrigin": APP, "popupNonce": NONCE, **query}
    return browser.get(START, {name: value for name, value in given.items() if value is not None})


def state_of(answer: Answer) -> str:
    assert answer.status == 302, answer.response.body
    return parameters(answer.header("location"))["state"]


def told(answer: Answer) -> dict[str, Any]:
    """What a page tells, once it is made sure that it can do nothing else."""
    assert (answer.status, answer.header("content-type")) == (200, "text/html; charset=utf-8")
    assert "no-store" in (answer.header("cache-control") or "")
    assert answer.header("location") is None
    html = answer.response.body.decode()
    assert html.lower().count("<script") == html.lower().count("</script") == 2
    (attributes, data), (bare, script) = SCRIPTS.findall(html)
    assert attributes == ' type="application/json" id="better-auth-oauth-popup"'
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = answer.header("content-security-policy") or ""
    assert bare == ""
    assert policy.startswith(f"default-src 'none'; script-src 'sha256-{digest}'; base-uri 'none'")
    assert "unsafe" not in policy
    assert not re.search("[<>&\u2028\u2029]", data)
    found: dict[str, Any] = json.loads(data)
    assert (found.pop("type"), found.pop("targetOrigin")) == ("better-auth:oauth-popup", APP)
    return found


def test_a_popup_tells_the_token_to_the_page_that_opened_it(auth: Auth[Any], kind: str) -> None:
    browser = Browser(auth, kind)
    answer = come_back(browser, state_of(start(browser, callbackURL="/home")))
    message = told(answer)
    assert (message["nonce"], message["redirectTo"]) == (NONCE, "/home")
    session = browser.session()
    token = message["token"]
    assert token == sign_cookie_value(session["session"]["token"], SECRET)
    assert COOKIE not in browser.jar
    embedded = Browser(auth, kind)
    seen = embedded.get("/get-session", authorization=f"Bearer {token}").json
    assert seen["user"]["id"] == session["user"]["id"]


def test_the_flow_is_the_one_of_social_sign_in(auth: Auth[Any]) -> None:
    browser = Browser(auth)
    answer = start(
        browser,
        callbackURL="/home",
        newUserCallbackURL="/welcome",
        scopes="calendar,,drive",
        requestSignUp="true",
        additionalData='{"plan": "gold", "codeVerifier": "mine"}',
    )
    asked = parameters(answer.header("location"))
    assert asked["redirect_uri"] == f"{ORIGIN}/api/auth/callback/google"
    assert asked["scope"].split()[-2:] == ["calendar", "drive"]
    assert asked["code_challenge_method"] == "S256"
    assert told(come_back(browser, asked["state"]))["redirectTo"] == "/welcome"


def test_the_cookie_is_that_of_the_reference(make_auth: MakeAuth, world: World) -> None:
    browser = Browser(server(make_auth, world))
    line = start(browser, popupNonce="n1").cookie(COOKIE) or ""
    name, _, rest = vectors("oauthPopup", "vectors-plugins-2.json")["markerSetCookie"].partition(
        "="
    )
    value, _, attributes = rest.partition("; ")
    unsigned = value.rpartition(".")[0]
    assert (name, attributes) == (COOKIE, line.partition("; ")[2])
    assert line.startswith(f"{name}={unsigned}.")


@pytest.mark.parametrize("flow", ["denied", "no address", "mismatch"])
def test_a_popup_tells_what_went_wrong(auth: Auth[Any], world: World, flow: str) -> None:
    browser = Browser(auth)
    state = state_of(start(browser, errorCallbackURL="/sorry?error=before"))
    if flow == "denied":
        given = {"error": "access_denied", "error_description": "No </script><script>x"}
        answer = browser.get("/callback/google", {"state": state, **given})
        code, description = "access_denied", "No </script><script>x"
    elif flow == "no address":
        del world.claims["email"]
        answer, code, description = come_back(browser, state), "email_not_found", None
    else:
        answer, code, description = come_back(browser, "x" * 32), "state_mismatch", None
    error = {"code": code, **({"description": description} if description else {})}
    assert told(answer) == {"nonce": NONCE, "error": error}
    assert (browser.session(), COOKIE in browser.jar) == (None, False)


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "",
        "/",
        "//app.example",
        "https://evil.example",
        "https://app.example.evil.example",
        "https://app.example@evil.example",
        "http://app.example",
        "https://app.example:444",
        "myapp://",
        "javascript:alert(1)",
        "data:text/html,x",
    ],
)
def test_a_page_that_is_not_trusted_opens_no_popup(auth: Auth[Any], origin: str) -> None:
    answer = start(Browser(auth), popupOrigin=origin)
    assert (answer.status, answer.code, answer.cookies) == (403, "INVALID_ORIGIN", ())


def test_of_a_trusted_url_only_the_origin_is_told(auth: Auth[Any]) -> None:
    browser = Browser(auth)
    state = state_of(start(browser, popupOrigin=f"{APP}/a/page?x#y"))
    assert "token" in told(come_back(browser, state))


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"callbackURL": "https://evil.example"}, "invalid_callback_url"),
        ({"errorCallbackURL": "//evil.example"}, "invalid_error_callback_url"),
        ({"newUserCallbackURL": "javascript:alert(1)"}, "invalid_new_user_callback_url"),
        ({"provider": "nobody"}, "provider_not_found"),
        ({"additionalData": json.dumps({"x": "y" * 8000})}, None),
        ({"additionalData": "{"}, None),
        ({"additionalData": "[1]"}, None),
    ],
    ids=str,
)
def test_what_cannot_begin_is_told_at_once(
    make_auth: MakeAuth, world: World, query: dict[str, str], code: str | None
) -> None:
    answer = start(Browser(server(make_auth, world)), **query)
    if code is None:
        assert state_of(answer)
        return
    message = told(answer)
    assert (message["error"]["code"], answer.cookies) == (code, ())
    assert "evil" not in answer.response.body.decode()


def test_without_any_provider_there_is_none(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[OAuthPopup()], trusted_origins=[APP])
    assert told(start(Browser(auth)))["error"]["code"] == "provider_not_found"


def test_a_hook_that_refuses_the_state_is_told(make_auth: MakeAuth, world: World) -> None:
    refuse = {"verification": ModelHooks(create_before=lambda row, call: False)}
    answer = start(Browser(server(make_auth, world, database_hooks=refuse)))
    assert told(answer)["error"]["code"] == "popup_sign_in_failed"


@pytest.mark.parametrize(
    "query",
    [
        {"provider": None},
        {"popupOrigin": None},
        {"provider": ["google", "google"]},
        {"popupNonce": "n" * 256},
        {"scopes": ",".join(["s"] * 101)},
        {"scopes": "s" * 256},
        {"provider": "p" * 256},
    ],
    ids=lambda query: str(query)[:40],
)
def test_odd_queries_are_no_input(auth: Auth[Any], query: dict[str, Any]) -> None:
    answer = start(Browser(auth), **query)
    assert (answer.status, answer.code, answer.cookies) == (400, "VALIDATION_ERROR", ())


@pytest.mark.parametrize(
    "nonce",
    ["</script><script>alert(1)</script>", "<!--<script>", "\u2028\u2029", '"}];//', "&lt;"],
)
def test_a_nonce_is_text_and_nothing_else(auth: Auth[Any], nonce: str) -> None:
    browser = Browser(auth)
    message = told(come_back(browser, state_of(start(browser, popupNonce=nonce))))
    assert message["nonce"] == nonce
    assert told(start(Browser(auth), popupNonce=nonce, provider="x"))["nonce"] == nonce


# Whose outcome it is.


def test_the_outcome_of_another_flow_is_told_to_nobody(auth: Auth[Any]) -> None:
    browser = Browser(auth)
    start(browser)
    state = begin(browser)["state"]
    assert COOKIE not in browser.jar
    assert come_back(browser, state).header("location") == ORIGIN


def test_a_browser_that_opened_no_popup_is_sent_on(auth: Auth[Any]) -> None:
    browser = Browser(auth)
    assert come_back(browser, begin(browser)["state"]).status == 302


@pytest.mark.parametrize(
    "marker",
    [
        json.dumps({"popupOrigin": "https://evil.example", "popupNonce": "n"}),
        json.dumps({"popupOrigin": "*"}),
        json.dumps({"popupOrigin": None}),
        "[]",
        "x",
    ],
)
@pytest.mark.parametrize("signed", [True, False])
def test_a_cookie_names_only_pages_that_are_trusted(
    auth: Auth[Any], marker: str, signed: bool
) -> None:
    browser = Browser(auth)
    state = begin(browser)["state"]
    value = sign_cookie_value(marker, SECRET) if signed else f"{marker}.{'x' * 43}="
    browser.jar[COOKIE] = quote(value)
    answer = come_back(browser, state)
    assert (answer.status, answer.header("location")) == (302, ORIGIN)


def test_a_page_that_is_not_trusted_any_more_hears_nothing(
    make_auth: MakeAuth, world: World
) -> None:
    trusted = [APP]
    auth = server(make_auth, world, trusted_origins=lambda request: trusted)
    browser = Browser(auth)
    state = state_of(start(browser))
    trusted.clear()
    assert come_back(browser, state).status == 302


def test_a_callback_is_good_once(auth: Auth[Any], clock: Clock) -> None:
    browser = Browser(auth)
    state = state_of(start(browser))
    jar = dict(browser.jar)
    assert "token" in told(come_back(browser, state))
    copy = Browser(auth)
    copy.jar = jar
    assert told(come_back(copy, state))["error"] == {"code": "state_mismatch"}
    late = Browser(auth)
    state = state_of(start(late))
    clock.forward(601)
    assert told(come_back(late, state))["error"] == {"code": "state_mismatch"}


def test_a_popup_of_a_preview_goes_through_production(make_auth: MakeAuth, tmp_path: Path) -> None:
    proxy = OAuthProxy(secret="s" * 40, production_url="https://app.example")
    one = {"plugins": [proxy, OAuthPopup()]}
    servers = proxied(
        make_auth, tmp_path, production=one, preview={**one, "trusted_origins": [APP]}
    )
    browser = servers.browser()
    opened = browser.open(f"{PREVIEW}/api/auth{START}?provider=google&popupOrigin={APP}")
    back = servers.at_production(browser, opened.header("location") or "")
    message = told(browser.open(back.header("location") or ""))
    assert (message["nonce"], message["redirectTo"]) == ("", PREVIEW)
    assert browser.session(PREVIEW) is not None


def test_the_server_itself_may_begin(make_auth: MakeAuth, world: World) -> None:
    api = server(make_auth, world).blocking.api
    with pytest.raises(Redirect) as sent:
        api.oauth_popup_start(StartPopup(provider="google", popup_origin=APP))
    assert sent.value.location.startswith("https://accounts.google.com/")


def test_without_bearer_tokens_the_log_says_so_once(
    make_auth: MakeAuth, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "watchword.oauth_popup")
    plugin._warn_of_cookies.cache_clear()
    auth = server(make_auth, world, plugins=[OAuthPopup()])
    tokens = []
    for _ in range(2):
        browser = Browser(auth)
        tokens.append(told(come_back(browser, state_of(start(browser))))["token"])
    assert caplog.text.count("Bearer") == 1
    assert not any(token in caplog.text for token in tokens)
