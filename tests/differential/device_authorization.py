"""Scripts: the plugin device-authorization."""

from __future__ import annotations

from typing import Any

from tests.differential.recording import Browser, Recorder

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CLIENT = "cli-tv"


def device_asking(server: Recorder) -> None:
    device = server.browser()
    for name, body in _ASKED.items():
        device.post(name, "/device/code", body)
    for name, fields in _FORMS.items():
        device.post_form(name, "/device/code", fields)
    text = b"client_id=cli-a&client_id=cli-b"
    device.send("twice", "POST", "/device/code", text, content_type=_FORM)
    device.post("text", "/device/code", {"client_id": CLIENT}, content_type="text/plain")


def device_let_in(server: Recorder) -> None:
    device, ada = server.browser(), server.browser()
    ada.sign_up("device-in@example.com")
    codes = _ask(device, scope="read write")
    _poll("pending", device, codes)
    device.get("look, a stranger", f"/device?user_code={codes['user_code']}")
    ada.post("not claimed", "/device/approve", {"userCode": codes["user_code"]})
    ada.get("look", f"/device?user_code={codes['user_code']}")
    ada.get("look again", f"/device?user_code={_typed(codes)}")
    device.post("a stranger", "/device/approve", {"userCode": codes["user_code"]})
    ada.post("approve", "/device/approve", {"userCode": codes["user_code"]})
    ada.post("approve again", "/device/approve", {"userCode": codes["user_code"]})
    ada.post("deny then", "/device/deny", {"userCode": codes["user_code"]})
    ada.get("look, approved", f"/device?user_code={codes['user_code']}")
    _poll("too early", device, codes)
    with server.later(6):
        _poll("another client", device, codes, client_id="cli-other")
        _poll("an unknown client", device, codes, client_id="other")
        token = _poll("in", device, codes).json["access_token"]
        _poll("again", device, codes)
    device.get("session", "/get-session", authorization=f"Bearer {token}")


def device_turned_away(server: Recorder) -> None:
    device, ada, eve = server.browser(), server.browser(), server.browser()
    ada.sign_up("device-away@example.com")
    eve.sign_up("device-eve@example.com")
    codes = _ask(device)
    ada.get("look", f"/device?user_code={codes['user_code']}")
    eve.get("look, too late", f"/device?user_code={codes['user_code']}")
    for decision in ("approve", "deny"):
        eve.post(f"{decision}, not hers", f"/device/{decision}", {"userCode": codes["user_code"]})
    ada.post("deny", "/device/deny", {"userCode": codes["user_code"]})
    ada.get("look, denied", f"/device?user_code={codes['user_code']}")
    ada.post("approve then", "/device/approve", {"userCode": codes["user_code"]})
    _poll("denied", device, codes)
    _poll("denied again", device, codes)


def device_bound(server: Recorder) -> None:
    device, ada, eve = server.browser(), server.browser(), server.browser()
    ada_id = ada.sign_up("device-bound@example.com").json["user"]["id"]
    eve.sign_up("device-bound-eve@example.com")
    codes = _ask(device, user_id=ada_id)
    eve.get("look, a stranger", f"/device?user_code={codes['user_code']}")
    eve.post("a stranger", "/device/approve", {"userCode": codes["user_code"]})
    ada.post("approve unseen", "/device/approve", {"userCode": codes["user_code"]})
    _poll("in", device, codes)


def device_late(server: Recorder) -> None:
    device, ada = server.browser(), server.browser()
    ada.sign_up("device-late@example.com")
    codes = _ask(device)
    ada.get("look", f"/device?user_code={codes['user_code']}")
    with server.later(601):
        ada.get("look, late", f"/device?user_code={codes['user_code']}")
        for decision in ("approve", "deny"):
            ada.post(f"{decision}, late", f"/device/{decision}", {"userCode": codes["user_code"]})
        _poll("late", device, codes)
        _poll("late again", device, codes)


def device_wrong(server: Recorder) -> None:
    device, ada = server.browser(), server.browser()
    ada.sign_up("device-wrong@example.com")
    codes = _ask(device)
    for name, changed in _POLLED.items():
        _poll(name, device, codes, **changed)
    device.post("nothing", "/device/token", None)
    device.post_form("form", "/device/token", {"client_id": CLIENT})
    for path in ("/device", "/device?user_code=", "/device?user_code=nothing"):
        ada.get(path, path)
    for decision in ("approve", "deny"):
        for body in ({}, {"userCode": ""}, {"userCode": 5}, {"userCode": "nothing"}, None):
            ada.post(f"{decision} {body}", f"/device/{decision}", body)
            device.post(f"{decision} {body}, a stranger", f"/device/{decision}", body)
    ada.post(
        "from elsewhere",
        "/device/approve",
        {"userCode": codes["user_code"]},
        origin="https://evil.example",
    )


def device_ended(server: Recorder) -> None:
    device, ada = server.browser(), server.browser()
    ada.sign_up("device-ended@example.com")
    codes = _ask(device)
    ada.get("look", f"/device?user_code={codes['user_code']}")
    ada.post("approve", "/device/approve", {"userCode": codes["user_code"]})
    ada.post("sign out", "/sign-out", {})
    _poll("whose session ended", device, codes)


def _ask(device: Browser, **given: str) -> Any:
    return device.post("ask", "/device/code", {"client_id": CLIENT, **given}).json


def _poll(name: str, device: Browser, codes: Any, **changed: Any) -> Any:
    given = {"grant_type": GRANT, "device_code": codes["device_code"], "client_id": CLIENT}
    return device.post(name, "/device/token", {**given, **changed})


def _typed(codes: Any) -> str:
    code = codes["user_code"].lower()
    return f"{code[:4]}-{code[4:]}"


_FORM = "application/x-www-form-urlencoded"
_ASKED: dict[str, Any] = {
    "known": {"client_id": CLIENT},
    "with a scope": {"client_id": CLIENT, "scope": "a b"},
    "empty": {"client_id": CLIENT, "scope": "", "user_id": ""},
    "unknown": {"client_id": "tv"},
    "nobody": {},
    "an empty one": {"client_id": ""},
    "a number": {"client_id": 5},
    "an odd scope": {"client_id": CLIENT, "scope": 5},
    "null": {"client_id": CLIENT, "scope": None},
    "a list": [],
    "nothing": None,
}
_FORMS = {
    "form": {"client_id": CLIENT, "scope": "a"},
    "form, empty": {"client_id": "", "scope": ""},
    "form, unknown": {"client_id": "tv"},
}
_POLLED: dict[str, dict[str, Any]] = {
    "grant": {"grant_type": "password"},
    "no grant": {"grant_type": None},
    "code": {"device_code": "nothing"},
    "no code": {"device_code": None},
    "empty code": {"device_code": ""},
    "no client": {"client_id": None},
    "number for a client": {"client_id": 5},
}

SCRIPTS = (
    device_asking,
    device_let_in,
    device_turned_away,
    device_bound,
    device_late,
    device_wrong,
    device_ended,
)
