"""Scripts: the plugin phone-number."""

from __future__ import annotations

from tests.differential.recording import PASSWORD, Browser, Recorder

SEND, VERIFY, SIGN_IN = "/phone-number/send-otp", "/phone-number/verify", "/sign-in/phone-number"
FORGOT, RESET = "/phone-number/request-password-reset", "/phone-number/reset-password"
LATE = 301


def phone_signing_up(server: Recorder) -> None:
    number, ada = "+15550000101", server.browser()
    code = _sent(server, ada, number)
    ada.post("wrong", VERIFY, {"phoneNumber": number, "code": _other(code)})
    body = {"phoneNumber": number, "code": code, "nickname": "al", "name": "Ada"}
    ada.post("right", VERIFY, body)
    ada.get("session", "/get-session")
    ada.post("once more", VERIFY, body)
    again = server.browser()
    body = {"phoneNumber": number, "code": _sent(server, again, number), "nickname": "other"}
    again.post("an existing user keeps everything", VERIFY, body)
    code = _sent(server, again, number)
    body = {"phoneNumber": number, "code": code, "disableSession": True}
    server.browser().post("without a session", VERIFY, body)


def phone_codes(server: Recorder) -> None:
    number, nobody = "+15550000102", server.browser()
    code = _sent(server, nobody, number)
    for _ in range(5):
        nobody.post("wrong", VERIFY, {"phoneNumber": number, "code": _other(code)})
    nobody.post("the right one too late", VERIFY, {"phoneNumber": number, "code": code})
    code = _sent(server, nobody, number)
    for text in (f"{code} ", code[:-1], ""):
        nobody.post(f"not quite {len(text)}", VERIFY, {"phoneNumber": number, "code": text})
    code = _sent(server, nobody, number)
    with server.later(LATE):
        nobody.post("expired", VERIFY, {"phoneNumber": number, "code": code})
        nobody.post("gone", VERIFY, {"phoneNumber": number, "code": code})
    code = _sent(server, nobody, number)
    body = {"phoneNumber": number, "otp": code, "newPassword": "another horse"}
    nobody.post("a code of another kind", RESET, body)


def phone_inputs(server: Recorder) -> None:
    nobody = server.browser()
    whole = {
        "phoneNumber": "+15550000103",
        "code": "123456",
        "otp": "123456",
        "password": PASSWORD,
        "newPassword": PASSWORD,
    }
    for path in (SEND, VERIFY, SIGN_IN, FORGOT, RESET):
        nobody.get(f"GET {path}", path)
        nobody.post(f"nothing to {path}", path)
        nobody.post(f"empty to {path}", path, {})
        for field in whole:
            for value in (5, None, ["x"]):
                nobody.post(f"{path} {field} is {value}", path, {**whole, field: value})
    for number in ("", "nobody", "+1555", "+" + "1" * 16):
        for path in (SEND, SIGN_IN):
            nobody.post(f"{path} {number}", path, {**whole, "phoneNumber": number})
    nobody.post("not a switch", VERIFY, {**whole, "disableSession": "yes"})
    nobody.post("server only", "/phone-number/consume-otp", whole)


def phone_and_password(server: Recorder) -> None:
    number, ada, nobody = "+15550000104", server.browser(), server.browser()
    _with_password(server, ada, number)
    body = {"phoneNumber": number, "password": PASSWORD}
    for extra in ({}, {"rememberMe": False}):
        again = server.browser()
        again.post(f"in {extra}", SIGN_IN, {**body, **extra})
        again.get("session", "/get-session")
    nobody.post("wrong password", SIGN_IN, {**body, "password": "wrong horse"})
    nobody.post("long password", SIGN_IN, {**body, "password": "x" * 129})
    nobody.post("unknown", SIGN_IN, {**body, "phoneNumber": "+15550000194"})
    server.browser().post("from elsewhere", SIGN_IN, body, origin="https://evil.example")


def phone_resetting(server: Recorder) -> None:
    number, nobody = "+15550000105", server.browser()
    server.browser().post(
        "up", VERIFY, {"phoneNumber": number, "code": _sent(server, nobody, number)}
    )
    nobody.post("forgot", FORGOT, {"phoneNumber": number})
    code = server.mail("phone-reset-otp", number)["code"]
    body = {"phoneNumber": number, "otp": code, "newPassword": "another horse"}
    nobody.post("too short", RESET, {**body, "newPassword": "short"})
    nobody.post("too long", RESET, {**body, "newPassword": "x" * 129})
    nobody.post("wrong", RESET, {**body, "otp": _other(code)})
    nobody.post("reset", RESET, body)
    nobody.post("once more", RESET, body)
    nobody.post("in", SIGN_IN, {"phoneNumber": number, "password": "another horse"})
    unknown = {"phoneNumber": "+15550000195"}
    nobody.post("forgot, unknown", FORGOT, unknown)
    for _ in range(5):
        nobody.post("guess, unknown", RESET, {**body, **unknown, "otp": "123456"})


def phone_changing(server: Recorder) -> None:
    number, other, ada = "+15550000106", "+15550000196", server.browser()
    ada.sign_up("phone6@example.com")
    code = _sent(server, ada, number)
    body = {"phoneNumber": number, "code": code, "updatePhoneNumber": True}
    ada.post("wrong", VERIFY, {**body, "code": _other(code)})
    ada.post("given", VERIFY, body)
    ada.get("session", "/get-session")
    ada.post("once more", VERIFY, body)
    ada.post("one's own", VERIFY, {**body, "code": _sent(server, ada, number)})
    eve = server.browser()
    eve.sign_up("phone6.eve@example.com")
    eve.post("another's", VERIFY, {**body, "code": _sent(server, eve, number)})
    nobody = server.browser()
    asked = {**body, "phoneNumber": other, "code": _sent(server, nobody, other)}
    nobody.post("by nobody", VERIFY, asked)
    ada.post("here", "/update-user", {"phoneNumber": other})
    ada.post("verified here", "/update-user", {"phoneNumberVerified": True})
    ada.post("given back", "/update-user", {"phoneNumber": None})
    ada.get("session", "/get-session")


def phone_at_sign_up(server: Recorder) -> None:
    ada = server.browser()
    ada.sign_up("phone7@example.com", phoneNumber="+15550000107")
    ada.sign_up("phone7@example.com", phoneNumberVerified=True)
    ada.sign_up("phone7@example.com", phoneNumber=None)
    ada.get("session", "/get-session")


def _with_password(server: Recorder, browser: Browser, number: str) -> None:
    browser.sign_up(f"phone{number[-3:]}@example.com")
    code = _sent(server, browser, number)
    body = {"phoneNumber": number, "code": code, "updatePhoneNumber": True}
    browser.post("number", VERIFY, body)


def _sent(server: Recorder, browser: Browser, number: str) -> str:
    browser.post("send", SEND, {"phoneNumber": number})
    return server.mail("phone-otp", number)["code"]


def _other(code: str) -> str:
    return "".join(str(9 - int(digit)) for digit in code)


SCRIPTS = (
    phone_signing_up,
    phone_codes,
    phone_inputs,
    phone_and_password,
    phone_resetting,
    phone_changing,
    phone_at_sign_up,
)
