"""From a mail in its form to a message (RFC 5322), with headers that nobody else can write.

Values of headers are one line by construction, and the policy of the message refuses any other.
"""

from __future__ import annotations

import re
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from importlib import import_module

from .drafts import Content
from .refusals import MailRefused

LONGEST_ADDRESS = 320
"""Characters (RFC 3696, erratum 1690)."""
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]+@[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]+")
_READ_AS = re.compile(r"=\?|[\x80-\x9f]")
"""Encoded words (RFC 2047), which whoever parses the header takes for another address; and control
characters beyond ASCII."""
# Bodies go as quoted-printable or base64: any server takes them (RFC 2045).
_POLICY = policy.SMTP.clone(cte_type="7bit")


def message_of(
    content: Content,
    *,
    sender: Address,
    reply_to: Address | None,
    to: str,
    message_id: str,
    language: str,
    now: datetime,
) -> EmailMessage:
    """The message. Raises `MailRefused` for an address that is none."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = address_of(to)
    if reply_to is not None:
        message["Reply-To"] = reply_to
    message["Subject"] = _header(content.subject)
    message["Date"] = now
    message["Message-ID"] = f"<{message_id}@{ascii_domain(sender.domain)}>"
    # No answers of absent people, and no loops (RFC 3834, 5).
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(content.text)
    if content.html is not None:
        message.add_alternative(content.html, subtype="html")
    # Making parts takes headers of content away.
    message["Content-Language"] = language
    return message


def _header(text: str) -> str:
    # What looks like an encoded word would be decoded: to a link, or to lines.
    return " ".join(text.split()).replace("=?", "= ?")


def address_of(text: str, name: str = "") -> Address:
    """An address, with what its owner is called. Raises `MailRefused`."""
    if len(text) > LONGEST_ADDRESS or _ADDRESS.fullmatch(text) is None or _READ_AS.search(text):
        raise MailRefused("no address")
    local, _, domain = text.rpartition("@")
    return Address(name, local, ascii_domain(domain))


def ascii_domain(domain: str) -> str:
    """A domain as servers know it (RFC 5891). Raises `MailRefused`."""
    if domain.isascii():
        return domain
    # Most addresses are in ASCII: the tables are loaded for the rest.
    idna = import_module("idna")
    try:
        return str(idna.encode(domain, uts46=True).decode("ascii"))
    except idna.IDNAError:
        raise MailRefused("no domain") from None
