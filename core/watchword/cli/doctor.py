"""`watchword doctor`: is this configuration fit for production?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from watchword.configuration.safe_ranges import SEVERITIES

from .application import NO_APPLICATION, Application, AsJson
from .database_checks import check_databases
from .failures import CommandError, scrubbed, sentences
from .finding import Finding
from .mail_findings import check_mailer
from .option_findings import check_options
from .range_checks import check_ranges
from .screen import say
from .site_checks import check_site

_STYLES = {"error": "bold red", "warning": "yellow", "info": "dim"}


def doctor(*, as_json: AsJson = False, application: Application = NO_APPLICATION) -> int:
    """Check application and databases for production. Exit status 1 if there is an error."""
    found = [
        Finding(one.severity, one.about, scrubbed(one.what), one.remedy)
        for one in sorted(_findings(application), key=_weight)
    ]
    if as_json:
        say(json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False))
    else:
        _print(found)
    return int(any(one.severity == "error" for one in found))


def _findings(application: Application) -> Iterator[Finding]:
    try:
        with application.opened(database=False) as auth:
            yield from check_options(auth.config)
            yield from check_ranges(auth.config)
            yield from check_site(auth.config)
            yield from check_mailer(auth)
            yield from check_databases(auth)
    except CommandError as error:
        yield Finding("error", "application", str(error))


def _weight(finding: Finding) -> int:
    return SEVERITIES.index(finding.severity)


def _print(found: list[Finding]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for one in found:
        line = Text.assemble((one.severity, _STYLES[one.severity]), f"  {one.about}: ")
        console.print(line.append(sentences(one.what, one.remedy)))
    counts = Counter(one.severity for one in found)
    console.print(", ".join(_counted(counts[one], one) for one in SEVERITIES))


def _counted(count: int, severity: str) -> str:
    name = {"info": "note"}.get(severity, severity)
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
