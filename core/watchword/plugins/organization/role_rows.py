"""Roles that organizations made, as they are stored: names, and permissions as JSON text.

A name is lower-case, and nothing that could be read as another one: neither a comma nor blanks
around it (role lists are split and trimmed), nothing invisible, no letters that Unicode has twice
(NFKC), no Greek or Cyrillic letters among Latin ones. What is stored is compared letter by letter:
a name of another server's that only looks like another one allows nothing in its place.

Permissions that cannot be read allow nothing. Spec: plugin organization, (c) and runtime roles;
security X7.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from watchword.features.access_control import Role
from watchword.pipeline.additional_fields import LONGEST_JSON
from watchword.pipeline.problems import TOO_LONG
from watchword.pipeline.validation import invalid

from .records import OrganizationRole

_log = logging.getLogger("watchword")

Grants: TypeAlias = "Mapping[str, Sequence[str]]"
"""Resource to actions."""

_LONGEST = 255
_LOOK_ALIKES = frozenset(("GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC"))
"""Scripts with letters that look like Latin ones."""
_decoder = msgspec.json.Decoder(dict[str, list[str]])


def role_name(given: str, place: str) -> str:
    """The name as it is stored. Raises VALIDATION_ERROR, at a place, for one to be misread."""
    name = unicodedata.normalize("NFC", given).lower()
    fits = 0 < len(name) <= _LONGEST and name == name.strip() and "," not in name
    if not fits or not _is_clear(name):
        raise invalid([(place, "A role is called by plain letters, digits and signs, no commas")])
    return name


def folded(names: Iterable[str]) -> set[str]:
    """Names as they are told apart: those that differ in case alone are one."""
    return {name.casefold() for name in names}


def stored_permissions(grants: Grants, place: str) -> str:
    """JSON text. Raises VALIDATION_ERROR at a place for what is too long to store."""
    text = msgspec.json.encode(grants)
    if len(text) > LONGEST_JSON:
        raise invalid([(place, TOO_LONG)])
    return text.decode()


def permissions_of(row: OrganizationRole) -> dict[str, list[str]]:
    """What a stored role allows; nothing if that cannot be read."""
    try:
        return _decoder.decode(row.permission)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        _log.warning("the permissions of role %s of an organization cannot be read", row.id)
        return {}


def merged(
    static: Mapping[str, Role[Any]], rows: Iterable[OrganizationRole]
) -> dict[str, Role[Any]]:
    """The roles of an organization: its own beside those of the application, of one name together.

    Two rows of one name, which servers of the reference let happen, count together as well.
    """
    found = dict(static)
    for row in rows:
        grants = permissions_of(row)
        there = found.get(row.role)
        known: Grants = {} if there is None else there.permissions
        found[row.role] = Role(
            {
                resource: list(dict.fromkeys((*known.get(resource, ()), *grants.get(resource, ()))))
                for resource in dict.fromkeys((*known, *grants))
            }
        )
    return found


def missing(grants: Grants, rights: Collection[tuple[str, str]]) -> list[str]:
    """What is granted and not among the rights, as `resource:action`."""
    wanted = ((resource, action) for resource, actions in grants.items() for action in actions)
    return [
        f"{resource}:{action}"
        for resource, action in dict.fromkeys(wanted)
        if (resource, action) not in rights
    ]


def _is_clear(name: str) -> bool:
    letters = [unicodedata.name(sign, "").partition(" ")[0] for sign in name if sign.isalpha()]
    mixed = "LATIN" in letters and not _LOOK_ALIKES.isdisjoint(letters)
    return name.isprintable() and unicodedata.normalize("NFKC", name) == name and not mixed
