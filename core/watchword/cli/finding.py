"""What `watchword doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""An error must not go into production; a warning wants to be meant; the rest is good to know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know: the option (or part) that it is about, what is wrong, what to do."""

    severity: Severity
    about: str
    what: str
    remedy: str = ""
