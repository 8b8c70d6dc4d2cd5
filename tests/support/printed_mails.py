"""What a mail server of a tutorial prints, as its reader sees it in the other terminal."""

from __future__ import annotations

import re
import time
from pathlib import Path

_SECONDS = 30.0
_LINK = re.compile(r"^https?://\S+$", re.MULTILINE)


class PrintedMails:
    """The terminal of the mail server."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def link_to(self, address: str) -> str:
        """The link in the newest mail to an address; mails leave behind the answer."""
        end = time.monotonic() + _SECONDS
        while True:
            printed = self._log.read_text() if self._log.exists() else ""
            _, came, mail = printed.rpartition(f"To: {address}\n")
            found = _LINK.search(mail)
            if came and found is not None:
                return found[0]
            assert time.monotonic() < end, f"no mail to {address} came:\n{printed[-2000:]}"
            time.sleep(0.02)
