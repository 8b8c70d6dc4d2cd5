"""Scripts: `/sign-up/email` and `/sign-in/email`, with success and each refusal."""

from __future__ import annotations

from tests.differential.recording import PASSWORD, Recorder


def signing_up(server: Recorder) -> None:
    ada = server.browser()
    ada.sign_up("up1@example.com")
    ada.get("session", "/get-session")
    server.browser().sign_up("UP2@Example.COM", image="https://example.com/a.png")
    server.browser().sign_up("up3@example.com", rememberMe=False)
    server.browser().sign_up("up4@example.com", callbackURL="/welcome")
    server.browser().post(
        "an e-mail address taken",
        "/sign-up/email",
        {"name": "Eve", "email": "Up1@example.com", "password": PASSWORD},
    )


def signing_up_refused(server: Recorder) -> None:
    person = {"name": "Ada", "email": "no1@example.com", "password": PASSWORD}
    wrong = {
        "short password": {"password": "short"},
        "password of 7 characters outside the BMP's ASCII": {"password": "äöüäöüä"},
        "four emoji are eight units": {"password": "😀😀😀😀", "email": "no4@example.com"},
        "long password": {"password": "x" * 129},
        "longest password": {"password": "x" * 128, "email": "no5@example.com"},
        "empty password": {"password": ""},
        "password is a number": {"password": 12345678},
        "no e-mail address": {"email": "nobody"},
        "e-mail address with a space": {"email": " no1@example.com"},
        "e-mail address is null": {"email": None},
        "empty name": {"name": "", "email": "no2@example.com"},
        "name is a list": {"name": ["Ada"]},
        "image is a number": {"image": 1},
        "rememberMe is a text": {"rememberMe": "yes"},
        "callbackURL elsewhere": {"callbackURL": "https://evil.example/"},
        "callbackURL is a number": {"callbackURL": 5},
    }
    for name, change in wrong.items():
        server.browser().post(name, "/sign-up/email", {**person, **change})
    for field in person:
        rest = {name: value for name, value in person.items() if name != field}
        server.browser().post(f"without {field}", "/sign-up/email", rest)


def additional_fields(server: Recorder) -> None:
    count = 0

    def sign_up(name: str, **extra: object) -> None:
        nonlocal count
        count += 1
        person = {"name": "Ada", "email": f"field{count}@example.com", "password": PASSWORD}
        server.browser().post(name, "/sign-up/email", {**person, **extra})

    sign_up("all", nickname="A", lang="de", age=36, newsletter=True, internalNote="x", color="red")
    sign_up("nulls", nickname=None, lang=None, age=None, newsletter=None, color=None)
    sign_up("fraction", age=36.5)
    sign_up("a default that cannot be set", tier="gold")
    sign_up("a field of the core", emailVerified=True, id="mine", createdAt="2020-01-01")
    sign_up("a field that nobody knows", wings=2)
    sign_up("text for a number", age="36")
    sign_up("number for a text", nickname=5)
    sign_up("text for a boolean", newsletter="yes")
    sign_up("no such choice", color="pink")


def signing_in(server: Recorder) -> None:
    server.browser().sign_up("in1@example.com")
    ada = server.browser()
    ada.sign_in("in1@example.com")
    ada.get("session", "/get-session")
    ada.sign_in("in1@example.com")
    server.browser().sign_in("IN1@example.com", callbackURL="/home")
    server.browser().sign_in("in1@example.com", callbackURL="https://app.trusted.example/x")
    short = server.browser()
    short.sign_in("in1@example.com", rememberMe=False)
    short.get("session", "/get-session")
    short.sign_in("in1@example.com")
    short.get("session", "/get-session")


def signing_in_refused(server: Recorder) -> None:
    server.browser().sign_up("in2@example.com")
    person = {"email": "in2@example.com", "password": PASSWORD}
    wrong = {
        "wrong password": {"password": "wrong horse"},
        "unknown address": {"email": "nobody@example.com"},
        "no address": {"email": "nobody"},
        "empty address": {"email": ""},
        "empty password": {"password": ""},
        "long password": {"password": "x" * 129},
        "password is null": {"password": None},
        "rememberMe is a number": {"rememberMe": 1},
        "callbackURL elsewhere": {"callbackURL": "https://evil.example/"},
        "callbackURL on another scheme": {"callbackURL": "javascript:alert(1)"},
        "callbackURL with two slashes": {"callbackURL": "//evil.example"},
        "callbackURL with a backslash": {"callbackURL": "/\\evil.example"},
        "callbackURL is a list": {"callbackURL": ["/home"]},
    }
    for name, change in wrong.items():
        server.browser().post(name, "/sign-in/email", {**person, **change})
    server.browser().post("without password", "/sign-in/email", {"email": "in2@example.com"})
    server.browser().post("without anything", "/sign-in/email", {})


def forms(server: Recorder) -> None:
    person = {"name": "Ada", "email": "form@example.com", "password": PASSWORD}
    server.browser().post_form("sign up", "/sign-up/email", person)
    server.browser().post_form("sign in", "/sign-in/email", person)
    server.browser().post_form("a choice as text", "/sign-in/email", {**person, "rememberMe": "no"})
    server.browser().post_form("wrong password", "/sign-in/email", {**person, "password": "wrong"})
    server.browser().post_form("not for forms", "/sign-out", {"a": "b"})


SCRIPTS = (
    signing_up,
    signing_up_refused,
    additional_fields,
    signing_in,
    signing_in_refused,
    forms,
)
