"""`watchword secret`: a new secret."""

from __future__ import annotations

import secrets

from .screen import say

BYTES = 32


def new_secret() -> str:
    """64 hexadecimal digits from the operating system's generator."""
    return secrets.token_hex(BYTES)


def secret() -> None:
    """Print a new secret, as a line for an environment file."""
    say()
    say("# Put this line into the environment of your application, and keep it out of its source.")
    say(f"# {BYTES * 8} random bits:")
    say(f"BETTER_AUTH_SECRET={new_secret()}")
