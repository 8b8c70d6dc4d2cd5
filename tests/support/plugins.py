"""Every plugin that there is, for tests of what must hold for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from watchword import Plugin, plugins
from watchword.plugins.captcha import HCaptcha
from watchword.plugins.generic_oauth import GenericProvider
from watchword.plugins.organization import (
    ORGANIZATION_STATEMENTS,
    AccessControl,
    DynamicAccessControl,
    Teams,
)
from watchword.plugins.two_factor import OTPOptions

Send = Callable[[Any, Any], object]

_PROVIDER = GenericProvider(
    provider_id="generic",
    client_id="client",
    authorization_endpoint="https://id.example/authorize",
    token_endpoint="https://id.example/token",
)


def drop(mail: object, request: object) -> None:
    """Sends nothing."""


def as_it_is(found: Any, call: Any) -> Any:
    """What clients see of a session: what there is."""
    return found


def every_plugin(send: Send = drop, **options: dict[str, Any]) -> list[Plugin]:
    """One of each, by name with further options; what is to be mailed goes to `send`."""
    needed: dict[str, dict[str, Any]] = {
        "ActionToken": {"send_token": send},
        "Captcha": {"provider": HCaptcha(secret_key="secret"), "paths": ["/ok"]},
        "CustomSession": {"shape": as_it_is},
        "EmailOTP": {"send_verification_otp": send},
        "GenericOAuth": {"config": [_PROVIDER]},
        "HaveIBeenPwned": {"enabled": False},
        "MagicLink": {"send_magic_link": send},
        "OneTap": {"client_id": "client"},
        "Organization": {
            "ac": AccessControl(ORGANIZATION_STATEMENTS),
            "teams": Teams(),
            "dynamic_access_control": DynamicAccessControl(),
        },
        "PhoneNumber": {"send_otp": send, "send_password_reset_otp": send},
        "SIWE": {"domain": "example.com"},
        "TwoFactor": {"otp": OTPOptions(send_otp=send), "note_in_session": True},
    }
    return [
        getattr(plugins, name)(**needed.get(name, {}), **options.get(name, {}))
        for name in plugins.__all__
    ]
