"""Every declared error code is documented, and every documented one exists."""

from __future__ import annotations

from tests.docs.errors_page import PAGE, codes, groups, page


def test_the_page_is_what_the_code_declares() -> None:
    assert PAGE.read_text() == page(), "run: python tests/docs/errors_page.py"


def test_codes_are_well_formed() -> None:
    for group in groups():
        for name, code in codes(group):
            assert 400 <= code.status < 600
            assert code.code in (None, name), f"{group.__name__}.{name}"
            assert code.message
            assert not code.message.isupper()
