"""Random text: the reference's alphabets, and no character more likely than another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.support.vectors import vectors
from watchword.crypto import random_strings
from watchword.crypto.random_strings import random_string

RANDOM = vectors("random")


def every_byte() -> Callable[[int], bytes]:
    """A source that gives all bytes in turn."""
    position = 0

    def give(count: int) -> bytes:
        nonlocal position
        position += count
        return bytes(index % 256 for index in range(position - count, position))

    return give


def test_the_alphabets_are_the_reference_s() -> None:
    assert RANDOM["generateId"]["alphabet"] == random_strings.ALPHANUMERIC
    assert RANDOM["generateRandomString"]["alphabet"] == random_strings.URL_SAFE
    assert RANDOM["delete_account_token"]["alphabet"] == random_strings.LOWER_ALPHANUMERIC
    assert random_strings.DIGITS == "0123456789"
    assert len(random_strings.LETTERS) == 52


@pytest.mark.parametrize(
    "alphabet",
    [random_strings.ALPHANUMERIC, random_strings.URL_SAFE, random_strings.DIGITS, "abc", "x"],
    ids=len,
)
def test_g4_every_character_is_equally_likely(alphabet: str) -> None:
    # As many characters as one round over all bytes leaves: each byte's share is whole.
    length = 256 // len(alphabet) * len(alphabet)

    counts = Counter(random_string(length, alphabet, every_byte()))

    assert set(counts) == set(alphabet)
    assert set(counts.values()) == {length // len(alphabet)}


def test_g4_bytes_that_would_favour_a_character_are_thrown_away() -> None:
    source = iter([bytes([248] * 40), bytes([255] * 40), bytes(range(40))])

    made = random_string(32, random_strings.ALPHANUMERIC, lambda _count: next(source))

    assert made == random_strings.ALPHANUMERIC[:32]


@pytest.mark.parametrize("length", [0, 1, 24, 32, 128, 1000])
def test_the_length_is_exact(length: int) -> None:
    assert len(random_string(length, random_strings.ALPHANUMERIC)) == length


def test_no_two_are_alike() -> None:
    made = {random_string(32, random_strings.ALPHANUMERIC) for _ in range(1000)}

    assert len(made) == 1000


@pytest.mark.parametrize("alphabet", ["", "x" * 257], ids=["empty", "too long"])
def test_an_alphabet_that_one_byte_cannot_choose_from_is_refused(alphabet: str) -> None:
    with pytest.raises(ValueError, match="alphabet"):
        random_string(1, alphabet)
