"""A page for each option, one for each class of options, and the list of these."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from watchword import Plugin, plugins
from watchword.configuration.safe_ranges import Safe
from watchword.oauth.provider import Provider

from . import markdown, tables
from .attributes import Attribute
from .option_classes import OptionClass, option_classes
from .tree import Pages, between, moved

FOLDER = PurePosixPath("options")
INDEX = FOLDER / "all.md"
INTRODUCTION = """# All options

Every option of `Auth`, of the features, plugins and identity providers, and of what these take, by
class. What they do together is told in [configuration](../configuration.md) and on the page of each
plugin. Those who come from Better Auth find its names [in a list](../options.md).

| class | what it is | options |
|---|---|---|
"""


def options_pages(written: Pages) -> Pages:
    """All of them."""
    known = option_classes()
    book = _Book(written, known)
    rows = "".join(
        f"| [`{one.name}`]({one.name}.md) | {markdown.cell(_about(one.kind))} "
        f"| {len(one.options)} |\n"
        for one in known
    )
    pages: Pages = {INDEX: f"{INTRODUCTION}{rows}"}
    for one in known:
        pages[FOLDER / f"{one.name}.md"] = book.page_of_class(one)
        for option in one.options:
            pages[place(one, option)] = book.page_of_option(one, option)
    return pages


def place(one: OptionClass, option: Attribute) -> PurePosixPath:
    """Where the page of an option is."""
    return FOLDER / f"{one.name}.{option.name}.md"


def _about(kind: type) -> str:
    return (kind.__doc__ or "").strip().split("\n\n")[0]


class _Book:
    """What the pages of options quote."""

    def __init__(self, written: Pages, known: list[OptionClass]) -> None:
        self.written = written
        self.classes = {one.kind.__name__: one for one in known}
        self.theirs = tables.names_in_the_reference(written)
        self.told = {one.name: _telling(one.name, written) for one in known}
        self.tables = {one.name: _table(one, written) for one in known}

    def page_of_class(self, one: OptionClass) -> str:
        """Its options, and where it is told of."""
        page = FOLDER / f"{one.name}.md"
        rows = "".join(
            f"| [`{option.name}`]({place(one, option).name}) | {_default(option)} "
            f"| {markdown.cell(self.said(one, option, page))} |\n"
            for option in one.options
        )
        base = (
            "\nAll providers have the options of [`Provider`](Provider.md) as well.\n"
            if issubclass(one.kind, Provider) and one.kind is not Provider
            else ""
        )
        return (
            f"# `{one.name}`\n\n{_about(one.kind)}\n\n"
            f"```python\nfrom {one.module} import {one.name}\n```\n\n"
            f"| option | default | |\n|---|---|---|\n{rows}{base}\n{self.told_in(one, page)}"
            f"[All options]({INDEX.name})\n"
        )

    def page_of_option(self, one: OptionClass, option: Attribute) -> str:
        """What it does, its type, its default, and what `doctor` says of it."""
        page, name = place(one, option), f"{one.name}.{option.name}"
        theirs = self.theirs.get(name)
        safe = getattr(one.kind, "safe", {}).get(option.name)
        facts = [
            ("class", f"[`{one.name}`]({one.name}.md) of `{one.module}`"),
            ("type", self.kind_linked(option)),
            ("default", _default(option)),
        ]
        facts += [("in Better Auth", theirs)] if theirs else []
        facts += [("in production", _advice(safe))] if isinstance(safe, Safe) else []
        rows = "".join(f"| {fact} | {markdown.cell(value)} |\n" for fact, value in facts)
        return (
            f"# `{name}`\n\n{self.said(one, option, page)}\n\n"
            f"| | |\n|---|---|\n{rows}\n{self.told_in(one, page)}[All options]({INDEX.name})\n"
        )

    def said(self, one: OptionClass, option: Attribute, page: PurePosixPath) -> str:
        """The text of an option: of its table in the documentation, else its docstring, else what
        the class is that it holds."""
        source, rows = self.tables[one.name]
        told = rows.get(option.name)
        if told is not None:
            return moved(_sentence(told), source, page)
        if option.text:
            return option.text
        if option.name == "enabled":
            return f"Switches it on or off: {_about(one.kind)}"
        held = [self.classes[word] for word in self._classes_in(option)]
        return _about(held[0].kind) if held else ""

    def kind_linked(self, option: Attribute) -> str:
        """The type, and links to the classes in it."""
        links = [f"[`{word}`]({self.classes[word].name}.md)" for word in self._classes_in(option)]
        return ", ".join([f"`{option.kind}`", *dict.fromkeys(links)])

    def told_in(self, one: OptionClass, page: PurePosixPath) -> str:
        """Where the documentation speaks of the class."""
        links = [
            f"[{markdown.title(self.written[place])}]({between(page, place)})"
            for place in self.told[one.name]
        ]
        return f"Told in {', '.join(links)}.\n\n" if links else ""

    def _classes_in(self, option: Attribute) -> list[str]:
        words = re.findall(r"\w+", option.kind)
        return [word for word in words if word in self.classes and word != "Provider"]


_LISTS = {"changelog.md", "differences.md", "options.md"}
"""Pages that name everything."""


def _telling(name: str, written: Pages) -> list[PurePosixPath]:
    """The pages that speak most of a class, the plugin's own first."""
    own, named = tables.page_of_plugin(name), re.compile(rf"\b{name}[(.`]")
    weights = {place: len(named.findall(text)) for place, text in written.items() if name in text}
    told = [place for place, weight in weights.items() if weight and place.name not in _LISTS]
    return sorted(told, key=lambda place: (place != own, -weights[place]))[:5]


def _table(one: OptionClass, written: Pages) -> tuple[PurePosixPath, dict[str, str]]:
    if one.name == "Auth":
        return PurePosixPath("configuration.md"), dict(tables.auth_rows(written))
    if issubclass(one.kind, Plugin) and one.name in plugins.__all__:
        page = tables.page_of_plugin(one.name)
        return page, dict(tables.plugin_rows(written.get(page, "")))
    return PurePosixPath(), {}


def _default(option: Attribute) -> str:
    return "required" if option.default is None else f"`{option.default}`"


def _sentence(text: str) -> str:
    """A cell of a table as a sentence."""
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith((".", "`")) else f"{whole}."


def _advice(safe: Safe) -> str:
    wanted = safe.remedy if not safe.given else "Leave it on"
    return f"{wanted}. Otherwise: {safe.otherwise} (`watchword doctor` says so)"
