"""A project of Django that a page of the documentation describes, made as the page says: its files
with a title, and its commands that begin with `django-admin` or `python manage.py`."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .services import ROOT
from .tutorial import Tutorial, lines_of, write_file

_ADMIN, _MANAGE = "django-admin ", "python manage.py "


@dataclass(frozen=True)
class Project:
    """A folder with `manage.py`."""

    folder: Path

    def manage(self, *arguments: str) -> str:
        """Run a command of `manage.py`; gives what it said, or fails with that."""
        return self.run("manage.py", *arguments)

    def run(self, *arguments: str) -> str:
        """Run Python in the folder."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT / "core"),
                "PYTHONDONTWRITEBYTECODE": "1",
                "BETTER_AUTH_SECRET": "test-secret-0123456789-abcdefghijKLMNOP",
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        return said


def project_of(page: Path, folder: Path, *, begun: str = "") -> Project:
    """The project, once everything is done that the page says; `begun` is its name where the page
    says elsewhere than among its commands how it begins."""
    made = Project(folder)
    if begun:
        made.run("-m", "django", "startproject", begun, ".")
    for step in Tutorial(page).steps:
        if step["file"]:
            write_file(step, folder, step["text"])
        for line in lines_of(step):
            if line.startswith(_ADMIN):
                made.run("-m", "django", *shlex.split(line)[1:])
            elif line.startswith(_MANAGE):
                made.manage(*shlex.split(line.removeprefix(_MANAGE)))
    return made
