"""Wrong options are refused when they are given: the option, the value and the remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from watchword import (
    AccountOptions,
    Advanced,
    ConfigurationError,
    CookieAttributes,
    CookieCache,
    CookieOptions,
    CrossSubDomainCookies,
    DynamicBaseURL,
    EmailAndPassword,
    EmailVerification,
    IPAddressOptions,
    ModelHooks,
    RateLimit,
    RateLimitRule,
    SessionOptions,
    User,
    VerificationOptions,
)
from watchword.plugins import OneTimeToken
from watchword.storage.memory import MemoryStorage

ALONE: list[tuple[str, Callable[..., object], dict[str, Any]]] = [
    ("session.expires_in", SessionOptions, {"expires_in": "7d"}),
    ("session.expires_in", SessionOptions, {"expires_in": 0}),
    ("session.expires_in", SessionOptions, {"expires_in": 34_560_001}),
    ("session.update_age", SessionOptions, {"update_age": -1}),
    ("session.fresh_age", SessionOptions, {"fresh_age": -1}),
    ("session.model", SessionOptions, {"model": User}),
    ("session.cookie_cache", SessionOptions, {"cookie_cache": True}),
    ("session.cookie_cache.max_age", CookieCache, {"max_age": 0}),
    ("session.cookie_cache.strategy", CookieCache, {"strategy": "plain"}),
    ("account.model", AccountOptions, {"model": User}),
    ("verification.model", VerificationOptions, {"model": User}),
    ("verification.store_identifier", VerificationOptions, {"store_identifier": "md5"}),
    ("verification.store_identifier", VerificationOptions, {"store_identifier": {"a": "md5"}}),
    ("advanced.ip_address.headers", IPAddressOptions, {"headers": "x-real-ip"}),
    ("advanced.ip_address.trusted_proxies", IPAddressOptions, {"trusted_proxies": ["10.0.0/99"]}),
    ("advanced.ip_address.ipv6_subnet", IPAddressOptions, {"ipv6_subnet": 0}),
    ("advanced.cookies", CookieOptions, {"name": "a=b"}),
    ("advanced.cookies.same_site", CookieOptions, {"attributes": CookieAttributes(same_site="x")}),  # type: ignore[arg-type]
    ("advanced.cross_sub_domain_cookies", CrossSubDomainCookies, {"domain": "https://a.example"}),
    ("advanced.body_limit", Advanced, {"body_limit": 0}),
    ("advanced.cookie_prefix", Advanced, {"cookie_prefix": "my app"}),
    ("advanced.disable_origin_check", Advanced, {"disable_origin_check": ["callback"]}),
    (
        "advanced.default_cookie_attributes.max_age",
        Advanced,
        {"default_cookie_attributes": CookieAttributes(max_age=34_560_001)},
    ),
    ("advanced.cookies", Advanced, {"cookies": {"session_token": "sid"}}),
    ("rate limit max", RateLimitRule, {"max": 0}),
    ("rate limit window", RateLimitRule, {"window": 0}),
    ("rate_limit.window", RateLimit, {"window": 0}),
    ("rate_limit.max", RateLimit, {"max": 0}),
    ("rate_limit.storage", RateLimit, {"storage": "redis"}),
    ("rate_limit.storage", RateLimit, {"storage": "memory", "consume": print}),
    ("rate_limit.on_storage_failure", RateLimit, {"on_storage_failure": "ignore"}),
    ("rate_limit.custom_rules", RateLimit, {"custom_rules": {"sign-in/*": False}}),
    ("rate_limit.custom_rules", RateLimit, {"custom_rules": {"/sign-in/*": 5}}),
    ("base_url.allowed_hosts", DynamicBaseURL, {"allowed_hosts": []}),
    ("base_url.allowed_hosts", DynamicBaseURL, {"allowed_hosts": "a.example"}),
    ("base_url.protocol", DynamicBaseURL, {"allowed_hosts": ["a.example"], "protocol": "ftp"}),
    ("email_and_password.password_hash", EmailAndPassword, {"password_hash": "md5"}),
    ("email_and_password.min_password_length", EmailAndPassword, {"min_password_length": 0}),
    ("email_and_password.hash_password", EmailAndPassword, {"hash_password": str}),
    ("email_verification.expires_in", EmailVerification, {"expires_in": 0}),
]

TOGETHER: list[tuple[str, dict[str, Any]]] = [
    ("base_url", {"base_url": "localhost"}),
    ("base_path", {"base_path": "api/auth"}),
    ("disabled_paths", {"disabled_paths": ["sign-up/email"]}),
    ("trusted_origins", {"trusted_origins": "https://app.example"}),
    ("trusted_origins", {"trusted_origins": ["https://a.example, https://b.example"]}),
    ("database", {"database": "oracle://db"}),
    ("database", {"database": 5}),
    ("user_type", {"user_type": dict}),
    ("plugins", {"plugins": [OneTimeToken]}),
    ("plugins", {"plugins": ["one-time-token"]}),
    ("hooks", {"hooks": print}),
    ("on_api_error", {"on_api_error": print}),
    ("session", {"session": {"expires_in": 60}}),
    ("email_and_password", {"email_and_password": True}),
    ("database_hooks", {"database_hooks": {"users": ModelHooks()}}),
    ("advanced.generate_id", {"advanced": Advanced(generate_id="ulid")}),  # type: ignore[arg-type]
    ("rate_limit.storage", {"rate_limit": RateLimit(storage="secondary-storage")}),
    ("session.update_age", {"session": SessionOptions(expires_in=3600, update_age=3601)}),
    (
        "session.defer_refresh",
        {"session": SessionOptions(defer_refresh=True, disable_refresh=True)},
    ),
    ("session.store_in_database", {"session": SessionOptions(store_in_database=True)}),
    (
        "session.preserve_in_database",
        {
            "session": SessionOptions(preserve_in_database=True),
            "secondary_storage": MemoryStorage(),
        },
    ),
    (
        "verification.store_in_database",
        {"verification": VerificationOptions(store_in_database=True)},
    ),
    (
        "rate_limit.enabled",
        {
            "rate_limit": RateLimit(enabled=True),
            "advanced": Advanced(ip_address=IPAddressOptions(disable_tracking=True)),
        },
    ),
    (
        "advanced.ip_address.trusted_proxies",
        {
            "advanced": Advanced(
                ip_address=IPAddressOptions(headers=(), trusted_proxies=["10.0.0.1"])
            )
        },
    ),
    (
        "advanced.default_cookie_attributes.same_site",
        {
            "advanced": Advanced(default_cookie_attributes=CookieAttributes(same_site="none")),
            "base_url": "http://app.example",
        },
    ),
    (
        "email_verification.send_on_sign_up",
        {"email_verification": EmailVerification(send_on_sign_up=True)},
    ),
    (
        "email_verification.send_on_sign_in",
        {"email_verification": EmailVerification(send_on_sign_in=True)},
    ),
]


@pytest.mark.parametrize(("option", "kind", "values"), ALONE)
def test_an_option_object_checks_its_values(
    option: str, kind: Callable[..., object], values: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        kind(**values)
    assert str(raised.value).startswith(option)
    assert ". " in str(raised.value), "what to do instead"


@pytest.mark.parametrize(("option", "options"), TOGETHER)
def test_the_server_checks_its_options_together(
    make_auth: MakeAuth, option: str, options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        make_auth(**options)
    assert str(raised.value).startswith(option)
    assert ". " in str(raised.value), "what to do instead"


def test_an_unknown_option_is_named(make_auth: MakeAuth) -> None:
    with pytest.raises(TypeError, match="bse_url"):
        make_auth(bse_url="http://localhost:3000")
    with pytest.raises(TypeError, match="expires"):
        SessionOptions(expires=60)  # type: ignore[call-arg]


def test_a_value_of_the_wrong_kind_is_not_quoted_since_it_may_be_a_secret(
    make_auth: MakeAuth,
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        make_auth(hooks="sk-live-0123456789")
    assert "sk-live" not in str(raised.value)


def test_a_required_proof_that_cannot_be_mailed_is_warned_about(
    make_auth: MakeAuth, caplog: pytest.LogCaptureFixture
) -> None:
    make_auth(email_and_password=EmailAndPassword(enabled=True, require_email_verification=True))
    assert "require_email_verification" in caplog.text
    assert "send_verification_email" in caplog.text
