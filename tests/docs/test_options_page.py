"""docs/options.md names options that there are, and none is left out."""

from __future__ import annotations

import dataclasses
import inspect
import re

import watchword
from tests.support.services import ROOT
from watchword import Auth, Plugin
from watchword.mail import SMTP, Files, Mailer, Outbox

PAGE = (ROOT / "docs" / "options.md").read_text()
NAMED = set(re.findall(r"`([A-Z]\w+)\.(\w+)`", PAGE))
MAIL = (Mailer, Outbox, SMTP, Files)
KINDS = {
    kind.__name__: {field.name for field in dataclasses.fields(kind) if field.init}
    for kind in (*vars(watchword).values(), *MAIL)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind)
} | {"Auth": set(inspect.signature(Auth.__init__).parameters)}
OPTIONS = {
    *(
        "AccountLinking",
        "AccountOptions",
        "Advanced",
        "ChangeEmail",
        "CookieCache",
        "CookieOptions",
    ),
    *("CrossSubDomainCookies", "DeleteUser", "DynamicBaseURL", "EmailAndPassword"),
    *("EmailVerification", "Hooks", "IPAddressOptions", "OnAPIError", "PasswordReset"),
    *("Outgoing", "RateLimit", "SessionOptions", "SignInLinks", "VerificationOptions"),
    "WorkLimits",
    *(kind.__name__ for kind in MAIL),
}
HOLDERS = {
    ("Advanced", "ip_address"),
    ("Advanced", "cross_sub_domain_cookies"),
    ("Advanced", "work"),
    ("Advanced", "outgoing"),
    ("SessionOptions", "cookie_cache"),
    ("EmailAndPassword", "checks"),
    ("EmailVerification", "confirm_changes"),
    ("EmailVerification", "other_proof"),
}
"""Fields that only hold the options of another class, or are no option."""


def test_every_option_on_the_page_exists() -> None:
    missing = {(kind, name) for kind, name in NAMED if name not in KINDS.get(kind, set())}
    assert not missing


def test_every_option_of_the_core_is_on_the_page() -> None:
    assert not issubclass(Auth, Plugin)
    every = {(kind, name) for kind in OPTIONS for name in KINDS[kind]}
    assert every - HOLDERS - NAMED == set()
