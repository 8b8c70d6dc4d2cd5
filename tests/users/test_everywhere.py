"""The life of a user in the hands of the server, on every database, with every copy kept true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.browser import Browser
from tests.users.conftest import Acting
from watchword import APIError
from watchword.database.contract import Condition
from watchword.runtime.blocking import finish

PASSWORD = "password1234"


def refusal(work: Callable[..., object], *given: Any, **named: Any) -> str | None:
    with pytest.raises(APIError) as caught:
        work(*given, **named)
    return caught.value.code


def test_a_user_is_made_found_changed_and_deleted(everywhere: Acting) -> None:
    users = everywhere
    ada = users.ada(email="Ada@Example.com", lang="de", role="admin", email_verified=True)
    assert (ada.email, ada.lang, ada.role, ada.email_verified) == (
        "ada@example.com",
        "de",
        "admin",
        True,
    )
    assert users.get(ada.id) == users.find(" ADA@example.com") == ada
    assert users.get("nobody") is None
    browser = users.browser()
    assert browser.sign_in().status == 200
    assert users.update(ada.id, name="Ada L.", lang="fr").lang == "fr"
    assert browser.session()["user"]["name"] == "Ada L."
    moved = users.update(ada.id, email="ada@other.example")
    assert (moved.email, moved.email_verified) == ("ada@other.example", False)
    assert users.verify_email(ada.id).email_verified is True
    assert browser.session()["user"]["emailVerified"] is True
    users.delete(ada.id)
    assert users.get(ada.id) is None
    assert browser.session() is None
    assert refusal(users.delete, ada.id) == "USER_NOT_FOUND"


def test_every_session_knows_a_new_role_at_once(everywhere: Acting) -> None:
    users = everywhere
    ada = users.ada()
    browsers = [users.signed_in(ada.id) for _ in range(3)]
    assert users.set_role(ada.id, ["admin", "user"]).role == "admin,user"
    assert [one.session()["user"]["role"] for one in browsers] == ["admin,user"] * 3
    assert refusal(users.set_role, "nobody", "user") == "USER_NOT_FOUND"


def test_whoever_is_disabled_is_out_until_enabled(everywhere: Acting) -> None:
    users = everywhere
    ada = users.ada()
    browser, links = users.signed_in(ada.id), [users.sign_in_link(ada.id) for _ in range(2)]
    locked = users.disable(ada.id, reason="spam")
    assert (locked.banned, locked.ban_reason, locked.ban_expires) == (True, "spam", None)
    assert browser.session() is None
    assert users.browser().sign_in().code == "BANNED_USER"
    assert refusal(users.create_session, ada.id) == "BANNED_USER"
    assert open_link(users.browser(), links[0].token).code == "BANNED_USER"
    assert users.enable(ada.id).banned is False
    assert open_link(users.browser(), links[1].token).code == "INVALID_TOKEN"
    assert users.browser().sign_in().status == 200


def test_a_new_password_ends_sessions_unless_they_are_to_go_on(everywhere: Acting) -> None:
    users = everywhere
    ada = users.ada()
    browser = users.signed_in(ada.id)
    users.set_password(ada.id, "another-horse", end_sessions=False)
    assert browser.session() is not None
    users.set_password(ada.id, "a-third-horse")
    assert browser.session() is None
    assert browser.sign_in().status == 401
    body = {"email": "ada@example.com", "password": "a-third-horse"}
    assert browser.post("/sign-in/email", body).status == 200


def test_sessions_are_listed_and_ended_one_by_one_and_all(everywhere: Acting) -> None:
    users = everywhere
    ada, bob = users.ada(), users.create(email="bob@example.com")
    browsers = [users.signed_in(ada.id) for _ in range(3)]
    other = users.signed_in(bob.id)
    listed = users.sessions(ada.id)
    assert len(listed) == 3
    assert all(session.token not in repr(listed) for session in listed)
    ended = browsers[0].session()["session"]["id"]
    assert users.revoke_session(bob.id, ended) is False
    assert users.revoke_session(ada.id, ended) is True
    assert users.revoke_session(ada.id, ended) is False
    assert [one.session() is None for one in browsers] == [True, False, False]
    users.revoke_sessions(ada.id)
    assert [one.session() for one in browsers] == [None] * 3
    assert users.sessions(ada.id) == []
    assert other.session() is not None


def test_copies_hear_of_what_the_application_wrote_itself(everywhere: Acting) -> None:
    users = everywhere
    ada = users.ada()
    browser = users.signed_in(ada.id)
    own = users.auth.blocking.runtime.engine
    run(own.update("user", by_id(ada.id), {"name": "Countess", "role": "admin"}))
    assert users.changed(ada.id).name == "Countess"
    assert browser.session()["user"]["name"] == "Countess"
    assert browser.session()["user"]["role"] == "admin"
    run(own.update("user", by_id(ada.id), {"banned": True}))
    users.changed(ada.id)
    assert browser.session() is None
    run(own.update("user", by_id(ada.id), {"banned": False}))
    browser = users.signed_in(ada.id)
    if users.auth.config.tables.schema.models.keys() >= {"session"}:
        run(own.delete("session", by_id(ada.id, "userId")))
    run(own.delete("account", by_id(ada.id, "userId")))
    run(own.delete("user", by_id(ada.id)))
    assert users.changed(ada.id) is None
    assert browser.session() is None


def test_pages_hold_everybody_once(everywhere: Acting, clock: Any) -> None:
    users = everywhere
    for number in range(11):
        # Several of one moment, as an import makes them.
        clock.forward(0.001 if number % 4 == 0 else 0)
        users.auth.blocking.users.create(email=f"user{number % 10}.{number}@example.com")
    for sort_by in ("id", "email", "created_at"):
        for descending in (False, True):
            seen = paged(users, sort_by=sort_by, descending=descending)
            assert len({user.id for user in seen}) == len(seen) == 11
            values = [getattr(user, sort_by) for user in seen]
            if sort_by != "id":  # Databases order ids in their own way.
                assert values == sorted(values, reverse=descending)


def paged(users: Acting, **order: Any) -> list[Any]:
    seen: list[Any] = []
    cursor: str | None = None
    while cursor is not None or not seen:
        page = users.auth.blocking.users.list(limit=3, cursor=cursor, **order)
        assert 1 <= len(page.users) <= 3
        seen += page.users
        cursor = page.next
        if cursor is None:
            break
    return seen


def test_two_who_make_one_address_at_once_make_one_row(everywhere: Acting) -> None:
    def make(_: int) -> str | None:
        try:
            everywhere.auth.blocking.users.create(email="ada@example.com", password=PASSWORD)
        except APIError as error:
            return error.code
        return "made"

    counted = at_once(make, 20)
    assert counted == {"made": 1, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL": 19}
    assert everywhere.count() == 1


def test_of_fifty_who_open_a_link_one_is_signed_in(everywhere: Acting) -> None:
    users = everywhere
    ada = users.ada()
    token = users.sign_in_link(ada.id).token

    def enter(_: int) -> str | None:
        return open_link(Browser(users.auth), token).code

    assert at_once(enter, 50) == {None: 1, "INVALID_TOKEN": 49}
    assert len(users.sessions(ada.id)) == 1


def test_a_session_that_begins_during_the_end_of_all_is_no_way_back(everywhere: Acting) -> None:
    users = everywhere
    ada = users.ada()
    links = [users.sign_in_link(ada.id).token for _ in range(8)]

    def act(number: int) -> object:
        if number == 4:
            return users.auth.blocking.users.disable(ada.id).banned
        return open_link(Browser(users.auth), links[number % 8]).status

    at_once(act, 9)
    assert users.sessions(ada.id) == []


def open_link(browser: Browser, token: str) -> Any:
    return browser.get("/sign-in/link", {"token": token, "disableRedirect": "1"})


def at_once(work: Callable[[int], Any], many: int) -> Counter[Any]:
    with ThreadPoolExecutor(many) as pool:
        return Counter(pool.map(work, range(many)))


def by_id(value: str, field: str = "id") -> Any:
    return [Condition(field, value)]


def run(work: Any) -> Any:
    return finish(work)
