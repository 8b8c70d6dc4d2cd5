"""What fails without an answer of the protocol; errors that a server answers are `APIError`."""

from __future__ import annotations

from typing import Literal

Reason = Literal["timeout", "unreachable", "too large", "encoded", "no header", "no web address"]


class ClientError(Exception):
    """Nothing is known of what a server made of a call. Holds no secret: no URL, header or body."""


class NoAnswer(ClientError):
    """The server could not be reached, or did not answer within the bounds of the client.

    `timeout`, `unreachable`, `too large` (`most_bytes`), `encoded` (compressed, unasked), `no
    header` (one of a call holds what no header can).
    """

    def __init__(self, host: str, reason: Reason) -> None:
        super().__init__(f"{host}: {reason}")
        self.host = host
        self.reason: Reason = reason


class UnexpectedAnswer(ClientError):
    """An answer that is not what the endpoint says: of a proxy, say, or of another base path."""

    def __init__(self, name: str, status: int, problem: str) -> None:
        super().__init__(f"{name} was answered with {status}: {problem}")
        self.status = status
        self.problem = problem
