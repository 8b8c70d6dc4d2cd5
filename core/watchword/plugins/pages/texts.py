"""What pages say: the files in `texts`, one for each language, `<locale>.json`, by key.

A text may name values in braces: `Sign in to {site}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, cast

import msgspec

from watchword.errors import ConfigurationError
from watchword.plugins.i18n import SHIPPED, Texts
from watchword.plugins.i18n.messages_of import shipped_messages

ENGLISH = "en"
_NONE: Texts = {}
_OWN = re.compile(r"(field|role)\.[\w-]+", re.ASCII)
"""Keys that options may add: what fields and roles of the application's own are called."""
_SENTENCES = (
    ("form.missing", "This is missing|This must not be empty"),
    ("form.not_an_address", "This is not an e-mail address"),
    ("form.too_short", r"This is too short: at least (?P<least>\d+)"),
    ("form.too_long", r"This is too long(: at most (?P<most>\d+))?"),
    ("form.not_a_date", "This is not a date"),
    ("form.not_a_number", "This must be a (whole )?number"),
)
"""Sentences of validation, by the keys of what pages say instead."""


class Words:
    """All that pages say in one language."""

    def __init__(self, locale: str, texts: Texts, english: Texts) -> None:
        self.locale = locale
        self._texts = {**english, **texts}
        self._messages: Texts = shipped_messages(locale) if locale in SHIPPED else _NONE

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def text(self, key: str, **values: object) -> str:
        """The text with a key. Raises `KeyError` for one that no language has."""
        return self._texts[key].format_map(values)

    def of_error(self, code: str, message: str) -> str:
        """What to say of an error that an endpoint answered: in English what it said itself."""
        own = self._texts.get(f"error.{code}") or self._of_sentence(message)
        return own or self._messages.get(code) or message

    def of_code(self, code: str) -> str:
        """What to say of a code that stands in a URL. The code itself is shown to nobody."""
        own = self._texts.get(f"error.{code}")
        return own or self._messages.get(code) or self._texts["error.unknown"]

    def of_field(self, name: str, default: str) -> str:
        """What a field of the application's own is called."""
        return self._texts.get(f"field.{name}", default)

    def _of_sentence(self, sentence: str) -> str | None:
        """What validation says, which has one code for all that is wrong with a field."""
        for key, pattern in _SENTENCES:
            found = re.fullmatch(pattern, sentence)
            if found is not None:
                return self._texts[key].format_map(found.groupdict())
        return None


def words_by_locale(given: Mapping[str, Texts]) -> Mapping[str, Words]:
    """Ours, with those laid over them that options give. Raises `ConfigurationError`."""
    _check(given)
    english = {**_shipped(ENGLISH), **given.get(ENGLISH, {})}
    locales = dict.fromkeys((*SHIPPED, *given))
    return {
        locale: Words(
            locale,
            {**(_shipped(locale) if locale in SHIPPED else {}), **given.get(locale, {})},
            english,
        )
        for locale in locales
    }


@cache
def _shipped(locale: str) -> Texts:
    file = files(__package__ or "").joinpath("texts", f"{locale}.json")
    return msgspec.json.decode(file.read_bytes(), type=dict[str, str])


def _check(given: object) -> None:
    remedy = "Give texts by locale and key, as in {'de': {'sign_in.title': 'Willkommen'}}"
    if not isinstance(given, Mapping):
        raise ConfigurationError("Pages.texts", "they are no mapping", remedy)
    for locale, texts in cast("Mapping[object, object]", given).items():
        if not isinstance(locale, str) or not isinstance(texts, Mapping):
            raise ConfigurationError("Pages.texts", f"{locale!r} does not fit", remedy)
        for key, text in _pairs(texts):
            ours = _shipped(ENGLISH).get(key, "")
            if not ours and _OWN.fullmatch(key) is None:
                raise ConfigurationError("Pages.texts", f"no page says {key!r}", remedy)
            if not isinstance(text, str) or not _names_the_same(text, ours):
                problem = f"{key!r} of {locale!r} does not name the same values as ours"
                raise ConfigurationError("Pages.texts", problem, remedy)


def _pairs(texts: Any) -> Iterator[tuple[str, object]]:
    return cast("Iterator[tuple[str, object]]", iter(texts.items()))


def _names_the_same(text: str, ours: str) -> bool:
    """Whether a text can be filled in where ours can."""
    known = _Named()
    known.names.add("site")
    ours.format_map(known)
    try:
        found = _Named()
        text.format_map(found)
    except (ValueError, IndexError, AttributeError):
        return False
    return found.names <= known.names


class _Named(dict[str, str]):
    """Notes what is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __missing__(self, key: str) -> str:
        self.names.add(key)
        return ""
