"""`watchword doctor` finds what must not go into production, and passes what may."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import APP, SECRET, Ran, Workplace

HEAD = """
from dataclasses import dataclass
from typing import Annotated
from watchword import *
from watchword import CookieAttributes
from watchword.crypto.passwords import Argon2Cost
from watchword.plugins import *
from watchword.plugins.captcha import HCaptcha
from watchword.plugins.two_factor import AccountLockout
from watchword.storage.memory import MemoryStorage

def send(mail): ...

class Down:
    def get(self, key): raise ConnectionError("redis://me:hunter22@cache is away")
    def set(self, key, value, ttl): ...
    def delete(self, key): ...
    def increment(self, key, ttl): ...

"""
GOOD = {
    "database": '"sqlite:///app.db"',
    "base_url": '"https://app.example.com"',
    "production": "True",
    "email_and_password": "EmailAndPassword(enabled=True)",
    "email_verification": "EmailVerification(send_verification_email=send)",
    "password_reset": "PasswordReset(send_reset_password=send)",
    "rate_limit": 'RateLimit(storage="database")',
    "advanced": "Advanced(ip_address=PROXIES)",
}
PROXIES = 'IPAddressOptions(trusted_proxies=["10.0.0.0/8"])'


def app(**options: str) -> str:
    """An application with these options over the good ones; an empty one is left out."""
    given = {name: text for name, text in (GOOD | options).items() if text}
    lines = "".join(f"    {name}={text},\n" for name, text in given.items())
    return HEAD + f"PROXIES = {PROXIES}\nauth = Auth(\n{lines})\n"


def advanced(options: str) -> dict[str, str]:
    return {"advanced": f"Advanced(ip_address=PROXIES, {options})"}


def examined(work: Workplace) -> tuple[Ran, list[tuple[str, str]]]:
    """How the command ended, and severity and option of what it found."""
    ran = work("doctor", "--json")
    found = [(one["severity"], one["about"]) for one in json.loads(ran.out)]
    return ran, found


@pytest.fixture
def ward(bare: Workplace) -> Workplace:
    """A good application on a migrated database."""
    bare.write("app.py", app())
    assert bare("migrate", "--yes").status == 0
    return bare


def test_a_good_configuration_passes(ward: Workplace) -> None:
    ran, found = examined(ward)
    assert ran.status == 0
    assert found == [("info", "secrets")]
    printed = ward("doctor")
    assert printed.status == 0
    assert printed.out.endswith("0 errors, 0 warnings, 1 note\n")


def dynamic(hosts: str, **options: str) -> dict[str, str]:
    """A base URL with these hosts, where nothing stops the server from starting with them."""
    protocol = options.pop("protocol", "https")
    url = f'DynamicBaseURL(allowed_hosts=[{hosts}], protocol="{protocol}")'
    return {"base_url": url, "production": "False", **options}


HOST = '"app.example.com"'
DYNAMIC: list[tuple[str, str, str, dict[str, str]]] = [
    ("error", "base_url.allowed_hosts", '"*"', {}),
    ("error", "base_url.allowed_hosts", '"http://*"', {"protocol": "auto"}),
    ("error", "base_url.allowed_hosts", f'{HOST}, "*.com"', {}),
    ("error", "trusted_origins", f'{HOST}, "http://*"', {"protocol": "auto"}),
    ("error", "trusted_origins", HOST, {"protocol": "auto"}),
    ("error", "base_url.protocol", HOST, {"protocol": "http"}),
    ("warning", "base_url.allowed_hosts", f'{HOST}, "localhost:*"', {"protocol": "auto"}),
    ("error", "trusted_origins", HOST, {"trusted_origins": '["http://shop.example.com"]'}),
    ("error", "advanced.use_secure_cookies", HOST, {"protocol": "auto"}),
    ("error", "advanced.use_secure_cookies", HOST, advanced("use_secure_cookies=False")),
    (
        "warning",
        "advanced.default_cookie_attributes",
        HOST,
        advanced('default_cookie_attributes=CookieAttributes(same_site="none")'),
    ),
]
WEAK_CODES = (
    "[EmailOTP(send_verification_otp=send, otp_length=4, allowed_attempts=100, "
    "expires_in=86400, wrong_guesses=None)]"
)
RANGES: list[tuple[str, str, dict[str, str]]] = [
    ("error", "EmailOTP.otp_length", {"plugins": WEAK_CODES}),
    ("warning", "EmailOTP.allowed_attempts", {"plugins": WEAK_CODES}),
    ("warning", "EmailOTP.expires_in", {"plugins": WEAK_CODES}),
    ("warning", "EmailOTP.wrong_guesses", {"plugins": WEAK_CODES}),
    (
        "warning",
        "MagicLink.expires_in",
        {"plugins": "[MagicLink(send_magic_link=send, expires_in=86400)]"},
    ),
    (
        "warning",
        "TwoFactor.account_lockout.enabled",
        {"plugins": "[TwoFactor(account_lockout=AccountLockout(enabled=False))]"},
    ),
    ("info", "Bearer.require_signature", {"plugins": "[Bearer()]"}),
    ("warning", "OneTimeToken.expires_in", {"plugins": "[OneTimeToken(expires_in=3600)]"}),
    ("warning", "session.fresh_age", {"session": "SessionOptions(fresh_age=0)"}),
    ("warning", "session.expires_in", {"session": "SessionOptions(expires_in=31_536_000)"}),
    ("warning", "rate_limit.max", {"rate_limit": 'RateLimit(storage="database", max=5000)'}),
    (
        "warning",
        "rate_limit.custom_rules['/sign-in/email'].max",
        {
            "rate_limit": 'RateLimit(storage="database", '
            'custom_rules={"/sign-in/email": RateLimitRule(max=500)})'
        },
    ),
    (
        "warning",
        "rate_limit.custom_rules['/sign-in/email']",
        {"rate_limit": 'RateLimit(storage="database", custom_rules={"/sign-in/email": False})'},
    ),
    (
        "warning",
        "email_and_password.argon2_cost.memory",
        {"email_and_password": "EmailAndPassword(enabled=True, argon2_cost=Argon2Cost(1024))"},
    ),
    (
        "warning",
        "email_and_password.max_password_length",
        {"email_and_password": "EmailAndPassword(enabled=True, max_password_length=20)"},
    ),
    (
        "warning",
        "email_and_password.failed_sign_ins.most",
        {
            "email_and_password": "EmailAndPassword(enabled=True, "
            "failed_sign_ins=FailedSignIns(most=1000))"
        },
    ),
    (
        "warning",
        "password_reset.token_expires_in",
        {"password_reset": "PasswordReset(send_reset_password=send, token_expires_in=604_800)"},
    ),
    (
        "warning",
        "advanced.ip_address.ipv6_subnet",
        {"advanced": "Advanced(ip_address=IPAddressOptions(ipv6_subnet=128))"},
    ),
]
SITE = "advanced.ip_address.trusted_proxies"
CASES = [
    ("error", "base_url", {"base_url": '"http://app.example.com"'}),
    ("error", "base_url", {"base_url": '"http://localhost:5000"'}),
    ("error", "base_url", {"base_url": "", "production": "False"}),
    *((severity, about, dynamic(hosts, **rest)) for severity, about, hosts, rest in DYNAMIC),
    ("error", "trusted_origins", {"trusted_origins": '["*"]'}),
    ("error", "trusted_origins", {"trusted_origins": '["https://*"]'}),
    ("error", "trusted_origins", {"trusted_origins": '["*.com"]'}),
    ("error", "trusted_origins", {"trusted_origins": '["http://shop.example.com"]'}),
    ("warning", "trusted_origins", {"trusted_origins": '["https://*.example.com"]'}),
    ("warning", "trusted_origins", {"trusted_origins": '["http://localhost:3000"]'}),
    ("info", "trusted_origins", {"trusted_origins": "lambda request: []"}),
    ("error", "advanced.use_secure_cookies", advanced("use_secure_cookies=False")),
    (
        "error",
        "advanced.default_cookie_attributes",
        advanced("default_cookie_attributes=CookieAttributes(http_only=False)"),
    ),
    (
        "warning",
        "advanced.default_cookie_attributes",
        advanced('default_cookie_attributes=CookieAttributes(same_site="none")'),
    ),
    ("error", "advanced.disable_csrf_check", advanced("disable_csrf_check=True")),
    ("error", "advanced.disable_origin_check", advanced("disable_origin_check=True")),
    ("warning", "advanced.disable_origin_check", advanced('disable_origin_check=["/sign-out"]')),
    ("warning", SITE, {"advanced": "Advanced()"}),
    (
        "warning",
        "advanced.trusted_proxy_headers",
        {"advanced": "Advanced(trusted_proxy_headers=True)"},
    ),
    (
        "warning",
        "advanced.ip_address.disable_tracking",
        {"advanced": "Advanced(ip_address=IPAddressOptions(disable_tracking=True))"},
    ),
    (
        "error",
        "advanced.ip_address.use_peer",
        {"advanced": "Advanced(ip_address=IPAddressOptions(use_peer=False))"},
    ),
    ("warning", "production", {"production": "False"}),
    ("error", "secret", {"secret": '"short"'}),
    ("error", "secret", {"secret": '"a" * 40'}),
    ("warning", "secrets", {"secret": '"weak"', "secrets": f'[VersionedSecret(2, "{SECRET}")]'}),
    ("warning", "secret", {"secret": '"0123456789-in-the-source-ABCDEFGHIJKLM"'}),
    (
        "warning",
        "secrets",
        {"secrets": f'[VersionedSecret(2, "{SECRET}"), VersionedSecret(1, "weak")]'},
    ),
    ("error", "rate_limit.enabled", {"rate_limit": "RateLimit(enabled=False)"}),
    ("warning", "rate_limit.storage", {"rate_limit": ""}),
    (
        "info",
        "rate_limit.on_storage_failure",
        {"rate_limit": "", "secondary_storage": "MemoryStorage()"},
    ),
    (
        "info",
        "session.cookie_cache.max_age",
        {"session": "SessionOptions(cookie_cache=CookieCache())"},
    ),
    (
        "warning",
        "session.cookie_cache.max_age",
        {"session": "SessionOptions(cookie_cache=CookieCache(max_age=3600))"},
    ),
    (
        "warning",
        "email_and_password.failed_sign_ins",
        {"email_and_password": "EmailAndPassword(enabled=True, failed_sign_ins=None)"},
    ),
    (
        "warning",
        "email_and_password.min_password_length",
        {"email_and_password": "EmailAndPassword(enabled=True, min_password_length=4)"},
    ),
    (
        "error",
        "email_verification.send_verification_email",
        {
            "email_and_password": "EmailAndPassword(enabled=True, require_email_verification=True)",
            "email_verification": "",
        },
    ),
    ("info", "email_verification.send_verification_email", {"email_verification": ""}),
    (
        "error",
        "email_verification.send_verification_email",
        {"email_verification": "", "change_email": "ChangeEmail(enabled=True)"},
    ),
    ("warning", "password_reset.send_reset_password", {"password_reset": ""}),
    (
        "warning",
        "plugins",
        {"plugins": '[Pages(), Captcha(provider=HCaptcha(secret_key="secret"))]'},
    ),
    ("error", "secondary_storage", {"secondary_storage": "Down()"}),
    *RANGES,
    ("error", "database", {"database": '"sqlite:///new.db"'}),
    ("error", "database", {"database": '"sqlite:///missing/folder/app.db"'}),
    ("error", "database", {"database": '"postgresql://me:hunter22@127.0.0.1:9/x"'}),
]


@pytest.mark.parametrize(("severity", "about", "options"), CASES)
def test_each_weakness_is_found(
    ward: Workplace, severity: str, about: str, options: dict[str, str]
) -> None:
    ward.write("app.py", app(**options))
    ran, found = examined(ward)
    assert (severity, about) in found
    assert ran.status == int(any(severity == "error" for severity, _ in found))
    assert "hunter22" not in ran.text


def test_what_is_missing_in_the_database_is_named(ward: Workplace) -> None:
    ward.write("app.py", app(database='"sqlite:///new.db"'))
    out = ward("doctor").out
    assert "database: it lacks the table user: id, name" in out
    assert "Run `watchword migrate`." in out


def test_every_finding_of_a_server_that_is_fit_is_only_a_note(ward: Workplace) -> None:
    """A rotation under way, a secondary storage and named hosts are no reason to fail."""
    ward.write(
        "app.py",
        app(
            base_url='DynamicBaseURL(allowed_hosts=["app.example.com"], protocol="https")',
            secrets=f'[VersionedSecret(2, "{SECRET}"), VersionedSecret(1, "{SECRET[::-1]}")]',
            secondary_storage="MemoryStorage()",
            rate_limit='RateLimit(on_storage_failure="refuse")',
        ),
    )
    ran, found = examined(ward)
    assert (ran.status, found) == (0, [])


def test_links_to_any_host_are_found_although_the_server_does_not_start(ward: Workplace) -> None:
    for url in ("", 'DynamicBaseURL(allowed_hosts=["*"])'):
        ward.write("app.py", app(base_url=url))
        ran, found = examined(ward)
        assert (ran.status, found) == (1, [("error", "application")])
        assert "base_url" in ran.out
        assert "password_reset" in ran.out or "email_verification" in ran.out


DOORBELL = """
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from watchword import Plugin
from watchword.configuration.safe_ranges import Safe

@dataclass(frozen=True, kw_only=True)
class Doorbell(Plugin):
    id: ClassVar[str] = "doorbell"
    safe: ClassVar[Mapping[str, Safe]] = {"rings": Safe("neighbours wake up", most=3)}
    rings: int = 5
"""


def test_a_safe_option_of_a_plugin_of_ones_own_is_held(ward: Workplace) -> None:
    ward.write("doorbell.py", DOORBELL)
    ward.write("app.py", "from doorbell import Doorbell\n" + app(plugins="[Doorbell()]"))
    out = ward("doctor").out
    assert "Doorbell.rings: 5: neighbours wake up. Give at most 3.\n" in out


def test_numbers_and_marks_read_as_english(ward: Workplace) -> None:
    ward.write("app.py", app(rate_limit="", database='"postgresql://me:x@127.0.0.1:9/x"'))
    out = ward("doctor").out
    assert out.endswith("1 error, 1 warning, 1 note\n")
    assert "?." not in out
    assert ".." not in out


def test_an_application_that_does_not_load_is_a_finding(bare: Workplace) -> None:
    ran, found = examined(bare)
    assert (ran.status, found) == (1, [("error", "application")])
    bare.write("app.py", APP.replace("https://app", "ftp://app"))
    ran, found = examined(bare)
    assert (ran.status, found) == (1, [("error", "application")])
    assert "base_url" in ran.out
