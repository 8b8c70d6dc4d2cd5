"""Scripts: the plugin bearer."""

from __future__ import annotations

from tests.differential.recording import Exchange, Recorder


def carrying(server: Recorder) -> None:
    ada = server.browser()
    signed = _token(ada.sign_up("bearer1@example.com"))
    raw = signed.partition(".")[0]
    app = server.browser()
    for name, value in {
        "signed": f"Bearer {signed}",
        "raw": f"Bearer {raw}",
        "small letters": f"bearer {raw}",
        "spaces": f"Bearer   {raw}  ",
        "encoded": f"Bearer {signed.replace('=', '%3D').replace('+', '%2B').replace('/', '%2F')}",
    }.items():
        app.jar.clear()
        app.get(f"session: {name}", "/get-session", authorization=value)
    app.jar.clear()
    app.post("update", "/update-user", {"name": "A"}, authorization=f"Bearer {raw}", origin="")
    app.jar.clear()
    app.get("list", "/list-sessions", authorization=f"Bearer {raw}")
    with server.later(86_401):
        app.get("renewed", "/get-session", authorization=f"Bearer {raw}")
    app.jar.clear()
    app.post("sign out", "/sign-out", {}, authorization=f"Bearer {raw}", origin="")
    app.get("afterwards", "/get-session", authorization=f"Bearer {raw}")


def refused_bearers(server: Recorder) -> None:
    ada = server.browser()
    signed = _token(ada.sign_up("bearer2@example.com"))
    raw = signed.partition(".")[0]
    app = server.browser()
    for name, value in {
        "unknown": "Bearer " + "x" * 32,
        "cut": f"Bearer {raw[:-1]}",
        "forged": f"Bearer {signed.swapcase()}",
        "no signature": f"Bearer {raw}.",
        "two dots": f"Bearer {signed}.x",
        "nothing": "Bearer ",
        "no scheme": raw,
        "basic": f"Basic {raw}",
    }.items():
        app.jar.clear()
        app.get(name, "/get-session", authorization=value)
    ada.get("a forged one beside a cookie", "/get-session", authorization="Bearer a.b")
    ada.get("basic beside a cookie", "/get-session", authorization="Basic x")


def beside_cookies(server: Recorder) -> None:
    ada, bob = server.browser(), server.browser()
    ada.sign_up("bearer3@example.com")
    token = _token(bob.sign_up("bearer4@example.com"))
    ada.get("the bearer wins", "/get-session", authorization=f"Bearer {token}")
    ada.post(
        "from elsewhere",
        "/update-user",
        {"name": "E"},
        authorization=f"Bearer {token}",
        origin="https://evil.example",
    )
    ada.get("the cookie is as good as before", "/get-session")


def _token(answer: Exchange) -> str:
    return answer.header("set-auth-token") or ""


SCRIPTS = (carrying, refused_bearers, beside_cookies)
