"""Writes what there is to translate, from the declared codes: `python -m tests.docs.messages`.

It says which codes have no text yet in which language; their files stand beside `en.json`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.docs.errors_page import groups
from watchword.features.confirmation import TEXTS
from watchword.plugins.i18n import SHIPPED, messages_in

FOLDER = Path(__file__).parents[2] / "core" / "watchword" / "plugins" / "i18n" / "messages"
UNDECLARED = {"SERVICE_UNAVAILABLE": "Try again in a moment"}
"""What the pipeline answers by itself."""


def declared() -> dict[str, str]:
    """All codes with what they say in English: all of it, where several features have one. And
    the texts of pages with one button."""
    found: dict[str, dict[str, None]] = {}
    for group in groups():
        for _, code in group.declared():
            if code.code is not None:
                found.setdefault(code.code, {})[code.message] = None
    said = {code: " / ".join(texts) for code, texts in found.items()}
    return dict(sorted({**UNDECLARED, **TEXTS, **said}.items()))


def missing() -> dict[str, list[str]]:
    """The codes of `en.json` that a language has no text for, by locale."""
    known = messages_in(FOLDER)
    return {
        locale: [code for code in known["en"] if not known.get(locale, {}).get(code)]
        for locale in SHIPPED
    }


if __name__ == "__main__":
    text = json.dumps(declared(), ensure_ascii=False, indent=2)
    (FOLDER / "en.json").write_text(f"{text}\n", encoding="utf-8")
    for locale, codes in missing().items():
        if codes:
            sys.stdout.write(f"{locale}.json lacks {', '.join(codes)}\n")
