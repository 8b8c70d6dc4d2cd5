"""Sign-up and sign-in where addresses must be verified, and where existence is not told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import pytest

from tests.core.features.conftest import MakeServer, at_once, follow
from watchword import APIError, Column, ModelHooks, Request, User

REQUIRED = {"require_email_verification": True}


class Member(User, kw_only=True):
    lang: str = "en"
    nickname: str | None = None
    role: Annotated[str, Column(input=False)] = "user"
    note: Annotated[str | None, Column(returned=False)] = None


def test_no_session_before_the_address_is_verified(make_server: MakeServer) -> None:
    server = make_server(passwords=REQUIRED)
    browser = server.browser()
    answer = browser.sign_up(callbackURL="/welcome")
    assert answer.status == 200
    assert answer.json["token"] is None
    assert answer.cookies == ()
    refused = browser.sign_in()
    assert (refused.status, refused.code) == (403, "EMAIL_NOT_VERIFIED")
    assert refused.cookies == ()
    mail = server.mails().last
    assert mail.url.endswith("&callbackURL=%2Fwelcome")
    assert follow(browser, mail.url).header("location") == "/welcome"
    assert browser.sign_in().status == 200


def test_the_wrong_password_is_told_first(make_server: MakeServer) -> None:
    browser = make_server(passwords=REQUIRED).browser()
    browser.sign_up()
    assert browser.sign_in(password="wrong-password").code == "INVALID_EMAIL_OR_PASSWORD"


@pytest.mark.parametrize(
    ("required", "on_sign_up", "mailed"),
    [
        (True, None, True),
        (False, None, False),
        (False, True, True),
        (True, False, False),
    ],
)
def test_who_gets_a_mail_at_sign_up(
    make_server: MakeServer, required: bool, on_sign_up: bool | None, mailed: bool
) -> None:
    server = make_server(
        passwords={"require_email_verification": required},
        verification={"send_on_sign_up": on_sign_up},
    )
    server.browser().sign_up()
    assert server.mails().kinds == (["verify"] if mailed else [])


@pytest.mark.parametrize("again", [False, True])
def test_a_refused_sign_in_may_mail_again(make_server: MakeServer, again: bool) -> None:
    server = make_server(passwords=REQUIRED, verification={"send_on_sign_in": again})
    browser = server.browser()
    browser.sign_up()
    browser.sign_in()
    assert server.mails().kinds == ["verify"] * (2 if again else 1)


def test_a_failing_mailer_does_not_fail_the_sign_up(make_server: MakeServer) -> None:
    def send(mail: object, request: Request | None) -> None:
        raise OSError("no mail today")

    server = make_server(passwords=REQUIRED, verification={"send_verification_email": send})
    assert server.browser().sign_up().status == 200


@pytest.mark.parametrize("passwords", [REQUIRED, {"auto_sign_in": False}])
def test_e2_a_taken_address_is_answered_like_a_free_one(
    make_server: MakeServer, passwords: dict[str, Any]
) -> None:
    told: list[str] = []

    async def note(user: User, request: Request | None) -> None:
        told.append(user.id)

    server = make_server(
        passwords={**passwords, "on_existing_user_sign_up": note}, user_type=Member
    )
    first = server.browser().sign_up("bob@example.com", lang="de", image="x")
    real = server.browser().sign_up(lang="de", image="x").json
    taken = server.browser().sign_up("Bob@example.com", lang="de", image="x")
    assert taken.status == first.status == 200
    assert [name for name, _ in taken.response.headers] == [
        name for name, _ in first.response.headers
    ]
    fake, known = taken.json, first.json
    assert list(fake) == list(known)
    assert list(fake["user"]) == list(known["user"]) == list(real["user"])
    assert fake["user"]["id"] != known["user"]["id"]
    assert len(fake["user"]["id"]) == len(known["user"]["id"])
    assert {**fake["user"], "id": ""} == {**known["user"], "id": ""}
    server.mails()
    assert told == [known["user"]["id"]]
    assert server.rows("select count(*) from user") == [(2,)]


def test_e2_the_invented_user_can_be_dressed(make_server: MakeServer) -> None:
    seen: list[Mapping[str, object]] = []

    def dress(values: Mapping[str, object]) -> dict[str, object]:
        seen.append(values)
        return {"role": "guest"}

    server = make_server(passwords={**REQUIRED, "custom_synthetic_user": dress}, user_type=Member)
    server.browser().sign_up()
    user = server.browser().sign_up().json["user"]
    assert user["role"] == "guest"
    assert seen[0]["id"] == user["id"]
    assert "password" not in seen[0]


def test_e2_a_refusal_by_a_hook_tells_nothing_either(make_server: MakeServer) -> None:
    def refuse(values: object, call: object) -> None:
        raise APIError(403, "NOT_INVITED", "Not invited")

    hooks = {"user": ModelHooks(create_before=refuse)}
    hidden = make_server(passwords=REQUIRED, database_hooks=hooks).browser().sign_up()
    assert hidden.status == 200
    assert hidden.json["token"] is None
    told = make_server(database_hooks=hooks).browser().sign_up()
    assert (told.status, told.code) == (403, "NOT_INVITED")


def test_without_generic_answers_a_taken_address_is_refused(make_server: MakeServer) -> None:
    server = make_server()
    server.browser().sign_up()
    answer = server.browser().sign_up()
    assert (answer.status, answer.code) == (422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")


def test_fifty_sign_ups_at_once_all_get_the_same_answer(threaded: MakeServer) -> None:
    server = threaded(passwords=REQUIRED)
    answers = at_once(lambda _: server.browser().sign_up())
    assert {answer.status for answer in answers} == {200}
    assert {tuple(answer.json["user"]) for answer in answers} == {tuple(answers[0].json["user"])}
    assert server.rows("select count(*) from user") == [(1,)]
    assert server.mails().kinds == ["verify"]
