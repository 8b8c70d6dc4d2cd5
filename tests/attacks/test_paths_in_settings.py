"""W11: a setting that names a path nobody answers to is refused at start-up, not passed over."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from watchword import Advanced, ConfigurationError, RateLimit, RateLimitRule
from watchword.plugin import Plugin, RateRule, gate
from watchword.plugins import ActionToken, MagicLink

RULE = RateLimitRule()


def plugin_with(pattern: str) -> Plugin:
    class Limits(Plugin):
        id = "limits"

        def rate_rules(self) -> list[RateRule]:
            return [RateRule(pattern, RULE)]

    return Limits()


def plugin_before(pattern: str) -> Plugin:
    class Guards(Plugin):
        id = "guards"

        @gate(pattern)
        async def refuse(self, call: object) -> None:
            """Never runs."""

    return Guards()


def setting(option: str, path: str) -> dict[str, Any]:
    return {
        "disabled_paths": lambda: {"disabled_paths": [path]},
        "rate_limit.custom_rules": lambda: {"rate_limit": RateLimit(custom_rules={path: RULE})},
        "advanced.disable_origin_check": lambda: {
            "advanced": Advanced(disable_origin_check=[path])
        },
        "rate rules": lambda: {"plugins": [plugin_with(path)]},
        "gates": lambda: {"plugins": [plugin_before(path)]},
        "protect": lambda: {
            "plugins": [ActionToken(send_token=print, protect={path: "user.delete"})]
        },
    }[option]()


OPTIONS = [
    "disabled_paths",
    "rate_limit.custom_rules",
    "advanced.disable_origin_check",
    "rate rules",
    "gates",
    "protect",
]
NOBODYS = [
    "/sign-in/emial",
    "/sign-up/Email",
    "/SIGN-IN/EMAIL",
    "/api/auth/sign-in/email",
    "/sign-in/email?x=1",
    "//sign-in/email",
    "/magic-link/verify",
]
"""The last one is of a plugin that is not installed."""


@pytest.mark.parametrize("path", NOBODYS)
@pytest.mark.parametrize("option", OPTIONS)
def test_w11_a_path_without_an_endpoint_is_refused(
    make_auth: MakeAuth, option: str, path: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_auth(**setting(option, path))
    assert f"{path!r}: there is no such endpoint" in caught.value.problem
    assert caught.value.option == (option if "." in option or "_" in option else "plugins")


@pytest.mark.parametrize(
    ("option", "path"),
    [
        *((option, "/sign-in/email/") for option in OPTIONS if "origin" not in option),
        *((option, "/reset-password/:token") for option in OPTIONS[:4]),
        *((option, "/reset-password/:id") for option in OPTIONS),
        ("disabled_paths", "/sign-in/*"),
        ("disabled_paths", "/"),
        ("disabled_paths", "/set-password"),
        ("rate_limit.custom_rules", "/sign-on/*"),
        ("rate_limit.custom_rules", "/set-password"),
        ("rate_limit.custom_rules", "/sign-in/email/*"),
        ("advanced.disable_origin_check", "/sign"),
        ("advanced.disable_origin_check", "/sign-in/*"),
        ("rate rules", "/two-factor/*"),
        ("gates", "/two-factor/*"),
    ],
)
def test_w11_a_path_that_would_match_nothing_is_refused(
    make_auth: MakeAuth, option: str, path: str
) -> None:
    with pytest.raises(ConfigurationError, match="there is no such endpoint"):
        make_auth(**setting(option, path))


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/sign-in/email/", "'/sign-in/email'"),
        ("/api/auth/sign-in/email", "'/sign-in/email'"),
        ("/Sign-In/Email", "'/sign-in/email'"),
        ("/sign-in/emial", "'/sign-in/email'"),
        ("/delete-users", "'/delete-user'"),
        ("/reset-password/:token", "write * for a parameter"),
    ],
)
def test_w11_the_nearest_paths_are_named(make_auth: MakeAuth, path: str, nearest: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_auth(disabled_paths=[path])
    assert nearest in caught.value.remedy


@pytest.mark.parametrize(
    ("option", "path"),
    [
        ("disabled_paths", "/sign-up/email"),
        ("disabled_paths", "/reset-password/x"),
        ("rate_limit.custom_rules", "/sign-in/email"),
        ("rate_limit.custom_rules", "/sign-in/*"),
        ("rate_limit.custom_rules", "/reset-password/*"),
        ("advanced.disable_origin_check", "/sign-in"),
        ("advanced.disable_origin_check", "/sign-in/"),
        ("advanced.disable_origin_check", "/sign-in/email"),
        ("advanced.disable_origin_check", "/reset-password/"),
        ("advanced.disable_origin_check", "/"),
        ("rate rules", "/sign-*"),
        ("gates", "/reset-password/:token"),
        ("gates", "/set-password"),
        ("protect", "/delete-user*"),
    ],
)
def test_w11_a_path_that_somebody_answers_to_is_taken(
    make_auth: MakeAuth, option: str, path: str
) -> None:
    make_auth(**setting(option, path))


def test_w11_a_path_of_an_installed_plugin_is_one(make_auth: MakeAuth, kind: str) -> None:
    plugins = [MagicLink(send_magic_link=print)]
    auth = make_auth(plugins=plugins, disabled_paths=["/magic-link/verify", "/sign-up/email"])
    browser = Browser(auth, kind)
    for answer in (browser.get("/magic-link/verify", {"token": "x"}), browser.sign_up()):
        assert (answer.status, answer.response.body) == (404, b"Not Found")
