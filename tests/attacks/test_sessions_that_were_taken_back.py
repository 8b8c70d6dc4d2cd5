"""A session that the second factor takes back leaves by no way: deep link, popup, proxy, header.

Whatever stands first in `plugins`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.proxied import PREVIEW, Traveller, proxied
from tests.support.browser import Answer, Browser
from tests.support.native import HOME, Application, cookies_in
from tests.support.social import World, begin, come_back, parameters, social_auth
from watchword import Auth, ModelHooks, Plugin
from watchword.plugins import (
    Bearer,
    Capacitor,
    Expo,
    LastLoginMethod,
    MultiSession,
    OAuthPopup,
    OAuthProxy,
    TwoFactor,
)
from watchword.plugins.two_factor import OTPOptions
from watchword.runtime.blocking import finish

APP = "https://app.example"


def unsent(*_: Any) -> None:
    """No code is asked for here."""


def plugins(*more: Plugin) -> list[Plugin]:
    factor = TwoFactor(every_sign_in=True, otp=OTPOptions(send_otp=unsent))
    return [
        Expo(),
        OAuthPopup(),
        *more,
        MultiSession(),
        Bearer(),
        Capacitor(),
        LastLoginMethod(),
        factor,
    ]


@pytest.fixture
def made() -> list[str]:
    """The tokens of all sessions that there ever were."""
    return []


@pytest.fixture
def options(made: list[str], request: pytest.FixtureRequest) -> Callable[..., dict[str, Any]]:
    def note(session: Any, call: object) -> None:
        made.append(session.token)

    def make(*more: Plugin, backwards: bool = False) -> dict[str, Any]:
        given = plugins(*more)
        return {
            "plugins": given[::-1] if backwards else given,
            "trusted_origins": [APP, "myapp://"],
            "database_hooks": {"session": ModelHooks(create_after=note)},
        }

    return make


def enable_second_factors(auth: Auth[Any]) -> None:
    engine = auth.blocking.runtime.engine
    finish(engine.update("user", (), {"twoFactorEnabled": True}, everything=True))


def check(answer: Answer, made: list[str]) -> None:
    """Nothing of an answer holds one of the sessions."""
    headers = [text for pair in answer.response.headers for text in pair]
    parts = [answer.response.body.decode(), *headers]
    said = " ".join([*parts, *map(unquote, parts), *(unquote(unquote(part)) for part in parts)])
    assert made
    for token in made:
        assert token.lower() not in said.lower()
        assert quote(token) not in said


@pytest.mark.parametrize("backwards", [False, True])
def test_a_deep_link_holds_the_challenge_alone(
    make_auth: MakeAuth, made: list[str], options: Any, kind: str, backwards: bool
) -> None:
    auth = social_auth(make_auth, World(), **options(backwards=backwards))
    Browser(auth).post("/sign-in/social", {"provider": "google"})
    come_back(other := Browser(auth), begin(other)["state"])
    enable_second_factors(auth)
    app = Application(auth, kind)
    url = app.begin()
    app.open(url)
    back = app.come_back(url)
    check(back, made)
    assert len(made) == 2
    assert parameters(back.header("location"))["twoFactorRedirect"] == "true"
    assert "better-auth.two_factor=" in cookies_in(back)
    app.take(back)
    assert app.session() is None
    assert app.system.session() is None


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("target", ["/home", HOME])
def test_a_popup_is_told_nothing(
    make_auth: MakeAuth, made: list[str], options: Any, kind: str, backwards: bool, target: str
) -> None:
    auth = social_auth(make_auth, World(), **options(backwards=backwards))
    come_back(other := Browser(auth), begin(other)["state"])
    enable_second_factors(auth)
    browser = Browser(auth, kind)
    asked = {"provider": "google", "popupOrigin": APP, "popupNonce": "n", "callbackURL": target}
    started = browser.get("/oauth-popup/start", asked)
    answer = come_back(browser, parameters(started.header("location"))["state"])
    check(answer, made)
    assert len(made) == 2
    assert browser.session() is None


@pytest.mark.parametrize("backwards", [False, True])
def test_a_preview_signs_nobody_in(
    make_auth: MakeAuth, tmp_path: Path, made: list[str], options: Any, kind: str, backwards: bool
) -> None:
    secret = "proxy-secret-0123456789-abcdefghijKLMNOP"
    proxy = OAuthProxy(secret=secret, production_url="https://app.example")
    servers = proxied(
        make_auth, tmp_path, kind, secret=secret, preview=options(proxy, backwards=backwards)
    )
    servers.sign_in(servers.browser())
    enable_second_factors(servers.preview)
    browser: Traveller = servers.browser()
    target = servers.handed_over(browser)
    answer = browser.open(target)
    check(answer, made)
    assert len(made) == 2
    assert browser.session(PREVIEW) is None


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_an_application_gets_all_cookies_wherever_its_plugin_stands(
    make_auth: MakeAuth, order: tuple[int, ...]
) -> None:
    given = [Expo(), LastLoginMethod(), MultiSession(), Bearer()]
    listed = [given[place] for place in order]
    app = Application(social_auth(make_auth, World(), plugins=listed, trusted_origins=["myapp://"]))
    url = app.begin()
    app.open(url)
    back = app.come_back(url)
    names = {line.partition("=")[0] for line in cookies_in(back).split(", ")}
    assert {"better-auth.session_token", "better-auth.last_used_login_method"} <= names
    assert any("_multi-" in name for name in names)
    assert [line for line in back.cookies if "Max-Age=0" not in line] == []
