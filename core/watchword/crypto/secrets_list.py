"""The server's secrets: the current one, older versions, and how good they are.

Spec: cookies and sessions, secrets. Signatures use the current secret only; encrypted values are
read with any version.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

PLACEHOLDERS = frozenset(
    ("better-auth-secret-12345678901234567890", "better-auth-secret-123456789")
)
"""Published defaults; they protect nothing."""

LEAST_LENGTH = 32
LEAST_BITS = 120


@dataclass(frozen=True, slots=True)
class VersionedSecret:
    """One version of the secret; higher numbers are newer, the first of a list is current."""

    version: int
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the secrets; a fatal one refuses to start in production."""

    text: str
    fatal: bool


@dataclass(frozen=True, slots=True)
class Secrets:
    """All secrets of one configuration. Its repr shows none of them."""

    current: str = field(repr=False)
    versions: tuple[VersionedSecret, ...] = ()
    legacy: str | None = field(default=None, repr=False)

    @classmethod
    def resolve(
        cls, secret: str | None, versions: Sequence[VersionedSecret], environ: Mapping[str, str]
    ) -> Secrets:
        """From the options, then the environment. Raises `ValueError` saying what is wrong."""
        listed = tuple(versions) or _from_environment(environ)
        single = secret or environ.get("BETTER_AUTH_SECRET") or environ.get("AUTH_SECRET")
        if listed:
            _check(listed)
            legacy = single if single and single not in PLACEHOLDERS else None
            _check_text(*(entry.value for entry in listed), legacy or "")
            return cls(listed[0].value, listed, legacy)
        if not single:
            raise ValueError("none is configured")
        _check_text(single)
        return cls(single)

    def findings(self) -> list[Finding]:
        """Weaknesses of the current secret. The texts do not show it."""
        found: list[Finding] = []
        if self.current in PLACEHOLDERS:
            found.append(Finding("it is a published default", fatal=True))
        if len(self.current) < LEAST_LENGTH:
            found.append(Finding(f"it is shorter than {LEAST_LENGTH} characters", fatal=False))
        if _bits(self.current) < LEAST_BITS:
            found.append(Finding(f"it looks easy to guess (below {LEAST_BITS} bits)", fatal=False))
        return found


def parse_secrets_env(text: str) -> tuple[VersionedSecret, ...]:
    """`2:newest,1:older`. Raises `ValueError` for an entry that is not `version:secret`."""
    return tuple(_entry(part.strip()) for part in text.split(","))


def _entry(text: str) -> VersionedSecret:
    version, colon, value = text.partition(":")
    number = re.match(r"\s*([0-9]+)", version, re.ASCII)
    if not colon or number is None or not value.strip():
        raise ValueError("an entry of BETTER_AUTH_SECRETS is not of the form version:secret")
    return VersionedSecret(int(number[1]), value.strip())


def _from_environment(environ: Mapping[str, str]) -> tuple[VersionedSecret, ...]:
    text = environ.get("BETTER_AUTH_SECRETS")
    return parse_secrets_env(text) if text else ()


def _check(versions: Sequence[VersionedSecret]) -> None:
    numbers = [entry.version for entry in versions]
    if any(type(number) is not int or number < 0 for number in numbers):
        raise ValueError("a version is not a whole number from 0 up")
    if len(set(numbers)) != len(numbers):
        raise ValueError("a version is listed twice")
    if not all(entry.value for entry in versions):
        raise ValueError("a version has an empty value")


def _check_text(*values: str) -> None:
    # A variable with bytes that are no UTF-8 arrives with lone surrogates; no key is made of them.
    for value in values:
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("a secret is not valid Unicode text (UTF-8)") from None


def _bits(secret: str) -> float:
    return len(secret) * math.log2(len(set(secret)) or 1)
