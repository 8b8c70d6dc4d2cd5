"""What browsers are told of every page: nothing runs, loads or frames it that is not ours."""

from __future__ import annotations

import re
from collections.abc import Sequence

from watchword.call import Call
from watchword.http.response import Constant

from .look import Look
from .rendering import Script

_SOURCE = re.compile(r"https?://(\*\.)?[\w-]+(\.[\w-]+)*(:([0-9]+|\*))?", re.ASCII)
"""What may stand in a policy (CSP Level 3, 2.3.1): other patterns cannot be said there."""
_ALWAYS = (
    Constant("content-type", "text/html; charset=utf-8"),
    Constant("x-content-type-options", "nosniff"),
    Constant("x-frame-options", "DENY"),
    # No path leaves the page, and with it no token. The origin does: without it browsers would send
    # `Origin: null` with our own forms.
    Constant("referrer-policy", "strict-origin"),
    Constant("cross-origin-resource-policy", "same-origin"),
    Constant("x-robots-tag", "noindex"),
)


def page_headers(
    call: Call, look: Look, script: Script, destinations: Sequence[str] = ()
) -> tuple[tuple[str, str], ...]:
    """All headers of a page; `destinations` are where its forms may lead beside what is trusted."""
    policy = [
        "default-src 'none'",
        f"style-src {look.style_source}",
        f"script-src {script.source}",
        f"form-action {' '.join(dict.fromkeys((*_targets(call), *destinations)))}",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
    if look.image_source:
        policy.append(f"img-src {look.image_source}")
    if script.connects:
        policy.append("connect-src 'self'")
    return (*_ALWAYS, ("content-security-policy", "; ".join(policy)))


def _targets(call: Call) -> tuple[str, ...]:
    """Where forms may lead, by redirects as well: to the trusted web sites, beside this one."""
    others = (one for one in call.site.trusted_origins if one != call.site.origin)
    return ("'self'", *filter(_SOURCE.fullmatch, others))
