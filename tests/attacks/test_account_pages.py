"""Signed-in pages: what others wrote, other sites' forms, other people's ids, endless fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.account_site import AccountSite
from tests.plugins.pages_visitor import ADA, BASE, PASSWORD, PagesVisitor, Shown, path_of
from tests.plugins.passkey_server import register
from tests.support.authenticator import Authenticator
from watchword.plugins.pages.account_pages import ACCOUNT_PAGES

MARKUP = "\"><script>alert(1)</script><img src=x onerror='alert(1)'>{{77777*7}}{% raw %}&lt;"
EVE = "eve@example.com"
PAGES = [page.path for page in ACCOUNT_PAGES if page.requires == "session"]
FORMS: list[tuple[str, dict[str, str]]] = [
    ("account", {"do": "profile", "name": "Eve"}),
    ("account", {"do": "email", "newEmail": EVE}),
    ("account/password", {"currentPassword": PASSWORD, "newPassword": "another-1234"}),
    ("account/two-factor", {"do": "message", "password": PASSWORD}),
    ("account/passkeys", {"do": "delete", "passkey": "1"}),
    ("account/linked", {"do": "link", "provider": "google"}),
    ("account/sessions", {"do": "others"}),
    ("account/api-keys", {"do": "create", "name": "x"}),
    ("account/delete", {"password": PASSWORD}),
    ("organizations", {"do": "create", "name": "x"}),
    ("organizations/members", {"do": "leave", "organization": "1"}),
    ("organizations/invitation", {"do": "accept", "invitationId": "1"}),
    ("device", {"user_code": "AAAAAAAA"}),
]


@pytest.fixture
def site(make_auth: MakeAuth) -> AccountSite:
    return AccountSite(make_auth)


def is_harmless(shown: Shown) -> bool:
    source = shown.source
    return source.count("<script") == 1 and "<img" not in source and "544439" not in source


# what others wrote


def test_names_and_browsers_are_text(site: AccountSite) -> None:
    visitor = site.visitor()
    body = {"name": MARKUP, "email": ADA, "password": PASSWORD, "nickname": MARKUP}
    assert visitor.post("/sign-up/email", body, user_agent=MARKUP).status == 200
    site.visitor().post(
        "/sign-in/email", {"email": ADA, "password": PASSWORD}, user_agent=f"Chrome/1 {MARKUP}"
    )
    register(visitor, Authenticator(), name=MARKUP)
    visitor.send_form("account/api-keys", {"do": "create", "name": MARKUP[:32]})
    made = visitor.send_form("organizations", {"do": "create", "name": MARKUP, "slug": MARKUP[:20]})
    assert made.status == 303
    organization = visitor.get("/organization/list").json[0]["id"]
    for page in PAGES:
        query = {"organization": organization} if page.endswith("members") else None
        shown = visitor.see(page, query)
        assert is_harmless(shown), page
    assert "&#34;&gt;&lt;script&gt;" in visitor.see("organizations").source


def test_what_is_typed_and_asked_for_is_text(site: AccountSite) -> None:
    visitor = site.signed_up()
    for page, fields in FORMS:
        for name in fields:
            sent = {**fields, name: MARKUP}
            if page == "account/sessions":
                continue
            shown = visitor.send_form(page, sent)
            if shown.status != 303:
                assert is_harmless(shown), (page, name)
    for page in PAGES:
        for name in ("notice", "error", "next", "invitationId", "organization", "user_code"):
            shown = visitor.see(page, {name: MARKUP})
            if shown.status != 303:
                assert is_harmless(shown), (page, name)


def test_a_device_that_calls_itself_something_is_text(site: AccountSite) -> None:
    asked = {"client_id": MARKUP, "scope": MARKUP}
    told = site.visitor().post("/device/code", asked).json
    shown = site.signed_up().send_form("device", {"user_code": told["user_code"]})
    assert "wants to sign in" in shown.source
    assert is_harmless(shown)


def test_an_invitation_is_text(site: AccountSite) -> None:
    ada = site.signed_up(name=MARKUP)
    ada.send_form("organizations", {"do": "create", "name": MARKUP, "slug": "x"})
    organization = ada.get("/organization/list").json[0]["id"]
    fields = {"do": "invite", "email": EVE, "role": "member", "organization": organization}
    ada.send_form("organizations/members", fields)
    eve = site.signed_up(EVE)
    site.auth.blocking.users.verify_email(eve.session()["user"]["id"])
    eve = site.signed_in(EVE)
    shown = eve.see("organizations/invitation", {"invitationId": site.mail().invitation.id})
    assert shown.status == 200
    assert is_harmless(shown)
    assert is_harmless(eve.see("organizations"))


# other sites


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"origin": "", "sec-fetch-site": "cross-site"},
        {"origin": "null"},
        {"origin": ""},
    ],
    ids=str,
)
def test_no_other_site_sends_a_form(site: AccountSite, headers: dict[str, str]) -> None:
    visitor = site.signed_up()
    for page, fields in FORMS:
        assert visitor.send_form(page, fields, **headers).status == 403, page
    assert visitor.session()["user"]["name"] == "Ada"
    assert site.visitor().sign_in(ADA).status == 200


def test_looking_does_nothing(site: AccountSite) -> None:
    """Whatever a link says, and whatever fetches it."""
    visitor = site.signed_up()
    for page, fields in FORMS:
        for method in ("GET", "HEAD"):
            visitor.send(method, f"/pages/{page}", query=fields)
    assert visitor.session()["user"]["name"] == "Ada"
    assert visitor.get("/organization/list").json == []
    assert visitor.get("/api-key/list").json["total"] == 0
    assert site.visitor().sign_in(ADA).status == 200


def test_pages_are_kept_and_framed_by_nobody(site: AccountSite) -> None:
    visitor = site.signed_up()
    for page in PAGES:
        answer = visitor.see(page).answer
        assert answer.header("cache-control") == "no-store", page
        if answer.status != 303:
            policy = answer.header("content-security-policy") or ""
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert answer.header("x-frame-options") == "DENY"


TARGETS = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "/x\r\nset-cookie: a=b",
    "https://localhost:3000@evil.example",
    "/..//evil.example",
]


@pytest.mark.parametrize("target", TARGETS)
def test_no_page_leads_elsewhere(site: AccountSite, target: str) -> None:
    visitor = site.signed_up()
    for page in PAGES:
        shown = visitor.see(page, {"next": target})
        assert "evil.example" not in shown.source
        assert "evil.example" not in shown.location
        assert "javascript:" not in shown.source
    saved = visitor.send_form("account", {"do": "profile", "name": "Ada", "next": target})
    assert path_of(saved.location) == f"{BASE}/account"
    assert "evil" not in saved.location


# other people


def test_nobody_touches_what_is_somebody_elses(site: AccountSite) -> None:
    ada, eve = site.signed_up(), site.signed_up(EVE)
    register(ada, Authenticator(), name="Ada's")
    key = ada.post("/api-key/create", {"name": "Ada's"}).json["id"]
    ada.send_form("organizations", {"do": "create", "name": "Engines"})
    organization = ada.get("/organization/list").json[0]["id"]
    ada.send_form(
        "organizations/members",
        {"do": "invite", "email": "x@example.com", "role": "member", "organization": organization},
    )
    passkey = ada.get("/passkey/list-user-passkeys").json[0]["id"]
    account = ada.get("/list-accounts").json[0]["id"]
    session = ada.session()["session"]["id"]
    before = _state(ada)
    attempts: list[tuple[str, dict[str, str]]] = [
        ("account/passkeys", {"do": "rename", "passkey": passkey, "name": "Eve's"}),
        ("account/passkeys", {"do": "delete", "passkey": passkey}),
        ("account/api-keys", {"do": "delete", "key": key, "kind": "default"}),
        ("account/linked", {"do": "unlink", "account": account}),
        ("account/sessions", {"do": "end", "session": session}),
        ("organizations", {"do": "switch", "organization": organization}),
        ("organizations/invitation", {"do": "accept", "invitationId": site.mail().invitation.id}),
        ("organizations/invitation", {"do": "reject", "invitationId": site.mail().invitation.id}),
        *_as_member(ada, organization, site.mail().invitation.id),
    ]
    for page, fields in attempts:
        refused = eve.send_form(page, fields)
        assert refused.status >= 400 or page == "account/sessions", (page, fields)
        assert "Ada" not in refused.source
        assert "Engines" not in refused.source
        assert "x@example.com" not in refused.source or fields.get("email")
    assert _state(ada) == before
    for page in ("organizations/members", "organizations/invitation"):
        shown = eve.see(
            page, {"organization": organization, "invitationId": site.mail().invitation.id}
        )
        assert shown.status in (303, 400, 403)
        assert "Engines" not in shown.source


def _as_member(
    ada: PagesVisitor, organization: str, invitation: str
) -> Iterator[tuple[str, dict[str, str]]]:
    member = ada.get("/organization/get-full-organization").json["members"][0]["id"]
    for fields in (
        {"do": "invite", "email": EVE, "role": "owner"},
        {"do": "cancel", "invitation": invitation},
        {"do": "role", "member": member, "member_role": "member"},
        {"do": "remove", "member": member},
        {"do": "remove", "member": ADA},
        {"do": "leave"},
    ):
        yield "organizations/members", {**fields, "organization": organization}


def _state(visitor: PagesVisitor) -> list[Any]:
    asked = (
        "/list-accounts",
        "/passkey/list-user-passkeys",
        "/api-key/list",
        "/organization/get-full-organization",
    )
    return [visitor.get(path).json for path in asked]


# endless fields, odd ones, and sessions that end in between


@pytest.mark.parametrize(
    "text", ["x" * 60_000, "x\x00y", "\ud800", "x\r\nset-cookie: a=b", "💥" * 300]
)
def test_odd_fields_are_refused_or_kept_but_nothing_breaks(site: AccountSite, text: str) -> None:
    sent = text.encode("utf-8", "replace").decode()
    visitor = site.signed_up()
    for page, fields in FORMS:
        if page in ("account/delete", "account/password"):
            continue
        for name in fields:
            shown = visitor.send_form(page, {**fields, name: sent})
            assert shown.status < 500, (page, name, shown.alert)
            assert "set-cookie" not in shown.location
            assert len(shown.source) < 100_000


def test_a_megabyte_is_no_page(site: AccountSite) -> None:
    visitor = site.signed_up()
    for page in PAGES:
        assert visitor.send_form(page, {"do": "x" * 1_000_000}).status == 413
        assert visitor.see(page, {"id": "x" * 1_000_000}).status in (400, 413, 414)


def test_fields_that_come_twice_or_as_json_break_nothing(site: AccountSite) -> None:
    visitor = site.signed_up()
    for page, _ in FORMS:
        for data in (b"do=a&do=b&name=1&name=2", b"do[]=1", b"%", b"&&&=;"):
            headers = {"content-type": "application/x-www-form-urlencoded"}
            assert visitor.send("POST", f"/pages/{page}", data=data, headers=headers).status < 500
        for body in ({"do": ["a"], "name": {"x": 1}}, [1], "x", None):
            assert visitor.post(f"/pages/{page}", body).status < 500


def test_a_session_that_was_ended_does_nothing_any_more(site: AccountSite) -> None:
    visitor, other = site.signed_up(), site.signed_in()
    shown = visitor.see("account")
    other.post("/revoke-other-sessions", {})
    for page, fields in FORMS:
        away = visitor.send_form(page, fields)
        assert path_of(away.location) == f"{BASE}/sign-in", page
    assert shown.status == 200
    assert other.session()["user"]["name"] == "Ada"


def test_secrets_are_in_no_log_and_no_page_twice(
    site: AccountSite, caplog: pytest.LogCaptureFixture
) -> None:
    visitor = site.signed_up()
    secret = "a-secret-that-is-typed"
    for page, fields in FORMS:
        typed = {name: secret for name in fields if "assword" in name}
        shown = visitor.send_form(page, {**fields, **typed, "code": secret, "token": secret})
        assert secret not in shown.source, page
        assert secret not in shown.location, page
    made = visitor.send_form("account/api-keys", {"do": "create", "name": "x"})
    key = made.source.partition('<div class="secret"')[2].partition("<code>")[2].partition("<")[0]
    begun = visitor.send_form("account/two-factor", {"do": "app", "password": PASSWORD})
    uri = begun.form("verify").fields["uri"] if begun.status == 200 else "otpauth"
    for text in (secret, key or "no key", uri, PASSWORD):
        assert text not in caplog.text


# forms that are not those of the page


@pytest.mark.parametrize("fields", [{}, {"do": ""}, {"do": "x"}], ids=str)
def test_a_form_that_says_nothing_does_nothing(site: AccountSite, fields: dict[str, str]) -> None:
    visitor = site.signed_up(nickname="Countess", news=True, born=1915)
    register(visitor, Authenticator())
    invited = site.signed_up(EVE)
    made = visitor.post("/organization/create", {"name": "Acme", "slug": "acme"}).json
    asked = {"email": EVE, "role": "member", "organizationId": made["id"]}
    invitation = visitor.post("/organization/invite-member", asked).json["id"]
    before = visitor.session()
    for page in PAGES:
        if page not in ("account/password", "account/delete"):
            sent = {**fields, "name": "x", "session": "x", "key": "x", "account": "x"}
            visitor.send_form(page, sent)
    sent = {**fields, "invitationId": invitation}
    assert invited.send_form("organizations/invitation", sent).status == 200
    shown = invited.get("/organization/get-invitation", {"id": invitation}).json
    assert shown["status"] == "pending"
    assert visitor.session() == before
    assert visitor.get("/api-key/list").json["apiKeys"] == []
    assert [one["name"] for one in visitor.get("/organization/list").json] == ["Acme"]


def test_fields_that_a_form_does_not_have_stay_as_they_are(site: AccountSite) -> None:
    """Of a template of the application's own, say."""
    visitor = site.signed_up(nickname="Countess", born=1915, image="https://x.example/a.png")
    assert visitor.send_form("account", {"do": "profile", "name": "Ada L."}).status == 303
    user = visitor.session()["user"]
    assert (user["name"], user["image"]) == ("Ada L.", "https://x.example/a.png")
    assert (user["nickname"], user["born"]) == ("Countess", 1915)
