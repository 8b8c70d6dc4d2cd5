"""Why a flow ended without a session."""

from __future__ import annotations


class Refused(Exception):
    """The flow ends with a code of the protocol (spec: social, section 2)."""

    def __init__(self, code: str, description: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.description = description
