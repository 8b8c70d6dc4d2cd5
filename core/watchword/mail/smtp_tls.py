"""How TLS is spoken with a mail server."""

from __future__ import annotations

import ssl
from functools import cache

from .smtp import SMTP


def context_for(options: SMTP) -> ssl.SSLContext:
    """The application's, or one that verifies certificates and names."""
    return options.tls or _usual()


@cache
def _usual() -> ssl.SSLContext:
    # The system's certificates take milliseconds to read.
    return ssl.create_default_context()
