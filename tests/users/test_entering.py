"""Sessions that the server makes, and links that sign a given user in."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.plugins.factor_server import COOKIE
from tests.support.browser import ORIGIN, Clock
from tests.users.conftest import Acting, MakeActing
from watchword import Advanced, CookieCache, ModelHooks, OpenSignInLink, SessionOptions
from watchword.database.contract import Condition, StorageUnavailable
from watchword.plugins import Admin, TwoFactor
from watchword.runtime.blocking import finish
from watchword.sessions.in_secondary import SecondarySessions
from watchword.storage.memory import MemoryStorage

SESSION = "better-auth.session_token"


def test_a_session_that_the_server_made_is_one_like_others(users: Acting) -> None:
    ada = users.ada()
    request = users.browser().request("GET", "/pay")
    made = users.create_session(ada.id, request=request)
    assert made.value.user.id == ada.id
    assert made.value.session.ip_address == "203.0.113.7"
    assert made.value.session.token not in repr(made)
    browser = users.browser()
    browser.keep(made.cookies)
    assert browser.session()["session"]["id"] == made.value.session.id
    browser.post("/sign-out")
    assert users.sessions(ada.id) == []


def test_a_session_that_is_not_to_be_remembered_ends_with_the_browser(users: Acting) -> None:
    ada = users.ada()
    made = users.create_session(ada.id, remember=False)
    [token] = [line for line in made.cookies if line.startswith(SESSION + "=")]
    assert "Max-Age" not in token
    life = made.value.session.expires_at - made.value.session.created_at
    assert life.total_seconds() == 86_400


def test_a_session_replaces_that_of_somebody_else_in_the_browser(users: Acting) -> None:
    ada, bob = users.ada(), users.create(email="bob@example.com")
    browser = users.signed_in(ada.id)
    request = browser.request("GET", "/")
    browser.keep(users.create_session(bob.id, request=request).cookies)
    assert browser.session()["user"]["id"] == bob.id


def test_a_cached_session_learns_of_a_change_when_the_cache_ends(
    make: MakeActing, clock: Clock
) -> None:
    users = make(session=SessionOptions(cookie_cache=CookieCache(enabled=True, max_age=300)))
    ada = users.ada()
    browser = users.signed_in(ada.id)
    users.set_role(ada.id, "admin")
    assert browser.session()["user"]["role"] == "user"
    clock.forward(301)
    assert browser.session()["user"]["role"] == "admin"


def test_a_link_signs_in_once_and_leads_on(users: Acting) -> None:
    ada = users.ada()
    link = users.sign_in_link(ada.id, callback_url="/welcome?step=1")
    assert link.token not in repr(link)
    assert link.url == f"{ORIGIN}/api/auth/sign-in/link?token={link.token}"
    browser = users.browser()
    assert opened(browser, link) == f"{ORIGIN}/welcome?step=1"
    assert browser.session()["user"]["id"] == ada.id
    other = users.browser()
    assert opened(other, link) == f"{ORIGIN}/?error=INVALID_TOKEN"
    assert other.session() is None
    assert users.get(ada.id).email_verified is False


def test_a_link_is_hashed_at_rest_and_gone_afterwards(users: Acting) -> None:
    ada = users.ada()
    link = users.sign_in_link(ada.id)
    assert link.token not in str(rows(users))
    assert opened(users.browser(), link)
    assert rows(users) == []


def test_a_link_ends_by_itself(users: Acting, clock: Clock) -> None:
    ada = users.ada()
    link = users.sign_in_link(ada.id, expires_in=60, error_callback_url="/late")
    clock.forward(61)
    assert opened(users.browser(), link) == f"{ORIGIN}/late?error=INVALID_TOKEN"


@pytest.mark.parametrize(
    "void",
    [
        lambda users, ada: users.set_password(ada.id, "another-horse", end_sessions=False),
        lambda users, ada: users.update(ada.id, email="ada@other.example"),
        lambda users, ada: users.revoke_sessions(ada.id),
        lambda users, ada: users.delete(ada.id),
        lambda users, ada: (users.disable(ada.id), users.enable(ada.id)),
    ],
)
def test_a_link_is_void_once_the_account_was_taken_back(users: Acting, void: Any) -> None:
    ada = users.ada()
    link = users.sign_in_link(ada.id)
    void(users, ada)
    browser = users.browser()
    assert opened(browser, link) == f"{ORIGIN}/?error=INVALID_TOKEN"
    assert browser.session() is None


def test_a_link_that_is_fetched_ahead_is_still_good(users: Acting) -> None:
    ada = users.ada()
    link = users.sign_in_link(ada.id)
    browser = users.browser()
    for method, headers in (("HEAD", {}), ("GET", {"sec-purpose": "prefetch"})):
        browser.send(method, "/sign-in/link", query={"token": link.token}, headers=headers)
        assert browser.session() is None
    assert opened(browser, link) == f"{ORIGIN}/"
    assert browser.session() is not None


@pytest.mark.parametrize("every_sign_in", [True, False])
def test_a_link_asks_for_the_second_factor(make: MakeActing, *, every_sign_in: bool) -> None:
    users = make(plugins=[Admin(), TwoFactor(every_sign_in=every_sign_in)])
    ada = users.ada()
    owner = users.signed_in(ada.id)
    assert owner.post("/two-factor/enable", {"password": "password1234"}).status == 200
    enabled = {"twoFactorEnabled": True}
    _write(users, ada.id, enabled)
    browser = users.browser()
    target = opened(browser, users.sign_in_link(ada.id))
    assert parse_qs(urlsplit(target or "").query)["twoFactorRedirect"] == ["true"]
    assert browser.session() is None
    assert COOKIE in browser.jar


def test_a_page_of_the_application_redeems_a_link_by_itself(users: Acting) -> None:
    """Chats that look at links before people do spend none: a button redeems it."""
    ada = users.ada()
    link = users.sign_in_link(ada.id, callback_url="/welcome")
    given = OpenSignInLink(token=link.token, disable_redirect="1")
    done = users.auth.blocking.api.open_sign_in_link(given, return_headers=True)
    assert (done.value.user.id, done.value.url) == (ada.id, "/welcome")
    browser = users.browser()
    browser.keep(done.cookies)
    assert browser.session()["user"]["id"] == ada.id


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_an_error_page_elsewhere_is_refused_before_the_link_is_spent(
    users: Acting, target: str
) -> None:
    ada = users.ada()
    link = users.sign_in_link(ada.id)
    browser = users.browser()
    query = {"token": link.token, "errorCallbackURL": target}
    assert browser.get("/sign-in/link", query).status == 403
    assert opened(browser, link) == f"{ORIGIN}/"


def test_tokens_of_others_open_nothing(users: Acting) -> None:
    ada = users.ada()
    for token in ("", "x", users.sessions(ada.id), "x" * 2048):
        assert opened_token(users.browser(), str(token)) == f"{ORIGIN}/?error=INVALID_TOKEN"
    assert users.browser().get("/sign-in/link", {"token": "x" * 2049}).status == 400


def test_a_hook_that_refuses_the_session_is_told(make: MakeActing) -> None:
    refuse = ModelHooks(create_before=lambda values, call: False)
    users = make(database_hooks={"session": refuse})
    ada = users.ada()
    failed = f"{ORIGIN}/?error=FAILED_TO_CREATE_SESSION"
    assert opened(users.browser(), users.sign_in_link(ada.id)) == failed


def test_where_copies_cannot_be_renewed_the_sessions_end(
    make: MakeActing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise StorageUnavailable("changed all the time")

    monkeypatch.setattr(SecondarySessions, "user_changed", fail)
    users = make(secondary_storage=MemoryStorage())
    ada = users.ada()
    browser = users.signed_in(ada.id)
    assert users.changed(ada.id) == ada
    assert browser.session() is None


@pytest.mark.parametrize("of", ["administrator", "user"])
def test_who_may_not_be_in_the_place_of_a_user_any_more_is_not(make: MakeActing, of: str) -> None:
    users = make()
    ada, bob = users.ada(role="admin"), users.create(email="bob@example.com")
    browser = users.signed_in(ada.id)
    assert browser.post("/admin/impersonate-user", {"userId": bob.id}).status == 200
    assert users.changed(bob.id) == bob
    assert users.changed(ada.id) == ada
    assert browser.session()["user"]["id"] == bob.id
    changed, role = (ada, "user") if of == "administrator" else (bob, "admin")
    _write(users, changed.id, {"role": role})
    users.changed(changed.id)
    assert browser.session() is None


def test_of_an_administrator_whose_row_is_gone_nothing_is_left(users: Acting) -> None:
    ada, bob = users.ada(role="admin"), users.create(email="bob@example.com")
    browser = users.signed_in(ada.id)
    browser.post("/admin/impersonate-user", {"userId": bob.id})
    engine = users.auth.blocking.runtime.engine
    for model, field in (("session", "userId"), ("account", "userId"), ("user", "id")):
        finish(engine.delete(model, [Condition(field, ada.id)]))
    assert users.changed(ada.id) is None
    assert browser.session() is None


def test_the_slower_of_two_who_change_a_user_puts_no_old_role_into_copies(make: MakeActing) -> None:
    async def change_meanwhile(user: Any, call: Any) -> None:
        if user.name == "Slow":
            where = [Condition("id", user.id)]
            await call.runtime.engine.update("user", where, {"role": "user"})

    hooks = {"user": ModelHooks(update_after=change_meanwhile)}
    users = make(secondary_storage=MemoryStorage(), database_hooks=hooks)
    ada = users.ada(role="admin")
    browser = users.signed_in(ada.id)
    users.update(ada.id, name="Slow")
    assert browser.session()["user"]["role"] == "user"


@pytest.mark.parametrize("ids", ["serial", "uuid"])
def test_ids_that_the_database_makes_are_taken_as_they_are(make: MakeActing, ids: Any) -> None:
    users = make(advanced=Advanced(generate_id=ids))
    ada = users.ada()
    assert users.get(ada.id) == ada
    assert users.get("no id") is None
    assert users.sessions("no id") == []
    if ids == "serial":
        assert users.get(int(ada.id)) == ada


def opened(browser: Any, link: Any) -> str | None:
    query = {name: one for name, [one] in parse_qs(urlsplit(link.url).query).items()}
    return browser.get("/sign-in/link", query).header("location")


def opened_token(browser: Any, token: str) -> str | None:
    return browser.get("/sign-in/link", {"token": token}).header("location")


def rows(users: Acting) -> list[Any]:
    return finish(users.auth.blocking.runtime.engine.find_many("verification"))


def _write(users: Acting, user_id: str, changes: dict[str, Any]) -> None:
    where = [Condition("id", user_id)]
    finish(users.auth.blocking.runtime.engine.update("user", where, changes))
