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
        ImpersonationAPI,
        ListedUsersAPI,
        ManagedSessionsAPI,
        ManagedUsersAPI,
    )
    from .anonymous import Anonymous as Anonymous
    from .anonymous import AnonymousAPI
    from .bearer import Bearer as Bearer
    from .captcha import Captcha as Captcha
    from .email_otp import EmailOTP as EmailOTP
    from .email_otp import EmailOTPAPI
    from .generic_oauth import GenericOAuth as GenericOAuth
    from .have_i_been_pwned import HaveIBeenPwned as HaveIBeenPwned
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
        ImpersonationAPI[M, U],
        ListedUsersAPI[M, U],
        ManagedSessionsAPI[M, U],
        ManagedUsersAPI[M, U],
        CapacitorAPI[M, U],
        EmailOTPAPI[M, U],
        ExpoAPI[M, U],
        MagicLinkAPI[M, U],
        OAuthPopupAPI[M, U],
        OAuthProxyAPI[M, U],
        OneTapAPI[M, U],
        MultiSessionAPI[M, U],
        OneTimeTokenAPI[M, U],
        OneTimeTokenSessionAPI[M, U],
        OwnPasskeysAPI[M, U],
        PasskeyAPI[M, U],
        SIWEAPI[M, U],
        PhoneNumberAPI[M, U],
        SecondFactorsAPI[M, U],
        TwoFactorAPI[M, U],
        UsernameAPI[M, U],
    ):
        """The functions of all plugins in `auth.api`."""


_HOMES = {
    "ActionToken": "action_token",
    "Anonymous": "anonymous",
    "Admin": "admin",
    "Bearer": "bearer",
    "Capacitor": "native",
    "Captcha": "captcha",
    "EmailOTP": "email_otp",
    "Expo": "native",
    "GenericOAuth": "generic_oauth",
    "HaveIBeenPwned": "have_i_been_pwned",
    "LastLoginMethod": "last_login_method",
    "MagicLink": "magic_link",
    "MultiSession": "multi_session",
    "OAuthPopup": "oauth_popup",
    "OAuthProxy": "oauth_proxy",
    "OneTap": "one_tap",
    "OneTimeToken": "one_time_token",
    "OneTimeTokenSession": "one_time_token_session",
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
    "Bearer",
    "Capacitor",
    "Captcha",
    "EmailOTP",
    "Expo",
    "GenericOAuth",
    "HaveIBeenPwned",
    "LastLoginMethod",
    "MagicLink",
    "MultiSession",
    "OAuthPopup",
    "OAuthProxy",
    "OneTap",
    "OneTimeToken",
    "OneTimeTokenSession",
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
