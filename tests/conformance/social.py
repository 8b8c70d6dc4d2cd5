"""What the profiles say about providers: `social` (PROFILES.md, section 6), and what is derived
from it (tests/reference/derived-profiles.mjs)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance.fake_provider import ToFakeProvider
from tests.conformance.surroundings import Surroundings
from watchword import AccountLinking, AccountOptions, OnAPIError, Outgoing
from watchword.oauth.provider import Provider
from watchword.plugins import GenericOAuth
from watchword.plugins.generic_oauth import GenericProvider, Profile, Tokens
from watchword.providers import Apple, Discord, GitHub, Google

_GOOGLE: dict[str, Any] = {"client_id": "google-client", "client_secret": "google-secret"}
_GITHUB: dict[str, Any] = {"client_id": "github-client", "client_secret": "github-secret"}
_DISCORD: dict[str, Any] = {"client_id": "discord-client", "client_secret": "discord-secret"}
_TRUSTED = ("google", "fakeoidc")


def outgoing(around: Surroundings) -> Outgoing:
    """Requests end at the fake provider, if there is one."""
    return Outgoing(transport=ToFakeProvider(around.provider) if around.provider else None)


def social() -> dict[str, Any]:
    """The options of profile `social`, less its generic providers."""
    linking = AccountLinking(trusted_providers=_TRUSTED)
    return {
        "account": AccountOptions(encrypt_oauth_tokens=True, linking=linking),
        "social_providers": [_google(), _github(), _discord(disable_implicit_sign_up=True)],
    }


def generic(around: Surroundings) -> GenericOAuth:
    """The generic providers of all of these profiles."""
    fake = around.provider or "http://127.0.0.1:9"
    document = f"{fake}/oidc/.well-known/openid-configuration"
    return GenericOAuth(
        config=[
            GenericProvider(
                provider_id="fakeoidc",
                client_id="oidc-client",
                client_secret="oidc-secret",
                discovery_url=document,
                scope=("openid", "profile", "email"),
                override_user_info_on_sign_in=True,
            ),
            GenericProvider(
                provider_id="plainoauth",
                client_id="plain-client",
                client_secret="plain-secret",
                authorization_endpoint=f"{fake}/plain/authorize",
                token_endpoint=f"{fake}/plain/token",
                userinfo_endpoint=f"{fake}/plain/userinfo",
                scope=("profile",),
                pkce=False,
                token_endpoint_auth="basic",
                account_subject=_subject,
                map_profile_to_user=_displayed,
            ),
            GenericProvider(
                provider_id="closedoidc",
                client_id="closed-client",
                client_secret="closed-secret",
                discovery_url=document,
                scope=("openid", "email"),
                disable_sign_up=True,
            ),
        ]
    )


def social_open() -> dict[str, Any]:
    """Flows in cookies, plain tokens, linking as free as it gets; one more provider."""
    linking = AccountLinking(
        require_local_email_verified=False,
        allow_different_emails=True,
        update_user_info_on_link=True,
    )
    return {
        "account": AccountOptions(
            store_state_strategy="cookie", linking=linking, allow_unlinking_all=True
        ),
        "social_providers": [
            _google(override_user_info_on_sign_in=True),
            _github(map_profile_to_user=_nickname),
            Discord(**_DISCORD, require_email_verification=True),
            Apple(client_id="apple-client", client_secret="apple-secret"),
        ],
        "validate_user_info": _bar,
    }


def social_closed() -> dict[str, Any]:
    """No linking, neither sign-up nor ID tokens with Google, any browser may finish a flow."""
    linking = AccountLinking(enabled=False, trusted_providers=("google",))
    return {
        "account": AccountOptions(
            linking=linking, update_account_on_sign_in=False, skip_state_cookie_check=True
        ),
        "social_providers": [
            _google(disable_sign_up=True, disable_id_token_sign_in=True),
            _github(),
            _discord(disable_implicit_sign_up=True),
        ],
        "on_api_error": OnAPIError(error_url="https://app.trusted.example/failed?from=sign-in"),
    }


def social_explicit() -> dict[str, Any]:
    """Signing in never joins accounts."""
    linking = AccountLinking(trusted_providers=_TRUSTED, disable_implicit_linking=True)
    return {**social(), "account": AccountOptions(encrypt_oauth_tokens=True, linking=linking)}


def _google(**more: Any) -> Provider:
    return Google(**_GOOGLE, access_type="offline", prompt="select_account", **more)


def _github(**more: Any) -> Provider:
    return GitHub(**_GITHUB, scope=("repo",), **more)


def _discord(**more: Any) -> Provider:
    return Discord(**_DISCORD, map_profile_to_user=_called, **more)


def _subject(profile: Profile, tokens: Tokens) -> Any:
    return profile.get("uid") or profile.get("id")


def _displayed(profile: Profile) -> dict[str, object]:
    name = profile.get("display") or profile.get("name")
    return {"name": name, "email_verified": profile.get("verified") is True}


def _called(profile: Mapping[str, Any]) -> dict[str, object]:
    return {"name": f"discord:{profile['username']}"}


def _nickname(profile: Mapping[str, Any]) -> dict[str, object]:
    # Nobody may give a tier from outside.
    return {"nickname": profile["login"], "tier": "gold"}


def _bar(user: dict[str, object], *_: object) -> tuple[str, str] | None:
    barred = str(user["email"]).startswith("barred")
    return ("user_is_barred", "Ask us first") if barred else None
