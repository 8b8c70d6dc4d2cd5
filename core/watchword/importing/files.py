"""Files as streams of objects: NDJSON, CSV, and the elements of one JSON array.

Nothing is held but the line or the element at hand.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NoReturn, TypeAlias

from .imported import ImportFailure

Placed: TypeAlias = tuple[str, object]
"""Where something stands, and what it is: an object, None for what cannot be read, or `TOO_LONG`
for what was not read."""

STDIN = "-"
LONGEST = 1024 * 1024
"""Characters of a line, a row or an element."""
TOO_LONG = object()
_CHUNK = 64 * 1024
_BETWEEN = re.compile(r"[ \t\r\n,]*")


def opened(location: str) -> IO[str]:
    """A file or standard input, as UTF-8 with or without a mark. Raises `ImportFailure`."""
    try:
        if location == STDIN:
            return _standard_input()
        return Path(location).open(encoding="utf-8-sig", errors="replace", newline="")
    except OSError as error:
        problem = f"{location} cannot be read ({type(error).__name__})"
        raise ImportFailure(problem, "Give a path, or - for standard input") from None


def objects(file: IO[str]) -> Iterator[Placed]:
    """The elements of a JSON array, or the lines of NDJSON: whichever it is."""
    head = file.readline(LONGEST)
    return elements(file, head=head) if head.lstrip().startswith("[") else lines(file, head=head)


def lines(file: IO[str], *, head: str = "") -> Iterator[Placed]:
    """The lines of NDJSON; empty ones are left out. `head` is the first, if that was read."""
    number = 0
    while line := head or file.readline(LONGEST):
        number, head = number + 1, ""
        if _passes_over(file, line):
            yield f"line {number}", TOO_LONG
        elif line.strip():
            yield f"line {number}", _parsed(line)


def rows(file: IO[str]) -> Iterator[Placed]:
    """The rows of a CSV file; the first one has the names. Comma, semicolon or tab separate.

    Raises `ImportFailure` where a row is too long: where it ends, and whether what follows is text
    in its quotes or somebody else's row, cannot be told.
    """
    source = _Lines(file)
    head = next(source, "")
    separator = max(",;\t", key=head.count)
    if not head.strip():
        raise ImportFailure("the file has no first line with the names of its columns")
    try:
        names = next(csv.reader([head], delimiter=separator))
    except csv.Error:
        source.refuse(csv.field_size_limit(), "The name of a column")
    reader = csv.reader(source, delimiter=separator, strict=True)
    while True:
        source.begin_row()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field limit" in str(error):
                source.refuse(csv.field_size_limit(), "A field")
            yield source.place, None
            continue
        if row:
            # A row with too many or too few values would shift a value under a wrong name.
            fits = len(row) == len(names)
            yield source.place, dict(zip(names, row, strict=True)) if fits else None


class _Lines:
    """The lines of a file, and how much of a row was read that has several of them."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._left = LONGEST
        self._number = 0

    @property
    def place(self) -> str:
        """The line that was read last."""
        return f"line {self._number}"

    def begin_row(self) -> None:
        """What comes belongs to another row."""
        self._left = LONGEST

    def refuse(self, longest: int, what: str) -> NoReturn:
        raise ImportFailure(f"{self.place} is too long", f"{what} has at most {longest} characters")

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(self._left + 1)
        if not line:
            raise StopIteration
        self._number += 1
        self._left -= len(line)
        if self._left < 0:
            self.refuse(LONGEST, "A row")
        return line


def _passes_over(file: IO[str], line: str) -> bool:
    """Whether what was read is but the beginning of a line: then its rest is passed over."""
    if len(line) < LONGEST or line.endswith("\n"):
        return False
    while (rest := file.readline(LONGEST)) and not rest.endswith("\n"):
        pass
    return True


def elements(file: IO[str], *, key: str = "users", head: str = "") -> Iterator[Placed]:
    """The elements of a JSON array: the whole file, or under `key` of the object that it is.

    Raises `ImportFailure` where the JSON is broken: nothing behind it can be trusted.
    """
    decoder = json.JSONDecoder()
    buffer, at, number = _array(file, key, head), 0, 0
    while True:
        at = _skipped(buffer, at)
        if buffer.startswith("]", at):
            return
        try:
            value, end = decoder.raw_decode(buffer, at)
        except (ValueError, RecursionError):
            value, end = None, len(buffer)
        # At the end of the buffer a number may go on.
        if end == len(buffer):
            more = file.read(_CHUNK)
            if not more or len(buffer) - at > LONGEST:
                problem = f"the JSON is broken or cut off behind element {number}"
                remedy = f"An element has at most {LONGEST} characters"
                raise ImportFailure(problem, remedy)
            buffer, at = buffer[at:] + more, 0
            continue
        number += 1
        yield f"element {number}", value
        at = end


def _array(file: IO[str], key: str, head: str) -> str:
    """What stands behind the `[` of the array."""
    buffer = (head + file.read(_CHUNK)).lstrip()
    if buffer.startswith("["):
        return buffer[1:]
    while True:
        found = re.search(rf'"{key}"\s*:\s*\[', buffer)
        if found:
            return buffer[found.end() :]
        if len(buffer) > LONGEST:
            break
        more = file.read(_CHUNK)
        if not more:
            break
        buffer += more
    raise ImportFailure(f'the file is no JSON array, and no object with an array under "{key}"')


def _skipped(buffer: str, at: int) -> int:
    found = _BETWEEN.match(buffer, at)
    return found.end() if found else at


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _standard_input() -> IO[str]:
    buffer = getattr(sys.stdin, "buffer", None)
    if buffer is None:
        return sys.stdin
    return open(
        sys.stdin.fileno(), encoding="utf-8-sig", errors="replace", newline="", closefd=False
    )
