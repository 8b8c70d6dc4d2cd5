"""What a mail server is told beside the mail itself (RFC 5321, 3.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage

from .message import ascii_domain
from .refusals import MailRefused

_ASCII = policy.SMTP.clone(cte_type="7bit")
_UTF8 = policy.SMTPUTF8


@dataclass(frozen=True, slots=True)
class Envelope:
    """From whom to whom, and the bytes."""

    sender: str = field(repr=False)
    recipient: str = field(repr=False)
    data: bytes = field(repr=False)
    utf8: bool
    """Whether an address needs a server that takes more than ASCII (RFC 6531)."""

    @property
    def options(self) -> tuple[str, ...]:
        """What is said with the sender."""
        return ("SMTPUTF8", "BODY=8BITMIME") if self.utf8 else ()


def envelope_of(message: EmailMessage) -> Envelope:
    """The envelope of a mail with one sender and one addressee. Raises `MailRefused`."""
    sender, recipient = _address(message, "From"), _address(message, "To")
    utf8 = not (sender.isascii() and recipient.isascii())
    data = message.as_bytes(policy=_UTF8 if utf8 else _ASCII)
    return Envelope(sender, recipient, data, utf8)


def _address(message: EmailMessage, header: str) -> str:
    found = message[header]
    addresses = getattr(found, "addresses", ())
    if len(addresses) != 1:
        raise MailRefused(f"{header} names no single address")
    one = addresses[0]
    return f"{one.username}@{ascii_domain(one.domain)}"
