"""Scripts: requests as such: paths, methods, bodies, origins; `/ok` and `/error`."""

from __future__ import annotations

import json

from tests.differential.recording import PASSWORD, Recorder


def paths_and_methods(server: Recorder) -> None:
    nobody = server.browser()
    for path in ("", "/", "/ok/", "//ok", "/OK", "/nothing", "/ok/more", "/%6Fk"):
        nobody.get(path or "the base path", path)
    for method, path in (
        ("HEAD", "/ok"),
        ("POST", "/ok"),
        ("OPTIONS", "/sign-in/email"),
        ("GET", "/sign-in/email"),
        ("PUT", "/get-session"),
        ("DELETE", "/sign-out"),
    ):
        nobody.send(f"{method} {path}", method, path, None)


def pages(server: Recorder) -> None:
    nobody = server.browser()
    nobody.get("ok", "/ok")
    for query in ("", "?error=access_denied", "?error=a+b", "?error=%3Cscript%3E", "?error=x'y"):
        nobody.get(f"error{query}", f"/error{query}")
    nobody.get("with a description", "/error?error=no&error_description=Because")


def bodies(server: Recorder) -> None:
    person = json.dumps({"email": "body@example.com", "password": PASSWORD}).encode()

    def sign_in(name: str, data: bytes | None, **headers: str) -> None:
        server.browser().send(name, "POST", "/sign-in/email", data, **headers)

    sign_in("no body, no type", None)
    sign_in("empty body", b"")
    sign_in("broken JSON", b'{"email":')
    sign_in("a list", b"[]")
    sign_in("a text", b'"x"')
    sign_in("null", b"null")
    sign_in("JSON with a character set", person, content_type="application/json; charset=utf-8")
    sign_in("type in capitals", person, content_type="Application/JSON")
    sign_in("plain text", person, content_type="text/plain")
    sign_in("XML", b"<x/>", content_type="application/xml")
    sign_in("no type", person, content_type="")
    sign_in("a JSON subtype", person, content_type="application/vnd.api+json")
    sign_in("a key twice", b'{"email":"x","email":"body@example.com","password":"wrong horse"}')
    sign_in("__proto__", b'{"__proto__":{"a":1},"email":"body@example.com","password":"wrong pw"}')


def origins(server: Recorder) -> None:
    ada = server.browser()
    ada.sign_up("origin@example.com")
    answers = {
        "own": {"origin": "{origin}"},
        "trusted": {"origin": "https://app.trusted.example"},
        "wildcard": {"origin": "https://a.wild.example"},
        "wildcard, two levels": {"origin": "https://a.b.wild.example"},
        "the wildcard's parent": {"origin": "https://wild.example"},
        "wrong scheme": {"origin": "http://app.trusted.example"},
        "wrong port": {"origin": "https://app.trusted.example:444"},
        "own host in capitals": {"origin": "HTTPS://APP.TRUSTED.EXAMPLE"},
        "a prefix of the trusted": {"origin": "https://app.trusted.example.evil.example"},
        "application scheme": {"origin": "myapp://callback"},
        "elsewhere": {"origin": "https://evil.example"},
        "null": {"origin": "null"},
        "null, same origin": {"origin": "null", "sec_fetch_site": "same-origin"},
        "none": {"origin": ""},
        "referer": {"origin": "", "referer": "https://app.trusted.example/page?x=1"},
        "referer elsewhere": {"origin": "", "referer": "https://evil.example/page"},
        "origin before referer": {"referer": "https://evil.example/"},
    }
    for name, headers in answers.items():
        ada.post(f"{name}, with cookies", "/update-session", {"theme": name}, **headers)
        ada.get(f"{name}, reading", "/get-session", **headers)
        server.browser().post(
            f"{name}, signing in",
            "/sign-in/email",
            {"email": "origin@example.com", "password": "wrong horse"},
            **headers,
        )


def fetch_metadata(server: Recorder) -> None:
    person = {"email": "meta@example.com", "password": "wrong horse"}
    cases = {
        "navigation from elsewhere": ("cross-site", "navigate", "https://evil.example"),
        "navigation from a trusted site": ("cross-site", "navigate", "https://app.trusted.example"),
        "script elsewhere": ("cross-site", "cors", "https://evil.example"),
        "script of a trusted site": ("cross-site", "cors", "https://app.trusted.example"),
        "own page": ("same-origin", "cors", "{origin}"),
        "own form": ("same-origin", "navigate", "{origin}"),
        "metadata without an origin": ("same-origin", "cors", ""),
        "typed in": ("none", "navigate", ""),
    }
    for name, (site, mode, origin) in cases.items():
        for path in ("/sign-in/email", "/sign-up/email"):
            server.browser().post(
                f"{name}, {path}",
                path,
                person,
                sec_fetch_site=site,
                sec_fetch_mode=mode,
                origin=origin,
            )


def redirect_targets(server: Recorder) -> None:
    ada = server.browser()
    ada.sign_up("target@example.com")
    for target in (
        "/home",
        "/home?x=1#y",
        "home",
        "{origin}/home",
        "https://app.trusted.example/x",
        "https://a.wild.example/x",
        "myapp://callback/x",
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/%5cevil.example",
        "/%2f/evil.example",
        "https://app.trusted.example@evil.example",
        "https:/evil.example",
        "data:text/html,x",
    ):
        address = target.replace("{origin}", server.origin)
        ada.post(f"callbackURL {target}", "/sign-out", {"callbackURL": address})
    for name in ("redirectTo", "errorCallbackURL", "newUserCallbackURL"):
        ada.post(name, "/sign-out", {name: "https://evil.example"})
        ada.post(f"{name} is a number", "/sign-out", {name: 5})
    ada.post("in the query", "/sign-out?callbackURL=https://evil.example", {})


SCRIPTS = (paths_and_methods, pages, bodies, origins, fetch_metadata, redirect_targets)
