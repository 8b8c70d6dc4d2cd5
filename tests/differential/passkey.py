"""Scripts: the plugin passkey."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from tests.differential.recording import Browser, Exchange, Recorder
from tests.support.authenticator import BE, BS, UP, UV, Authenticator, b64

NEW, MADE = "/passkey/generate-register-options", "/passkey/verify-registration"
ASK, GIVE = "/passkey/generate-authenticate-options", "/passkey/verify-authentication"
LIST, DELETE, RENAME = (
    "/passkey/list-user-passkeys",
    "/passkey/delete-passkey",
    "/passkey/update-passkey",
)
PATHS = (MADE, GIVE, DELETE, RENAME)


def passkey_ceremonies(server: Recorder) -> None:
    for algorithm in ("ES256", "EdDSA", "RS256"):
        ada = server.browser()
        ada.sign_up(f"passkey-{algorithm.lower()}@example.com")
        key = _device(server, algorithm=algorithm, flags=UP | UV | BE | BS, aaguid=b"a" * 16)
        response = key.create(ada.get("new", NEW).json)
        _note_challenge(server, ada)
        ada.post("made", MADE, {"response": response, "name": "  Phone "})
        ada.get("new again", f"{NEW}?name=Work&authenticatorAttachment=platform")
        ada.get("list", LIST)
        other = server.browser()
        response = key.get(other.get("ask", ASK).json)
        _note_challenge(server, other)
        other.post("given", GIVE, {"response": response})
        other.get("a session", "/get-session")
        other.post("given again", GIVE, {"response": response})
        server.rows("passkey", "credentialID", b64(key.credentials[0].id))
        other.get("asked while signed in", ASK)


def passkey_with_session(server: Recorder) -> None:
    ada, key = _with_passkey(server, "passkey1@example.com", transports=None)
    ada.get("new", NEW)
    response = key.create(ada.get("another", NEW).json)
    ada.post("and a session", MADE, {"response": response, "createSession": True})
    ada.get("session", "/get-session")


def passkey_managing(server: Recorder) -> None:
    ada, key = _with_passkey(server, "passkey2@example.com")
    bob, _ = _with_passkey(server, "passkey3@example.com")
    [mine] = ada.get("list", LIST).json
    bob.post("rename another's", RENAME, {"id": mine["id"], "name": "x"})
    bob.post("delete another's", DELETE, {"id": mine["id"]})
    ada.post("rename", RENAME, {"id": mine["id"], "name": " Key "})
    ada.post("rename to nothing", RENAME, {"id": mine["id"], "name": "  "})
    ada.post("rename nothing", RENAME, {"id": "none", "name": "x"})
    ada.post("delete", DELETE, {"id": mine["id"]})
    ada.post("delete again", DELETE, {"id": mine["id"]})
    ada.get("list afterwards", LIST)
    nobody = server.browser()
    nobody.post("deleted", GIVE, {"response": key.get(nobody.get("ask", ASK).json)})


def passkey_wrong(server: Recorder) -> None:
    ada, key = _with_passkey(server, "passkey4@example.com")
    [credential] = key.credentials
    nobody = server.browser()

    def given(name: str, **changes: Any) -> None:
        device = _device(server, credentials=[credential], **changes)
        nobody.post(name, GIVE, {"response": device.get(nobody.get("ask", ASK).json)})

    given("another origin", origin="https://evil.example")
    given("nobody there", flags=UV)
    given("not verified", flags=UP)
    given("a backup of what is none", flags=UP | BS)
    given("another type", client_data={"type": "webauthn.create"})
    given("another challenge", client_data={"challenge": "AAAA"})
    credential.counter = 0
    given("a counter that goes backwards")
    credential.counter = 99
    sign = credential.sign
    credential.sign = lambda data: sign(data + b"!")
    given("forged")
    credential.sign = sign
    given("right")
    response = key.get(nobody.get("ask", ASK).json)
    nobody.post("an id of its own", GIVE, {"response": {**response, "id": "AAAA"}})
    response = key.get(nobody.get("ask", ASK).json)
    nobody.post("another raw id", GIVE, {"response": {**response, "rawId": "AAAA"}})
    nobody.get("ask", ASK)
    nobody.post("an empty response", GIVE, {"response": {}})
    nobody.post("no challenge", GIVE, {"response": response})
    server.browser().post("no cookie", GIVE, {"response": response})
    made = key.create(ada.get("new", NEW).json)
    ada.get("ask", ASK)
    ada.post("of the other purpose", MADE, {"response": made})
    made = key.create(ada.get("new", NEW).json)
    ada.post("made for the other purpose", GIVE, {"response": made})
    for name, changes in {
        "made elsewhere": {"origin": "https://evil.example"},
        "made by nobody": {"flags": UV},
        "made as a proof": {"client_data": {"type": "webauthn.get"}},
    }.items():
        device = _device(server, **changes)
        ada.post(name, MADE, {"response": device.create(ada.get("new", NEW).json)})
    made = key.create(ada.get("new", NEW).json, attStmt={"sig": b"x"})
    ada.post("made with a statement", MADE, {"response": made})
    made = key.create(ada.get("new", NEW).json, id=credential.id)
    ada.post("made twice", MADE, {"response": made})


def passkey_gates(server: Recorder) -> None:
    nobody = server.browser()
    nobody.get("new", NEW)
    nobody.get("list", LIST)
    for path in PATHS:
        body = {"id": "x", "name": "x", "response": {}}
        nobody.post(f"nobody at {path}", path, body)
        nobody.post(f"nothing to {path}", path, {})
    ada = server.browser()
    ada.sign_up("passkey5@example.com")
    with server.later(86_401):
        ada.get("new, a day later", NEW)
        ada.post("made, a day later", MADE, {"response": {}})
        ada.get("list, a day later", LIST)
    ada.get("another kind", f"{NEW}?authenticatorAttachment=both")
    for field, value in {"name": 1, "createSession": "yes"}.items():
        ada.post(f"{field} of another type", MADE, {"response": {}, field: value})
    ada.post("response of another type", GIVE, {"response": "x"})


def _device(server: Recorder, **kind: Any) -> Authenticator:
    return Authenticator(**{"origin": server.origin, **kind})


def _with_passkey(server: Recorder, email: str, **kind: Any) -> tuple[Browser, Authenticator]:
    browser, key = server.browser(), _device(server, **kind)
    browser.sign_up(email)
    response = key.create(browser.get("new of somebody", NEW).json)
    browser.post("made by somebody", MADE, {"response": response})
    return browser, key


def _note_challenge(server: Recorder, browser: Browser) -> None:
    """What is stored of a browser's challenge."""
    token = unquote(browser.jar["better-auth.better-auth-passkey"]).rpartition(".")[0]
    query = f"/__rows?table=verification&column=identifier&value={token}"
    [row] = json.loads(browser.fetch("GET", query, None, {})[2])
    value = json.loads(row["value"])
    value["challenge"] = value.pop("expectedChallenge")
    server.note(Exchange("challenge", 200, [], json.dumps(value)))


SCRIPTS = (
    passkey_ceremonies,
    passkey_with_session,
    passkey_managing,
    passkey_wrong,
    passkey_gates,
)
