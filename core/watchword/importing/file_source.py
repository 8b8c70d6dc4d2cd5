"""Sources that are files: a stream of objects, each made into a user."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import IO, TypeAlias, cast

from .files import LONGEST, TOO_LONG, Placed, opened
from .imported import ImportedUser, Read, Unreadable
from .reading import Fields, fields, plain

Streamed: TypeAlias = Callable[[IO[str]], Iterator[Placed]]
Made: TypeAlias = Callable[[str, Fields], ImportedUser]


class FileSource:
    """The users of a file. How many there are is not known beforehand."""

    total = None

    def __init__(
        self, location: str, streamed: Streamed, made: Made, *, read: Collection[str] | None = None
    ) -> None:
        """`read` are the plain names that `made` looks at; None: what else there is, is no
        field of the application's."""
        self._read = read
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
            if not it:
                yield Unreadable(place, "cannot be read")
                continue
            made = self._made(place, it)
            yield made if self._read is None else _with_rest(made, found, self._read)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _with_rest(user: ImportedUser, found: object, read: Collection[str]) -> ImportedUser:
    raw = {str(name): value for name, value in cast("Mapping[object, object]", found).items()}
    unread = tuple(name for name in raw if plain(name) not in read)
    return replace(user, raw=raw, unread=unread)
