"""Messages in files: one for each language, `<locale>.json`, of codes and texts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

Texts: TypeAlias = "Mapping[str, str]"
"""What to say, by the code of an error."""

SHIPPED = ("en", "de", "fr", "es", "pt", "ja", "zh")
"""Languages that come along. English is what errors say anyway: its file is what there is to
translate, and is not read."""
_OURS = Path(__file__).parent / "messages"


def shipped_messages(locale: str) -> Texts:
    """Our own messages in a language."""
    return {} if locale == SHIPPED[0] else _read(_OURS / f"{locale}.json")


def messages_in(folder: Path) -> dict[str, Texts]:
    """The messages in the files of a folder, by locale, as `I18n.translations` takes them.

    Raises `OSError` for a folder that is not there, `ValueError` for a file of another form.
    """
    files = sorted(file for file in folder.iterdir() if file.suffix == ".json")
    return {file.stem: _read(file) for file in files}


def _read(file: Path) -> Texts:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except msgspec.MsgspecError as error:
        raise ValueError(f"{file.name} does not map codes to texts: {error}") from None
