"""The colours of pages: given ones are held to what people can read (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TypeAlias

from watchword.errors import ConfigurationError

RGB: TypeAlias = tuple[int, int, int]

_HEX = re.compile(r"#(?:[0-9A-Fa-f]{3}){1,2}")
# Of these two one always can be read: what is worst for both has 4.58:1 with each.
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_READABLE = 4.5
_STEP = 0.04


@dataclass(frozen=True, kw_only=True)
class Colors:
    """Colours of one theme, as `#rgb` or `#rrggbb`. What is None is ours."""

    accent: str | None = None
    """Buttons, links and the ring of what has the focus. What is written on it is black or white,
    whichever can be read; where it is written itself it is made darker or lighter until it can."""
    background: str | None = None
    """Behind the card."""
    surface: str | None = None
    """The card."""
    text: str | None = None
    """What is written on both."""
    muted: str | None = None
    """Hints, and what matters less."""
    border: str | None = None
    """Around fields."""
    danger: str | None = None
    """Errors, and buttons that destroy something."""
    success: str | None = None
    """Notices."""


LIGHT = Colors(
    accent="#3355d1",
    background="#f4f5f8",
    surface="#ffffff",
    text="#1a1d26",
    muted="#5b6172",
    border="#868c9c",
    danger="#b3261e",
    success="#1b6e3c",
)
DARK = Colors(
    accent="#8fa8ff",
    background="#0f1117",
    surface="#191c25",
    text="#eceef4",
    muted="#a6acbd",
    border="#6d7488",
    danger="#ff9d95",
    success="#7fd8a1",
)


def variables(option: str, given: Colors | None, ours: Colors) -> dict[str, str]:
    """The custom properties of a theme, by name. Raises `ConfigurationError`."""
    found: dict[str, RGB] = {}
    for one in fields(Colors):
        own = None if given is None else getattr(given, one.name)
        found[one.name] = _read(
            f"{option}.{one.name}", getattr(ours, one.name) if own is None else own
        )
    for name in ("text", "muted"):
        for behind in ("surface", "background"):
            _check_contrast(option, name, behind, found)
    surface, accent = found["surface"], found["accent"]
    dark = _luminance(surface) < _luminance(found["text"])
    found["on-accent"] = max((_WHITE, _BLACK), key=lambda one: contrast(one, accent))
    for name in ("accent", "danger", "success"):
        found[f"{name}-text"] = _readable(found[name], (surface, found["background"]), lighter=dark)
    # Lines that only set things apart, and need not be seen to use the page.
    found["line"] = _mixed(surface, found["border"], 0.35)
    found["on-danger"] = max((_WHITE, _BLACK), key=lambda one: contrast(one, found["danger"]))
    return {name: f"#{red:02x}{green:02x}{blue:02x}" for name, (red, green, blue) in found.items()}


def contrast(one: RGB, other: RGB) -> float:
    """How far two colours are apart, 1 to 21 (WCAG 2.2, contrast ratio)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _read(option: str, text: object) -> RGB:
    if not isinstance(text, str) or _HEX.fullmatch(text) is None:
        remedy = "Give one such as '#3355d1'"
        raise ConfigurationError(option, f"{text!r} is no colour", remedy)
    digits = text[1:] if len(text) == 7 else "".join(digit * 2 for digit in text[1:])
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def _check_contrast(option: str, name: str, behind: str, colors: dict[str, RGB]) -> None:
    found = contrast(colors[name], colors[behind])
    if found < _READABLE:
        raise ConfigurationError(
            f"{option}.{name}",
            f"on {behind} its contrast is {found:.1f}:1, which many people cannot read",
            f"Choose colours with {_READABLE}:1 or more",
        )


def _readable(color: RGB, behind: tuple[RGB, ...], *, lighter: bool) -> RGB:
    end, share, found = (_WHITE if lighter else _BLACK), 0.0, color
    while min(contrast(found, one) for one in behind) < _READABLE and share < 1:
        share = min(1.0, share + _STEP)
        found = _mixed(color, end, share)
    return found


def _mixed(color: RGB, end: RGB, share: float) -> RGB:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(color, end, strict=True))
    return red, green, blue


def _luminance(color: RGB) -> float:
    red, green, blue = (_linear(one / 255) for one in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
