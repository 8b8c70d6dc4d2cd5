"""The pages show what the files of examples/deployment say, and name loggers that there are."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from tests.core.conftest import MakeAuth
from tests.core.conftest import clock as clock
from tests.core.conftest import make_auth as make_auth
from tests.deployment.processes import EXAMPLE
from tests.support.browser import Browser
from tests.support.services import ROOT

PAGES = [ROOT / "docs" / "deploying.md", *sorted((ROOT / "docs" / "deploying").glob("*.md"))]
ALERTS = (ROOT / "docs" / "deploying" / "logs-and-alerts.md").read_text()
OBSERVABILITY = (ROOT / "docs" / "observability.md").read_text()
FENCED = re.compile(r"^```(nginx|caddyfile|haproxy|text)\n(.*?)^```", re.DOTALL | re.MULTILINE)
EXCERPTS = [
    pytest.param(page, text, id=f"{page.stem}, {kind}")
    for page in PAGES
    for kind, text in FENCED.findall(page.read_text())
]


def levels() -> dict[str, set[str]]:
    """The levels of each logger, as docs/observability.md lists them."""
    found: dict[str, set[str]] = {}
    loggers: list[str] = []
    for first, second in re.findall(r"^\|(.*?)\| ([A-Z, ]+) \|", OBSERVABILITY, re.MULTILINE):
        loggers = re.findall(r"`(watchword[\w.]*)`", first) or loggers
        for logger in loggers:
            found.setdefault(logger, set()).update(second.split(", "))
    return found


@pytest.mark.parametrize(("page", "text"), EXCERPTS)
def test_what_is_shown_of_a_file_stands_in_it(page: Path, text: str) -> None:
    files = [one.read_text() for one in EXAMPLE.iterdir() if one.is_file()]
    assert any(text in content for content in files), (page, text)


def test_every_file_is_shown_on_a_page() -> None:
    pages = "".join(page.read_text() for page in PAGES)
    names = {one.name for one in EXAMPLE.iterdir() if one.is_file()}
    shown = {name for name in names if f"examples/deployment/{name})" in pages}
    assert names - shown == {name for name in (".dockerignore",) if f"`{name}`" in pages}


def test_alerts_are_about_loggers_and_events_that_there_are() -> None:
    rows = re.findall(r"^\| `(watchword[\w.]*)` \| (.+?) \|", ALERTS, re.MULTILINE)
    assert len(rows) > 10
    known = levels()
    for logger, what in rows:
        assert logger in known
        for event in re.findall(r"`([a-z_]+)`", what):
            assert f"`{event}`" in OBSERVABILITY, event
        level = re.match(r"[A-Z]+", what)
        assert level is None or level[0] in known[logger], (logger, what)


def test_fail2ban_finds_the_address_of_who_was_refused(
    make_auth: MakeAuth, caplog: pytest.LogCaptureFixture
) -> None:
    (pattern,) = re.findall(r"^failregex = (.+)$", ALERTS, re.MULTILINE)
    with caplog.at_level(logging.WARNING, "watchword.security"):
        browser = Browser(make_auth())
        assert browser.sign_in("nobody@example.com").status == 401
    (record,) = [one for one in caplog.records if one.name == "watchword.security"]
    line = logging.Formatter(logging.BASIC_FORMAT).format(record)
    found = re.search(pattern.replace("<HOST>", r"(?P<host>[0-9.]+)"), line)
    assert found is not None, line
    assert found["host"] == "203.0.113.7"
