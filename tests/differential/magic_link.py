"""Scripts: the plugin magic-link."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from tests.differential.recording import Exchange, Recorder

SEND, OPEN = "/sign-in/magic-link", "/magic-link/verify"
UNTRUSTED = "https://evil.example/x"


def link_signing_up(server: Recorder) -> None:
    browser = server.browser()
    body = {
        "email": "Link1@Example.com",
        "name": "Ada",
        "callbackURL": "/dash?x=1&y=z",
        "newUserCallbackURL": "/welcome",
        "errorCallbackURL": "/err?kept=1",
        "metadata": {"from": "test", "more": [1, None]},
    }
    url = _sent(server, body)["url"]
    browser.follow("open", url)
    browser.get("session", "/get-session")
    server.browser().follow("once more", url)
    again = server.browser()
    again.follow("known by now", _sent(server, body)["url"])
    again.get("session", "/get-session")
    again.get("accounts", "/list-accounts")


def link_without_targets(server: Recorder) -> None:
    browser = server.browser()
    sent = _sent(server, {"email": "link2@example.com"})
    _open(server, "unknown", "x" * 32)
    _open(server, "empty", "")
    browser.get("open without a target", f"{OPEN}?token={sent['token']}")
    browser.get("session", "/get-session")
    follower = server.browser()
    follower.follow("open the mailed link", _sent(server, {"email": "link2@example.com"})["url"])
    _open(server, "an empty target", _sent(server, {"email": "link2@example.com"})["token"], "")


def link_to_unproven(server: Recorder) -> None:
    stranger = server.browser()
    stranger.sign_up("link3@example.com")
    owner = server.browser()
    body = {"email": "LINK3@example.com", "name": "Other", "newUserCallbackURL": "/new"}
    owner.follow("open", _sent(server, body)["url"])
    owner.get("session", "/get-session")
    stranger.get("the stranger's session", "/get-session")
    server.browser().sign_in("link3@example.com")
    owner.get("accounts", "/list-accounts")


def link_asking(server: Recorder) -> None:
    for name, body in {
        "no body": None,
        "nothing": {},
        "no address": {"email": "link"},
        "address null": {"email": None},
        "two addresses": {"email": ["link4@example.com"]},
        "name null": {"email": "link4@example.com", "name": None},
        "name a number": {"email": "link4@example.com", "name": 5},
        "metadata a text": {"email": "link4@example.com", "metadata": "x"},
        "metadata a list": {"email": "link4@example.com", "metadata": [1]},
        "metadata null": {"email": "link4@example.com", "metadata": None},
        "target null": {"email": "link4@example.com", "callbackURL": None},
        "target empty": {"email": "link4@example.com", "callbackURL": ""},
    }.items():
        server.browser().post(name, SEND, body)
    for field in ("callbackURL", "newUserCallbackURL", "errorCallbackURL"):
        for kind, value in (("elsewhere", UNTRUSTED), ("a number", 5), ("a list", ["/x"])):
            body = {"email": "link4@example.com", field: value}
            server.browser().post(f"{field} {kind}", SEND, body)
    both = {"callbackURL": UNTRUSTED, "errorCallbackURL": UNTRUSTED}
    server.browser().post("target before address", SEND, {"email": "x", **both})
    server.browser().post_form("by form", SEND, {"email": "link4@example.com"})
    server.browser().get("by GET", SEND)
    server.browser().post("open by POST", OPEN, {"token": "x"})


def link_from_elsewhere(server: Recorder) -> None:
    ada = server.browser()
    ada.sign_up("link5@example.com")
    body = {"email": "link5@example.com"}
    nobody = server.browser()
    evil = "https://evil.example"
    ada.post("signed in, elsewhere", SEND, body, origin=evil)
    ada.post("signed in, no origin", SEND, body, origin="")
    nobody.post("elsewhere", SEND, body, origin=evil)
    nobody.post("no origin", SEND, body, origin="")
    nobody.post("trusted", SEND, body, origin="https://app.trusted.example")
    navigation = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}
    nobody.post("a form elsewhere", SEND, body, origin=evil, **navigation)
    nobody.post("invalid and elsewhere", SEND, {}, origin=evil)


def link_targets(server: Recorder) -> None:
    for target in (
        "/dash",
        "/dash?x=1",
        "/dash?error=old&x=1",
        "/%64ash",
        "/dash%3Fx%3D1",
        "dash",
        "{origin}/dash",
        "{origin}",
        "https://app.trusted.example/x",
        "https://app.trusted.example",
        "https://app.trusted.example/x#top",
        "https%3A%2F%2Fapp.trusted.example%2Fx",
        "https%3A%2F%2Fevil.example%2Fx",
        "https%253A%252F%252Fevil.example",
        "myapp://callback/x",
        UNTRUSTED,
        "//evil.example",
        "%2F%2Fevil.example",
        "/%5Cevil.example",
        "/%2Fevil.example",
        "%0d%0ax: y",
        "/x%0d%0ay",
        "javascript:alert(1)",
        "%",
        "%zz",
        "%ff",
        "",
    ):
        address = target.replace("{origin}", server.origin)
        _open(server, f"to {target}", "x", address)
        for field in ("errorCallbackURL", "newUserCallbackURL"):
            query = urlencode({"token": "x", "callbackURL": "/back", field: address})
            server.browser().get(f"{field} {target}", f"{OPEN}?{query}", origin="")
    server.browser().get("no token", OPEN)
    server.browser().get("two tokens", f"{OPEN}?token=x&token=y")
    server.browser().get("two targets", f"{OPEN}?token=x&callbackURL=/a&callbackURL=/b")
    server.browser().get("no token, elsewhere", f"{OPEN}?callbackURL={UNTRUSTED}")


def link_succeeding_to(server: Recorder) -> None:
    for number, target in enumerate(
        (
            "/a",
            "/a?x=1",
            "/a%2Fb",
            "{origin}",
            "{origin}/a?x=1#top",
            "https://app.trusted.example",
            "myapp://callback/x",
        )
    ):
        sent = _sent(server, {"email": f"link6.{number}@example.com"})
        _open(server, f"to {target}", sent["token"], target.replace("{origin}", server.origin))


def link_ending(server: Recorder) -> None:
    early, late = (_sent(server, {"email": "link7@example.com"})["url"] for _ in range(2))
    with server.later(290):
        server.browser().follow("in time", early)
    with server.later(301):
        server.browser().follow("too late", late)


def link_not_remembered(server: Recorder) -> None:
    server.browser().sign_up("link8@example.com")
    browser = server.browser()
    browser.sign_in("link8@example.com", rememberMe=False)
    browser.follow("open", _sent(server, {"email": "link8.b@example.com"})["url"])
    browser.get("session", "/get-session")


SCRIPTS = (
    link_signing_up,
    link_without_targets,
    link_to_unproven,
    link_asking,
    link_from_elsewhere,
    link_targets,
    link_succeeding_to,
    link_ending,
    link_not_remembered,
)


def link_limits(server: Recorder) -> None:
    """For the profile ratelimit."""
    with server.later(50_000):
        nobody, address = server.browser(), "198.51.100.9"
        body = {"email": "link9@example.com"}
        for _ in range(7):
            nobody.post("ask", SEND, body, x_forwarded_for=address)
        for _ in range(7):
            nobody.get("open", f"{OPEN}?token=x", x_forwarded_for=address)
        nobody.get("open below", f"{OPEN}/x", x_forwarded_for=address)
    with server.later(50_061):
        nobody.post("a new window", SEND, body, x_forwarded_for=address)


def _sent(server: Recorder, body: Mapping[str, object]) -> dict[str, str]:
    server.browser().post("ask", SEND, body)
    return server.mail("magic-link", str(body["email"]))


def _open(server: Recorder, name: str, token: str, target: str | None = None) -> Exchange:
    query = {"token": token} if target is None else {"token": token, "callbackURL": target}
    return server.browser().get(name, f"{OPEN}?{urlencode(query)}", origin="")
