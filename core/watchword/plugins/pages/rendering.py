"""Templates: compiled once, ours and those that an application puts in their place."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec

from watchword.discreet import Discreet
from watchword.errors import ConfigurationError
from watchword.observability.logs import place

from .look import source_of

try:
    import jinja2
except ImportError as error:  # pragma: no cover
    raise ImportError(
        'watchword.plugins.pages needs Jinja2: pip install "watchword[pages]"'
    ) from error

_log = logging.getLogger("watchword.pages")

ORIGINAL = "original/"
"""Before the name of a template of ours: so one that stands in its place can extend it."""
_EVERYWHERE = "once.js"
"""The script of all pages."""


class Script(Discreet, msgspec.Struct, frozen=True):
    """What runs on a page, and how a Content-Security-Policy names it."""

    text: str
    source: str
    connects: bool
    """Whether it asks the server for anything."""


class CannotRender(Exception):
    """A template of ours that failed. What it raised may quote what it shows, and is gone."""


class Renderer:
    """All templates of one folder of overrides."""

    def __init__(self, overrides: Path | None) -> None:
        ours = _ours()
        loaders: list[jinja2.BaseLoader] = [jinja2.FunctionLoader(_source)]
        if overrides is not None:
            loaders.insert(0, jinja2.FileSystemLoader(overrides))
        self._environment = jinja2.Environment(
            loader=jinja2.ChoiceLoader(loaders),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            cache_size=-1,
            auto_reload=False,
        )
        self._own = [] if overrides is None else _names_in(overrides)
        _compile(self._environment, [*ours, *self._own])

    def render(self, name: str, context: Mapping[str, object]) -> str:
        """A page as text. Raises `CannotRender`."""
        try:
            return self._environment.get_template(name).render(context)
        except Exception as error:
            # Its text may quote what is shown: codes and links that let people in.
            what, where = type(error).__name__, place(error)
        _log.error("the template %s cannot be rendered: %s at %s", name, what, where)
        if not self._own:
            raise CannotRender(name)
        # Whoever wants to sign in need not wait until a template is mended.
        return _usual().render(name, context)

    def script(self, name: str) -> Script:
        """What runs on every page, and a script of ours where there is a name."""
        return _script(name)


def renderer(overrides: object) -> Renderer:
    """The templates with those of a folder in their place. Raises `ConfigurationError`."""
    if overrides is None:
        return _usual()
    option, remedy = "Pages.templates", "Give the path of a folder of templates"
    if not isinstance(overrides, str | Path):
        raise ConfigurationError(option, f"{overrides!r} is no path", remedy)
    folder = Path(overrides)
    if not folder.is_dir():
        raise ConfigurationError(option, f"there is no folder {str(folder)!r}", remedy)
    return Renderer(folder)


@cache
def _usual() -> Renderer:
    return Renderer(None)


@cache
def _ours() -> dict[str, str]:
    folder = files(__package__ or "").joinpath("templates")
    return {one.name: one.read_text("utf-8") for one in folder.iterdir() if one.is_file()}


def _source(name: str) -> tuple[str, str, None] | None:
    """One of ours, under its name or that behind `original/`."""
    text = _ours().get(name.removeprefix(ORIGINAL))
    return None if text is None else (text, f"watchword/plugins/pages/templates/{name}", None)


@cache
def _script(name: str) -> Script:
    folder = files(__package__ or "").joinpath("scripts")
    names = [_EVERYWHERE, name] if name else [_EVERYWHERE]
    text = "".join(folder.joinpath(one).read_text("utf-8") for one in names)
    return Script(text, source_of(text), connects=bool(name))


def _names_in(folder: Path) -> list[str]:
    return [file.relative_to(folder).as_posix() for file in folder.rglob("*.html")]


def _compile(environment: jinja2.Environment, names: Iterable[str]) -> None:
    """Compile all, so that what is wrong is said at the start."""
    for name in sorted(set(names)):
        try:
            environment.get_template(name)
        except (jinja2.TemplateError, OSError, UnicodeError) as error:
            place = getattr(error, "lineno", None)
            where = name if place is None else f"{name}, line {place}"
            raise ConfigurationError(
                "Pages.templates", f"{where}: {error}", "Mend the template, or take it away"
            ) from None
