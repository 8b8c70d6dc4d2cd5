"""Names in mails: what people chose is told, and never becomes a link or a number to call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from watchword.mail.quoting import LONGEST, name_to_greet, quoted


@pytest.mark.parametrize(
    "name",
    [
        "Ada",
        "Ada Lovelace",
        "J. R. R. Tolkien",
        "Søren",
        "山田 太郎",
        "O'Neill",
        "Anne-Marie",
        "علی‌رضا",
        "आर.के. नारायण",
    ],
)
def test_people_are_greeted_by_their_names(name: str) -> None:
    assert name_to_greet(name) == name
    assert quoted(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "Click https://evil.example",
        "evil.com",
        "www.evil.com",
        "evil。com",
        "\uff45\uff56\uff49\uff4c\uff0e\uff43\uff4f\uff4d",
        "t.co",
        "10.0.0.1",
        "help@evil.example",
        "कंपनी.भारत",
        "evil.भारत",
        "evi\u0332l.c\u0332om",
        "evil\u200d.com",
        "evil\ufe0f.\ufe0fcom",
        "http\u200d://x",
        "Call +1 888 555 1234",
        "Call +1\u2011888\u2011555\u20111234",
        "1 \u2013 888 \u2013 555 \u2013 1234",
        "javascript://x",
        "x" * 65,
        "",
        "\u202e\u2066",
    ],
)
def test_nobody_is_greeted_by_what_looks_like_a_link_or_a_message(name: str) -> None:
    assert name_to_greet(name) == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Acme Inc.", "Acme Inc."),
        ("booking.com", "booking·com"),
        ("Pay at https://evil.example/x?y=1", "Pay at evil·example/x?y=1"),
        ("http:////evil.example", "evil·example"),
        ("a@evil.example", "a (at) evil·example"),
        ("call 0800 123 4567 now", "call … now"),
        ("two\r\nBcc: x\tlines\u2028end", "two Bcc: x lines end"),
        ("\x1b[31mred\x00", "[31mred"),
        ("abc\u202eevil", "abcevil"),
        ("x" * 100, "x" * 63 + "…"),
        ("x" * 1_000_000, "x" * 63 + "…"),
    ],
)
def test_other_names_are_told_without_their_links(text: str, told: str) -> None:
    assert quoted(text) == told


@given(some.text(max_size=600))
def test_whatever_somebody_is_called_it_is_one_bounded_line_without_a_link(text: str) -> None:
    told = quoted(text)
    assert len(told) <= LONGEST
    assert "://" not in told
    assert told.isprintable() or "\u200c" in told or "\u200d" in told
    assert len(told.splitlines()) <= 1
