"""Bearer tokens: a session travels in `Authorization` instead of a cookie.

For clients without cookies, such as mobile applications and command lines. Answers that set the
session cookie carry the token in `set-auth-token`; sent back as `Authorization: Bearer <token>` it
stands for the cookie (spec: plugin bearer; RFC 6750, 2.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import unquote

from watchword.call import Call
from watchword.configuration.safe_ranges import Safe
from watchword.credential import Credential, SessionToken
from watchword.crypto.signing import sign_cookie_value
from watchword.plugin_base import Plugin, after

_SCHEME = "bearer "
_ANSWER = "set-auth-token"
_VISIBLE = re.compile("[!-~]+")
_LONGEST = 1024
"""Characters of a header that is read: ten times those of a token, percent-encoded."""


@dataclass(frozen=True, kw_only=True)
class Bearer(Plugin):
    """Options of bearer tokens."""

    id: ClassVar[str] = "bearer"
    safe: ClassVar[Mapping[str, Safe]] = {
        "require_signature": Safe(
            "whoever reads the session table can act as anybody",
            exactly=True,
            severity="info",
        ),
    }

    require_signature: bool = False
    """Only signed tokens (from `set-auth-token`) are accepted. Without it the bare session token,
    as it stands in the database and in answers to sign-ins, is a full credential."""

    def credentials(self) -> Sequence[Credential]:
        """A good bearer token stands for its session, whatever cookie came along."""
        return (Credential(header="authorization", read=self._read),)

    @after(new_session=True)
    async def hand_out_token(self, call: Call) -> None:
        """Put the token into `set-auth-token` of answers that establish or renew the session."""
        if call.new_session is not None:
            token = call.new_session.session.token
            call.set_header(_ANSWER, sign_cookie_value(token, call.config.secrets.current))
            call.expose_header(_ANSWER)

    async def _read(self, call: Call, header: str) -> SessionToken | None:
        if len(header) > _LONGEST or header[: len(_SCHEME)].lower() != _SCHEME:
            return None
        token = header[len(_SCHEME) :].strip()
        if _VISIBLE.fullmatch(token) is None:
            return None
        if "." not in token:
            return None if self.require_signature else SessionToken(token)
        known = call.cookies.verify(unquote(token) if "%" in token else token)
        return None if known is None else SessionToken(known)
