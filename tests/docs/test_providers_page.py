"""docs/providers.md says what the providers are."""

from __future__ import annotations

import re

from tests.docs.providers_page import PAGE, page


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text() == page(), "run: python -m tests.docs.providers_page"


def test_no_option_is_without_a_text() -> None:
    assert not re.findall(r"^\| `\w+` \| .* \|  \|$", page(), re.MULTILINE)
