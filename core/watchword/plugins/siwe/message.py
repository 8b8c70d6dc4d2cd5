"""The message that a wallet signs, read by its grammar (EIP-4361, "Message Format").

What does not follow the grammar to the letter is no such message. So each field stands where the
wallet showed it to its owner, and nothing in the statement can pass for another one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

from watchword.discreet import Discreet

LONGEST_MESSAGE = 8192
"""Characters."""
LONGEST_NONCE = 250
LARGEST_CHAIN = 2**31 - 1
"""The column of the reference is an integer, which has no room for more in some databases."""

# RFC 3986, section 2; RFC 3339, section 5.6.
_PCHAR = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
_URI = rf"[A-Za-z][A-Za-z0-9+.\-]*:(?:{_PCHAR}|[/?#\[\]])*"
_AUTHORITY = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@\[\]]|%[0-9A-Fa-f]{2})+"
_TIME = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_MESSAGE = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*)://)?"
    rf"(?P<domain>{_AUTHORITY}) wants you to sign in with your Ethereum account:\n"
    r"(?P<address>0x[0-9A-Fa-f]{40})\n"
    r"\n"
    r"(?:(?P<statement>[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;= ]+)\n)?"
    r"\n"
    rf"URI: (?P<uri>{_URI})\n"
    r"Version: 1\n"
    r"Chain ID: (?P<chain>[0-9]{1,10})\n"
    rf"Nonce: (?P<nonce>[A-Za-z0-9]{{8,{LONGEST_NONCE}}})\n"
    rf"Issued At: (?P<issued>{_TIME})"
    rf"(?:\nExpiration Time: (?P<expires>{_TIME}))?"
    rf"(?:\nNot Before: (?P<begins>{_TIME}))?"
    rf"(?:\nRequest ID: (?P<request>{_PCHAR}*))?"
    rf"(?:\nResources:(?P<resources>(?:\n- {_URI})*))?",
    re.ASCII,
)
_DOMAIN = re.compile(_AUTHORITY, re.ASCII)


class SIWEMessage(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a message, as the wallet's owner saw them."""

    scheme: str | None
    domain: str
    address: str
    """As it was written; its letters may be a checksum (EIP-55)."""
    statement: str | None
    uri: str
    chain_id: int
    nonce: str
    issued_at: datetime
    expiration_time: datetime | None
    not_before: datetime | None
    request_id: str | None
    resources: tuple[str, ...]


def read_message(text: str) -> SIWEMessage | None:
    """The fields of a message; None for what is none."""
    found = None if len(text) > LONGEST_MESSAGE else _MESSAGE.fullmatch(text)
    if found is None:
        return None
    chain_id, resources = int(found["chain"]), found["resources"] or ""
    try:
        issued_at, expires, begins = map(_moment, found.group("issued", "expires", "begins"))
    except (ValueError, OverflowError):  # the 30th of February
        return None
    if issued_at is None or not 0 < chain_id <= LARGEST_CHAIN:
        return None
    return SIWEMessage(
        scheme=found["scheme"],
        domain=found["domain"],
        address=found["address"],
        statement=found["statement"],
        uri=found["uri"],
        chain_id=chain_id,
        nonce=found["nonce"],
        issued_at=issued_at,
        expiration_time=expires,
        not_before=begins,
        request_id=found["request"],
        resources=tuple(resources.split("\n- ")[1:]),
    )


def is_nonce(value: object) -> bool:
    """Whether it can stand in a message: 8 to 250 letters and digits of ASCII."""
    return (
        isinstance(value, str)
        and 8 <= len(value) <= LONGEST_NONCE
        and value.isascii()
        and value.isalnum()
    )


def normal_domain(text: str) -> str:
    """A domain as it is compared: host and port in lower case, without scheme and path."""
    return re.sub(r"\A[a-z][a-z0-9+.\-]*://", "", text.strip().lower()).partition("/")[0]


def is_domain(text: str) -> bool:
    """Whether a normal domain can stand in a message."""
    return _DOMAIN.fullmatch(text) is not None


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    # A leap second is not known to `datetime`.
    clock = re.sub(r"(?<=T[0-9]{2}:[0-9]{2}:)60", "59", text.upper())
    return datetime.fromisoformat(clock).astimezone(UTC)
