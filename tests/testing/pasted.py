"""Projects of others: run in a process of their own, where the plugin is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.support.services import ROOT


def environment(folder: Path) -> dict[str, str]:
    """The environment in a folder that has the distribution's entry points, and no pytest yet."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    lines = [f"{name} = {place}" for name, place in table["pytest11"].items()]
    installed = folder / "installed" / "kit-1.dist-info"
    installed.mkdir(parents=True, exist_ok=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: kit\nVersion: 1\n")
    (installed / "entry_points.txt").write_text("\n".join(["[pytest11]", *lines, ""]))
    left_out = ("PYTEST_", "WATCHWORD_ENV", "NODE_ENV", "BETTER_AUTH")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(left_out)}
    path = os.pathsep.join([str(ROOT / "core"), str(installed.parent)])
    return kept | {"PYTHONPATH": path, "BETTER_AUTH_SECRET": "x" * 16 + os.urandom(16).hex()}


def run_pytest(folder: Path, *options: str, fails: bool = False, **variables: str) -> str:
    """What pytest prints of the tests in a folder; warnings are errors."""
    (folder / "pytest.ini").write_text(
        "[pytest]\naddopts = -p no:schemathesis -p no:cacheprovider\nfilterwarnings = error\n"
        "asyncio_default_fixture_loop_scope = function\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options],
        cwd=folder,
        env=environment(folder) | variables,
        capture_output=True,
        text=True,
    )
    printed = done.stdout + done.stderr
    assert done.returncode == (1 if fails else 0), printed
    return printed
