"""W11: a switch is on or off. `"false"` of an environment would be on, unnoticed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from watchword import (
    Advanced,
    ConfigurationError,
    CookieCache,
    EmailAndPassword,
    Hooks,
    OnAPIError,
    SessionOptions,
    WorkLimits,
)
from watchword.configuration.options import IPAddressOptions, RateLimit
from watchword.crypto.passwords import Argon2Cost
from watchword.plugin import Plugin
from watchword.plugins import Bearer

MISSING: Any = None
OTHER: Any = "example"


@dataclass(frozen=True, kw_only=True)
class Own(Plugin):
    id = "own"
    open: bool = False


def switches(wrong: Any) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("advanced.disable_csrf_check", {"advanced": Advanced(disable_csrf_check=wrong)}),
        ("advanced.trusted_proxy_headers", {"advanced": Advanced(trusted_proxy_headers=wrong)}),
        ("advanced.use_secure_cookies", {"advanced": Advanced(use_secure_cookies=wrong)}),
        (
            "advanced.ip_address.disable_tracking",
            {"advanced": Advanced(ip_address=IPAddressOptions(disable_tracking=wrong))},
        ),
        ("rate_limit.enabled", {"rate_limit": RateLimit(enabled=wrong)}),
        ("on_api_error.reraise", {"on_api_error": OnAPIError(reraise=wrong)}),
        (
            "session.cookie_cache.enabled",
            {"session": SessionOptions(cookie_cache=CookieCache(enabled=wrong))},
        ),
        (
            "email_and_password.disable_sign_up",
            {"email_and_password": EmailAndPassword(enabled=True, disable_sign_up=wrong)},
        ),
        ("Bearer.require_signature", {"plugins": [Bearer(require_signature=wrong)]}),
        ("Own.open", {"plugins": [Own(open=wrong)]}),
        ("production", {"production": wrong}),
    ]


@pytest.mark.parametrize("wrong", ["false", "0", "", 0, 1])
@pytest.mark.parametrize("number", range(len(switches(False))))
def test_texts_and_numbers_are_neither(make_auth: MakeAuth, number: int, wrong: Any) -> None:
    option, given = switches(wrong)[number]
    with pytest.raises(ConfigurationError, match=rf"^{option}: .*Give True or False"):
        make_auth(**given)


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("number", range(len(switches(False))))
def test_yes_and_no_are_taken(make_auth: MakeAuth, number: int, given: bool) -> None:
    make_auth(**switches(given)[number][1])


@pytest.mark.parametrize("kind", [Hooks, OnAPIError])
def test_a_hook_that_cannot_be_called_fails_no_request(kind: Any) -> None:
    name = "before" if kind is Hooks else "on_error"
    with pytest.raises(ConfigurationError, match=rf"\.{name}: .* cannot be called"):
        kind(**{name: OTHER})


@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("email_and_password.min_password_length", {"min_password_length": float("nan")}),
        ("email_and_password.min_password_length", {"min_password_length": "8"}),
        ("email_and_password.min_password_length", {"min_password_length": 129}),
        ("email_and_password.max_password_length", {"max_password_length": None}),
        ("email_and_password.argon2_cost", {"argon2_cost": {"memory": 65_536}}),
    ],
)
def test_bounds_of_passwords_are_numbers(option: str, given: Any) -> None:
    assert EmailAndPassword(enabled=True, argon2_cost=Argon2Cost(), min_password_length=128)
    with pytest.raises(ConfigurationError, match=f"^{option}: "):
        EmailAndPassword(enabled=True, **given)


@pytest.mark.parametrize("name", ["callback_threads", "background", "background_queue"])
def test_bounds_of_work_are_numbers(name: str) -> None:
    assert WorkLimits(hashes=None, hash_queue=None)
    with pytest.raises(ConfigurationError, match=rf"^advanced\.work\.{name}: None"):
        WorkLimits(**{name: MISSING})


def test_shared_cookies_are_described(make_auth: MakeAuth) -> None:
    with pytest.raises(ConfigurationError, match=r"^advanced\.cross_sub_domain_cookies: "):
        Advanced(cross_sub_domain_cookies=OTHER)
