"""Names of providers: what other systems call them, and what `account.providerId` says."""

from __future__ import annotations

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
}
_NO_PROVIDERS = {"email", "phone", "password", "credentials", "credential", "auth0", "anonymous"}
"""Ways to sign in at the system itself."""


def account(provider: object, account_id: object) -> ImportedAccount | None:
    """An account at a provider; None for what is none, or has no id."""
    name, own = text(provider), text(account_id)
    if name is None or own is None or name.casefold() in _NO_PROVIDERS:
        return None
    return ImportedAccount(_NAMES.get(name.casefold(), name), own)


def accounts(*found: ImportedAccount | None) -> tuple[ImportedAccount, ...]:
    """Those that there are, each once."""
    return tuple(dict.fromkeys(one for one in found if one is not None))
