"""Sources that are files: a stream of objects, each made into a user."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO, TypeAlias

from .files import LONGEST, TOO_LONG, Placed, opened
from .imported import ImportedUser, Read, Unreadable
from .reading import Fields, fields

Streamed: TypeAlias = Callable[[IO[str]], Iterator[Placed]]
Made: TypeAlias = Callable[[str, Fields], ImportedUser]


class FileSource:
    """The users of a file. How many there are is not known beforehand."""

    total = None

    def __init__(self, location: str, streamed: Streamed, made: Made) -> None:
        self._file = opened(location)
        self._streamed = streamed
        self._made = made

    def users(self) -> Iterator[Read]:
        """What the file has, in its order; what is no object is told with its place."""
        for place, found in self._streamed(self._file):
            if found is TOO_LONG:
                yield Unreadable(place, f"longer than {LONGEST} characters")
                continue
            it = fields(found)
            yield self._made(place, it) if it else Unreadable(place, "cannot be read")

    def close(self) -> None:
        """Close the file."""
        self._file.close()
