"""The order of the site. A page that is not named here stands in the part that takes any."""

from __future__ import annotations

from pathlib import PurePosixPath

from . import markdown
from .tree import Pages

PARTS: dict[str, tuple[str, ...]] = {
    "Start": ("index.md", "configuration.md", "options/all.md"),
    "Tutorials": ("tutorials.md",),
    "Frameworks": ("adapters.md", "own-routes.md", "forms.md", "guards.md", "cors.md"),
    "Signing in": ("email-and-accounts.md", "mail.md", "social.md", "users.md"),
    "Plugins": ("plugins/writing-one.md", "plugins/*"),
    "Providers": ("providers.md",),
    "Databases": ("storage.md", "storage-contract.md"),
    "Operations": (
        *("deploying.md", "scaling.md", "cli.md", "observability.md", "performance.md"),
        *("security.md", "vulnerabilities.md"),
    ),
    "Clients and tests": ("client.md", "resource.md", "testing.md"),
    "Moving here": (
        *("migrating.md", "migrating/better-auth.md", "migrating/*"),
        *("importing.md", "options.md", "differences.md"),
    ),
    "Reference": ("endpoints/all.md", "reference/all.md", "errors.md"),
    "More": ("hooks.md", "*", "changelog.md", "contributing.md", "releasing.md"),
}
"""What stands in which part, in this order. Behind a page stand those of the folder of its name;
`x/*` are all pages of a folder that are not named, and `*` all that no part has."""
UNLISTED = {"options", "errors", "endpoints", "reference"}
"""Folders whose pages are found by their lists and by searching."""


def navigation(pages: Pages) -> list[dict[str, list[dict[str, str]]]]:
    """The parts with the titles and places of their pages; empty ones are left out."""
    placed = _placed(pages)
    rest = [
        place
        for place in sorted(pages)
        if place.parts[0] not in UNLISTED and not any(place in found for found in placed.values())
    ]
    for part, found in placed.items():
        if _REST in found:
            at = found.index(_REST)
            placed[part] = [*found[:at], *rest, *found[at + 1 :]]
    return [
        {part: [{_short(pages, place): str(place)} for place in found]}
        for part, found in placed.items()
        if found
    ]


def listed(pages: Pages) -> list[PurePosixPath]:
    """The pages of the navigation, in order."""
    parts = (items for part in navigation(pages) for items in part.values())
    return [PurePosixPath(place) for items in parts for one in items for place in one.values()]


_REST = PurePosixPath("*")


def _placed(pages: Pages) -> dict[str, list[PurePosixPath]]:
    """The pages that each part names, itself or by their folder."""
    named = {PurePosixPath(name) for names in PARTS.values() for name in names} - {_REST}
    taken: set[PurePosixPath] = set()
    found: dict[str, list[PurePosixPath]] = {}
    for part, patterns in PARTS.items():
        found[part] = []
        for pattern in map(PurePosixPath, patterns):
            own = [pattern] if pattern in pages or pattern == _REST else []
            folder = pattern.parent if pattern.name == "*" else pattern.with_suffix("")
            inside = [] if folder.name in {"", *UNLISTED} else _inside(pages, folder, named | taken)
            found[part] += [*own, *inside]
            taken |= {*own, *inside}
    return found


def _inside(pages: Pages, folder: PurePosixPath, others: set[PurePosixPath]) -> list[PurePosixPath]:
    return [place for place in sorted(pages) if folder in place.parents and place not in others]


def _short(pages: Pages, place: PurePosixPath) -> str:
    return markdown.title(pages[place]).removeprefix("Sign in with ")
