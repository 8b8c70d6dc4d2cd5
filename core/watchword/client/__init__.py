"""A client with types: the functions of `auth.api` over HTTP, for programs that are no browser.

    with Client("https://example.com") as client:
        client.api.sign_in_email(SignInEmail(email="ada@example.com", password="..."))
        found = client.api.get_session()

It speaks to watchword and to whatever else serves the protocol. Sends through httpx2, which is
loaded with the first client; plugins are loaded with the first use of what they declare.
"""

from __future__ import annotations

from .api import ClientAPI
from .client import AsyncClient, Client
from .failures import ClientError, NoAnswer, UnexpectedAnswer

__all__ = [
    "AsyncClient",
    "Client",
    "ClientAPI",
    "ClientError",
    "NoAnswer",
    "UnexpectedAnswer",
]
