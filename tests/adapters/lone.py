"""A server for a program of its own."""

from __future__ import annotations

from tests.adapters.echo import EchoAuth


def made() -> EchoAuth:
    return EchoAuth()
