"""Scripts: the plugin username."""

from __future__ import annotations

from tests.differential.recording import PASSWORD, Recorder

SIGN_IN, FREE = "/sign-in/username", "/is-username-available"


def name_signing_up(server: Recorder) -> None:
    for number, given in enumerate(
        (
            {"username": "Name1_0"},
            {"username": "Name1.1", "displayUsername": "The First"},
            {"username": "name1_2", "displayUsername": ""},
            {"displayUsername": "Name1_3"},
            {"displayUsername": "Name the Fourth"},
            {"username": None, "displayUsername": "Name1_5"},
            {"username": None},
            {"displayUsername": None},
            {"username": "name1_8", "displayUsername": None},
        )
    ):
        ada, email = server.browser(), f"name1.{number}@example.com"
        ada.sign_up(email, **given)
        ada.get("session", "/get-session")


def name_signing_in(server: Recorder) -> None:
    server.browser().sign_up("name2@example.com", username="Name_2")
    for given in (
        {"username": "name_2"},
        {"username": "NAME_2"},
        {"username": "name_2", "rememberMe": False},
        {"username": "name_2", "callbackURL": "/home"},
        {"username": "name_2", "callbackURL": "https://app.trusted.example/home"},
    ):
        ada = server.browser()
        ada.post(f"in {given}", SIGN_IN, {"password": PASSWORD, **given})
        ada.get("session", "/get-session")


def name_refused(server: Recorder) -> None:
    server.browser().sign_up("name3@example.com", username="name_3")
    nobody, whole = server.browser(), {"username": "name_3", "password": PASSWORD}
    nobody.post("wrong password", SIGN_IN, {**whole, "password": "wrong horse"})
    nobody.post("long password", SIGN_IN, {**whole, "password": "x" * 129})
    nobody.post("no password", SIGN_IN, {**whole, "password": ""})
    nobody.post("elsewhere", SIGN_IN, {**whole, "callbackURL": "https://evil.example"})
    for name in ("nobody", "", "ab", "x" * 31, "a b", "\u212aurt", "name_3 ", "name3@example.com"):
        nobody.post(f"in as {name!r}", SIGN_IN, {**whole, "username": name})
        nobody.post(f"free {name!r}", FREE, {"username": name})
    for path in (SIGN_IN, FREE):
        nobody.get(f"GET {path}", path)
        nobody.post(f"nothing to {path}", path)
        nobody.post(f"empty to {path}", path, {})
        for field in whole:
            for value in (5, None, ["x"]):
                nobody.post(f"{path} {field} is {value}", path, {**whole, field: value})
    nobody.post("rememberMe is a text", SIGN_IN, {**whole, "rememberMe": "yes"})


def name_taken(server: Recorder) -> None:
    ada, eve = server.browser(), server.browser()
    ada.sign_up("name4@example.com", username="name_4")
    eve.post("taken", FREE, {"username": "NAME_4"})
    eve.post("free", FREE, {"username": "name_4_"})
    eve.sign_up("name4.eve@example.com", username="Name_4")
    eve.sign_up("name4.eve@example.com", displayUsername="Name_4")
    eve.post("by nobody", "/update-user", {"username": "name_4"})
    eve.sign_up("name4.eve@example.com", username="name_4_eve")
    eve.post("another's", "/update-user", {"username": "NAME_4"})
    ada.post("one's own", "/update-user", {"username": "NAME_4"})
    ada.get("session", "/get-session")


def name_changing(server: Recorder) -> None:
    ada, nobody = server.browser(), server.browser()
    ada.sign_up("name5@example.com")
    for change in (
        {"username": "Name_5"},
        {"displayUsername": "Five"},
        {"username": "name_5b", "displayUsername": "Five B"},
        {"username": "ab"},
        {"username": ""},
        {"username": "x" * 31},
        {"username": "a b"},
        {"username": None},
        {"username": "name_5c"},
    ):
        ada.post(f"change {change}", "/update-user", change)
        ada.get("session", "/get-session")
        nobody.post(f"{change} by nobody", "/update-user", change)
    for name in ("name_5b", "name_5c"):
        body = {"username": name, "password": PASSWORD}
        server.browser().post(f"in as {name}", SIGN_IN, body)
    for name in ("ab", "", "x" * 31, "a b", 5, ["x"]):
        nobody.sign_up("name5.new@example.com", username=name)
    ada.post("a number", "/update-user", {"username": 5})
    ada.post("no body", "/update-user")


def name_across_sites(server: Recorder) -> None:
    server.browser().sign_up("name6@example.com", username="name_6")
    body = {"username": "name_6", "password": PASSWORD}
    server.browser().post("without a cookie", SIGN_IN, body, origin="https://evil.example")
    ada = server.browser()
    ada.post("in", SIGN_IN, body)
    ada.post("with one", SIGN_IN, body, origin="https://evil.example")


SCRIPTS = (
    name_signing_up,
    name_signing_in,
    name_refused,
    name_taken,
    name_changing,
    name_across_sites,
)
