"""What is refused, and how it is said: the argument, never a secret, and what to do instead."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Annotated, Any, cast

import pytest

from tests.core.conftest import MakeAuth
from tests.users.conftest import Acting, MakeActing
from watchword import (
    APIError,
    Column,
    ConfigurationError,
    DynamicBaseURL,
    ModelHooks,
    SessionOptions,
    User,
)
from watchword.plugins import Admin, TwoFactor

LONG = "x" * 1_100_000


class Owned(User, kw_only=True):
    role: Annotated[str | None, Column(input=False)] = None
    banned: bool = False
    tier: str
    request: str = ""
    """Named as an argument of other functions."""


def refused(work: Callable[[], object], code: str | None, *words: str) -> None:
    with pytest.raises(APIError) as caught:
        work()
    assert caught.value.code == code
    told = "".join(traceback.format_exception(caught.value))
    for word in words:
        assert word in told
    assert LONG[:200] not in told


def test_wrong_arguments_are_named(users: Acting) -> None:
    ada, bob = users.ada(), "bob@example.com"
    wrong = "VALIDATION_ERROR"
    refused(lambda: users.create(email="nobody"), "INVALID_EMAIL", "'nobody'")
    refused(lambda: users.create(email=f"{LONG}@x.org"), wrong, "[email]", "255")
    refused(lambda: users.create(email=5), wrong, "[email]")
    refused(lambda: users.create(email=bob, name=LONG), wrong, "[name]")
    refused(lambda: users.create(email=bob, password="tiny"), "PASSWORD_TOO_SHORT", "8")
    refused(lambda: users.create(email=bob, password=LONG), wrong, "[password]")
    refused(lambda: users.create(email=bob, email_verified="yes"), wrong, "[email_verified]")
    refused(lambda: users.create(email=bob, lagn="de"), "FIELD_NOT_ALLOWED", "'lagn'", "'lang'")
    refused(lambda: users.create(email=bob, lang=5), wrong, "[fields.lang]")
    refused(lambda: users.create(email=bob, role=5), wrong, "[role]")
    refused(lambda: users.create(email=bob, banned=True), "FIELD_NOT_ALLOWED", "disable(...)")
    refused(lambda: users.update(ada.id, role="admin"), "FIELD_NOT_ALLOWED", "set_role(...)")
    refused(lambda: users.update(ada.id, id="x"), "FIELD_NOT_ALLOWED", "'id'")
    refused(lambda: users.get(LONG), wrong, "[user_id]")
    refused(lambda: users.find("x\0@y.org"), wrong, "user.email", "U+0000")
    refused(lambda: users.disable(ada.id, expires_in=0), wrong, "[expires_in]", "at least 1 s")
    refused(lambda: users.disable(ada.id, reason=LONG), wrong, "[reason]")
    refused(lambda: users.sign_in_link(ada.id, expires_in=604_801), wrong, "[expires_in]")
    refused(lambda: users.sign_in_link("nobody"), "USER_NOT_FOUND", "'nobody'")
    evil = "https://evil.example/"
    refused(lambda: users.sign_in_link(ada.id, callback_url=evil), "INVALID_CALLBACK_URL")
    refused(lambda: users.sign_in_link(ada.id, error_callback_url=evil), "INVALID_CALLBACK_URL")
    assert users.count() == 1


def test_roles_are_those_that_there_are(make: MakeActing) -> None:
    roles = {"admin": Admin().known_roles["admin"], "user": Admin().known_roles["user"]}
    users = make(plugins=[Admin(roles=roles)])
    code = "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE"
    refused(lambda: users.ada(role="king"), code, "'king'", "admin, user")
    ada = users.ada()
    refused(lambda: users.set_role(ada.id, ["user", "king"]), code, "king")
    assert users.get(ada.id).role == "user"


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 0},
        {"limit": 1001},
        {"limit": "5"},
        {"sort_by": "secret_note"},
        {"sort_by": "updated_at"},
        {"search": LONG},
        {"search": "x", "search_field": "secret_note"},
        {"search": "x", "search_operator": "like"},
        {"filters": {"secret_note": "x"}},
        {"filters": {"nothing": "x"}},
        {"filters": {"lang": 5}},
        {"filters": {"lang": LONG}},
        {"filters": {"email_verified": "true"}},
        {"filters": {"lang": ["x"] * 101}},
        {"filters": {f"lang{number}": "x" for number in range(21)}},
        {"cursor": "x"},
        {"cursor": "WyJlbWFpbCIsZmFsc2UsIngiLCJ5Il0"},
        {"cursor": LONG},
    ],
)
def test_lists_are_bounded_and_tell_nothing_of_hidden_fields(
    users: Acting, options: dict[str, Any]
) -> None:
    users.ada()
    refused(lambda: users.list(**options), "VALIDATION_ERROR")


def test_lists_are_searched_and_filtered(users: Acting) -> None:
    for name, lang in (("ada", "de"), ("bob", "en"), ("eve", "en")):
        users.create(email=f"{name}@example.com", name=name.title(), lang=lang)

    def found(**options: Any) -> list[str]:
        listed = users.list(sort_by="email", **options)
        assert users.count(**options) == len(listed.users)
        return [user.name for user in listed.users]

    assert found(search="ADA") == ["Ada"]
    assert found(search="b", search_field="name", search_operator="ends_with") == ["Bob"]
    assert found(filters={"lang": "en"}) == ["Bob", "Eve"]
    assert found(filters={"lang": ["de", "fr"]}) == ["Ada"]
    assert found(filters={"image": None, "email_verified": False}) == ["Ada", "Bob", "Eve"]
    assert found(search="%") == []


def test_without_the_plugin_it_says_what_is_missing(make: MakeActing) -> None:
    users = make(plugins=[])
    ada = users.ada()
    for work in (users.disable, users.enable):
        with pytest.raises(ConfigurationError, match=r"plugins=\[Admin\(\)\]"):
            work(ada.id)
    with pytest.raises(ConfigurationError, match=r"Column\(input=False\)"):
        users.set_role(ada.id, "admin")
    with pytest.raises(ConfigurationError, match="users have no role"):
        users.create(email="bob@example.com", role="admin")


def test_a_role_of_the_application_needs_no_plugin(make: MakeActing) -> None:
    users = make(plugins=[], user_type=Owned)
    refused(lambda: users.ada(), "MISSING_FIELD", "tier")
    ada = users.ada(tier="free", role="editor", request="none")
    assert (ada.role, ada.request) == ("editor", "none")
    assert users.update(ada.id, banned=True).banned is True
    browser = users.signed_in(ada.id)
    assert users.set_role(ada.id, ["editor", "author"]).role == "editor,author"
    assert browser.session()["user"]["role"] == "editor,author"


def test_what_a_plugin_keeps_closed_stays_its_own(make: MakeActing) -> None:
    users = make(plugins=[Admin(), TwoFactor()])
    ada = users.ada()
    closed = "two_factor_enabled"
    refused(lambda: users.update(ada.id, **{closed: True}), "FIELD_NOT_ALLOWED", "twoFactorEnabled")


def test_hooks_of_the_database_run_and_may_refuse(make: MakeActing) -> None:
    heard: list[str] = []

    def hear(user: Any, call: Any) -> None:
        heard.append(user.name)

    hooks = ModelHooks(
        create_before=lambda values, call: False if values["name"] == "Eve" else None,
        update_before=lambda values, call: False if values.get("name") == "Eve" else None,
        delete_before=lambda user, call: cast("Any", user).name != "Ada",
        update_after=hear,
    )
    users = make(database_hooks={"user": hooks})
    refused(lambda: users.ada(name="Eve"), "FAILED_TO_CREATE_USER")
    ada = users.ada()
    assert users.update(ada.id, name="Eve").name == "Ada"
    browser = users.signed_in(ada.id)
    refused(lambda: users.delete(ada.id), None, "keeps this user")
    assert browser.session() is not None
    users.changed(ada.id)
    assert heard == ["Ada"]


def test_sessions_in_cookies_cannot_be_ended_from_afar(make_auth: MakeAuth, kind: str) -> None:
    auth = make_auth(database=None, plugins=[Admin()], session=SessionOptions())
    users = Acting(auth, kind)
    ada = auth.blocking.users.create(email="ada@example.com")
    for work in (users.revoke_sessions, users.disable, users.delete, users.changed):
        refused(lambda work=work: work(ada.id), "SESSIONS_NOT_STORED")


def test_a_link_leads_to_a_host_that_the_options_name(make: MakeActing) -> None:
    users = make(base_url=None)
    ada = users.ada()
    headers = {"host": "evil.example"}
    with pytest.raises(ConfigurationError, match="Auth\\(base_url="):
        users.sign_in_link(ada.id, headers=headers)


def test_of_several_hosts_the_headers_say_which(make: MakeActing) -> None:
    users = make(base_url=DynamicBaseURL(allowed_hosts=["one.example", "two.example"]))
    ada = users.ada()
    assert users.update(ada.id, name="A").name == "A"
    for work in (users.sign_in_link, users.create_session):
        with pytest.raises(ConfigurationError, match="names no allowed host"):
            work(ada.id)
        with pytest.raises(ConfigurationError, match="names no allowed host"):
            work(ada.id, headers={"host": "evil.example"})
    link = users.sign_in_link(ada.id, headers={"host": "two.example"})
    assert link.url.startswith("https://two.example/api/auth/sign-in/link?token=")
