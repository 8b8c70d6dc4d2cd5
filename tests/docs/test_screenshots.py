"""The pictures of plugin Pages: `python -m tests.docs.screenshots` takes them."""

from __future__ import annotations

import struct

import pytest

from tests.docs.screenshots import FOLDER, NAMES
from tests.support.services import ROOT

PAGES = ("pages.md", "pages-account.md")
SHOWN = "".join((ROOT / "docs" / "plugins" / page).read_text() for page in PAGES)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_there_and_small_and_shown(name: str) -> None:
    data = (FOLDER / f"{name}.png").read_bytes()
    assert len(data) < 60_000
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    assert 300 < width < 900
    assert height > 250
    assert f"](../pages/{name}.png)" in SHOWN


def test_no_other_picture_lies_there() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(NAMES)
