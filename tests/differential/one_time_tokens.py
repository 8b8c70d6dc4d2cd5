"""Scripts: the plugin one-time-token."""

from __future__ import annotations

from tests.differential.recording import Recorder


def redeeming(server: Recorder) -> None:
    ada = server.browser()
    ada.sign_up("ott1@example.com")
    token = ada.get("generate", "/one-time-token/generate").json["token"]
    phone = server.browser()
    phone.post("redeem", "/one-time-token/verify", {"token": token})
    phone.get("the same session", "/get-session")
    phone.post("once more", "/one-time-token/verify", {"token": token})
    phone.get("a token of the second browser", "/one-time-token/generate")


def refusing(server: Recorder) -> None:
    nobody = server.browser()
    nobody.get("generate without a session", "/one-time-token/generate")
    nobody.post("generate by POST", "/one-time-token/generate", {})
    nobody.get("redeem by GET", "/one-time-token/verify?token=x")
    nobody.post("unknown", "/one-time-token/verify", {"token": "x" * 32})
    nobody.post("empty", "/one-time-token/verify", {"token": ""})
    nobody.post("missing", "/one-time-token/verify", {})
    nobody.post("a number", "/one-time-token/verify", {"token": 5})
    nobody.post("without a body", "/one-time-token/verify")


def ending(server: Recorder) -> None:
    ada = server.browser()
    ada.sign_up("ott2@example.com")
    token = ada.get("generate", "/one-time-token/generate").json["token"]
    with server.later(181):
        server.browser().post("after three minutes", "/one-time-token/verify", {"token": token})
    late = ada.get("generate", "/one-time-token/generate").json["token"]
    with server.later(120):
        server.browser().post("just in time", "/one-time-token/verify", {"token": late})
    orphan = ada.get("generate", "/one-time-token/generate").json["token"]
    ada.post("sign out", "/sign-out", {})
    server.browser().post("its session has ended", "/one-time-token/verify", {"token": orphan})


def not_remembered(server: Recorder) -> None:
    server.browser().sign_up("ott3@example.com")
    ada = server.browser()
    ada.sign_in("ott3@example.com", rememberMe=False)
    token = ada.get("generate", "/one-time-token/generate").json["token"]
    phone = server.browser()
    phone.post("redeem", "/one-time-token/verify", {"token": token})
    phone.get("session", "/get-session")


def over(server: Recorder) -> None:
    server.browser().sign_up("ott4@example.com")
    ada = server.browser()
    ada.sign_in("ott4@example.com", rememberMe=False)
    with server.later(86_340):
        token = ada.get("generate in time", "/one-time-token/generate").json["token"]
    with server.later(86_460):
        server.browser().post("the session is over", "/one-time-token/verify", {"token": token})


SCRIPTS = (redeeming, refusing, ending, not_remembered, over)
