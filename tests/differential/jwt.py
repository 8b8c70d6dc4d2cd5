"""Scripts: the plugin jwt."""

from __future__ import annotations

import base64
import json

from tests.differential.recording import Recorder


def fetching(server: Recorder) -> None:
    nobody, ada = server.browser(), server.browser()
    nobody.get("nobody's session", "/get-session")
    nobody.get("nobody's token", "/token")
    ada.sign_up("jwt1@example.com")
    ada.get("session", "/get-session")
    token = ada.get("token", "/token").json["token"]
    keys = ada.get("keys", "/jwks").json["keys"]
    for key in keys:
        server.rows("jwks", "id", key["kid"])
    ada.post("post to it", "/token", {})
    ada.post("post to the keys", "/jwks", {})
    nobody.post("sign", "/sign-jwt", {"payload": {"sub": "x"}})
    nobody.post("verify", "/verify-jwt", {"token": token})
    server.call("verifyJWT", body={"token": token})
    with server.later(901):
        server.call("verifyJWT", body={"token": token})
        ada.get("another token", "/token")
    with server.later(8 * 86_400):
        ada.get("session that is over", "/get-session")
    ada.sign_in("jwt1@example.com")
    ada.post("sign out", "/sign-out", {})
    ada.get("token of who has left", "/token")


def signing(server: Recorder) -> None:
    for payload in (
        {"sub": "job"},
        {"sub": "job", "roles": ["a", "b"], "nested": {"x": 1.5, "y": None, "z": True}},
        {"nobody": True},
        {"sub": "job", "exp": 5},
        {"sub": "job", "aud": "https://other.example"},
        {"sub": "job", "iss": "https://other.example"},
        {"sub": "job", "nbf": 4_000_000_000},
        {},
    ):
        token = server.call("signJWT", body={"payload": payload})["token"]
        server.call("verifyJWT", body={"token": token})
    other = {"sub": "job", "iss": "https://other.example"}
    token = server.call("signJWT", body={"payload": other})["token"]
    server.call("verifyJWT", body={"token": token, "issuer": "https://other.example"})


def refusing(server: Recorder) -> None:
    token = server.call("signJWT", body={"payload": {"sub": "job"}})["token"]
    header, claims, signature = token.split(".")
    good = json.loads(base64.urlsafe_b64decode(header + "=="))
    for changed in (
        {**good, "alg": "none"},
        {**good, "alg": "HS256"},
        {**good, "alg": "ES256"},
        {**good, "kid": "nobody"},
        {"alg": good["alg"]},
    ):
        forged = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().rstrip("=")
        server.call("verifyJWT", body={"token": f"{forged}.{claims}.{signature}"})
    for text in ("", "x", "a.b.c", f"{header}.{claims}", f"{header}.{claims}.{signature[:-6]}"):
        server.call("verifyJWT", body={"token": text})


SCRIPTS = (fetching, signing, refusing)
