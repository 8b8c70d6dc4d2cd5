"""W11: in production no mail leads to a host that only the request named."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from watchword import (
    ChangeEmail,
    ConfigurationError,
    DeleteUser,
    DynamicBaseURL,
    EmailVerification,
    PasswordReset,
)
from watchword.plugins import EmailOTP, MagicLink


def send(*args: Any) -> None: ...


MAILING: list[tuple[str, dict[str, Any]]] = [
    (
        "email_verification.send_verification_email",
        {"email_verification": EmailVerification(send_verification_email=send)},
    ),
    (
        "password_reset.send_reset_password",
        {"password_reset": PasswordReset(send_reset_password=send)},
    ),
    (
        "change_email.send_change_email_confirmation",
        {"change_email": ChangeEmail(enabled=True, send_change_email_confirmation=send)},
    ),
    (
        "delete_user.send_delete_account_verification",
        {"delete_user": DeleteUser(enabled=True, send_delete_account_verification=send)},
    ),
    ("MagicLink.send_magic_link", {"plugins": [MagicLink(send_magic_link=send)]}),
]
ANY_HOST: list[tuple[str, Any]] = [
    ("base_url", None),
    *(
        ("base_url.allowed_hosts", DynamicBaseURL(allowed_hosts=["app.example.com", pattern]))
        for pattern in ("*", "*:*", "https://*", "*.*", "?*", "*.com", "*.example", "a*")
    ),
]


@pytest.mark.parametrize(("sender", "options"), MAILING, ids=[sender for sender, _ in MAILING])
@pytest.mark.parametrize(("option", "base_url"), ANY_HOST)
def test_a_server_that_would_mail_links_to_any_host_does_not_start(
    make_auth: MakeAuth, option: str, base_url: Any, sender: str, options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_auth(production=True, base_url=base_url, **options)
    assert str(caught.value).startswith(f"{option}: {sender}")


@pytest.mark.parametrize(
    "options",
    [
        {"production": False, "base_url": None, **MAILING[1][1]},
        {"base_url": "https://app.example.com", **MAILING[1][1]},
        {"base_url": None, "environ": {"BASE_URL": "https://a.example"}, **MAILING[1][1]},
        {"base_url": DynamicBaseURL(allowed_hosts=["*.example.com"]), **MAILING[1][1]},
        {"base_url": DynamicBaseURL(allowed_hosts=["*.internal"]), **MAILING[1][1]},
        {"base_url": None},
        {"base_url": None, "plugins": [EmailOTP(send_verification_otp=send)]},
    ],
)
def test_others_do(make_auth: MakeAuth, options: dict[str, Any]) -> None:
    make_auth(**{"production": True, **options})
