"""Why a mail was not sent: for ever, or for now. Neither says to whom or what: both are logged."""

from __future__ import annotations


class MailRefused(Exception):
    """The mail will never be taken: it is not tried again. `reason` is logged; it must name neither
    address nor content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MailDeferred(Exception):
    """The mail was not taken now: it is tried again. `reason` is logged, as above.

    `unreachable` says that no mail would have been: the others need not be tried at once.
    """

    def __init__(self, reason: str, *, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unreachable = unreachable
