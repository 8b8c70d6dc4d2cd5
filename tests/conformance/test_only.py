"""The endpoints for the runner: clock, outbox, raw rows (PROFILES.md, section 3)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import msgspec

from tests.conformance.raw_rows import raw_rows
from tests.conformance.surroundings import Surroundings
from watchword import APIError, Auth, SetPassword, VerifyPassword
from watchword.http.headers import HeaderSource
from watchword.http.json import encode
from watchword.plugins.api_key import CreateApiKey, UpdateApiKey, VerifyApiKey
from watchword.plugins.email_otp import OTPFor
from watchword.plugins.jwt import SignJWT, VerifyJWT
from watchword.plugins.organization import AddMember

_CALLABLE: dict[str, tuple[str, type[msgspec.Struct]]] = {
    "setPassword": ("set_password", SetPassword),
    "verifyPassword": ("verify_password", VerifyPassword),
    "addMember": ("add_member", AddMember),
    "createApiKey": ("create_api_key", CreateApiKey),
    "updateApiKey": ("update_api_key", UpdateApiKey),
    "verifyApiKey": ("verify_api_key", VerifyApiKey),
    "createVerificationOTP": ("create_verification_otp", OTPFor),
    "getVerificationOTP": ("get_verification_otp", OTPFor),
    "signJWT": ("sign_jwt", SignJWT),
    "verifyJWT": ("verify_jwt", VerifyJWT),
}
"""Section 5: the function of the server-side API, and its input."""
_NAME = re.compile(r"[A-Za-z_]+")


@dataclass(frozen=True)
class Reply:
    """A JSON answer, and the cookies that go with it."""

    status: int
    value: Any
    cookies: tuple[str, ...] = ()

    @property
    def body(self) -> bytes:
        return encode(self.value)


class TestOnly:
    """Answers requests whose path begins with `/__`; `/__me` needs the library's word."""

    __test__ = False

    def __init__(self, profile: str, auth: Auth[Any], around: Surroundings) -> None:
        self._profile = profile
        self._auth = auth
        self._around = around

    def answer(
        self, method: str, path: str, query: str, body: bytes, headers: HeaderSource
    ) -> Reply:
        """Everything but `/__me`. What does not fit is answered 400."""
        try:
            given = json.loads(body) if body else {}
            if (method, path) == ("POST", "/__call"):
                return self._call(given, headers if given.get("withHeaders") else None)
            return self._answer(method, path, query, given)
        except (KeyError, TypeError, ValueError) as error:
            return Reply(400, {"error": f"bad request: {error!r}"})

    def _answer(self, method: str, path: str, query: str, given: Any) -> Reply:
        match f"{method} {path}":
            case "GET /__health":
                return Reply(200, {"ok": True, "profile": self._profile, "now": self._now()})
            case "GET /__outbox":
                return Reply(200, self._around.outbox[:])
            case "DELETE /__outbox":
                del self._around.outbox[:]
                return Reply(200, {"ok": True})
            case "POST /__clock":
                self._around.clock.offset = float(given["offset"])
                return Reply(200, {"now": self._now()})
            case "GET /__rows":
                wanted = parse_qs(query, keep_blank_values=True)
                return self._rows(wanted["table"][0], wanted["column"][0], wanted["value"][0])
            case "GET /__secondary" if self._around.secondary is not None:
                part = parse_qs(query, keep_blank_values=True).get("prefix", [""])[0]
                live = self._around.live()
                return Reply(200, {key: text for key, text in live.items() if part in key})
            case _:
                return Reply(404, {"error": "no such test endpoint"})

    def me(self, checked: Any) -> Reply:
        """What the library says about who is there."""
        if checked.session is None:
            return Reply(401, {"error": "unauthenticated"}, checked.cookies)
        return Reply(200, checked.session, checked.cookies)

    def _now(self) -> int:
        return int(self._around.clock().timestamp() * 1000)

    def _call(self, given: Any, headers: HeaderSource | None) -> Reply:
        if given.get("name") not in _CALLABLE:
            return Reply(400, {"error": f"{given.get('name')} is not callable"})
        name, kind = _CALLABLE[given["name"]]
        function = getattr(self._auth.blocking.api, name)
        body = given.get("body")
        try:
            data = function(
                None if body is None else msgspec.convert(body, kind),
                headers=headers,
                query=given.get("query") or {},
            )
        except APIError as error:
            failed = {"ok": False, "status": error.status, "code": error.code}
            return Reply(200, {**failed, "message": error.message})
        return Reply(200, {"ok": True, "data": data})

    def _rows(self, table: str, column: str, value: str) -> Reply:
        if not (_NAME.fullmatch(table) and _NAME.fullmatch(column)):
            return Reply(400, {"error": "bad name"})
        return Reply(200, raw_rows(self._around.database, table, column, value))
