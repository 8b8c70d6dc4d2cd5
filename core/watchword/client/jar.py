"""What says who a client is: its cookies, and a bearer token."""

from __future__ import annotations

from collections.abc import Iterable

import httpx2

from watchword.runtime.outgoing import OutgoingAnswer

_SESSION = "session_token"
"""How the name of the session cookie ends."""
_TOKEN = "set-auth-token"


class Jar:
    """Cookies as a browser keeps them, and the token of plugin Bearer; neither is ever printed."""

    def __init__(self, token: str | None) -> None:
        self.cookies = httpx2.Cookies()
        self.token = token

    def headers(self, url: str) -> dict[str, str]:
        """The headers that say who asks."""
        asked = httpx2.Request("GET", url)
        self.cookies.set_cookie_header(asked)
        made = {"cookie": asked.headers["cookie"]} if "cookie" in asked.headers else {}
        if self.token is not None:
            made["authorization"] = f"Bearer {self.token}"
        return made

    def keep(self, url: str, answer: OutgoingAnswer) -> None:
        """Take what an answer sets. Where the session cookie is taken back, the token is gone."""
        lines = [value for name, value in answer.pairs if name.lower() == "set-cookie"]
        if lines:
            pairs = [("set-cookie", line) for line in lines]
            asked = httpx2.Request("GET", url)
            self.cookies.extract_cookies(
                httpx2.Response(answer.status, headers=pairs, request=asked)
            )
        token = answer.headers.get(_TOKEN)
        if token:
            self.token = token
        elif _ends_session(lines):
            self.token = None


def _ends_session(lines: Iterable[str]) -> bool:
    """Whether the last word on the session cookie is that there is none."""
    ended = False
    for line in lines:
        pair, _, attributes = line.partition(";")
        if pair.partition("=")[0].endswith(_SESSION):
            ended = "max-age=0" in attributes.lower().replace(" ", "").split(";")
    return ended
