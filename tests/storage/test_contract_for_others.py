"""The contract's suite can be run by whoever has a storage, as docs/storage-contract.md says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.architecture.syntax import ROOT

[TEN_LINES] = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "storage-contract.md").read_text(), flags=re.S
)
CARELESS = """

class Careless:
    def __init__(self, storage):
        self.storage = storage

    def blocking(self, schema):
        engine = self.storage.blocking(schema)
        class Engine(type(engine)):
            async def delete(self, model, where, *, everything=False):
                return await super().delete(model, where, everything=True)

        return Engine(engine._database, engine._connection)


@pytest.fixture
def kind():
    return "blocking"


@pytest.fixture
def storage(tmp_path):
    return Careless(SQLiteStorage(tmp_path / "test.db"))
"""


def outcome(folder: Path, text: str, *options: str) -> str:
    """What pytest says of a file with the text, elsewhere than here."""
    (folder / "test_my_storage.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path)), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [*command, "test_my_storage.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    return done.stdout


def test_ten_lines_run_all_parts_on_both_kinds_of_engine(tmp_path: Path) -> None:
    collected = outcome(tmp_path, TEN_LINES, "--collect-only")
    for one in (
        "test_a_created_row_is_returned_and_found_as_it_is_stored",  # rows
        "test_nothing_touches_every_row_unless_it_says_so",
        "test_of_many_takers_one_gets_the_row",  # races
    ):
        assert one in collected, one
    said = outcome(tmp_path, TEN_LINES, "-k", "row or transaction or race")
    assert re.search(r"^\d{2,} passed, \d+ deselected", said, flags=re.M), said


def test_a_storage_that_does_not_keep_the_contract_fails(tmp_path: Path) -> None:
    said = outcome(tmp_path, TEN_LINES + CARELESS, "-k", "every_row")
    assert "FAILED test_my_storage.py::test_nothing_touches_every_row_unless_it_says_so" in said
    assert "DID NOT RAISE" in said
    assert "1 failed" in said
