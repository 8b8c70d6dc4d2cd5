"""The server's secrets: the current one, older versions, and how good they are.

The current secret signs and encrypts. An older version decrypts what is stored under it, and
vouches for nothing: whoever got hold of it must not be able to make cookies. A planned exchange may
let one vouch for a while (`VersionedSecret.accept_until`), so that nobody is signed out; what comes
under it is signed anew (spec: cookies and sessions, secrets; security W14).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar

import msgspec

from watchword.discreet import Discreet

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
    """Its number, which stands in what it encrypted."""
    value: str = field(repr=False)
    """The secret itself."""
    accept_until: datetime | None = None
    """Until then (aware) cookies under this older version are taken and signed anew. None: an older
    version only decrypts, as it must after a leak. `1@2030-01-31:secret` in the environment."""


class Finding(Discreet, msgspec.Struct, frozen=True):
    """What is wrong with the secrets; a fatal one refuses to start in production."""

    text: str
    fatal: bool
    vouches: bool = True
    """Whether cookies are believed under the secret; one that does not only decrypts."""


class Secrets(Discreet, msgspec.Struct, frozen=True):
    """All secrets of one configuration. Its repr shows none of them."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("current", "legacy"))

    current: str
    versions: tuple[VersionedSecret, ...] = ()
    legacy: str | None = None

    def retiring(self, now: datetime) -> tuple[str, ...]:
        """The older secrets that still vouch for what was signed under them, at a moment."""
        older = self.versions[1:]
        return tuple(one.value for one in older if one.accept_until and now < one.accept_until)

    def vouching(self, now: datetime) -> tuple[str, ...]:
        """The current secret, and the older ones that still vouch at a moment."""
        return (self.current, *self.retiring(now))

    def believed(self, now: datetime) -> Secrets:
        """The same without those that only decrypt: for encrypted text that comes from outside, and
        says what is to be done."""
        vouching = self.vouching(now)
        return Secrets(self.current, tuple(one for one in self.versions if one.value in vouching))

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
        """Weaknesses of every secret that is accepted for anything. The texts show none of them.

        A published default is fatal where it vouches: anybody could make cookies with it.
        """
        found = _judged(self.current, "it", vouches=True)
        for entry in self.versions[1:]:
            name = f"version {entry.version}"
            found += _judged(entry.value, name, vouches=entry.accept_until is not None)
        if self.legacy is not None and self.legacy != self.current:
            found += _judged(self.legacy, "the single secret beside the versions", vouches=False)
        return found


def _judged(secret: str, name: str, *, vouches: bool) -> list[Finding]:
    found: list[Finding] = []
    if secret in PLACEHOLDERS:
        found.append(Finding(f"{name} is a published default", vouches, vouches))
    if len(secret) < LEAST_LENGTH:
        text = f"{name} is shorter than {LEAST_LENGTH} characters"
        found.append(Finding(text, False, vouches))
    if _bits(secret) < LEAST_BITS:
        text = f"{name} looks easy to guess (below {LEAST_BITS} bits)"
        found.append(Finding(text, False, vouches))
    return found


def parse_secrets_env(text: str) -> tuple[VersionedSecret, ...]:
    """`2:newest,1@2030-01-31:older`. Raises `ValueError` naming the place of a wrong entry.

    Behind `@` stands until when the version vouches, in UTC and without colons: a date, or
    `2030-01-31T1200`. Better Auth reads the number in front of it and nothing more.
    """
    return tuple(_entry(part.strip(), place) for place, part in enumerate(text.split(","), 1))


def _entry(text: str, place: int) -> VersionedSecret:
    version, colon, value = text.partition(":")
    number, _, end = version.partition("@")
    digits = re.match(r"\s*([0-9]+)", number, re.ASCII)
    if not colon or digits is None or not value.strip():
        raise ValueError(f"entry {place} of BETTER_AUTH_SECRETS is not of the form version:secret")
    try:
        until = _moment(end.strip()) if end else None
    except ValueError:
        text = f"entry {place} of BETTER_AUTH_SECRETS has no date behind its @, as in 1@2030-01-31"
        raise ValueError(text) from None
    return VersionedSecret(int(digits[1]), value.strip(), until)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


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
    if versions[0].accept_until is not None:
        raise ValueError("the first version is the current one: accept_until is for older ones")
    ends = [entry.accept_until for entry in versions if entry.accept_until is not None]
    if not all(isinstance(end, datetime) and end.tzinfo is not None for end in ends):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError("accept_until is not a datetime with a zone, such as UTC")


def _check_text(*values: str) -> None:
    # A variable with bytes that are no UTF-8 arrives with lone surrogates; no key is made of them.
    for value in values:
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("a secret is not valid Unicode text (UTF-8)") from None


def _bits(secret: str) -> float:
    return len(secret) * math.log2(len(set(secret)) or 1)
