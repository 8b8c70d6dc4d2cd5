"""What became of the users: counts, a few examples of each reason, all of them in a file.

No password hash ever gets here.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from .imported import ImportFailure

Kind = Literal["imported", "updated", "kept", "skipped", "note"]
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one user, or (`note`) what of it was left behind."""

    kind: Kind
    place: str
    reason: str = ""
    email: str | None = None


class Report:
    """Collects outcomes; `file` gets a line of JSON for each that is not simply imported."""

    def __init__(self, file: Path | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self.reasons: dict[str, Counter[str]] = {"kept": Counter(), "skipped": Counter()}
        self.reasons["note"] = Counter()
        self.examples: dict[str, list[str]] = {}
        self.passwords = 0
        """Imported with their users."""
        self.left_out: list[str] = []
        self._file = None if file is None else _private(file)

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count these."""
        for one in outcomes:
            self.counts[one.kind] += 1
            if one.kind in self.reasons:
                self.reasons[one.kind][one.reason] += 1
                examples = self.examples.setdefault(one.reason, [])
                if len(examples) < _EXAMPLES:
                    examples.append(one.place)
            if self._file is not None and one.kind != "imported":
                line = {"what": one.kind, "place": one.place, "reason": one.reason}
                self._file.write(json.dumps({**line, "email": one.email}) + "\n")

    def leave_out(self, names: Iterable[str]) -> None:
        """Tell of fields in the source that users do not have."""
        for name in names:
            self.left_out.append(name)
            if self._file is not None:
                reason = f"users have no field {name!r}"
                line = {"what": "left out", "place": "", "reason": reason, "email": None}
                self._file.write(json.dumps(line) + "\n")

    def lines(self, *, dry_run: bool) -> Iterable[str]:
        """The report for people."""
        would = " would be" if dry_run else ""
        yield f"{self.counts['imported']} users{would} imported"
        if self.counts["updated"]:
            yield f"{self.counts['updated']} users{would} updated"
        for kind, words in (("kept", "kept as they are"), ("skipped", "not imported")):
            if self.counts[kind]:
                yield f"{self.counts[kind]} users {words}:"
                yield from self._reasons(kind)
        if self.counts["note"]:
            yield "Left behind of users that are there:"
            yield from self._reasons("note")
        if self.passwords:
            yield f"{self.passwords} passwords stay good as they are, however long, until changed"
        if self.left_out:
            yield f"Left out, since users have no such field: {', '.join(self.left_out)}"

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _reasons(self, kind: str) -> Iterable[str]:
        for reason, count in self.reasons[kind].most_common():
            examples = ", ".join(self.examples[reason])
            yield f"  {count}: {reason} (at {examples}{', ...' if count > _EXAMPLES else ''})"


def _private(file: Path) -> IO[str]:
    """It names people: for the eyes of its owner."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        problem = f"{file} cannot be written ({type(error).__name__})"
        raise ImportFailure(problem, "Name another with --report") from None
    return os.fdopen(descriptor, "w", encoding="utf-8")
