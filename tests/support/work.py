"""How much work something makes, counted: no clock is looked at."""

from __future__ import annotations

import hashlib
import hmac
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

import idna
import pytest

from watchword.http import origins, query, urls

T = TypeVar("T")


class Work:
    """What was normalised, encoded, parsed and hashed, by the lengths; and lines of Python."""

    def __init__(self) -> None:
        self.normalised: list[int] = []
        self.encoded: list[int] = []
        self.parsed: list[int] = []
        self.hashed: list[int] = []
        self.lines = 0

    def forget(self) -> None:
        """Count anew."""
        for lengths in (self.normalised, self.encoded, self.parsed, self.hashed):
            lengths.clear()
        self.lines = 0

    @contextmanager
    def counted(self) -> Iterator[Work]:
        """Count what is done inside, in this thread."""
        self.forget()

        def trace(frame: FrameType, event: str, arg: object) -> Any:
            self.lines += 1
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            yield self
        finally:
            sys.settrace(before)


@contextmanager
def watched_work() -> Iterator[Work]:
    """Notes the lengths of what the costly functions get."""
    work = Work()

    def noted(lengths: list[int], place: int, original: Callable[..., T]) -> Callable[..., T]:
        def call(*args: Any, **options: Any) -> T:
            if len(args) > place:
                lengths.append(len(args[place]))
            return original(*args, **options)

        return call

    with pytest.MonkeyPatch.context() as patch:
        normalize, parse = unicodedata.normalize, urls.parse_url
        patch.setattr(unicodedata, "normalize", noted(work.normalised, 1, normalize))
        patch.setattr(idna, "encode", noted(work.encoded, 0, idna.encode))
        for module in (urls, origins, query):
            patch.setattr(module, "parse_url", noted(work.parsed, 0, parse))
        patch.setattr(hashlib, "sha256", noted(work.hashed, 0, hashlib.sha256))
        patch.setattr(hmac, "digest", noted(work.hashed, 1, hmac.digest))
        yield work
