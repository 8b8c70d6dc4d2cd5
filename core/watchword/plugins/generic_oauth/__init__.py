"""Generic OAuth: any provider of OAuth 2 or OpenID Connect, by its discovery document or its URLs.

The providers stand beside those of `social_providers`, behind the same endpoints (spec: plugin
generic-oauth; security A1 to A10, H7).
"""

from __future__ import annotations

from watchword.oauth.client_authentication import PrivateKey
from watchword.oauth.profile import Identity, UserInfo
from watchword.oauth.provider import CodeGrant
from watchword.oauth.tokens import Profile, Tokens

from .openid import Auth0, Keycloak, MicrosoftEntraID, Okta
from .plain import Gumroad, HubSpot, Line, Patreon, Slack, Yandex
from .plugin import GenericOAuth
from .provider import GenericProvider

__all__ = [
    "Auth0",
    "CodeGrant",
    "GenericOAuth",
    "GenericProvider",
    "Gumroad",
    "HubSpot",
    "Identity",
    "Keycloak",
    "Line",
    "MicrosoftEntraID",
    "Okta",
    "Patreon",
    "PrivateKey",
    "Profile",
    "Slack",
    "Tokens",
    "UserInfo",
    "Yandex",
]
