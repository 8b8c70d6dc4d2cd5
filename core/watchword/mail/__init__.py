"""The server's own mailer: what goes out by mail, in words and form, and what carries it away.

    mail = Mailer(SMTP("smtp://user:password@smtp.example.com"), sender="App <app@app.example>")
    auth = Auth(..., mail=mail)

Every feature that mails does so by it, unless it is given a callback of its own. A letter
(`Letter`, in `watchword.features.letters`) gets words in a language (`words`), becomes a draft, a
message, and is sent; with an outbox it is stored until it is. SMTP is spoken in two ways, one for
each world.
"""

from __future__ import annotations

from watchword.features.letters import Letter

from .drafts import Content, Draft
from .mailer import Mailer
from .outbox import Outbox
from .refusals import MailDeferred, MailRefused
from .sending import Writer
from .smtp import SMTP
from .transports import Console, Files, Transport

__all__ = [
    "SMTP",
    "Console",
    "Content",
    "Draft",
    "Files",
    "Letter",
    "MailDeferred",
    "MailRefused",
    "Mailer",
    "Outbox",
    "Transport",
    "Writer",
]
