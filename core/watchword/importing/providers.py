"""Providers and their accounts: what other systems call them, and what `account` rows say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .imported import ImportedAccount
from .reading import text

_NAMES = {
    "google.com": "google",
    "google-oauth2": "google",
    "github.com": "github",
    "facebook.com": "facebook",
    "apple.com": "apple",
    "appleid": "apple",
    "twitter.com": "twitter",
    "twitter_oauth2": "twitter",
    "x": "twitter",
    "microsoft.com": "microsoft",
    "microsoft-entra-id": "microsoft",
    "microsoft_graph": "microsoft",
    "azure-ad": "microsoft",
    "azure": "microsoft",
    "windowslive": "microsoft",
    "waad": "microsoft",
    "linkedin_oidc": "linkedin",
    "linkedin_oauth2": "linkedin",
    "openid_connect_linkedin": "linkedin",
    "slack_oidc": "slack",
    "yahoo.com": "yahoo",
    "amazon_cognito": "cognito",
    "vkontakte": "vk",
    "weixin": "wechat",
}
_NO_PROVIDERS = {"email", "phone", "password", "credentials", "credential", "auth0", "anonymous"}
"""Ways to sign in at the system itself."""

_OBJECT_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PRIVATE = re.compile("[0-9a-f]{16}")


def _microsoft(own: str) -> str | None:
    """The object id (`oid`). Graph leaves the zeros of a private account's away. What else there
    is, is `sub`: another one in every application."""
    own = own.lower()
    if _PRIVATE.fullmatch(own):
        return f"00000000-0000-0000-{own[:4]}-{own[4:]}"
    return own if _OBJECT_ID.fullmatch(own) else None


def _google(own: str) -> str:
    """The People API says `people/<sub>`."""
    return own.removeprefix("people/")


def _salesforce(own: str) -> str:
    """`sub` is a URL with the user's id at its end."""
    return own.rpartition("/")[2]


_IDS: Mapping[str, Callable[[str], str | None]] = {
    "google": _google,
    "microsoft": _microsoft,
    "salesforce": _salesforce,
}
"""How ids that are spelled otherwise become those of `watchword.providers`."""


def account(provider: object, account_id: object) -> ImportedAccount | None:
    """An account at a provider; None for what is none."""
    name, own = text(provider), text(account_id)
    if name is None or name.casefold() in _NO_PROVIDERS:
        return None
    known = _NAMES.get(name.casefold(), name)
    return ImportedAccount(known, own and _IDS.get(known, str)(own))


def accounts(*found: ImportedAccount | None) -> tuple[ImportedAccount, ...]:
    """Those that there are, each once."""
    return tuple(dict.fromkeys(one for one in found if one is not None))
