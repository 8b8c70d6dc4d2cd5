"""Scripts: the plugin two-factor."""

from __future__ import annotations

import hmac
import time
from base64 import b32decode
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.differential.recording import PASSWORD, Browser, Recorder

ENABLE, DISABLE = "/two-factor/enable", "/two-factor/disable"
URI, FRESH = "/two-factor/get-totp-uri", "/two-factor/generate-backup-codes"
TOTP, PAPER = "/two-factor/verify-totp", "/two-factor/verify-backup-code"
SEND, OTP = "/two-factor/send-otp", "/two-factor/verify-otp"
PATHS = (ENABLE, DISABLE, URI, FRESH, TOTP, PAPER, SEND, OTP)
OURS = {"password": PASSWORD}


def factor_by_app(server: Recorder) -> None:
    email, ada = "factor1@example.com", server.browser()
    key, paper = _set_up(ada, email)
    ada.get("session", "/get-session")
    ada.post("set up once more", ENABLE, OURS)
    ada.post("shown again", URI, {"password": "wrong horse"})
    waiting = server.browser()
    waiting.sign_in(email)
    waiting.get("no session", "/get-session")
    waiting.post("wrong", TOTP, {"code": "wrong"})
    waiting.post("right", TOTP, {"code": _code(key)})
    waiting.get("a session", "/get-session")
    waiting.post("proven again", PAPER, {"code": paper[0]})
    ada.post("new codes", FRESH, OURS)
    ada.post("off", DISABLE, OURS)
    ada.post("off again", DISABLE, OURS)
    ada.get("session afterwards", "/get-session")
    server.browser().sign_in(email)


def factor_by_code(server: Recorder) -> None:
    email, ada = "factor2@example.com", server.browser()
    ada.sign_up(email)
    ada.post("on", ENABLE, {**OURS, "method": "otp"})
    ada.get("session", "/get-session")
    ada.post("no codes on paper", FRESH, OURS)
    ada.post("no app", URI, OURS)
    waiting = server.browser()
    waiting.sign_in(email, rememberMe=False)
    waiting.post("none sent", OTP, {"code": "123456"})
    waiting.post("send", SEND, {})
    code = server.mail("two-factor-otp", email)["code"]
    waiting.post("wrong", OTP, {"code": _other(code)})
    waiting.post("right", OTP, {"code": code})
    waiting.get("a session", "/get-session")


def factor_guesses(server: Recorder) -> None:
    email, ada = "factor3@example.com", server.browser()
    key, paper = _set_up(ada, email)
    for _ in range(2):
        waiting = server.browser()
        waiting.sign_in(email)
        for path in (TOTP, PAPER, TOTP, PAPER, TOTP):
            waiting.post(f"wrong at {path}", path, {"code": "wrong"})
    waiting = server.browser()
    waiting.sign_in(email)
    for path, code in ((TOTP, _code(key)), (PAPER, paper[0]), (OTP, "123456")):
        waiting.post(f"locked at {path}", path, {"code": code})
    with server.later(901):
        waiting = server.browser()
        waiting.sign_in(email)
        waiting.post("later", TOTP, {"code": _code(key, 901)})


def factor_challenge_ending(server: Recorder) -> None:
    email, ada = "factor4@example.com", server.browser()
    key, _ = _set_up(ada, email)
    waiting = server.browser()
    waiting.sign_in(email)
    for _ in range(5):
        waiting.post("wrong", TOTP, {"code": "wrong"})
    waiting.post("the sixth", TOTP, {"code": _code(key)})
    waiting.post("afterwards", TOTP, {"code": _code(key)})
    late = server.browser()
    late.sign_in(email)
    with server.later(601):
        late.post("too late", TOTP, {"code": _code(key, 601)})


def factor_devices(server: Recorder) -> None:
    email, ada = "factor5@example.com", server.browser()
    key, paper = _set_up(ada, email)
    trusted = server.browser()
    trusted.sign_in(email, rememberMe=False)
    trusted.post("trust", TOTP, {"code": _code(key), "trustDevice": True})
    before = dict(trusted.jar)
    trusted.sign_in(email)
    copied = server.browser()
    copied.jar.update(before)
    copied.sign_in(email)
    copied.post("from paper", PAPER, {"code": paper[0]})
    trusted.post("off", DISABLE, OURS)


def factor_inputs(server: Recorder) -> None:
    ada, nobody = server.browser(), server.browser()
    ada.sign_up("factor6@example.com")
    whole: dict[str, Any] = {"password": PASSWORD, "code": "123456"}
    for path in PATHS:
        nobody.get(f"GET {path}", path)
        nobody.post(f"nothing to {path}", path)
        nobody.post(f"empty to {path}", path, {})
        nobody.post(f"{path}, not signed in", path, whole)
        for odd in (5, None, ["x"]):
            ada.post(f"{path}, odd", path, {"password": odd, "code": odd, "trustDevice": odd})
        ada.post(f"{path} from elsewhere", path, whole, origin="https://evil.example")
    ada.post("no such method", ENABLE, {**OURS, "method": "sms"})
    ada.post("too long", ENABLE, {"password": "x" * 129})
    ada.post("empty", ENABLE, {"password": ""})
    ada.post("server only", "/two-factor/view-backup-codes", {"userId": "x"})


def _set_up(ada: Browser, email: str) -> tuple[bytes, list[str]]:
    """By the code of a step ago: the present one stays good."""
    ada.sign_up(email)
    made = ada.post("set up", ENABLE, {**OURS, "issuer": "Here"}).json
    [secret] = parse_qs(urlsplit(made["totpURI"]).query)["secret"]
    key = b32decode(secret + "=" * (-len(secret) % 8))
    ada.post("first code", TOTP, {"code": _code(key, -30)})
    return key, made["backupCodes"]


def _code(key: bytes, ahead: int = 0) -> str:
    step = int(time.time() + ahead) // 30
    digest = hmac.digest(key, step.to_bytes(8, "big"), "sha1")
    at = digest[-1] & 15
    return str((int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF) % 10**6).zfill(6)


def _other(code: str) -> str:
    return "".join(str(9 - int(digit)) for digit in code)


SCRIPTS = (
    factor_by_app,
    factor_by_code,
    factor_guesses,
    factor_challenge_ending,
    factor_devices,
    factor_inputs,
)
