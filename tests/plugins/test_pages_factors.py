"""Signed-in pages: the second factor, passkeys, API keys."""

from __future__ import annotations

import re
from base64 import b32decode
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.account_site import AccountSite, done
from tests.plugins.pages_visitor import ADA, BASE, PASSWORD, PagesVisitor, Shown, path_of
from tests.plugins.passkey_server import register
from tests.support.authenticator import Authenticator
from tests.support.browser import Clock
from tests.support.social import parameters
from watchword.plugins import ApiKey, TwoFactor
from watchword.plugins.api_key import ApiKeyConfig, KeyExpiration, VerifyApiKey
from watchword.plugins.pages.qr_code import qr_svg
from watchword.plugins.two_factor import OTPOptions
from watchword.plugins.two_factor.totp import totp_code, totp_step

PAGE = "account/two-factor"


@pytest.fixture
def site(make_auth: MakeAuth, kind: str) -> AccountSite:
    return AccountSite(make_auth, kind)


def code_of(shown: Shown, clock: Clock) -> str:
    """What the app shows that scanned a page."""
    secret = parse_qs(urlsplit(shown.form("verify").fields["uri"]).query)["secret"][0]
    key = b32decode(secret + "=" * (-len(secret) % 8))
    return totp_code(key, totp_step(clock.time, 30), 6)


def begin(visitor: PagesVisitor) -> Shown:
    return visitor.send_form(PAGE, {"do": "app", "password": PASSWORD})


# the second factor


def test_an_app_is_set_up(site: AccountSite, clock: Clock) -> None:
    visitor = site.signed_up()
    wrong = visitor.send_form(PAGE, {"do": "app", "password": "wrong-1234"})
    assert (wrong.status, wrong.error("password")) == (400, "The password is wrong")
    shown = begin(visitor)
    uri = shown.form("verify").fields["uri"]
    assert uri.startswith("otpauth://totp/watchword:ada")
    assert qr_svg(uri, "QR code for the authenticator app") in shown.source
    codes = shown.form("verify").fields["codes"].split()
    assert len(codes) == 10
    assert all(f"<li><code>{one}</code></li>" in shown.source for one in codes)
    assert shown.answer.header("cache-control") == "no-store"
    assert visitor.session()["user"]["twoFactorEnabled"] is False
    typo = visitor.fill(shown, "verify", code="000000")
    assert typo.status == 401
    assert typo.error("code")
    assert typo.form("verify").fields["codes"].split() == codes, "a typing error loses nothing"
    assert qr_svg(uri, "QR code for the authenticator app") in typo.source
    on = done(visitor, visitor.fill(typo, "verify", code=code_of(typo, clock)))
    assert on.notice == "Two-step sign-in is on."
    assert visitor.session()["user"]["twoFactorEnabled"] is True
    assert not any(one in on.source for one in codes)
    other = site.visitor()
    assert other.sign_in(ADA).json["twoFactorRedirect"] is True


def test_new_backup_codes_are_shown_once(site: AccountSite, clock: Clock) -> None:
    visitor = site.signed_up()
    shown = begin(visitor)
    old = shown.form("verify").fields["codes"].split()
    page = done(visitor, visitor.fill(shown, "verify", code=code_of(shown, clock)))
    wrong = visitor.fill(page, "codes", codes_password="wrong-1234")
    assert wrong.error("codes_password") == "The password is wrong"
    assert wrong.error("off_password") == ""
    made = visitor.fill(page, "codes", codes_password=PASSWORD)
    new = re.findall(r"<li><code>([^<]+)</code></li>", made.source)
    assert len(new) == 10
    assert not set(new) & set(old)
    assert not any(one in visitor.see(PAGE).source for one in new)


def test_it_is_turned_off_with_the_password(site: AccountSite, clock: Clock) -> None:
    visitor = site.signed_up()
    shown = begin(visitor)
    page = done(visitor, visitor.fill(shown, "verify", code=code_of(shown, clock)))
    wrong = visitor.fill(page, "off", off_password="wrong-1234")
    assert wrong.error("off_password") == "The password is wrong"
    off = done(visitor, visitor.fill(page, "off", off_password=PASSWORD))
    assert off.notice == "Two-step sign-in is off."
    assert site.signed_in().session()["user"]["twoFactorEnabled"] is False


def test_codes_can_be_sent_instead(site: AccountSite) -> None:
    visitor = site.signed_up()
    done(visitor, visitor.send_form(PAGE, {"do": "message", "password": PASSWORD}))
    assert site.visitor().sign_in(ADA).json["twoFactorMethods"] == ["otp"]


def test_only_the_kinds_that_there_are_can_be_chosen(make_auth: MakeAuth, kind: str) -> None:
    def buttons(plugin: TwoFactor) -> list[str]:
        site = AccountSite(make_auth, kind, without=("two-factor",), more=(plugin,))
        shown = site.signed_up(f"{id(plugin)}@example.com").see(PAGE)
        return [one["value"] for form in shown.forms for one in form.buttons]

    assert buttons(TwoFactor()) == ["app"]
    both = TwoFactor(otp=OTPOptions(send_otp=lambda mail, request: None))
    assert buttons(both) == ["app", "message"]


def test_who_has_no_password_is_told_to_choose_one(site: AccountSite) -> None:
    ada = site.auth.blocking.users.create(email=ADA, name="Ada")
    visitor = site.visitor()
    visitor.keep(site.auth.blocking.users.create_session(ada.id).cookies)
    shown = visitor.see(PAGE)
    assert shown.links["Choose a password"] == f"{BASE}/account/password"
    assert shown.forms == []


def test_a_second_factor_of_the_session_is_asked_for(
    make_auth: MakeAuth, kind: str, clock: Clock
) -> None:
    plugin = TwoFactor(note_in_session=True)
    site = AccountSite(make_auth, kind, without=("two-factor",), more=(plugin,))
    visitor = site.signed_up()
    shown = begin(visitor)
    page = done(visitor, visitor.fill(shown, "verify", code=code_of(shown, clock)))
    ada = site.auth.blocking.users.find(ADA)
    assert ada is not None
    other = site.visitor()
    other.keep(site.auth.blocking.users.create_session(ada.id).cookies)
    away = other.fill(other.see(PAGE), "off", off_password=PASSWORD)
    assert path_of(away.location) == f"{BASE}/second-factor"
    clock.forward(30)
    back = other.fill(other.follow(away), code=code_of(shown, clock))
    assert path_of(back.location) == f"{BASE}/{PAGE}"
    assert done(other, other.fill(other.follow(back), "off", off_password=PASSWORD)).status == 200
    assert page.status == 200


def test_what_a_form_carries_is_text(site: AccountSite) -> None:
    visitor = site.signed_up()
    begin(visitor)
    for uri in ("javascript:alert(1)", "otpauth://totp/x?secret=<script>&\"'", "x" * 20_000):
        carried = {"do": "verify", "code": "1", "uri": uri, "codes": "<b> \"'> </ul>"}
        shown = visitor.send_form(PAGE, carried)
        assert shown.status == 401
        assert "secret=<script" not in shown.source
        assert "javascript:" not in shown.source
        assert "<b>" not in shown.source
        assert len(shown.source) < 60_000


# passkeys


def test_passkeys_are_named_and_removed(site: AccountSite) -> None:
    visitor = site.signed_up()
    assert "You have no passkey yet." in visitor.see("account/passkeys").source
    register(visitor, Authenticator(), name="Laptop")
    shown = visitor.see("account/passkeys")
    assert shown.said["name"][1:] == ["Laptop"]
    (passkey,) = [one["id"] for one in visitor.get("/passkey/list-user-passkeys").json]
    fields = {"do": "rename", "passkey": passkey, "name": "  Phone "}
    assert done(visitor, visitor.send_form("account/passkeys", fields)).said["name"][1:] == [
        "Phone"
    ]
    empty = visitor.send_form("account/passkeys", {**fields, "name": " "})
    assert (empty.status, bool(empty.alert)) == (400, True)
    gone = done(
        visitor, visitor.send_form("account/passkeys", {"do": "delete", "passkey": passkey})
    )
    assert gone.notice == "The passkey is removed."
    assert visitor.get("/passkey/list-user-passkeys").json == []


def test_the_script_runs_by_its_hash_and_nothing_else_does(site: AccountSite) -> None:
    shown = site.signed_up().see("account/passkeys")
    policy = shown.answer.header("content-security-policy") or ""
    assert re.search(r"script-src 'sha256-[^']+'", policy)
    assert "connect-src 'self'" in policy
    assert shown.source.count("<script") == 1
    assert "connect-src" not in (
        site.signed_in().see("account").answer.header("content-security-policy") or ""
    )


def test_an_old_sign_in_adds_no_passkey(site: AccountSite, clock: Clock) -> None:
    visitor = site.signed_up()
    assert 'id="new-passkey"' in visitor.see("account/passkeys").source
    clock.forward(86_401)
    shown = visitor.see("account/passkeys")
    assert 'id="new-passkey"' not in shown.source
    away = visitor.fill(shown, "again")
    assert parameters(away.location)["next"] == f"{BASE}/account/passkeys"


# keys


def test_a_key_is_shown_once_and_deleted(site: AccountSite) -> None:
    visitor = site.signed_up()
    made = visitor.fill(visitor.see("account/api-keys"), "create", name="Deploy", days="30")
    key = re.search(r'<div class="secret".*?<code>([A-Za-z]+)</code>', made.source, re.DOTALL)
    assert key is not None
    assert len(key[1]) == 64
    assert made.answer.header("cache-control") == "no-store"
    verified = site.auth.blocking.api.verify_api_key(VerifyApiKey(key=key[1]))
    assert verified.valid is True
    again = visitor.see("account/api-keys")
    assert key[1] not in again.source
    assert "until 2030-01-31" in again.source
    gone = done(visitor, visitor.fill(again, "delete"))
    assert gone.notice == "The key is deleted."
    assert site.auth.blocking.api.verify_api_key(VerifyApiKey(key=key[1])).valid is False


def test_lives_are_those_of_the_configuration(make_auth: MakeAuth, kind: str) -> None:
    def choices(**expiration: Any) -> list[str]:
        plugin = ApiKey(config=ApiKeyConfig(key_expiration=KeyExpiration(**expiration)))
        site = AccountSite(make_auth, kind, without=("api-key",), more=(plugin,))
        shown = site.signed_up(f"{id(plugin)}@example.com").see("account/api-keys")
        return re.findall(r"<option[^>]*>([^<]+)</option>", shown.source)

    assert choices() == ["no end", "7 days", "30 days", "90 days", "365 days"]
    assert choices(max_expires_in=90 * 86_400, default_expires_in=86_400) == [
        "as usual",
        "7 days",
        "30 days",
        "90 days",
    ]
    assert choices(disable_custom_expires_time=True) == []


def test_what_is_wrong_with_a_key_stands_beside_the_field(make_auth: MakeAuth, kind: str) -> None:
    configs = [ApiKeyConfig(config_id="one", require_name=True), ApiKeyConfig(config_id="two")]
    site = AccountSite(make_auth, kind, without=("api-key",), more=(ApiKey(config=configs),))
    visitor = site.signed_up()
    page = visitor.see("account/api-keys")
    missing = visitor.fill(page, "create", kind="one", name="")
    assert (missing.status, missing.error("name")) == (400, "Keys have names here")
    long = visitor.fill(page, "create", kind="two", name="x" * 40)
    assert (long.error("name"), long.field("name")["value"]) != ("", "")
    odd = visitor.send_form("account/api-keys", {"do": "create", "kind": "three", "name": "x"})
    assert odd.status >= 400
    made = visitor.fill(page, "create", kind="two", name="CI")
    assert "two · " in made.source
