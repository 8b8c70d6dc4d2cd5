"""Ready pages: which there are, and what browsers and readers are told by all of them."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.pages_visitor import ADA, PASSWORD, PagesVisitor
from watchword import ConfigurationError, EmailAndPassword, EmailVerification, PasswordReset
from watchword.plugins import (
    Anonymous,
    EmailOTP,
    I18n,
    MagicLink,
    Pages,
    Passkey,
    PhoneNumber,
    TwoFactor,
    Username,
)
from watchword.plugins.i18n import SHIPPED

TEXTS = files("watchword.plugins.pages").joinpath("texts")
PNG = bytes.fromhex("89504e470d0a1a0a")


def drop(mail: object, request: object) -> None:
    """Sends nothing."""


EVERYTHING: list[Any] = [
    Anonymous(),
    EmailOTP(send_verification_otp=drop),
    MagicLink(send_magic_link=drop),
    Passkey(),
    PhoneNumber(send_otp=drop, send_password_reset_otp=drop),
    TwoFactor(),
    Username(),
]
MAILS = {
    "email_verification": EmailVerification(send_verification_email=drop),
    "password_reset": PasswordReset(send_reset_password=drop),
}


# what there is


def test_only_what_is_installed_shows(visit: Any) -> None:
    shown = visit().see("sign-in")
    assert shown.status == 200
    assert shown.heading == "Sign in"
    assert set(shown.form().attributes) == {"identifier", "password", "rememberMe"}
    assert list(shown.links) == ["Create an account"]
    for page in (
        "email-code",
        "phone-code",
        "code",
        "magic-link",
        "forgot-password",
        "reset-password",
        "verify-email",
        "second-factor",
        "second-factor/backup-code",
    ):
        assert visit().see(page).status == 404, page


def test_all_that_is_installed_shows(visit: Any) -> None:
    visitor = visit(*EVERYTHING, auth=MAILS)
    shown = visitor.see("sign-in")
    ways = ["E-mail me a code", "E-mail me a link", "Send a code to my phone"]
    assert list(shown.links) == ["Forgot password?", *ways, "Create an account"]
    assert shown.form("guest").buttons
    assert 'id="passkey"' in shown.source
    for link in shown.links.values():
        assert visitor.open(link).status == 200, link


def test_without_passwords_a_code_is_what_the_page_asks_for(visit: Any) -> None:
    auth = {"email_and_password": EmailAndPassword(enabled=False)}
    codes = EmailOTP(send_verification_otp=drop)
    shown = visit(codes, auth=auth).see("sign-in")
    assert shown.form().action.endswith("/pages/email-code")
    assert set(shown.form().attributes) == {"email"}
    assert visit(codes, auth=auth).see("sign-up").status == 404


def test_without_any_way_in_the_page_says_so(visit: Any) -> None:
    auth = {"email_and_password": EmailAndPassword(enabled=False)}
    shown = visit(auth=auth).see("sign-in")
    assert shown.said["lead"] == ["There is no way to sign in here."]


def test_sign_up_that_is_switched_off_is_not_offered(visit: Any) -> None:
    visitor = visit(
        auth={"email_and_password": EmailAndPassword(enabled=True, disable_sign_up=True)}
    )
    assert visitor.see("sign-up").status == 404
    assert visitor.see("sign-in").links == {}


def test_the_prefix_leads_to_where_one_begins(visit: Any) -> None:
    visitor = visit()
    assert visitor.get("/pages").header("location") == "/api/auth/pages/sign-in"
    visitor.sign_up()
    assert visitor.get("/pages").header("location") == "/api/auth/pages/account"


@pytest.mark.parametrize(
    "page", ["nothing", "a/b/c", "sign-in/", "sign-in/more", "%2e%2e", "missing"]
)
def test_a_page_that_is_not_there_is_told_by_a_page(visit: Any, page: str) -> None:
    shown = visit().see(page)
    assert (shown.status, shown.heading) == (404, "Page not found")
    assert shown.answer.header("cache-control") == "no-store"


def test_pages_live_where_the_options_say(visit: Any) -> None:
    visitor = visit(prefix="/ui/auth")
    shown = visitor.get("/ui/auth/sign-in")
    assert shown.status == 200
    assert b'action="/api/auth/ui/auth/sign-in"' in shown.response.body
    assert visitor.get("/pages/sign-in").status == 404


# headers


def test_nothing_else_runs_and_nothing_loads_or_frames_a_page(visit: Any) -> None:
    shown = visit().see("sign-in")
    header = shown.answer.header
    parts = (header("content-security-policy") or "").split("; ")
    policy = {name: rest for name, _, rest in (part.partition(" ") for part in parts)}
    for kind in ("style-src", "script-src"):
        assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]{44}'", policy.pop(kind))
    assert policy == {
        "default-src": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert header("x-frame-options") == "DENY"
    assert header("x-content-type-options") == "nosniff"
    assert header("referrer-policy") == "strict-origin"
    assert header("cache-control") == "no-store"
    assert shown.source.count("<script") == 1
    assert re.findall(r'(?:src|href)="(?!/)[^"]*"', shown.source) == []


def test_a_script_asks_the_server_on_pages_of_passkeys_alone(visit: Any) -> None:
    shown = visit(Passkey()).see("sign-in")
    policy = shown.answer.header("content-security-policy") or ""
    assert "connect-src 'self'" in policy
    assert shown.source.count("<script") == 1
    assert "connect-src" not in (
        visit(Passkey()).see("sign-up").answer.header("content-security-policy")
    )


def test_forms_may_lead_to_trusted_sites_and_to_no_others(visit: Any) -> None:
    trusted = ["https://app.example.com", "https://*.example.org", "myapp://", "http://a?c.example"]
    shown = visit(auth={"trusted_origins": trusted}).see("sign-in")
    policy = shown.answer.header("content-security-policy") or ""
    assert "form-action 'self' https://app.example.com https://*.example.org;" in policy


# languages


@pytest.mark.parametrize("locale", SHIPPED)
def test_every_language_says_everything_with_the_same_values(locale: str) -> None:
    english = json.loads(TEXTS.joinpath("en.json").read_text())
    texts = json.loads(TEXTS.joinpath(f"{locale}.json").read_text())
    assert list(texts) == sorted(english)
    named = re.compile(r"\{(\w+)\}")
    for key, text in texts.items():
        assert text, key
        assert set(named.findall(text)) == set(named.findall(english[key])), key


def test_every_text_is_used_and_there(visit: Any) -> None:
    folder = Path(str(files("watchword.plugins.pages")))
    source = "".join(
        file.read_text() for kind in ("*.py", "templates/*.html") for file in folder.glob(kind)
    )
    english = json.loads(TEXTS.joinpath("en.json").read_text())
    asked = set(re.findall(r't\("([a-z_]+\.\w+)"[,)]', source))
    assert asked <= english.keys()
    made = ("error.", "notice.", "field.", "mail_sent.lead_", "second_factor.")
    made += ("account.menu_", "role.", "device.approved", "device.denied")
    groups = ("email_code.", "magic_link.", "phone_code.", "forgot.", "verify.")
    assert [
        key for key in english if f'"{key}"' not in source and not key.startswith((*made, *groups))
    ] == []


def test_the_language_is_that_of_who_reads(visit: Any) -> None:
    shown = visit().see("sign-in", accept_language="de-CH, fr;q=0.5")
    assert (shown.lang, shown.heading) == ("de", "Anmelden")
    assert visit().see("sign-in", accept_language="it").lang == "en"
    refused = visit().send_form(
        "sign-in", {"identifier": ADA, "password": "wrong"}, accept_language="de"
    )
    assert refused.error("password") == "Die E-Mail-Adresse oder das Passwort ist falsch"


def test_what_validation_says_is_in_that_language_too(visit: Any) -> None:
    fields = {"name": "Ada", "email": "no address", "password": PASSWORD}
    refused = visit().send_form("sign-up", fields, accept_language="fr")
    assert refused.error("email") == "Ce n\u2019est pas une adresse e-mail"
    assert visit().send_form("sign-up", fields).error("email") == "This is not an e-mail address"


def test_plugin_i18n_says_which_language_it_is(visit: Any) -> None:
    visitor = visit(I18n(detection=("cookie", "header"), default_locale="fr"))
    assert visitor.see("sign-in").lang == "fr"
    visitor.jar["locale"] = "ja"
    assert visitor.see("sign-in").heading == "サインイン"


def test_texts_can_be_other_ones_and_in_other_languages(visit: Any) -> None:
    texts = {
        "en": {"sign_in.title": "Welcome to {site}"},
        "it": {"sign_in.title": "Accedi"},
    }
    visitor = visit(texts=texts, name="Acme & Sons")
    assert visitor.see("sign-in").heading == "Welcome to Acme & Sons"
    shown = visitor.see("sign-in", accept_language="it")
    assert (shown.lang, shown.heading) == ("it", "Accedi")
    assert "E-mail address" in shown.source


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"de": {"sign_in.titel": "x"}}, "no page says 'sign_in.titel'"),
        ({"de": {"sign_in.title": 7}}, "does not name the same values"),
        ({"de": {"sign_in.with": "Mit {anbieter}"}}, "does not name the same values"),
        ({"de": {"sign_in.with": "Mit {"}}, "does not name the same values"),
        ({"de": ["sign_in.title"]}, "'de' does not fit"),
        (["de"], "no mapping"),
    ],
)
def test_texts_that_could_not_be_said_are_refused(texts: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Pages(texts=texts)


# what leads to them


def test_mailed_links_lead_to_the_pages_where_no_other_is_named(
    make_auth: MakeAuth, kind: str
) -> None:
    mails: list[Any] = []
    send = lambda mail, request: mails.append(mail)  # noqa: E731
    auth = make_auth(
        plugins=[Pages()],
        email_verification=EmailVerification(send_verification_email=send, send_on_sign_up=True),
        password_reset=PasswordReset(send_reset_password=send),
    )
    browser = PagesVisitor(auth, kind)
    browser.sign_up()
    browser.post("/request-password-reset", {"email": ADA})
    browser.post("/request-password-reset", {"email": ADA, "redirectTo": "/mine"})
    auth.blocking.close()
    assert "callbackURL=%2Fapi%2Fauth%2Fpages%2Femail-verified" in mails[0].url
    assert "callbackURL=%2Fapi%2Fauth%2Fpages%2Freset-password" in mails[1].url
    assert "callbackURL=%2Fmine" in mails[2].url


def test_an_application_keeps_its_own_pages(make_auth: MakeAuth) -> None:
    mails: list[Any] = []
    send = lambda mail, request: mails.append(mail)  # noqa: E731
    reset = PasswordReset(send_reset_password=send, reset_page="/mine")
    for plugin, page in ((Pages(), "%2Fmine"), (Pages(take_links=False), "%2Fmine")):
        auth = make_auth(plugins=[plugin], password_reset=reset)
        browser = PagesVisitor(auth)
        browser.sign_up()
        browser.post("/request-password-reset", {"email": ADA})
        auth.blocking.close()
        assert f"callbackURL={page}" in mails[-1].url


def test_failed_redirects_end_on_a_page(visit: Any) -> None:
    visitor = visit()
    answer = visitor.get("/error", {"error": "state_mismatch", "error_description": "<b>"})
    assert answer.header("location") == "/api/auth/pages/error?error=state_mismatch"
    shown = visitor.open(answer.header("location") or "")
    assert shown.alert.startswith("Signing in took too long")
    assert visit(take_links=False).get("/error", {"error": "x"}).status == 200
