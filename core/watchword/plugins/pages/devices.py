"""What a browser says it is, in two words: a browser, and a system.

People look at it to tell their own devices apart; nothing is decided by it. Browsers claim to be
others (RFC 9110, 10.1.5), so the most particular name counts first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_LONGEST = 500
"""Characters that are looked at."""
_BROWSERS = (
    (r"\bEdg(e|A|iOS)?/", "Edge"),
    (r"\b(OPR|OPT|Opera)/", "Opera"),
    (r"\bSamsungBrowser/", "Samsung Internet"),
    (r"\bVivaldi/", "Vivaldi"),
    (r"\b(Firefox|FxiOS)/", "Firefox"),
    (r"\b(Headless)?(Chrome|CriOS|Chromium)/", "Chrome"),
    (r"\bVersion/[\d.]+ .*Safari/", "Safari"),
    (r"\bcurl/", "curl"),
    (r"\bpython-|\bhttpx", "Python"),
    (r"\b(okhttp|Dalvik|CFNetwork)/", "App"),
)
_SYSTEMS = (
    (r"\biPhone\b", "iPhone"),
    (r"\biPad\b", "iPad"),
    (r"\bAndroid\b", "Android"),
    (r"\bCrOS\b", "ChromeOS"),
    (r"\bWindows\b", "Windows"),
    (r"\bMac ?OS\b|\bMacintosh\b", "macOS"),
    (r"\bLinux\b", "Linux"),
)


def device_of(user_agent: str | None) -> tuple[str, str]:
    """The browser and the system of a `User-Agent`; empty what it does not say."""
    said = (user_agent or "")[:_LONGEST]
    return _first(_BROWSERS, said), _first(_SYSTEMS, said)


def _first(known: Sequence[tuple[str, str]], said: str) -> str:
    return next((name for pattern, name in known if re.search(pattern, said)), "")
