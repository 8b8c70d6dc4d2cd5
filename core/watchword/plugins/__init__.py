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
    from .bearer import Bearer as Bearer
    from .email_otp import EmailOTP as EmailOTP
    from .email_otp import EmailOTPAPI
    from .generic_oauth import GenericOAuth as GenericOAuth
    from .magic_link import MagicLink as MagicLink
    from .magic_link import MagicLinkAPI
    from .native import Capacitor as Capacitor
    from .native import CapacitorAPI, ExpoAPI
    from .native import Expo as Expo
    from .one_tap import OneTap as OneTap
    from .one_tap import OneTapAPI
    from .one_time_token import OneTimeToken as OneTimeToken
    from .one_time_token import OneTimeTokenAPI
    from .one_time_token_session import OneTimeTokenSession as OneTimeTokenSession
    from .one_time_token_session import OneTimeTokenSessionAPI

    class PluginAPI(
        ActionTokenAPI[M, U],
        CapacitorAPI[M, U],
        EmailOTPAPI[M, U],
        ExpoAPI[M, U],
        MagicLinkAPI[M, U],
        OneTapAPI[M, U],
        OneTimeTokenAPI[M, U],
        OneTimeTokenSessionAPI[M, U],
    ):
        """The functions of all plugins in `auth.api`."""


_HOMES = {
    "ActionToken": "action_token",
    "Bearer": "bearer",
    "Capacitor": "native",
    "EmailOTP": "email_otp",
    "Expo": "native",
    "GenericOAuth": "generic_oauth",
    "MagicLink": "magic_link",
    "OneTap": "one_tap",
    "OneTimeToken": "one_time_token",
    "OneTimeTokenSession": "one_time_token_session",
}

__all__ = [
    "ActionToken",
    "Bearer",
    "Capacitor",
    "EmailOTP",
    "Expo",
    "MagicLink",
    "OneTap",
    "GenericOAuth",
    "OneTimeToken",
    "OneTimeTokenSession",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"watchword.plugins has no plugin {name!r}; it has {__all__}")
    return getattr(import_module(f".{home}", __name__), name)
