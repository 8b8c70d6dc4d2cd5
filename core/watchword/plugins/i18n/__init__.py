"""I18n: what went wrong, in the language of who reads it.

Messages in English, German, French, Spanish, Portuguese, Japanese and Chinese come along, as one
file each in `messages`; others are added by options (spec: plugin i18n).
"""

from __future__ import annotations

from .detection import Detection, accepted_languages
from .messages_of import SHIPPED, Texts, messages_in
from .plugin import I18n

__all__ = ["SHIPPED", "Detection", "I18n", "Texts", "accepted_languages", "messages_in"]
