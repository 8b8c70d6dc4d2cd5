"""The one spelling of what people are known by.

Endpoints, plugins, imports and the command line all come here, so that no two of them can take one
text for different people, or two people for one (spec: security, W13).
"""

from __future__ import annotations


def normal_email(text: str) -> str:
    """An e-mail address in the spelling in which it is stored, looked up and counted.

    Only ASCII is put into lower case. Some other letters have ASCII ones for their lower case
    (U+212A, the sign for kelvin, becomes `k`): a look-alike stays what it is, which is no address
    (`is_email`).
    """
    return text.lower() if text.isascii() else text


def same_email(one: str, other: str) -> bool:
    """Whether two texts are one address, whatever a database calls equal.

    Text in ASCII is its own NFC form; any other must be the same to the letter.
    """
    return one == other or normal_email(one) == normal_email(other)
