"""How pages look: one stylesheet that stands in each of them, and the logo."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from pathlib import Path

import msgspec

from watchword.discreet import Discreet
from watchword.errors import ConfigurationError
from watchword.http.urls import is_safe_relative

from .colors import DARK, LIGHT, Colors, variables

_KINDS = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
}
_LARGEST = 65_536


class Look(Discreet, msgspec.Struct, frozen=True):
    """What the head of every page has."""

    style: str
    style_source: str
    """As a Content-Security-Policy names it."""
    logo: str
    """The address of the logo, or itself as a `data:` URL; empty: there is none."""

    @property
    def image_source(self) -> str:
        """Where images may come from."""
        return "" if not self.logo else "data:" if self.logo.startswith("data:") else "'self'"

    @classmethod
    def of(
        cls, colors: Colors | None, dark: Colors | None, css: str, logo: str | Path | None
    ) -> Look:
        """Raises `ConfigurationError`."""
        light_theme = variables("Pages.colors", colors, LIGHT)
        dark_theme = variables("Pages.dark_colors", dark, DARK)
        _check_css(css)
        ours = files(__package__ or "").joinpath("pages.css").read_text("utf-8")
        style = (
            f":root{{{_declared(light_theme)}}}"
            f"@media (prefers-color-scheme:dark){{:root{{{_declared(dark_theme)}}}}}\n{ours}\n{css}"
        )
        return cls(style, source_of(style), _logo(logo))


def source_of(text: str) -> str:
    """How a policy names the text of an element: by its hash (CSP Level 3, 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _declared(colors: dict[str, str]) -> str:
    return ";".join(f"--{name}:{color}" for name, color in colors.items())


def _check_css(css: object) -> None:
    if not isinstance(css, str):
        raise ConfigurationError("Pages.css", f"{css!r} is no text", "Give the rules themselves")
    if "</" in css:
        remedy = "Write it as <\\/ inside of texts"
        raise ConfigurationError(
            "Pages.css", "'</' would end the element that it stands in", remedy
        )


def _logo(logo: object) -> str:
    option = "Pages.logo"
    if logo is None:
        return ""
    if isinstance(logo, str):
        if not is_safe_relative(logo):
            remedy = "Give a path such as '/static/logo.svg', or a pathlib.Path to a file"
            raise ConfigurationError(option, f"{logo!r} is no path on this site", remedy)
        return logo
    if not isinstance(logo, Path) or logo.suffix.lower() not in _KINDS:
        remedy = f"Give a pathlib.Path to a file: {', '.join(_KINDS)}"
        raise ConfigurationError(option, f"{logo!r} is no picture", remedy)
    try:
        data = logo.read_bytes()
    except OSError as error:
        raise ConfigurationError(option, str(error), "Give a file that can be read") from None
    if len(data) > _LARGEST:
        problem = f"{len(data)} bytes would stand in every page"
        raise ConfigurationError(option, problem, f"Give at most {_LARGEST}")
    kind = _KINDS[logo.suffix.lower()]
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
