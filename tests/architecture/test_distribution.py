"""What is published: all files of the package, one version, links that lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

import pytest

from hatch_build import published
from tests.architecture.syntax import CORE, ROOT
from watchword import __version__

SOURCES = {"core/watchword": "watchword", "adapters": "watchword/adapters"}
SOURCES |= {"storage": "watchword/storage"}
LINK = re.compile(r"\]\((?!https?:|mailto:|#)")


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with wheel and sdist, as `make dist` builds them."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return folder


def metadata(dist: Path) -> Message:
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith(".dist-info/METADATA")]
        return HeaderParser().parsestr(archive.read(name).decode())


def test_the_wheel_has_every_file_that_is_no_module(dist: Path) -> None:
    """Templates, texts, styles, scripts, marks of types."""
    there = {
        f"{inside}/{file.relative_to(ROOT / folder).as_posix()}"
        for folder, inside in SOURCES.items()
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and file.suffix not in {".py", ".pyc"}
        if not file.relative_to(ROOT / folder).as_posix().startswith(("adapters/", "storage/"))
    }
    (wheel,) = dist.glob("*.whl")
    assert "watchword/py.typed" in there
    assert "watchword/plugins/i18n/messages/de.json" in there
    assert there <= set(zipfile.ZipFile(wheel).namelist())


def test_the_sdist_builds_the_same_and_has_its_tests_and_documentation(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"hatch_build.py", "pyproject.toml", "README.md", "LICENSE", "Makefile"} <= names
    assert {"core/watchword/py.typed", "tests/conftest.py", "docs/configuration.md"} <= names
    assert not [name for name in names if name.endswith((".db", ".env", ".pyc"))]


def test_there_is_one_version(dist: Path) -> None:
    assert metadata(dist)["Version"] == __version__
    changes = (ROOT / "CHANGELOG.md").read_text()
    newest = re.findall(r"^## (\S+)", changes, re.MULTILINE)[0]
    assert newest in {"Unreleased", __version__}
    said = {
        number
        for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
        for number in re.findall(r"watchword[ =]=?=? ?v?(\d+\.\d+\.\d+)", page.read_text())
    }
    assert said <= {__version__}


def test_no_link_of_the_published_readme_is_relative(dist: Path) -> None:
    text = str(metadata(dist).get_payload())
    assert text.startswith("# watchword\n")
    assert not LINK.findall(text)


def test_links_of_the_readme_lead_to_the_tag_of_the_version() -> None:
    text = "[a](docs/a.md#b) ![p](docs/p.png) [c](https://x.example) [d](#here)"
    assert published(text, "https://code.example/w/", "1.2.3") == (
        "[a](https://code.example/w/blob/v1.2.3/docs/a.md#b) "
        "![p](https://code.example/w/raw/v1.2.3/docs/p.png) [c](https://x.example) [d](#here)"
    )
    assert published(text, None, "1.2.3") == "a  [c](https://x.example) [d](#here)"


def test_the_package_is_typed() -> None:
    assert (CORE / "py.typed").exists()
