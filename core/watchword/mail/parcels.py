"""A letter that is on its way: in which language, and under which name for mail servers.

What is stored of it is encrypted with the server's secret: it holds links and codes.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import ClassVar, cast

import msgspec

from watchword.call import Call
from watchword.crypto.secrets_list import Secrets
from watchword.discreet import Discreet
from watchword.features.letters import Letter


class Parcel(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A letter, and what was decided about it when it was written."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("letter",))

    letter: Letter
    language: str
    message_id: str
    """The same for all attempts, so that a mail that comes twice is known as one."""


def parcel(call: Call, letter: Letter, language: str) -> Parcel:
    """A letter on its way."""
    return Parcel(letter=letter, language=language, message_id=call.random(24).lower())


def sealed(call: Call, content: Parcel) -> str:
    """The encrypted text."""
    text = msgspec.json.encode(content).decode()
    made = _cipher().encrypt(text, call.config.secrets, call.config.options.token_bytes)
    return cast("str", made)


def opened(stored: str, secrets: Secrets) -> Parcel:
    """What was sealed, whichever known secret it was with. Raises `ValueError`."""
    return msgspec.json.decode(_cipher().decrypt(stored, secrets), type=Parcel)


def _cipher() -> ModuleType:
    # Encryption loads a library that nothing else needs.
    return import_module("watchword.crypto.symmetric")
