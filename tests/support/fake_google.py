"""Somebody who agrees at the fake provider that plays Google."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx2


def consent(provider: str, url: str, profile: dict[str, Any]) -> str:
    """Where the browser is sent to then."""
    told = base64.urlsafe_b64encode(json.dumps({"profile": profile}).encode()).decode().rstrip("=")
    with httpx2.Client() as client:
        there = f"{provider}/{url.removeprefix('https://')}"
        answer = client.get(there, headers={"x-oracle-user": told})
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]
