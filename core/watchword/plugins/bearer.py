"""Bearer tokens: a session travels in `Authorization` instead of a cookie.

For clients without cookies, such as mobile applications and command lines. Answers that set the
session cookie carry the token in `set-auth-token`; sent back as `Authorization: Bearer <token>` it
stands for the cookie (spec: plugin bearer; RFC 6750, 2.1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import unquote

from watchword.call import Call
from watchword.cookies import SESSION_TOKEN
from watchword.crypto.signing import sign_cookie_value
from watchword.http.cookies import encode_value
from watchword.plugin import Plugin, after, before

_SCHEME = "bearer "
_ANSWER = "set-auth-token"
_VISIBLE = re.compile("[!-~]+")


@dataclass(frozen=True, kw_only=True)
class Bearer(Plugin):
    """Options of bearer tokens."""

    id: ClassVar[str] = "bearer"

    require_signature: bool = False
    """Only signed tokens (from `set-auth-token`) are accepted. Without it the bare session token,
    as it stands in the database and in answers to sign-ins, is a full credential."""

    @before()
    async def read_authorization(self, call: Call) -> None:
        """Let a good bearer token stand for the session cookie, whatever cookie came along."""
        signed = self._signed(call, call.headers.get("authorization") or "")
        if signed is None:
            return
        name = call.cookie_names.spec(SESSION_TOKEN).name
        others = (call.headers.get("cookie") or "").split(";")
        kept = [pair.strip() for pair in others if pair.partition("=")[0].strip() not in ("", name)]
        cookie = "; ".join([*kept, f"{name}={encode_value(signed)}"])
        call.replace_headers(call.headers.replacing("cookie", cookie))

    @after()
    async def hand_out_token(self, call: Call) -> None:
        """Put the token into `set-auth-token` of answers that set the session cookie."""
        token = call.cookies.set_so_far(call.cookie_names.spec(SESSION_TOKEN).name)
        if token:
            call.set_header(_ANSWER, token)
            call.expose_header(_ANSWER)

    def _signed(self, call: Call, header: str) -> str | None:
        if header[: len(_SCHEME)].lower() != _SCHEME:
            return None
        token = header[len(_SCHEME) :].strip()
        if _VISIBLE.fullmatch(token) is None:
            return None
        if "." not in token:
            secret = call.config.secrets.current
            return None if self.require_signature else sign_cookie_value(token, secret)
        if "%" in token:
            token = unquote(token)
        return token if call.cookies.verify(token) is not None else None
