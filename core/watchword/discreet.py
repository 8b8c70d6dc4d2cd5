"""Structs that can be printed: passwords, tokens and codes stay out of their `repr`.

Whatever is printed ends in a log, a traceback with locals or a tracker of errors (spec: security
W12). All inputs, results and records are `Discreet`; what is hidden goes by the name of the field,
by `Column(returned=False)`, and by `__secrets__` where neither says it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, cast

import msgspec

_SECRET = (
    r"passw|passphrase|token|secret|credential|signature|authorization|verifier|challenge"
    r"|(^|_)(otp|otps|totp|pin|code|codes|key|keys|hash|salt|nonce|ott|jwt|assertion)($|_)"
)


class Discreet:
    """Stands before `msgspec.Struct`: `class SignIn(Discreet, msgspec.Struct, frozen=True)`."""

    __slots__ = ()

    __secrets__: ClassVar[frozenset[str]] = frozenset()
    """Fields beside those whose names say it."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:
        secret = secret_fields(type(self))
        for name in _fields(type(self)):
            value = getattr(self, name, None)
            yield name, _HIDDEN if name in secret and value is not None else value


def secret_fields(kind: type[Discreet]) -> frozenset[str]:
    """The fields of a struct whose values are never shown."""
    hidden: frozenset[str] = getattr(kind, "__hidden__", frozenset())
    found = {
        name for name, wire in _fields(kind).items() if wire in hidden or re.search(_SECRET, name)
    }
    return kind.__secrets__ | found


def _fields(kind: type[object]) -> dict[str, str]:
    struct = cast("type[msgspec.Struct]", kind)
    return dict(zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True))


class _Hidden:
    def __repr__(self) -> str:
        return "<hidden>"


_HIDDEN = _Hidden()
