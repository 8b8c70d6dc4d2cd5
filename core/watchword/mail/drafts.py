"""A mail in words, before it has a form: what layouts, templates and functions make mails of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from watchword.features.letters import Letter

from .quoting import name_to_greet, quoted
from .words import MailWords, Words, filled

_LONGEST_SUBJECT = 200
_AS_IT_IS = {"new_email"}
"""An address that is told as such: it is what the mail asks about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """All that a mail says. The texts are plain ones: escape them for HTML."""

    letter: Letter = field(repr=False)
    language: str
    site: str
    """What the site is called."""
    subject: str
    greeting: str = field(repr=False)
    lines: tuple[str, ...] = field(repr=False)
    """Paragraphs above link or code."""
    button: str
    """What stands on the link."""
    url: str = field(repr=False)
    """The link; empty without one."""
    code: str = field(repr=False)
    """The code; empty without one."""
    life: str
    """How long link or code are good, as a sentence; empty where they have no end."""
    paste: str
    """The sentence in front of a link that stands as a text below its button."""
    after: tuple[str, ...]
    """Paragraphs below."""
    footer: str = field(repr=False)
    """Who sent it to whom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A mail as it is sent."""

    subject: str
    text: str = field(repr=False)
    html: str | None = field(default=None, repr=False)


def draft(letter: Letter, language: str, words: Words, site: str, now: datetime) -> Draft:
    """The mail of a letter in a language. Raises `LookupError` for a kind without words."""
    mail, phrases = words.mails[letter.kind], words.phrases
    values = {
        name: text if name in _AS_IT_IS else quoted(text) for name, text in letter.values.items()
    }
    values |= {"site": site, "email": letter.to, "name": name_to_greet(letter.name)}
    hello = phrases.hello_name if values["name"] else phrases.hello

    def said(*texts: str) -> tuple[str, ...]:
        return tuple(filled(text, values) for text in texts)

    return Draft(
        letter=letter,
        language=language,
        site=site,
        subject=" ".join(filled(mail.subject, values).split())[:_LONGEST_SUBJECT],
        greeting=filled(hello, values),
        lines=said(*mail.lines),
        button=filled(mail.button, values),
        url=letter.url if mail.button else "",
        code=letter.code,
        life=_life(letter, mail, words, now),
        paste=filled(phrases.paste, values),
        after=said(*([phrases.keep_code] if letter.code else []), *mail.after),
        footer=filled(phrases.sent, values),
    )


def _life(letter: Letter, mail: MailWords, words: Words, now: datetime) -> str:
    shown = letter.code or (letter.url and mail.button)
    if letter.expires_at is None or not shown:
        return ""
    left = words.phrases.life((letter.expires_at - now).total_seconds())
    sentence = words.phrases.code_life if letter.code else words.phrases.link_life
    return filled(sentence, {"life": left})
