"""What mails say: files in `words`, one for each language, `<language>.json`.

A text may name values in braces: `Sign in to {site}`. An application's own files are laid over
ours, and may bring further languages and kinds of mails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, cast

import msgspec

from watchword.discreet import Discreet
from watchword.errors import ConfigurationError
from watchword.plugins.i18n import SHIPPED

ENGLISH = SHIPPED[0]
_OURS = Path(__file__).parent / "words"
_NAMED = re.compile(r"\{(\w+)\}", re.ASCII)


class MailWords(Discreet, msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The texts of one kind of mail."""

    subject: str
    lines: tuple[str, ...]
    """Paragraphs above link or code."""
    button: str = ""
    """What stands on the link."""
    after: tuple[str, ...] = ()
    """Paragraphs below."""


class Phrases(Discreet, msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What many mails say."""

    hello: str
    hello_name: str
    link_life: str
    code_life: str
    paste: str
    keep_code: str
    sent: str
    minute: str
    minutes: str
    hour: str
    hours: str
    day: str
    days: str

    def life(self, seconds: float) -> str:
        """A duration in words, to the minute."""
        minutes = max(1, round(seconds / 60))
        if minutes % 1440 == 0 or minutes >= 2880:
            count, one, many = round(minutes / 1440), self.day, self.days
        elif minutes % 60 == 0 or minutes >= 180:
            count, one, many = minutes // 60, self.hour, self.hours
        else:
            count, one, many = minutes, self.minute, self.minutes
        return one if count == 1 else filled(many, {"n": str(count)})


class Words(Discreet, msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that mails say in one language."""

    phrases: Phrases
    mails: dict[str, MailWords]


class Dictionary:
    """Ours, with an application's own laid over them; a language is read with its first mail."""

    def __init__(self, own: Mapping[str, Mapping[str, Any]]) -> None:
        """`own` is by language what a file holds, or parts of it. Raises `ConfigurationError`."""
        self._own = own
        self._read: dict[str, Words] = {}
        for language in own:
            _check(language, self.of(language))

    def __contains__(self, language: object) -> bool:
        return language in SHIPPED or language in self._own

    @property
    def kinds(self) -> set[str]:
        """The kinds of mails that there are words for, in whatever language."""
        own = {kind for texts in self._own.values() for kind in texts.get("mails", {})}
        return own | _shipped(ENGLISH)["mails"].keys()

    def of(self, language: str) -> Words:
        """The words of a language; English ones where it has none."""
        found = self._read.get(language)
        if found is None:
            ours = _shipped(language if language in SHIPPED else ENGLISH)
            own = self._own.get(ENGLISH, {}), self._own.get(language, {})
            found = self._read[language] = _words(language, [ours, *own])
        return found


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its values; what has none is left out."""
    return _NAMED.sub(lambda found: values.get(found[1], ""), text)


def words_in(folder: Path) -> dict[str, Mapping[str, Any]]:
    """What the files `<language>.json` of a folder hold, by language. Raises
    `ConfigurationError`."""
    found: dict[str, Mapping[str, Any]] = {}
    for file in sorted(folder.glob("*.json")):
        try:
            found[file.stem] = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
        except msgspec.MsgspecError as error:
            _refuse(file.stem, str(error))
    return found


@cache
def _shipped(language: str) -> dict[str, Any]:
    return msgspec.json.decode((_OURS / f"{language}.json").read_bytes())


def _words(language: str, layers: Sequence[Mapping[str, Any]]) -> Words:
    raw: dict[str, Any] = {}
    for layer in layers:
        _lay_over(raw, layer)
    try:
        return msgspec.convert(raw, Words)
    except msgspec.ValidationError as error:
        _refuse(language, str(error))


def _lay_over(base: dict[str, Any], layer: Mapping[str, Any]) -> None:
    for name, value in layer.items():
        below: Any = base.get(name)
        if isinstance(value, Mapping):
            base[name] = dict(cast("dict[str, Any]", below)) if isinstance(below, dict) else {}
            _lay_over(base[name], cast("Mapping[str, Any]", value))
        else:
            base[name] = value


def _check(language: str, words: Words) -> None:
    """Refuse values that our kinds of mails do not have."""
    ours = msgspec.convert(_shipped(ENGLISH), Words)
    for place, text, model in _pairs(words, ours):
        strange = set(_NAMED.findall(text)) - set(_NAMED.findall(model)) - {"site", "email", "name"}
        if strange:
            _refuse(language, f"{place} names {{{min(strange)}}}, which it does not have")


def _pairs(words: Words, ours: Words) -> Iterator[tuple[str, str, str]]:
    for name in Phrases.__struct_fields__:
        yield f"phrases.{name}", getattr(words.phrases, name), getattr(ours.phrases, name)
    for kind, model in ours.mails.items():
        yield f"mails.{kind}", _all_of(words.mails[kind]), _all_of(model)


def _all_of(mail: MailWords) -> str:
    return " ".join([mail.subject, *mail.lines, mail.button, *mail.after])


def _refuse(language: str, problem: str) -> NoReturn:
    raise ConfigurationError(
        "Mailer.templates",
        f"{language}.json: {problem}",
        'Give what is to differ, as in {"mails": {"magic-link": {"subject": "Come in"}}}',
    )
