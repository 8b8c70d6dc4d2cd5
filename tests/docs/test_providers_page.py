"""docs/providers.md and the page of each provider say what the providers are."""

from __future__ import annotations

import re

import pytest

from tests.docs.providers_page import FOLDER, INDEX, TOLD, Remarks, pages
from tests.support.providers import provider, written_ids

HOW = "run: python -m tests.docs.providers_page"


def test_the_pages_are_what_the_code_says() -> None:
    for file, text in pages().items():
        assert file.exists(), HOW
        assert file.read_text() == text, f"{file.name}: {HOW}"


def test_every_page_is_of_a_provider_that_there_is() -> None:
    assert {file.stem for file in FOLDER.glob("*.md")} == set(written_ids())


def test_no_option_is_without_a_text() -> None:
    for text in pages().values():
        assert not re.findall(r"^\| `\w+` \| .* \|  \|$", text, re.MULTILINE)


@pytest.mark.parametrize("name", written_ids())
def test_every_provider_says_where_to_register(name: str) -> None:
    remarks = Remarks.of(provider(name))
    assert remarks.registration.startswith("Register ")
    assert re.search(r"https://\S+", remarks.registration)
    page = (FOLDER / f"{name}.md").read_text()
    assert f"https://app.example.com/api/auth/callback/{name}\n" in page
    assert f"({FOLDER.name}/{name}.md)" in INDEX.read_text()


def test_what_is_told_otherwise_is_of_a_provider() -> None:
    assert {name for name, _ in TOLD} <= set(written_ids())
