"""Which endpoint a path and a method belong to, compiled once (spec: HTTP, routing)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from watchword.http.bounds import LONGEST_PATH

E = TypeVar("E")

_NO_PARAMS: Mapping[str, str] = {}


class Router(Generic[E]):
    """Exact paths first, then patterns with `:name` segments. Values are handed over undecoded."""

    def __init__(self, routes: Iterable[tuple[tuple[str, ...], str, E]]) -> None:
        self._exact: dict[tuple[str, str], E] = {}
        self._patterns: list[tuple[str, tuple[str, ...], E]] = []
        self._paths: set[str] = set()
        for methods, path, target in routes:
            self._paths.add(path)
            for method in methods:
                if ":" in path:
                    self._patterns.append((method, tuple(path.split("/")), target))
                else:
                    self._exact[method, path] = target

    @property
    def paths(self) -> frozenset[str]:
        """All declared paths."""
        return frozenset(self._paths)

    def find(self, method: str, path: str) -> tuple[E, Mapping[str, str]] | None:
        """The endpoint and its path parameters; None for an unknown path or a wrong method."""
        target = self._exact.get((method, path))
        if target is not None:
            return target, _NO_PARAMS
        if not self._patterns or len(path) > LONGEST_PATH:
            return None
        segments = path.split("/")
        for wanted, pattern, found in self._patterns:
            if wanted == method and len(pattern) == len(segments):
                params = _match(pattern, segments)
                if params is not None:
                    return found, params
        return None

    def declared(self, path: str) -> str | None:
        """The declared path that a path belongs to, whatever the method; None if it is unknown."""
        if path in self._paths and ":" not in path:
            return path
        if len(path) > LONGEST_PATH:
            return None
        segments = path.split("/")
        for _, pattern, _ in self._patterns:
            if len(pattern) == len(segments) and _match(pattern, segments) is not None:
                return "/".join(pattern)
        return None


def _match(pattern: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    params: dict[str, str] = {}
    for expected, segment in zip(pattern, segments, strict=True):
        if expected.startswith(":"):
            if not segment:
                return None
            params[expected[1:]] = segment
        elif expected != segment:
            return None
    return params
