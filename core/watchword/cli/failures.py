"""What a command says when it cannot do its work: one line, with the remedy and without secrets."""

from __future__ import annotations

import os
import re

from .redaction import REDACTED, is_secret

_CREDENTIALS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*://)[^\s/@'\"]*:[^\s/'\"]*@")
_PAIRS = re.compile(r"(?P<name>\b(?:password|passwd|pwd)=)[^\s&;,'\"]+", re.IGNORECASE)
_SHORTEST = 8
"""Characters; a shorter value of the environment is no secret, and would blot out plain words."""


class CommandError(Exception):
    """The command was asked for something that it cannot do. Says what, and what to do about it."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(sentences(problem, remedy).removesuffix("."))


def sentences(*texts: str) -> str:
    """Texts as sentences. One that ends with a mark of its own (an error of a driver) keeps it."""
    return " ".join(text if text[-1] in ".?!" else f"{text}." for text in texts if text)


def scrubbed(text: str) -> str:
    """A text without the passwords of URLs, and without what secret variables hold."""
    text = _CREDENTIALS.sub(rf"\g<scheme>{REDACTED}@", text)
    text = _PAIRS.sub(rf"\g<name>{REDACTED}", text)
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST and is_secret(name):
            text = text.replace(value, REDACTED)
    return text


def one_line(error: BaseException) -> str:
    """Kind and text of an exception, on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
