"""Commands that the documentation prints in tables, run as they stand there: only the port, and
files that the reader has elsewhere, are others.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.deployment.processes import python_program
from tests.support.services import ROOT

PAGES = ROOT / "docs" / "deploying"
BIND = {"gunicorn": "--bind", "uwsgi": "--http-socket"}
"""Where a file says the address, an argument says another one."""


@dataclass(frozen=True)
class Printed:
    """A row of a table: its cells, and the command among them."""

    cells: tuple[str, ...]
    command: str
    environ: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def id(self) -> str:
        return ", ".join(cell for cell in self.cells if not cell.startswith("`"))

    def on(self, port: int, files: Mapping[str, str] | None = None) -> list[str]:
        """The command, on a port of the test's own."""
        text = self.command.replace("8000", str(port))
        for shown, here in (files or {}).items():
            text = text.replace(shown, here)
        program, *arguments = shlex.split(text)
        if str(port) not in " ".join(arguments):
            arguments += [BIND[program], f"127.0.0.1:{port}"]
        return [python_program(program), *arguments]


def rows(page: str, heading: str = "") -> list[Printed]:
    """The commands of a page, or of the part below a heading."""
    text = (PAGES / page).read_text()
    if heading:
        text = re.split(r"^## ", text.partition(f"\n## {heading}\n")[2], flags=re.MULTILINE)[0]
    found: list[Printed] = []
    for line in text.splitlines():
        cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
        code = [cell[1:-1] for cell in cells if re.fullmatch(r"`[^`]+`", cell)]
        if line.startswith("|") and code and len(code[0].split()) > 1:
            said = re.match(r"([A-Z_]+)=(\S+) ", code[0])
            environ = {said[1]: said[2]} if said else {}
            found.append(Printed(cells, code[0][said.end() if said else 0 :], environ))
    return found
