"""A page for each error code: who answers with it, and what it says in which language."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import PurePosixPath

from tests.docs.errors_page import codes, groups
from watchword.plugins.i18n import SHIPPED

from . import markdown
from .endpoints_pages import Operation
from .tree import ROOT, Pages, between

FOLDER = PurePosixPath("errors")
_MESSAGES = ROOT / "core" / "watchword" / "plugins" / "i18n" / "messages"
_LANGUAGES = SHIPPED


def errors_pages(known: list[Operation]) -> Pages:
    """One for each code that is declared or that an endpoint may answer with."""
    declared: dict[str, dict[tuple[int, str, str], None]] = defaultdict(dict)
    for group in groups():
        told = (group.__doc__ or group.__name__).strip().splitlines()[0].rstrip(".")
        for _, code in codes(group):
            if code.code is not None:
                declared[code.code][code.status, code.message, told] = None
    by_code: dict[str, list[tuple[int, Operation]]] = defaultdict(list)
    for one in known:
        for status, code in one.codes():
            by_code[code].append((status, one))
    said = {name: json.loads((_MESSAGES / f"{name}.json").read_text()) for name in _LANGUAGES}
    return {
        place(code): _page(code, list(declared[code]), by_code[code], said)
        for code in sorted({*declared, *by_code})
    }


def place(code: str) -> PurePosixPath:
    """Where the page of a code is."""
    return FOLDER / f"{code}.md"


def _page(
    code: str,
    declared: list[tuple[int, str, str]],
    answering: list[tuple[int, Operation]],
    said: dict[str, dict[str, str]],
) -> str:
    page = place(code)
    own = "".join(
        f"| {status} | {markdown.cell(message)} | {markdown.cell(told)} |\n"
        for status, message, told in declared
    )
    parts = [f"# {code}\n\n[All errors](../errors.md)\n"]
    if own:
        parts.append(f"\n| status | message | declared among |\n|---|---|---|\n{own}")
    rows = "".join(
        f"| {status} | [`{one.heading}`]({between(page, one.page)}#{markdown.slug(one.heading)}) "
        f"| {markdown.cell(one.told.get('summary', ''))} |\n"
        for status, one in answering
    )
    if rows:
        parts.append(f"\n## Who answers with it\n\n| status | endpoint | |\n|---|---|---|\n{rows}")
    messages = "".join(
        f"| {language} | {markdown.cell(said[language][code])} |\n"
        for language in _LANGUAGES
        if code in said[language]
    )
    if messages:
        parts.append(
            "\n## In other languages\n\nWhat plugin [I18n](../plugins/i18n.md) says.\n\n"
            f"| language | message |\n|---|---|\n{messages}"
        )
    return "".join(parts)
