"""What `watchword doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.configuration.safe_ranges import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know: the option (or part) that it is about, what is wrong, what to do."""

    severity: Severity
    about: str
    what: str
    remedy: str = ""
