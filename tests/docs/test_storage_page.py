"""The page on storage names every table that a server can have, and no other."""

from __future__ import annotations

import re
from typing import Any

from tests.support.plugins import every_plugin
from tests.support.services import ROOT
from watchword import RateLimit, testing
from watchword.mail import Console, Mailer


def test_every_table_is_on_the_page_and_no_other() -> None:
    page = (ROOT / "docs" / "storage.md").read_text()
    (table,) = re.findall(r"^\| table \|.*\n(?:\|.*\n)+", page, re.MULTILINE)
    rows = re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    mail = Mailer(Console(), sender="a@app.example", outbox=True)
    counted: Any = RateLimit(storage="database")
    auth = testing.auth(
        base_url="http://localhost:8000", mail=mail, rate_limit=counted, plugins=every_plugin()
    )
    assert sorted(named) == sorted(auth.config.tables.models)
