"""Reading profiles, and the person that one makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from .tokens import Profile

LONGEST_TEXT = 2048
"""Characters of a text that is taken from a profile."""
_LONGEST_SUBJECT = 255
_MOST_DIGITS = 100  # of a subject that is a number


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The person whom a provider speaks of."""

    id: object
    """The stable subject: a text or a whole number; anything else is refused (`subject`)."""
    name: str = ""
    email: str | None = None
    email_verified: object = False
    """True or the text "true" count, and nothing else does."""
    image: str | None = None
    fields: Mapping[str, object] = field(default_factory=dict[str, object])
    """Additional fields of the user, by attribute name; those without `input` are left out."""

    @property
    def subject(self) -> str | None:
        """The account id; None if what the provider gave names nobody (spec: security, A4)."""
        value = self.id
        if type(value) is int and abs(value) < 10**_MOST_DIGITS:
            return str(value)
        if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_SUBJECT:
            return None
        return None if value in ("undefined", "null") or not value.isprintable() else value

    @property
    def vouches(self) -> bool:
        """Whether the provider has made sure that the address is the person's (A5)."""
        return self.email_verified is True or self.email_verified == "true"

    def changed(self, changes: Mapping[str, object]) -> Identity:
        """The same person with other values, by attribute name; other names are of `fields`."""
        own = {name: value for name, value in changes.items() if name in _CHANGEABLE}
        others = {name: of for name, of in changes.items() if name not in {*_CHANGEABLE, "id"}}
        made = replace(self, **cast("dict[str, Any]", own))
        return replace(made, fields={**self.fields, **others})


_CHANGEABLE = ("name", "email", "email_verified", "image")
"""Never the subject: it is the provider's alone to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInfo:
    """A person, and all that the provider said of him or her."""

    identity: Identity
    profile: Profile = field(default_factory=dict[str, object], repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Where a profile has what. Dots lead inside; of several places the first text counts."""

    id: str
    name: tuple[str, ...] = ("name",)
    """A place of several words joins what stands at each. Falls back to the empty text."""
    email: tuple[str, ...] = ("email",)
    placeholder: str | None = None
    """The domain of the address that those have who have none: `<id>@<domain>`. No mail is ever
    delivered there."""
    image: tuple[str, ...] = ()
    email_verified: str | None = None
    """None: the provider never says so."""

    def identify(self, profile: Profile) -> Identity:
        """The person."""
        verified = self.email_verified
        identity = Identity(
            id=found(profile, self.id),
            name=next(filter(None, (_joined(profile, place) for place in self.name)), ""),
            email=text(profile, *self.email),
            email_verified=verified is not None and found(profile, verified),
            image=text(profile, *self.image),
        )
        if identity.email or not self.placeholder or not identity.subject:
            return identity
        # Nobody can vouch for an address that does not exist.
        made_up = f"{identity.subject}@{self.placeholder}"
        return replace(identity, email=made_up, email_verified=False)


def _joined(profile: Profile, place: str) -> str:
    return " ".join(filter(None, (text(profile, path) for path in place.split(" "))))


def found(profile: Profile, path: str) -> object:
    """What stands at a dotted path, or under the path as a name; a number leads into a list.

    None if there is nothing.
    """
    if path in profile:
        return profile[path]
    value: object = profile
    for step in path.split("."):
        value = _inside(value, step)
    return value


def _inside(value: object, step: str) -> object:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).get(step)
    if isinstance(value, list) and step.isdigit():
        items = cast("list[object]", value)
        return items[int(step)] if int(step) < len(items) else None
    return None


def text(profile: Profile, *paths: str) -> str | None:
    """The first text that is not empty, nor too long, at one of the paths."""
    for path in paths:
        value = found(profile, path)
        if isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT:
            return value
    return None
