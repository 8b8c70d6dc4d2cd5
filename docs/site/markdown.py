"""What the site has to know of Markdown: links, headings, and what is code and so left alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

_FENCED = re.compile(r"^(```.*?^```[^\n]*\n?)", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"(`+[^`\n]+`+)")
_LINK = re.compile(r"(!?)\[((?:[^\[\]`]|`[^`\n]*`|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_ROW = re.compile(r"^\|.*$", re.MULTILINE)
_NESTED = re.compile(r"^((?:  )+)(?=[-*] )", re.MULTILINE)


def prose(text: str, change: Callable[[str], str]) -> str:
    """The text, changed where it is not a block of code."""
    parts = _FENCED.split(text)
    return "".join(part if part.startswith("```") else change(part) for part in parts)


def links(text: str) -> Iterator[str]:
    """The targets of all links and pictures."""
    for part in _FENCED.split(text):
        if not part.startswith("```"):
            yield from (found[3] for found in _LINK.finditer(part))


def relinked(text: str, target: Callable[[str], str | None]) -> str:
    """The text with other targets of its links. One that has none is no link any more."""

    def change(found: re.Match[str]) -> str:
        mark, label, old = found.groups()
        new = target(old)
        return label if new is None else f"{mark}[{label}]({new})"

    return prose(text, lambda part: _LINK.sub(change, part))


def spans_linked(text: str, target: Callable[[str], str | None]) -> str:
    """The text with code spans as links, where there is a page of what they name."""

    def change(part: str) -> str:
        linked = [(found.start(), found.end()) for found in _LINK.finditer(part)]
        headings = [(found.start(), found.end()) for found in re.finditer(r"^#.*$", part, re.M)]
        taken = linked + headings

        def link(span: re.Match[str]) -> str:
            inside = any(start <= span.start() < end for start, end in taken)
            to = None if inside else target(span[1].strip("`"))
            return span[1] if to is None else f"[{span[1]}]({to})"

        return _SPAN.sub(link, part)

    return prose(text, change)


def anchors(text: str) -> set[str]:
    """What the headings are called in links: lower case, hyphens for spaces, no punctuation."""
    headings: list[str] = []
    prose(text, lambda part: headings.extend(re.findall(r"^#+ (.+)$", part, re.M)) or part)
    return {slug(title) for title in headings}


def slug(title: str) -> str:
    """The anchor of a heading, as code forges and the site make it."""
    shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
    return re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")


def title(text: str) -> str:
    """The first heading, without marks."""
    found = re.search(r"^# (.+)$", text, re.M)
    assert found is not None, text[:80]
    return found[1].replace("`", "")


def opening(text: str) -> str:
    """The first sentence below the title, as plain text; empty where none stands there."""
    below = text.partition("\n# ")[2] if not text.startswith("# ") else text
    for part in _FENCED.sub("", below).split("\n\n")[1:]:
        if part[:1] not in {"|", "#", "-", ":", "!", "<", ""}:
            plain = relinked(" ".join(part.split()), lambda _: None)
            return re.split(r"(?<=[.:])\s", plain.replace("**", ""), maxsplit=1)[0].rstrip(":")
    return ""


def lists_indented(text: str) -> str:
    """Lists in lists, which some renderers know by two blanks and Python's by four."""
    return prose(text, lambda part: _NESTED.sub(lambda found: found[1] * 2, part))


def pipes_in_code(text: str) -> str:
    """Code in tables without the backslashes that code forges want before a pipe; the site shows
    them."""
    bare = partial(_SPAN.sub, lambda span: span[1].replace("\\|", "|"))
    return prose(text, lambda part: _ROW.sub(lambda row: bare(row[0]), part))


def without_specification(text: str) -> str:
    """A docstring without the sections of the specification, which readers do not have."""
    return re.sub(r"\s*\(spec(?:ification)?: [^)]*\)", "", text)


def cell(text: str) -> str:
    """A text in one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")
