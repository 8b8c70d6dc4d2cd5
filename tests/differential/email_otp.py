"""Scripts: the plugin email-otp."""

from __future__ import annotations

from tests.differential.recording import PASSWORD, Browser, Recorder

SEND, CHECK = "/email-otp/send-verification-otp", "/email-otp/check-verification-otp"
VERIFY, SIGN_IN = "/email-otp/verify-email", "/sign-in/email-otp"
FORGOT, OLD_FORGOT = "/email-otp/request-password-reset", "/forget-password/email-otp"
RESET = "/email-otp/reset-password"
ASK, CHANGE = "/email-otp/request-email-change", "/email-otp/change-email"
PATHS = (SEND, CHECK, VERIFY, SIGN_IN, FORGOT, OLD_FORGOT, RESET, ASK, CHANGE)
LATE = 301


def code_signing_up(server: Recorder) -> None:
    email, ada = "otp1@example.com", server.browser()
    code = _sent(server, ada, "Otp1@Example.com", "sign-in")
    ada.post("wrong", SIGN_IN, {"email": email, "otp": _other(code)})
    body = {"email": "OTP1@example.com", "otp": code, "name": "Ada", "nickname": "al"}
    ada.post("right", SIGN_IN, body)
    ada.get("session", "/get-session")
    ada.post("once more", SIGN_IN, body)
    again = server.browser()
    code = _sent(server, again, email, "sign-in")
    body = {"email": email, "otp": code, "name": "Other", "image": "x", "tier": "gold"}
    again.post("an existing user keeps everything", SIGN_IN, body)


def code_signing_up_refused(server: Recorder) -> None:
    nobody, email = server.browser(), "otp2@example.com"
    code = _sent(server, nobody, email, "sign-in")
    body = {"email": email, "otp": code, "tier": "gold"}
    nobody.post("a field that may not be set", SIGN_IN, body)
    nobody.post("the code is used up", SIGN_IN, {"email": email, "otp": code})
    code = _sent(server, nobody, email, "sign-in")
    nobody.post("a name of nothing", SIGN_IN, {"email": email, "otp": code, "name": None})
    nobody.post("an image of nothing", SIGN_IN, {"email": email, "otp": code, "image": None})
    nobody.post("without anything else", SIGN_IN, {"email": email, "otp": code})


def code_for_an_unverified_user(server: Recorder) -> None:
    email, first, owner = "otp3@example.com", server.browser(), server.browser()
    first.sign_up(email)
    owner.post("sign in", SIGN_IN, {"email": email, "otp": _sent(server, owner, email, "sign-in")})
    first.get("the session from before", "/get-session")
    first.sign_in(email)
    owner.get("accounts", "/list-accounts")


def code_inputs(server: Recorder) -> None:
    nobody = server.browser()
    whole = {"email": "otp4@example.com", "type": "sign-in", "otp": "123456", "password": PASSWORD}
    for path in PATHS[:7]:
        nobody.get(f"GET {path}", path)
        nobody.post(f"nothing to {path}", path)
        nobody.post(f"empty to {path}", path, {})
        for field in whole:
            nobody.post(f"{path} {field} is a number", path, {**whole, field: 5})
            nobody.post(f"{path} {field} is null", path, {**whole, field: None})
            nobody.post(f"{path} {field} is a list", path, {**whole, field: ["x"]})
    for path in (SEND, CHECK):
        nobody.post(f"{path} of no type", path, {**whole, "type": "sign-out"})
    for path in PATHS[:4]:
        nobody.post(f"{path} without an address", path, {**whole, "email": "nobody"})
    nobody.post("change by sending", SEND, {**whole, "type": "change-email"})
    nobody.post("change by sending, no address", SEND, {"email": "x", "type": "change-email"})
    nobody.post("server only", "/email-otp/create-verification-otp", whole)
    nobody.get("server only", "/email-otp/get-verification-otp?email=a@b.co&type=sign-in")


def code_across_sites(server: Recorder) -> None:
    body = {"email": "otp5@example.com", "type": "sign-in"}
    nobody = server.browser()
    nobody.post("send from elsewhere", SEND, body, origin="https://evil.example")
    fetch = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}
    nobody.post("send by navigation", SEND, body, **fetch)
    for path in (FORGOT, OLD_FORGOT):
        nobody.post(f"{path}, not signed in", path, body, origin="https://evil.example")
    wrong = {**body, "otp": "123456"}
    nobody.post("sign in from elsewhere", SIGN_IN, wrong, origin="https://evil.example")
    ada = server.browser()
    ada.sign_up("otp5@example.com")
    for path in PATHS:
        ada.post(f"{path} from elsewhere", path, wrong, origin="https://evil.example")


def code_guesses(server: Recorder) -> None:
    email, nobody = "otp6@example.com", server.browser()
    server.browser().sign_up(email)
    for kind, path in (("sign-in", SIGN_IN), ("email-verification", VERIFY)):
        body = {"email": email, "otp": _other(_sent(server, nobody, email, kind))}
        for _ in range(5):
            nobody.post(f"wrong {kind}", path, body)
    code = _sent(server, nobody, email, "sign-in")
    for _ in range(3):
        nobody.post("a wrong check", CHECK, _checked(email, "sign-in", _other(code)))
    nobody.post("the right one too late", SIGN_IN, {"email": email, "otp": code})
    nobody.post("and once more", SIGN_IN, {"email": email, "otp": code})
    code = _sent(server, nobody, email, "sign-in")
    for kind in ("email-verification", "forget-password", "change-email"):
        nobody.post(f"another type: {kind}", CHECK, _checked(email, kind, code))
    for text in (f"{code} ", code[:-1], "", f"{code}:0"):
        nobody.post("not quite", CHECK, _checked(email, "sign-in", text))


def code_checks(server: Recorder) -> None:
    email, nobody = "otp7@example.com", server.browser()
    nobody.post("no code", CHECK, _checked(email, "sign-in", "123456"))
    code = _sent(server, nobody, email, "sign-in")
    nobody.post("right, but nobody has the address", CHECK, _checked(email, "sign-in", code))
    server.browser().sign_up(email)
    nobody.post("right", CHECK, _checked(email, "sign-in", code))
    nobody.post("right again", CHECK, _checked(email, "sign-in", code))
    with server.later(LATE):
        nobody.post("too late", CHECK, _checked(email, "sign-in", code))
        nobody.post("gone", CHECK, _checked(email, "sign-in", code))
    code = _sent(server, nobody, email, "sign-in")
    for _ in range(5):
        nobody.post("wrong", CHECK, _checked(email, "sign-in", _other(code)))


def code_for_nobody(server: Recorder) -> None:
    email, nobody = "otp8@example.com", server.browser()
    for kind in ("email-verification", "forget-password"):
        nobody.post(f"send {kind}", SEND, {"email": email, "type": kind})
        nobody.post(f"check {kind}", CHECK, _checked(email, kind, "123456"))
    nobody.post("verify", VERIFY, {"email": email, "otp": "123456"})
    for _ in range(5):
        nobody.post("guess", CHECK, _checked(email, "email-verification", "123456"))
    nobody.post("forgot", FORGOT, {"email": email})
    nobody.post("forgot, without an address", FORGOT, {"email": "nobody"})
    body = {"email": email, "otp": "123456", "password": "another horse"}
    nobody.post("reset", RESET, body)


def code_verifying(server: Recorder) -> None:
    email, ada, nobody = "otp9@example.com", server.browser(), server.browser()
    ada.sign_up(email)
    code = _sent(server, nobody, email, "email-verification")
    ada.post("verify", VERIFY, {"email": "OTP9@example.com", "otp": code})
    server.mail("email-was-verified", email)
    ada.get("session", "/get-session")
    nobody.post("once more", VERIFY, {"email": email, "otp": code})
    code = _sent(server, nobody, email, "email-verification")
    nobody.post("by somebody else, verified before", VERIFY, {"email": email, "otp": code})
    code = _sent(server, nobody, email, "email-verification")
    with server.later(LATE):
        nobody.post("too late", VERIFY, {"email": email, "otp": code})


def code_resetting(server: Recorder) -> None:
    email, nobody, first = "otp10@example.com", server.browser(), server.browser()
    first.sign_up(email)
    nobody.post("forgot", FORGOT, {"email": "Otp10@example.com"})
    code = server.mail("email-otp", email)["code"]
    body = {"email": email, "otp": code, "password": "another horse"}
    nobody.post("too short", RESET, {**body, "password": "short"})
    nobody.post("too long", RESET, {**body, "password": "x" * 129})
    nobody.post("wrong", RESET, {**body, "otp": _other(code)})
    nobody.post("reset", RESET, body)
    server.mail("password-was-reset", email)
    first.get("the sessions from before", "/list-sessions")
    nobody.post("once more", RESET, body)
    nobody.sign_in(email)
    nobody.sign_in(email, password="another horse")
    nobody.get("verified", "/get-session")
    nobody.post("forgot, in the old way", OLD_FORGOT, {"email": email})
    code = server.mail("email-otp", email)["code"]
    with server.later(LATE):
        nobody.post("too late", RESET, {**body, "otp": code})


def code_for_a_first_password(server: Recorder) -> None:
    email, ada = "otp11@example.com", server.browser()
    ada.post("in", SIGN_IN, {"email": email, "otp": _sent(server, ada, email, "sign-in")})
    code = _sent(server, ada, email, "forget-password")
    ada.post("reset", RESET, {"email": email, "otp": code, "password": PASSWORD})
    ada.get("accounts", "/list-accounts")
    ada.get("the session stays", "/get-session")
    server.browser().sign_in(email)


def code_changing(server: Recorder) -> None:
    email, new, ada = "otp12@example.com", "otp12.new@example.com", server.browser()
    phone = server.browser()
    ada.sign_up(email)
    phone.sign_in(email)
    ada.post("ask", ASK, {"newEmail": "OTP12.new@example.com", "otp": "123456"})
    code = server.mail("email-otp", new)["code"]
    ada.post("wrong", CHANGE, {"newEmail": new, "otp": _other(code)})
    ada.post("another address", CHANGE, {"newEmail": "otp12.other@example.com", "otp": code})
    ada.post("change", CHANGE, {"newEmail": new, "otp": code})
    server.mail("email-was-verified", new)
    ada.get("session", "/get-session")
    phone.get("the other session", "/get-session")
    ada.post("once more", CHANGE, {"newEmail": new, "otp": code})


def code_changing_refused(server: Recorder) -> None:
    email, taken, ada = "otp13@example.com", "otp13.taken@example.com", server.browser()
    ada.sign_up(email)
    server.browser().sign_up(taken)
    for path in (ASK, CHANGE):
        _changing_inputs(ada, path, email)
        server.browser().post(f"{path} by nobody", path, {"newEmail": taken, "otp": "123456"})
    ada.post("a taken address", ASK, {"newEmail": taken})
    ada.post("without a code", CHANGE, {"newEmail": taken, "otp": "123456"})
    free = "otp13.free@example.com"
    ada.post("a free address", ASK, {"newEmail": free})
    code = server.mail("email-otp", free)["code"]
    server.browser().sign_up(free)
    ada.post("taken meanwhile", CHANGE, {"newEmail": free, "otp": code})
    late = "otp13.late@example.com"
    ada.post("another one", ASK, {"newEmail": late})
    code = server.mail("email-otp", late)["code"]
    with server.later(LATE):
        ada.post("too late", CHANGE, {"newEmail": late, "otp": code})


def code_on_the_server(server: Recorder) -> None:
    nobody, email = server.browser(), "otp14@example.com"
    code = server.call("createVerificationOTP", body={"email": email, "type": "sign-in"})
    nobody.post("sign in", SIGN_IN, {"email": email, "otp": code})
    query = {"email": "Otp14@example.com", "type": "forget-password"}
    server.call("getVerificationOTP", query=query)
    code = _sent(server, nobody, email, "forget-password")
    assert server.call("getVerificationOTP", query=query) == {"otp": code}
    with server.later(LATE):
        server.call("getVerificationOTP", query=query)
    unknown = {"email": "otp14.nobody@example.com", "type": "forget-password"}
    nobody.post("send to nobody", SEND, unknown)
    server.call("getVerificationOTP", query=unknown)


def _changing_inputs(ada: Browser, path: str, email: str) -> None:
    ada.post(f"{path} empty", path, {})
    ada.post(f"{path} no body", path)
    ada.post(f"{path} a number", path, {"newEmail": 5, "otp": "123456"})
    ada.post(f"{path} a code of digits", path, {"newEmail": "a@b.co", "otp": 123456})
    ada.post(f"{path} no address", path, {"newEmail": "nobody", "otp": "123456"})
    ada.post(f"{path} the same", path, {"newEmail": email.upper(), "otp": "123456"})


def _sent(server: Recorder, browser: Browser, email: str, kind: str) -> str:
    browser.post(f"send {kind}", SEND, {"email": email, "type": kind})
    return server.mail("email-otp", email.lower())["code"]


def _checked(email: str, kind: str, code: str) -> dict[str, str]:
    return {"email": email, "type": kind, "otp": code}


def _other(code: str) -> str:
    return "".join(str(9 - int(digit)) for digit in code)


SCRIPTS = (
    code_signing_up,
    code_signing_up_refused,
    code_for_an_unverified_user,
    code_inputs,
    code_across_sites,
    code_guesses,
    code_checks,
    code_for_nobody,
    code_verifying,
    code_resetting,
    code_for_a_first_password,
    code_changing,
    code_changing_refused,
    code_on_the_server,
)
