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
    assert printed.out.endswith("0 errors, 0 warnings, 1 notes\n")


SITE = "advanced.ip_address.trusted_proxies"
CASES = [
    ("error", "base_url", {"base_url": '"http://app.example.com"'}),
    ("error", "base_url", {"base_url": '"http://localhost:5000"'}),
    ("error", "base_url", {"base_url": ""}),
    ("error", "base_url", {"base_url": 'DynamicBaseURL(allowed_hosts=["*"])'}),
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
    ("warning", "production", {"production": "False"}),
    ("error", "secret", {"secret": '"short"'}),
    ("error", "secret", {"secret": '"a" * 40'}),
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
    ("error", "secondary_storage", {"secondary_storage": "Down()"}),
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


def test_an_application_that_does_not_load_is_a_finding(bare: Workplace) -> None:
    ran, found = examined(bare)
    assert (ran.status, found) == (1, [("error", "application")])
    bare.write("app.py", APP.replace("https://app", "ftp://app"))
    ran, found = examined(bare)
    assert (ran.status, found) == (1, [("error", "application")])
    assert "base_url" in ran.out
