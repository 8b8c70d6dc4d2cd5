"""Checks of single option values. Each raises `ConfigurationError` with value and remedy."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import fields, is_dataclass
from typing import Any, cast

from watchword.errors import ConfigurationError
from watchword.http.origin_patterns import OddPattern, normal_host, normal_origin

_COOKIE_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # a token of RFC 9110, 5.6.2


def check_choice(option: str, value: object, known: Collection[object]) -> None:
    """The value is one of a few."""
    if value not in known:
        names = ", ".join(repr(one) for one in known)
        raise ConfigurationError(option, f"{value!r} is not known", f"Give one of {names}")


def check_number(option: str, value: object, least: int, most: int | None = None) -> None:
    """The value is a whole number in `least`..`most`."""
    fits = type(value) is int and value >= least and (most is None or value <= most)
    if not fits:
        span = f"{least} or more" if most is None else f"{least} to {most}"
        raise ConfigurationError(option, f"{value!r} does not fit", f"Give a whole number, {span}")


def check_type(option: str, value: object, kind: type[object]) -> None:
    """The value is an object of a class."""
    if not isinstance(value, kind):
        problem = f"{_shown(value)} is no {kind.__name__}"
        raise ConfigurationError(option, problem, f"Give a {kind.__name__}(...)")


def check_flag(option: str, value: object, *, optional: bool = False) -> None:
    """The value is True or False; with `optional` also None."""
    if not (isinstance(value, bool) or (optional and value is None)):
        remedy = "Give True or False: any text counts as yes, 'false' and '0' as well"
        raise ConfigurationError(option, f"{value!r} is neither yes nor no", remedy)


def check_flags(option: str, options: object) -> None:
    """All flags of an object of options, and of those inside it, are such."""
    for one in fields(cast("Any", options)):
        name, value = f"{option}.{one.name}", getattr(options, one.name)
        if one.type in ("bool", bool):
            check_flag(name, value)
        elif one.type in ("bool | None", bool | None):
            check_flag(name, value, optional=True)
        elif is_dataclass(value) and not isinstance(value, type):
            check_flags(name, value)


def check_callback(option: str, value: object) -> None:
    """The value is a function, or None."""
    if value is not None and not callable(value):
        problem = f"{_shown(value)} cannot be called"
        raise ConfigurationError(option, problem, "Give the function itself")


def check_subclass(option: str, value: object, base: type[object]) -> None:
    """The value is a class that extends another."""
    if not (isinstance(value, type) and issubclass(value, base)):
        problem = f"{_shown(value)} is no subclass of {base.__name__}"
        raise ConfigurationError(option, problem, f"Write class Mine({base.__name__}): ...")


def check_texts(option: str, value: object) -> None:
    """The value is a list of texts without blanks, not a single text."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ConfigurationError(option, f"{value!r} is no list", f"Give [{value!r}]")
    for text in cast("Iterable[object]", value):
        if not isinstance(text, str) or not text or re.search(r"[\s,]", text):
            remedy = "Give one text per entry, without blanks and commas"
            raise ConfigurationError(option, f"the entry {text!r} does not fit", remedy)


def check_paths(option: str, value: object) -> None:
    """The value is a list of paths below the base path."""
    check_texts(option, value)
    for path in cast("Iterable[str]", value):
        if not path.startswith("/"):
            remedy = f"Begin with a slash: '/{path}'"
            raise ConfigurationError(option, f"the path {path!r} is not absolute", remedy)


def checked_origins(option: str, patterns: Iterable[str]) -> tuple[str, ...]:
    """Patterns of trusted origins in the form in which they are compared."""
    return tuple(_in_form(option, pattern, normal_origin) for pattern in patterns)


def checked_hosts(option: str, patterns: Iterable[str]) -> tuple[str, ...]:
    """Patterns of hosts in the form in which they are compared."""
    return tuple(_in_form(option, pattern, normal_host) for pattern in patterns)


def _in_form(option: str, pattern: str, form: Callable[[str], str]) -> str:
    try:
        return form(pattern)
    except OddPattern as error:
        problem = f"{pattern!r} can match nothing: {error}"
        raise ConfigurationError(option, problem, error.remedy) from None


def check_networks(option: str, value: object) -> None:
    """The value is a list of addresses or networks."""
    check_texts(option, value)
    for text in cast("Iterable[str]", value):
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            remedy = "Give addresses or networks such as '10.0.0.0/8'"
            raise ConfigurationError(option, f"{text!r} is neither", remedy) from None


def check_cookie_name(option: str, value: str) -> None:
    """The value may stand in the name of a cookie (RFC 6265, 4.1.1)."""
    if not _COOKIE_NAME.fullmatch(value):
        remedy = "Use letters, digits, '.', '-' and '_'"
        raise ConfigurationError(option, f"{value!r} cannot name a cookie", remedy)


def _shown(value: Any) -> str:
    # A class by its name, an object by that of its class: either may hold a secret.
    return value.__name__ if isinstance(value, type) else f"an object of {type(value).__name__}"
