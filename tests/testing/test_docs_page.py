"""The page of the documentation as a project: pasted, and run by pytest and unittest."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import blocks
from tests.support.services import ROOT
from tests.testing.pasted import environment, run_pytest

PAGE = ROOT / "docs" / "testing.md"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for block in blocks(PAGE):
        if block.module is not None:
            (tmp_path / f"{block.module}.py").write_text(block.text)
    return tmp_path


def test_pytest_passes_all_of_it(project: Path) -> None:
    printed = run_pytest(project)
    tests = sum(len(re.findall(r"def test_", path.read_text())) for path in project.glob("test_*"))
    assert f"{tests} passed" in printed
    assert tests == 9


@pytest.mark.parametrize("module", ["test_with_unittest", "test_async_with_unittest"])
def test_unittest_passes_its_part(project: Path, module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "unittest", module],
        cwd=project,
        env=environment(project) | {"BETTER_AUTH_SECRET": os.urandom(20).hex()},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Ran 2 tests" in done.stderr
