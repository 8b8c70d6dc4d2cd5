"""First-party plugins. This list is all that names them; each is one module.

Importing this package imports no plugin: each comes with its first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchword.server_api import M, U

    from .action_token import ActionToken as ActionToken
    from .action_token import ActionTokenAPI
    from .admin import Admin as Admin
    from .admin import (
        BansAPI,
        GuardingAPI,
        ImpersonationAPI,
        ListedUsersAPI,
        ManagedSessionsAPI,
        ManagedUsersAPI,
    )
    from .anonymous import Anonymous as Anonymous
    from .anonymous import AnonymousAPI
    from .api_key import ApiKey as ApiKey
    from .api_key import ManagedKeysAPI, VerifiedKeysAPI
    from .bearer import Bearer as Bearer
    from .captcha import Captcha as Captcha
    from .custom_session import CustomSession as CustomSession
    from .device_authorization import DeviceApprovalAPI, DeviceAuthorizationAPI
    from .device_authorization import DeviceAuthorization as DeviceAuthorization
    from .email_otp import EmailOTP as EmailOTP
    from .email_otp import EmailOTPAPI
    from .generic_oauth import GenericOAuth as GenericOAuth
    from .have_i_been_pwned import HaveIBeenPwned as HaveIBeenPwned
    from .i18n import I18n as I18n
    from .jwt import JWT as JWT
    from .jwt import JWTAPI
    from .last_login_method import LastLoginMethod as LastLoginMethod
    from .magic_link import MagicLink as MagicLink
    from .magic_link import MagicLinkAPI
    from .multi_session import MultiSession as MultiSession
    from .multi_session import MultiSessionAPI
    from .native import Capacitor as Capacitor
    from .native import CapacitorAPI, ExpoAPI
    from .native import Expo as Expo
    from .oauth_popup import OAuthPopup as OAuthPopup
    from .oauth_popup import OAuthPopupAPI
    from .oauth_proxy import OAuthProxy as OAuthProxy
    from .oauth_proxy import OAuthProxyAPI
    from .one_tap import OneTap as OneTap
    from .one_tap import OneTapAPI
    from .one_time_token import OneTimeToken as OneTimeToken
    from .one_time_token import OneTimeTokenAPI
    from .one_time_token_session import OneTimeTokenSession as OneTimeTokenSession
    from .one_time_token_session import OneTimeTokenSessionAPI
    from .open_api import OpenAPI as OpenAPI
    from .open_api import OpenAPIEndpoints
    from .organization import (
        ActiveTeamsAPI,
        AnsweringAPI,
        GuardedMembersAPI,
        InvitationListsAPI,
        InvitingAPI,
        ManagedMembersAPI,
        ManagedOrganizationsAPI,
        NewOrganizationsAPI,
        ReadMembersAPI,
        ReadOrganizationsAPI,
        RuntimeRolesAPI,
        TeamMembersAPI,
        TeamsAPI,
    )
    from .organization import Organization as Organization
    from .pages import Pages as Pages
    from .pages import PagesAPI
    from .passkey import OwnPasskeysAPI, PasskeyAPI
    from .passkey import Passkey as Passkey
    from .phone_number import PhoneNumber as PhoneNumber
    from .phone_number import PhoneNumberAPI
    from .siwe import SIWE as SIWE
    from .siwe import SIWEAPI
    from .two_factor import SecondFactorsAPI, TwoFactorAPI
    from .two_factor import TwoFactor as TwoFactor
    from .username import Username as Username
    from .username import UsernameAPI

    class PluginAPI(
        ActionTokenAPI[M, U],
        AnonymousAPI[M, U],
        BansAPI[M, U],
        GuardingAPI[M, U],
        ImpersonationAPI[M, U],
        ListedUsersAPI[M, U],
        ManagedKeysAPI[M, U],
        ManagedSessionsAPI[M, U],
        ManagedUsersAPI[M, U],
        CapacitorAPI[M, U],
        DeviceApprovalAPI[M, U],
        DeviceAuthorizationAPI[M, U],
        EmailOTPAPI[M, U],
        ExpoAPI[M, U],
        JWTAPI[M, U],
        MagicLinkAPI[M, U],
        OAuthPopupAPI[M, U],
        OAuthProxyAPI[M, U],
        OneTapAPI[M, U],
        MultiSessionAPI[M, U],
        OneTimeTokenAPI[M, U],
        OneTimeTokenSessionAPI[M, U],
        OpenAPIEndpoints[M, U],
        AnsweringAPI[M, U],
        InvitationListsAPI[M, U],
        InvitingAPI[M, U],
        ManagedMembersAPI[M, U],
        ManagedOrganizationsAPI[M, U],
        NewOrganizationsAPI[M, U],
        GuardedMembersAPI[M, U],
        ReadMembersAPI[M, U],
        ReadOrganizationsAPI[M, U],
        ActiveTeamsAPI[M, U],
        RuntimeRolesAPI[M, U],
        TeamMembersAPI[M, U],
        TeamsAPI[M, U],
        OwnPasskeysAPI[M, U],
        PagesAPI[M, U],
        PasskeyAPI[M, U],
        SIWEAPI[M, U],
        PhoneNumberAPI[M, U],
        SecondFactorsAPI[M, U],
        TwoFactorAPI[M, U],
        UsernameAPI[M, U],
        VerifiedKeysAPI[M, U],
    ):
        """The functions of all plugins in `auth.api`."""


_HOMES = {
    "ActionToken": "action_token",
    "Anonymous": "anonymous",
    "Admin": "admin",
    "ApiKey": "api_key",
    "Bearer": "bearer",
    "Capacitor": "native",
    "Captcha": "captcha",
    "CustomSession": "custom_session",
    "DeviceAuthorization": "device_authorization",
    "EmailOTP": "email_otp",
    "Expo": "native",
    "GenericOAuth": "generic_oauth",
    "HaveIBeenPwned": "have_i_been_pwned",
    "JWT": "jwt",
    "I18n": "i18n",
    "LastLoginMethod": "last_login_method",
    "MagicLink": "magic_link",
    "MultiSession": "multi_session",
    "OAuthPopup": "oauth_popup",
    "OAuthProxy": "oauth_proxy",
    "OneTap": "one_tap",
    "OneTimeToken": "one_time_token",
    "OneTimeTokenSession": "one_time_token_session",
    "OpenAPI": "open_api",
    "Organization": "organization",
    "Pages": "pages",
    "Passkey": "passkey",
    "SIWE": "siwe",
    "PhoneNumber": "phone_number",
    "TwoFactor": "two_factor",
    "Username": "username",
}

__all__ = [
    "ActionToken",
    "Anonymous",
    "Admin",
    "ApiKey",
    "Bearer",
    "Capacitor",
    "Captcha",
    "CustomSession",
    "DeviceAuthorization",
    "EmailOTP",
    "Expo",
    "GenericOAuth",
    "HaveIBeenPwned",
    "JWT",
    "I18n",
    "LastLoginMethod",
    "MagicLink",
    "MultiSession",
    "OAuthPopup",
    "OAuthProxy",
    "OneTap",
    "OneTimeToken",
    "OneTimeTokenSession",
    "OpenAPI",
    "Organization",
    "Pages",
    "Passkey",
    "SIWE",
    "PhoneNumber",
    "TwoFactor",
    "Username",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"watchword.plugins has no plugin {name!r}; it has {__all__}")
    return getattr(import_module(f".{home}", __name__), name)
