"""The options of each profile (tests/reference/PROFILES.md, sections 2 and 6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

from tests.conformance.accounts import mailing, strict_mailing
from tests.conformance.actions import action_codes
from tests.conformance.administrators import administrators, role_by_address
from tests.conformance.codes import email_codes
from tests.conformance.guests import guests
from tests.conformance.keys import api_keys
from tests.conformance.links import magic_links
from tests.conformance.native import native
from tests.conformance.organizations import organizations
from tests.conformance.phone_numbers import phone_numbers
from tests.conformance.second_factors import second_factors
from tests.conformance.social import (
    generic,
    outgoing,
    social,
    social_closed,
    social_explicit,
    social_open,
)
from tests.conformance.surroundings import Surroundings
from watchword import (
    Advanced,
    Auth,
    Call,
    Column,
    CookieAttributes,
    CookieOptions,
    IPAddressOptions,
    ModelHooks,
    RateLimit,
    RateLimitRule,
    Request,
    Session,
    SessionAndUser,
    SessionOptions,
    User,
)
from watchword.configuration.options import CookieCache, CustomRule
from watchword.plugins import (
    JWT,
    SIWE,
    Bearer,
    CustomSession,
    DeviceAuthorization,
    LastLoginMethod,
    MultiSession,
    OAuthPopup,
    OneTap,
    OneTimeToken,
    OneTimeTokenSession,
    OpenAPI,
    Passkey,
    Username,
)

SECRET = "oracle-K7pQ2vX9mB4tR8wZ1cY6nH3jL5sD0fGa"
TRUSTED = ("https://app.trusted.example", "https://*.wild.example", "myapp://callback")


class OracleUser(User, kw_only=True):
    """Users with the extra fields of section 2."""

    nickname: str | None = None
    lang: str | None = "en"
    tier: Annotated[str | None, Column(input=False)] = "free"
    age: float | None = None
    newsletter: bool | None = None
    internal_note: Annotated[str | None, Column(returned=False)] = None
    color: Literal["red", "green", "blue"] | None = None


class OracleSession(Session, kw_only=True):
    """Sessions with the extra fields of section 2."""

    theme: str | None = None
    device: Annotated[str | None, Column(input=False)] = "web"


def core(around: Surroundings) -> dict[str, Any]:
    """Section 2, nothing else."""
    return {
        "app_name": "Oracle App",
        "secret": SECRET,
        "base_url": around.origin,
        "database": around.database,
        "trusted_origins": TRUSTED,
        "production": True,
        "rate_limit": RateLimit(enabled=False),
        "clock": around.clock,
        "environ": {},
        "advanced": Advanced(ip_address=IPAddressOptions(use_peer=False)),
        "user_type": OracleUser,
        "session": SessionOptions(model=OracleSession),
        **mailing(around),
    }


def cached(strategy: Literal["compact", "jwt", "jwe"], around: Surroundings) -> dict[str, Any]:
    """`core` with the cookie cache."""
    cache = CookieCache(max_age=300, strategy=strategy)
    return {
        **core(around),
        "session": SessionOptions(model=OracleSession, cookie_cache=cache),
    }


def strict(around: Surroundings) -> dict[str, Any]:
    """`core` with verified addresses and shorter lives."""
    session = SessionOptions(
        model=OracleSession, expires_in=86_400, update_age=3600, fresh_age=1800
    )
    return {**core(around), **strict_mailing(around), "session": session}


def secure(around: Surroundings) -> dict[str, Any]:
    """`core` with secure cookies of other names."""
    advanced = Advanced(
        use_secure_cookies=True,
        cookie_prefix="orc",
        default_cookie_attributes=CookieAttributes(same_site="strict"),
        cookies={"session_token": CookieOptions(name="sid", attributes=CookieAttributes(path="/"))},
        ip_address=IPAddressOptions(
            headers=("x-client-ip", "x-forwarded-for"), ipv6_subnet=64, use_peer=False
        ),
    )
    return {
        **core(around),
        "advanced": advanced,
        "session": SessionOptions(model=OracleSession, cookie_cache=CookieCache(max_age=120)),
        "disabled_paths": ("/change-password",),
    }


def secondary(around: Surroundings) -> dict[str, Any]:
    """`core` with sessions and verifications in a store that can be looked into."""
    return {**core(around), "secondary_storage": around.open_secondary()}


def limited(around: Surroundings) -> dict[str, Any]:
    """`core` with rate limits."""

    async def vip(request: Request, rule: RateLimitRule) -> RateLimitRule:
        important = request.headers.get("x-oracle-vip") == "1"
        return RateLimitRule(window=60, max=5 if important else 1)

    rules: dict[str, CustomRule] = {
        "/get-session": False,
        "/list-sessions": RateLimitRule(window=20, max=2),
        "/update-*": RateLimitRule(window=30, max=4),
        "/list-accounts": vip,
    }
    counted = "memory" if around.workers == 1 else "database"
    limit = RateLimit(enabled=True, window=10, max=12, storage=counted, custom_rules=rules)
    return {
        **core(around),
        "rate_limit": limit,
        "plugins": [second_factors(around), magic_links(around)],
    }


def plugins(around: Surroundings) -> dict[str, Any]:
    """`core` with the plugins that there are."""
    return {
        **core(around),
        "database_hooks": {"user": ModelHooks(create_before=role_by_address)},
        "plugins": [
            OneTimeToken(),
            second_factors(around),
            administrators(),
            organizations(around),
            magic_links(around),
            Passkey(rp_id="localhost", rp_name="Oracle App", origin=around.origin),
            api_keys(),
            Bearer(),
            JWT(),
            email_codes(around),
            Username(),
            phone_numbers(around),
            guests(around),
            MultiSession(maximum_sessions=3),
            LastLoginMethod(),
            OpenAPI(),
            DeviceAuthorization(expires_in=600, validate_client=is_known_device),
        ],
    }


def is_known_device(client_id: str) -> bool:
    """The clients of the profile `plugins`."""
    return client_id.startswith("cli-")


def one_time_tokens(around: Surroundings) -> dict[str, Any]:
    """A profile of our own: `core` with all plugins of one-time tokens."""
    return {
        **core(around),
        "plugins": [OneTimeToken(), OneTimeTokenSession(), action_codes(around)],
    }


def with_providers(options: Callable[[], dict[str, Any]], around: Surroundings) -> dict[str, Any]:
    """`core` with identity providers, all of which the fake one plays."""
    given = core(around)
    advanced = replace(given["advanced"], outgoing=outgoing(around))
    plugins = [generic(around), guests(around), LastLoginMethod()]
    return {**given, **options(), "plugins": plugins, "advanced": advanced}


def devices(around: Surroundings) -> dict[str, Any]:
    """A profile of our own: `core` with what a browser remembers beside its session."""
    return {**core(around), "plugins": [MultiSession(maximum_sessions=3), LastLoginMethod()]}


def custom_sessions(around: Surroundings) -> dict[str, Any]:
    """A profile of our own: `core` where clients see of a session what a function makes of it."""

    def shape(found: SessionAndUser[OracleUser], call: Call) -> object:
        return {"who": found.user.name, "until": found.session.expires_at, "user": found.user}

    shown = CustomSession(shape=shape, shape_device_sessions=True)
    return {**core(around), "plugins": [MultiSession(maximum_sessions=3), shown]}


def wallets(around: Surroundings) -> dict[str, Any]:
    """A profile of our own: `core` where wallets sign in."""
    return {**core(around), "plugins": [SIWE(domain="example.com")]}


def applications(
    strategy: Literal["compact", "jwt", "jwe"] | None, around: Surroundings
) -> dict[str, Any]:
    """Profiles of our own: `core` for applications on a device, without and with the cache."""
    return {**(cached(strategy, around) if strategy else core(around)), **native(around)}


def google_pages(around: Surroundings) -> dict[str, Any]:
    """A profile of our own: `core` with Google, its prompt, and popups."""
    options = with_providers(social, around)
    return {**options, "plugins": [*options["plugins"], OneTap(), OAuthPopup(), Bearer()]}


PROFILES: dict[str, Callable[[Surroundings], dict[str, Any]]] = {
    "core": core,
    "core-cache-compact": partial(cached, "compact"),
    "core-cache-jwt": partial(cached, "jwt"),
    "core-cache-jwe": partial(cached, "jwe"),
    "core-strict": strict,
    "core-secure": secure,
    "core-secondary": secondary,
    "ratelimit": limited,
    "plugins": plugins,
    "one-time-tokens": one_time_tokens,
    "social": partial(with_providers, social),
    "social-open": partial(with_providers, social_open),
    "social-closed": partial(with_providers, social_closed),
    "social-explicit": partial(with_providers, social_explicit),
    "devices": devices,
    "custom-sessions": custom_sessions,
    "wallets": wallets,
    "native": partial(applications, None),
    "native-compact": partial(applications, "compact"),
    "native-jwt": partial(applications, "jwt"),
    "native-jwe": partial(applications, "jwe"),
    "google-pages": google_pages,
}


def build(profile: str, around: Surroundings) -> Auth[Any]:
    """The server of a profile. Raises `KeyError` for one that is not served."""
    return Auth(**PROFILES[profile](around))
