"""Signed-in pages: the profile, the password, where one is signed in, the end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.account_site import AccountSite, done
from tests.plugins.pages_visitor import ADA, BASE, PASSWORD, Mailbox, Shown, path_of
from tests.support.browser import Clock
from tests.support.link_pages import send_form
from tests.support.social import CODE, parameters
from watchword import ChangeEmail, DeleteUser, EmailAndPassword
from watchword.plugins.pages.account_pages import ACCOUNT_PAGES
from watchword.plugins.pages.devices import device_of

NEW, OTHER = "ada@new.example", "another-1234"
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130 Safari/537"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604"
)


@pytest.fixture
def site(make_auth: MakeAuth, kind: str) -> AccountSite:
    return AccountSite(make_auth, kind)


# who may see them


@pytest.mark.parametrize("page", [one for one in ACCOUNT_PAGES if one.requires == "session"])
def test_whoever_is_not_signed_in_signs_in_and_comes_back(site: AccountSite, page: Any) -> None:
    site.signed_up()
    visitor = site.visitor()
    kept = dict.fromkeys(page.keeps, "x-1")
    away = visitor.see(page.path, kept)
    assert path_of(away.location) == f"{BASE}/sign-in"
    there = visitor.follow(away)
    assert there.notice == "Please sign in first."
    back = visitor.fill(there, identifier=ADA, password=PASSWORD)
    assert back.status == 303
    assert path_of(back.location) == f"{BASE}/{page.path}"
    assert parameters(back.location) == kept


def test_a_form_that_comes_too_late_leads_to_sign_in(site: AccountSite) -> None:
    visitor = site.signed_up()
    visitor.jar.clear()
    away = visitor.send_form("account", {"do": "profile", "name": "Eve"})
    assert path_of(away.location) == f"{BASE}/sign-in"
    assert site.signed_in().session()["user"]["name"] == "Ada"


def test_only_what_is_installed_shows(make_auth: MakeAuth, kind: str) -> None:
    site = AccountSite(
        make_auth,
        kind,
        without=("api-key", "device-authorization", "organization", "passkey", "two-factor"),
        social_providers=[],
        delete_user=DeleteUser(),
        change_email=ChangeEmail(),
    )
    visitor = site.signed_up()
    shown = visitor.see("account")
    menu = [text for text, url in shown.links.items() if url.startswith(f"{BASE}/account")]
    assert menu == ["Profile", "Password", "Devices"]
    assert "New e-mail address" not in shown.source
    for page in ("passkeys", "two-factor", "linked", "api-keys", "delete"):
        assert visitor.see(f"account/{page}").status == 404
        assert visitor.send_form(f"account/{page}", {"do": "x"}).status == 404
    for page in ("organizations", "device", "organizations/members", "organizations/invitation"):
        assert visitor.see(page).status == 404


def test_without_passwords_there_is_no_page_about_them(make_auth: MakeAuth, kind: str) -> None:
    site = AccountSite(make_auth, kind, email_and_password=EmailAndPassword())
    ada = site.auth.blocking.users.create(email=ADA, name="Ada")
    visitor = site.visitor()
    visitor.keep(site.auth.blocking.users.create_session(ada.id).cookies)
    assert visitor.see("account/password").status == 404
    assert "Password" not in visitor.see("account").links


# the profile


def test_name_picture_and_own_fields_are_changed(site: AccountSite) -> None:
    visitor = site.signed_up(nickname="Countess", news=True)
    shown = visitor.see("account")
    assert shown.field("name")["value"] == "Ada"
    assert shown.field("nickname")["value"] == "Countess"
    assert "checked" in shown.field("news")
    fields = {**shown.form("profile").fields, "name": " Ada L. ", "lang": "de", "born": "1915"}
    fields |= {"image": "https://pictures.example/a.png", "nickname": ""}
    del fields["news"]
    saved = done(visitor, visitor.send_form("account", fields))
    assert saved.notice == "Your profile is saved."
    user = visitor.session()["user"]
    assert (user["name"], user["image"]) == ("Ada L.", "https://pictures.example/a.png")
    assert (user["nickname"], user["lang"], user["news"]) == (None, "de", False)
    assert user["born"] == 1915
    cleared = {**visitor.see("account").form("profile").fields, "image": "", "born": ""}
    done(visitor, visitor.send_form("account", cleared))
    user = visitor.session()["user"]
    assert (user["image"], user["born"]) == (None, None)


def test_what_is_wrong_stands_beside_the_field(site: AccountSite) -> None:
    visitor = site.signed_up()
    shown = visitor.see("account")
    wrong = visitor.fill(shown, "profile", born="1815", nickname="Countess")
    assert wrong.status == 400
    assert wrong.error("born")
    assert (wrong.field("born")["value"], wrong.field("nickname")["value"]) == ("1815", "Countess")
    assert visitor.session()["user"]["nickname"] is None


def test_the_address_changes_by_a_mail(site: AccountSite) -> None:
    visitor = site.signed_up()
    same = visitor.fill(visitor.see("account"), "email", newEmail=" ADA@example.com")
    assert (same.status, same.error("newEmail")) == (422, "This is your address already")
    bad = visitor.fill(visitor.see("account"), "email", newEmail="nobody")
    assert (bad.status, bad.error("newEmail")) == (400, "This is not an e-mail address")
    asked = done(visitor, visitor.fill(visitor.see("account"), "email", newEmail=NEW))
    assert "We have sent a mail" in asked.notice
    arrived = visitor.follow(visitor.open(site.mail().url))
    assert arrived.heading == "E-mail address verified"
    assert visitor.session()["user"]["email"] == NEW


# the password


def test_the_password_is_changed_and_others_are_signed_out(site: AccountSite) -> None:
    visitor = site.signed_up()
    other = site.signed_in()
    page = visitor.see("account/password")
    wrong = visitor.fill(page, currentPassword="wrong-1234", newPassword=OTHER)
    assert (wrong.status, wrong.error("currentPassword")) == (400, "The password is wrong")
    assert "wrong-1234" not in wrong.source
    assert OTHER not in wrong.source
    short = visitor.fill(page, currentPassword=PASSWORD, newPassword="short")
    assert short.error("newPassword")
    saved = done(visitor, visitor.fill(page, currentPassword=PASSWORD, newPassword=OTHER))
    assert saved.notice == "Your password is saved."
    assert other.session() is None
    assert visitor.session()["user"]["email"] == ADA
    assert site.visitor().sign_in(ADA, password=OTHER).status == 200


def test_others_stay_signed_in_if_that_is_wanted(site: AccountSite) -> None:
    visitor, other = site.signed_up(), site.signed_in()
    fields = {"currentPassword": PASSWORD, "newPassword": OTHER}
    done(visitor, visitor.send_form("account/password", fields))
    assert other.session()["user"]["email"] == ADA


def _without_password(site: AccountSite) -> Any:
    ada = site.auth.blocking.users.create(email=ADA, name="Ada")
    visitor = site.visitor()
    visitor.keep(site.auth.blocking.users.create_session(ada.id).cookies)
    return visitor


def test_who_has_no_password_chooses_a_first_one(site: AccountSite) -> None:
    visitor = _without_password(site)
    page = visitor.see("account/password")
    assert "currentPassword" not in page.source
    short = visitor.fill(page, newPassword="short")
    assert short.status == 400
    assert short.error("newPassword")
    done(visitor, visitor.fill(page, newPassword=PASSWORD))
    assert site.signed_in().session()["user"]["email"] == ADA


def test_a_first_password_takes_a_sign_in_that_is_recent(site: AccountSite, clock: Clock) -> None:
    """Whoever finds a browser signed in would keep the account otherwise."""
    visitor = _without_password(site)
    clock.forward(86_401)
    away = visitor.send_form("account/password", {"newPassword": PASSWORD})
    assert path_of(away.location) == f"{BASE}/sign-in"
    assert parameters(away.location)["notice"] == "sign_in_again"
    assert site.visitor().sign_in(ADA, password=PASSWORD).status == 401


# devices


def test_sessions_are_listed_and_ended(site: AccountSite) -> None:
    visitor = site.visitor()
    visitor.send("POST", "/sign-up/email", data=_SIGN_UP, headers={**_JSON, "user-agent": CHROME})
    phone, third = site.visitor(), site.signed_in()
    phone.send("POST", "/sign-in/email", data=_SIGN_IN, headers={**_JSON, "user-agent": IPHONE})
    shown = visitor.see("account/sessions")
    names = shown.said["name"][1:]
    assert names[0] == "Chrome on Linux"
    assert sorted(names[1:]) == ["Safari on iPhone", "Unknown device"]
    tokens = {one.session()["session"]["token"] for one in (visitor, phone, third)}
    assert not any(token in shown.source for token in tokens), "whoever reads it is nobody"
    ids = {one: one.session()["session"]["id"] for one in (visitor, phone, third)}
    ended = done(
        visitor, visitor.send_form("account/sessions", {"do": "end", "session": ids[phone]})
    )
    assert ended.notice == "That device is signed out."
    assert phone.session() is None
    assert third.session() is not None
    done(visitor, visitor.fill(visitor.see("account/sessions"), "others"))
    assert third.session() is None
    assert visitor.session() is not None
    last = visitor.send_form("account/sessions", {"do": "end", "session": ids[visitor]})
    assert path_of(last.location) == f"{BASE}/sign-in"
    assert visitor.session() is None


_JSON = {"content-type": "application/json"}
_SIGN_UP = b'{"name": "Ada", "email": "ada@example.com", "password": "password1234"}'
_SIGN_IN = b'{"email": "ada@example.com", "password": "password1234"}'


def test_the_list_is_for_who_signed_in_lately(site: AccountSite, clock: Clock) -> None:
    visitor = site.signed_up()
    clock.forward(86_401)
    away = visitor.see("account/sessions")
    there = visitor.follow(away)
    assert there.notice == "For this, please sign in again."
    back = visitor.fill(there, identifier=ADA, password=PASSWORD)
    assert path_of(back.location) == f"{BASE}/account/sessions"
    assert visitor.follow(back).status == 200


def test_devices_are_told_by_what_their_browsers_say() -> None:
    edge = CHROME + " Edg/130.0"
    assert device_of(edge) == ("Edge", "Linux")
    assert device_of("Mozilla/5.0 (Macintosh; Intel Mac OS X) Firefox/130.0") == (
        "Firefox",
        "macOS",
    )
    assert device_of("Mozilla/5.0 (Linux; Android 14) Chrome/130 Mobile") == ("Chrome", "Android")
    assert device_of("<script>alert(1)</script>") == device_of(None) == ("", "")
    assert device_of("x" * 1_000_000 + "Firefox/1") == ("", "")


# linked accounts


def test_a_provider_is_linked_and_given_up(site: AccountSite) -> None:
    visitor = site.signed_up()
    shown = visitor.see("account/linked")
    assert "Remove" not in shown.source, "the last way in stays"
    away = visitor.send_form("account/linked", {"do": "link", "provider": "google"})
    assert away.status == 200
    google = away.links["Continue"]
    assert google.startswith("https://accounts.google.com/")
    state = parameters(google)["state"]
    back = visitor.open(f"/api/auth/callback/google?state={state}&code={CODE}")
    linked = visitor.follow(back)
    assert linked.notice == "The account is linked."
    assert linked.said["name"][1:] == ["Password", "Google"]
    (account,) = [
        one["id"] for one in visitor.get("/list-accounts").json if one["providerId"] == "google"
    ]
    removed = done(
        visitor, visitor.send_form("account/linked", {"do": "unlink", "account": account})
    )
    assert removed.notice == "That way to sign in is removed."
    last = visitor.get("/list-accounts").json[0]["id"]
    refused = visitor.send_form("account/linked", {"do": "unlink", "account": last})
    assert (refused.status, refused.alert) == (400, "This is the last way to sign in")


def test_linking_that_fails_says_why(site: AccountSite) -> None:
    visitor = site.signed_up()
    away = visitor.send_form("account/linked", {"do": "link", "provider": "google"})
    state = parameters(away.links["Continue"])["state"]
    site.world.claims["email"] = "eve@example.com"
    failed = visitor.follow(visitor.open(f"/api/auth/callback/google?state={state}&code={CODE}"))
    assert "another e-mail address" in failed.alert
    unknown = visitor.send_form("account/linked", {"do": "link", "provider": "nobody"})
    assert unknown.status == 404


# the end


def test_the_account_is_deleted_with_the_password(site: AccountSite) -> None:
    visitor = site.signed_up()
    page = visitor.see("account/delete")
    for password, status in (("", 422), ("wrong-1234", 400)):
        wrong = visitor.fill(page, password=password)
        assert wrong.status == status
        assert wrong.error("password")
    gone = done(visitor, visitor.fill(page, password=PASSWORD))
    assert gone.heading == "Your account is deleted"
    assert visitor.session() is None
    assert site.visitor().sign_in(ADA).status == 401


def test_the_account_is_deleted_by_a_mailed_link(make_auth: MakeAuth, kind: str) -> None:
    mailbox = Mailbox()
    options = DeleteUser(enabled=True, send_delete_account_verification=mailbox, confirm=True)
    site = AccountSite(make_auth, kind, mailbox=mailbox, delete_user=options)
    visitor = site.signed_up()
    asked = done(visitor, visitor.fill(visitor.see("account/delete")))
    assert "We have sent you a link" in asked.notice
    confirm = visitor.open(site.mail().url)
    assert (confirm.heading, visitor.session()["user"]["email"]) == ("Delete your account", ADA)
    gone = visitor.follow(
        Shown(send_form(visitor, "/delete-user/callback", confirm.forms[0].fields))
    )
    assert gone.heading == "Your account is deleted"
    assert visitor.session() is None


def test_without_a_password_a_recent_sign_in_deletes(site: AccountSite, clock: Clock) -> None:
    visitor = _without_password(site)
    clock.forward(86_401)
    page = visitor.see("account/delete")
    away = visitor.fill(page)
    assert parameters(away.location)["notice"] == "sign_in_again"
    ada = site.auth.blocking.users.find(ADA)
    assert ada is not None
    visitor.keep(site.auth.blocking.users.create_session(ada.id).cookies)
    assert done(visitor, visitor.fill(visitor.see("account/delete"))).status == 200
    assert site.auth.blocking.users.find(ADA) is None


def test_sessions_in_the_cookie_alone_have_pages(make_auth: MakeAuth) -> None:
    """Where no session is stored, ending others is refused, and said so."""
    site = AccountSite(make_auth, database=None, without=("device-authorization",))
    visitor = site.signed_up()
    assert visitor.see("account/sessions").said["tag"] == ["this one"]
    refused = visitor.send_form("account/sessions", {"do": "others"})
    assert (refused.status, bool(refused.alert)) == (400, True)
