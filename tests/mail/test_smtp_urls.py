"""What `SMTP` is told: the URL, and that nothing of it is ever shown."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import pytest

from watchword import ConfigurationError
from watchword.cli.redaction import shown
from watchword.mail import SMTP


@pytest.mark.parametrize(
    ("url", "host", "port", "encrypted", "upgrades"),
    [
        ("smtp://user:pass@smtp.example.com", "smtp.example.com", 587, False, True),
        ("smtp://smtp.example.com:2525", "smtp.example.com", 2525, False, True),
        ("smtps://user:pass@smtp.example.com", "smtp.example.com", 465, True, False),
        ("smtps://smtp.example.com:4465/", "smtp.example.com", 4465, True, False),
        ("smtp://localhost:1025", "localhost", 1025, False, False),
        ("smtp://127.0.0.1", "127.0.0.1", 587, False, False),
        ("smtp://[::1]:25", "::1", 25, False, False),
        ("smtp://user:pass@localhost", "localhost", 587, False, True),
        ("smtp://mailpit:1025?starttls=false", "mailpit", 1025, False, False),
        ("smtp://localhost?starttls=true", "localhost", 587, False, True),
        ("SMTP://Smtp.Example.com", "smtp.example.com", 587, False, True),
        ("smtp://b%C3%BCcher.example", "xn--bcher-kva.example", 587, False, True),
    ],
)
def test_urls(url: str, host: str, port: int, encrypted: bool, upgrades: bool) -> None:
    found = SMTP(url)
    assert (found.host, found.port, found.encrypted, found.upgrades) == (
        host,
        port,
        encrypted,
        upgrades,
    )


def test_user_and_password_are_percent_decoded() -> None:
    found = SMTP("smtp://apikey%40app:p%40s%2Fs%3A%23%25@smtp.example.com")
    assert (found.username, found.password) == ("apikey@app", "p@s/s:#%")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "smtp.example.com",
        "http://user:hunter2@smtp.example.com",
        "smtp://",
        "smtp://user:hunter2@",
        "smtp://user:hunter2@host:99999",
        "smtp://user:hunter2@host:port",
        "smtp://user:hunt/er2@host",
        "smtp://user:hunt#er2@host",
        "smtp://user:hunter2@host/path",
        "smtp://user:hunter2@host?starttls=maybe",
        "smtp://user:hunter2@host?starttls=true&starttls=false",
        "smtp://user:hunter2@host?debug=1",
        "smtp://user:hunter2@ho st",
        "smtp://user:hunter2@host\r\nRCPT TO:<x@y.z>",
        "smtp://user:hunter2%0d%0aQUIT@host",
        "smtp://user@host",
        "smtp://:hunter2@host",
        "smtp://user:h%C3%BCnter2@host",
        "smtp://user:hunter2@ho%0d%0ast",
        "smtp://[::1",
        "smtp://user:hunter2@" + "h" * 3000,
    ],
)
def test_what_is_no_url_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        SMTP(url)
    assert told.value.option == "SMTP.url"
    assert "hunter2" not in str(told.value)
    assert "hunt" not in str(told.value)


def test_the_password_is_shown_nowhere() -> None:
    smtp = SMTP("smtp://someone:hunter2@smtp.example.com", timeout=timedelta(seconds=5))
    for text in (repr(smtp), str(smtp), repr(shown(smtp))):
        assert "hunter2" not in text
        assert "someone" not in text
    assert "smtp.example.com" in repr(smtp)


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"url": 5}, "SMTP.url"),
        ({"timeout": 0}, "SMTP.timeout"),
        ({"timeout": 1000}, "SMTP.timeout"),
        ({"local_hostname": "web 1"}, "SMTP.local_hostname"),
        ({"url": "smtps://host", "starttls": True}, "SMTP.starttls"),
        ({"url": "smtps://host?starttls=true"}, "SMTP.starttls"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], option: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        SMTP(**{"url": "smtp://localhost", **options})
    assert told.value.option == option


def test_without_aiosmtplib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiosmtplib", None)
    monkeypatch.setattr("watchword.mail.smtp.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"watchword\[mail\]"):
        SMTP("smtp://localhost")
    monkeypatch.delitem(sys.modules, "watchword.mail.smtp_async", raising=False)
    with pytest.raises(ImportError, match=r"watchword\[mail\]"):
        __import__("watchword.mail.smtp_async")
