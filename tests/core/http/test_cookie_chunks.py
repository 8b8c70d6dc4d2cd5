"""Long values travel in pieces and come back whole."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.http.cookie_chunks import (
    LONGEST_LINE,
    MOST_PIECES,
    ValueTooLong,
    join_chunks,
    split_chunks,
    stale_names,
)
from watchword.http.cookies import CookieAttributes, parse_cookie_chunks, serialize_cookie

NAME = "better-auth.session_data"
ATTRIBUTES = CookieAttributes(max_age=300, path="/", http_only=True, same_site="lax")
CAPACITY = LONGEST_LINE - len(serialize_cookie(f"{NAME}.99", "", ATTRIBUTES))


def header(cookies: list[tuple[str, str]]) -> str:
    """The Cookie header of a browser that holds these."""
    return "; ".join(f"{name}={value}" for name, value in cookies)


def test_a_value_that_fits_is_one_cookie() -> None:
    value = "v" * CAPACITY

    assert split_chunks(NAME, value, ATTRIBUTES) == [(NAME, value)]


def test_a_value_that_does_not_fit_is_cut_into_full_pieces() -> None:
    value = "a" * CAPACITY + "b" * CAPACITY + "c"

    assert split_chunks(NAME, value, ATTRIBUTES) == [
        (f"{NAME}.0", "a" * CAPACITY),
        (f"{NAME}.1", "b" * CAPACITY),
        (f"{NAME}.2", "c"),
    ]


def test_no_line_is_longer_than_browsers_keep() -> None:
    cookies = split_chunks(NAME, "v" * CAPACITY * MOST_PIECES, ATTRIBUTES)

    lines = [serialize_cookie(name, value, ATTRIBUTES) for name, value in cookies]
    assert len(lines) == MOST_PIECES
    assert max(map(len, lines)) == LONGEST_LINE


def test_a_value_for_more_than_100_cookies_is_refused_without_being_shown() -> None:
    with pytest.raises(ValueTooLong, match=NAME) as caught:
        split_chunks(NAME, "secret" + "v" * CAPACITY * MOST_PIECES, ATTRIBUTES)

    assert "secret" not in str(caught.value)


def test_attributes_that_leave_no_room_are_refused() -> None:
    with pytest.raises(ValueTooLong):
        split_chunks(NAME, "v", CookieAttributes(path="/" + "p" * LONGEST_LINE))


@given(st.integers(0, CAPACITY * 12), st.randoms())
def test_pieces_come_back_whole_in_any_order(length: int, random: Random) -> None:
    value = "".join(chr(ord("a") + index % 26) for index in range(length))
    cookies = split_chunks(NAME, value, ATTRIBUTES)
    random.shuffle(cookies)

    assert join_chunks(parse_cookie_chunks(header(cookies)), NAME) == (value or None)


def test_a_whole_cookie_wins_over_pieces() -> None:
    assert join_chunks({NAME: "whole", f"{NAME}.0": "piece"}, NAME) == "whole"


def test_only_canonical_numbers_name_pieces() -> None:
    odd = {
        f"{NAME}.{suffix}": "x"
        for suffix in ("00", "01", "-1", "+1", "1.0", "a", "", "\u0661", "1e1", " 1")
    }

    assert join_chunks(odd, NAME) is None
    assert join_chunks({**odd, f"{NAME}.10": "b", f"{NAME}.9": "a"}, NAME) == "ab"
    assert join_chunks({f"x{NAME}.0": "x", f"{NAME}x.0": "x"}, NAME) is None


def test_what_is_not_written_anew_is_stale() -> None:
    sent = {NAME: "a", f"{NAME}.0": "b", f"{NAME}.2": "c", "other": "d", f"{NAME}.x": "e"}

    assert stale_names(sent, NAME, []) == [NAME, f"{NAME}.0", f"{NAME}.2"]
    assert stale_names(sent, NAME, [f"{NAME}.0", f"{NAME}.1"]) == [NAME, f"{NAME}.2"]
    assert stale_names({"other": "d"}, NAME, [NAME]) == []
