"""`watchword secret`: a new secret, and how it takes the place of the old one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

from cyclopts import Parameter

from watchword.crypto.secrets_list import parse_secrets_env

from .application import Switch
from .failures import CommandError
from .screen import say

BYTES = 32
OVERLAP = timedelta(days=8)
"""How long a planned exchange takes: a day longer than sessions live by default."""

_ROTATION = """
# A new secret in front of the one that you have now. Put one of the two lines into the environment
# of your application, with the old secret in its place. Leave BETTER_AUTH_SECRET as it is: it
# decrypts what was stored before secrets had versions.
#
# The exchange is planned. Until {date} cookies under the old secret are taken, and signed
# anew with the new one: nobody is signed out, and what was mailed stays good. Give it as long as
# your sessions live (session.expires_in), and leave the date out after that.
BETTER_AUTH_SECRETS={new}:{secret},{old}@{date}:<the old secret>
#
# The old secret leaked, or may have. It only decrypts what is stored; it signs and vouches for
# nothing. Everybody signs in again, and asks anew for links that verify or change an address.
BETTER_AUTH_SECRETS={new}:{secret},{old}:<the old secret>
"""


def new_secret() -> str:
    """64 hexadecimal digits from the operating system's generator."""
    return secrets.token_hex(BYTES)


def secret(
    *,
    rotate: Annotated[
        Switch, Parameter(help="Say how it takes the place of the old one: planned, or leaked.")
    ] = False,
) -> None:
    """Print a new secret, as a line for an environment file."""
    if rotate:
        say(rotation(os.environ, datetime.now(UTC)))
        return
    say()
    say("# Put this line into the environment of your application, and keep it out of its source.")
    say(f"# {BYTES * 8} random bits:")
    say(f"BETTER_AUTH_SECRET={new_secret()}")


def rotation(environ: Mapping[str, str], now: datetime) -> str:
    """What to set for a planned exchange and after a leak. Shows no secret that is in use.

    Raises `CommandError` for a BETTER_AUTH_SECRETS that cannot be read.
    """
    listed = environ.get("BETTER_AUTH_SECRETS")
    try:
        versions = [entry.version for entry in parse_secrets_env(listed)] if listed else [1]
    except ValueError as error:
        raise CommandError(str(error), "Mend the variable first") from None
    date = f"{now + OVERLAP:%Y-%m-%d}"
    return _ROTATION.format(
        new=max(versions) + 1, old=versions[0], date=date, secret=new_secret()
    ).rstrip("\n")
