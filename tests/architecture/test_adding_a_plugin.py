"""Adding a plugin touches what CONTRIBUTING.md says, and nothing else.

The example of docs/plugins/writing-one.md is added to a copy of the house, and the copy is held to
the house's own tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.syntax import ROOT
from tests.docs.blocks import blocks
from tests.support.browser import SECRET

FOLDERS = ("core", "adapters", "storage", "tests", "docs", "examples")
FILES = (
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"),
    *("pyproject.toml", "hatch_build.py"),
)
HOLD_PLUGINS = (
    "tests/plugins/test_notes.py",
    "tests/typing/test_typing.py",
    "tests/docs/test_errors_page.py",
    "tests/docs/test_links.py",
    "tests/docs/test_plugin_pages.py",
    "tests/architecture/test_cold_start.py",
    "tests/architecture/test_imports.py",
    "tests/architecture/test_house_rules.py",
)
"""What says something about each plugin that there is."""

PAGE = """# Notebook

| option | default | meaning |
|---|---|---|
| `most` | 1000 | notes that a user may have |
| `on_note` | `None` | told about new notes |
"""

PROGRAM = """# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
from typing import assert_type

from watchword import Auth, User
from watchword.plugins import Notebook
from watchword.plugins.notes import AddNote, CountedAll, Note


class Member(User):
    lang: str = "en"


auth = Auth(database="sqlite://", user_type=Member, plugins=[Notebook()])
auth.blocking.migrate()
counted = auth.blocking.api.count_all_notes()
assert_type(counted, CountedAll)
assert counted.total == 0
auth.blocking.close()


async def asynchronous() -> None:
    assert_type(await auth.api.add_note(AddNote(text="Buy milk"), headers={}), Note)
    assert_type(await auth.api.list_notes(headers={}), list[Note])
    await auth.api.add_note(headers={})  # pyright: ignore
    await auth.api.list_notes(AddNote(text="Buy milk"))  # pyright: ignore
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy, with the plugin."""
    copy = tmp_path_factory.mktemp("house")
    left = shutil.ignore_patterns("node_modules", "__pycache__", ".*")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder, symlinks=True, ignore=left)
    for file in FILES:
        shutil.copy(ROOT / file, copy)
    (copy / ".venv").symlink_to(sys.prefix)
    add_plugin(copy)
    return copy


def add_plugin(house: Path) -> None:
    written = {block.module: block.text for block in blocks() if block.module is not None}
    # its module
    (house / "core/watchword/plugins/notes.py").write_text(
        '"""Notes of signed-in users."""\n' + written["notes"]
    )
    # the list that exports it
    listed = house / "core/watchword/plugins/__init__.py"
    insert(
        listed, "    from .notes import Notebook as Notebook\n", before="    from .one_time_token "
    )
    insert(listed, "    from .notes import NotebookAPI\n", before="    from .one_time_token ")
    insert(listed, "        NotebookAPI[M, U],\n", before="        OneTimeTokenAPI[M, U],")
    insert(listed, '    "Notebook": "notes",\n', before='    "OneTimeToken": ')
    insert(listed, '    "Notebook",\n', before='    "OneTimeToken",\n')
    # its test
    test = written["test_notes"].removesuffix("test_notes()\n")
    imported = test.replace("from notes import", "from watchword.plugins.notes import")
    (house / "tests/plugins/test_notes.py").write_text(imported)
    # its page, and what leads to it
    (house / "docs/plugins/notebook.md").write_text(PAGE)
    insert(house / "README.md", "[notebook](docs/plugins/notebook.md), ", before="[magic link](")
    assert run(house, "tests/docs/errors_page.py") == ""
    # what changed for users
    insert(house / "CHANGELOG.md", "- Plugin `Notebook`: notes.\n", before="- Plugin `MagicLink`")


def insert(file: Path, text: str, *, before: str) -> None:
    there = file.read_text()
    assert before in there, f"{file.name}: {before}"
    file.write_text(there.replace(before, text + before, 1))


def run(house: Path, *command: str) -> str:
    """What Python prints that runs something in the copy."""
    paths = os.pathsep.join([str(house / "core"), str(house)])
    environ = {**os.environ, "PYTHONPATH": paths, "BETTER_AUTH_SECRET": SECRET}
    for name in [name for name in environ if name.startswith("PYTEST_")]:
        del environ[name]
    done = subprocess.run(
        [sys.executable, *command], cwd=house, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_house_is_as_it_should_be_with_the_plugin(house: Path) -> None:
    told = run(house, "-m", "pytest", "-q", "-p", "no:cacheprovider", *HOLD_PLUGINS)
    assert " passed" in told
    assert "skipped" not in told


def test_its_functions_in_auth_api_are_typed_and_run(house: Path) -> None:
    (house / "tests/typing/of_notes.py").write_text(PROGRAM)
    plugins = "core/watchword/plugins"
    checked = ("tests/typing/of_notes.py", f"{plugins}/notes.py", f"{plugins}/__init__.py")
    told = run(house, "-m", "pyright", "--warnings", *checked)
    assert "0 errors, 0 warnings" in told
    assert run(house, "tests/typing/of_notes.py") == ""
