"""I18n: what went wrong, in the language of who reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast

import pytest

from tests.core.conftest import MakeAuth
from tests.docs.messages import FOLDER, declared, missing
from tests.support.browser import Answer, Browser
from tests.support.vectors import vectors
from watchword import (
    APIError,
    Auth,
    Call,
    Column,
    ConfigurationError,
    Hooks,
    Plugin,
    SignInEmail,
    User,
    VerifyPassword,
)
from watchword.http.json import decode
from watchword.plugins import I18n, Username, i18n
from watchword.plugins.i18n import SHIPPED, accepted_languages, messages_in
from watchword.plugins.i18n import messages_of as files

VECTORS = vectors("i18n", "vectors-plugins-2.json")
ENGLISH = "The e-mail address or the password is wrong"
GERMAN = "Die E-Mail-Adresse oder das Passwort ist falsch"


class Reader(User, kw_only=True):
    """Users who say what they read."""

    locale: Annotated[str | None, Column()] = None


@pytest.fixture
def make(make_auth: MakeAuth, kind: str) -> Any:
    def made(*others: Any, auth: Any = None, **options: Any) -> Browser:
        plugins = [I18n(**options), *others]
        return Browser(make_auth(plugins=plugins, user_type=Reader, **(auth or {})), kind)

    return made


def refused(browser: Browser, language: str = "de", **headers: str) -> Answer:
    """A sign-in of nobody."""
    body = {"email": "nobody@example.com", "password": "password1234"}
    return browser.post("/sign-in/email", body, accept_language=language, **headers)


def message(answer: Answer) -> str:
    return answer.json["message"]


# the files


def test_every_code_of_every_plugin_is_there_to_be_translated() -> None:
    """After new codes run `python -m tests.docs.messages`."""
    assert set(messages_in(FOLDER)["en"]) == set(declared())


def test_every_code_has_a_text_in_every_language() -> None:
    """After new codes run `python -m tests.docs.messages`, and write what it says is missing."""
    assert missing() == {locale: [] for locale in SHIPPED}


def test_no_language_has_codes_of_its_own() -> None:
    known = messages_in(FOLDER)
    assert set(known) == set(SHIPPED)
    for locale, texts in known.items():
        assert list(texts) == sorted(texts), f"{locale}.json is in order"
        assert set(texts) == set(known["en"]), locale


@pytest.mark.parametrize("locale", SHIPPED[1:])
def test_texts_are_translations(locale: str) -> None:
    texts, english = messages_in(FOLDER)[locale], messages_in(FOLDER)["en"]
    for code, text in texts.items():
        assert text == text.strip()
        assert text not in ("", english[code], code), code
        sentence = english[code].endswith(".")
        assert text.endswith((".", "。")) == sentence, f"{code}: no message ends with a stop"
        assert text.count("{email}") == english[code].count("{email}"), code


def test_the_german_is_polite() -> None:
    informal = {"du", "dein", "deine", "deinen", "dir", "dich"}
    for text in messages_in(FOLDER)["de"].values():
        assert not informal & set(text.lower().replace(",", " ").split())


def test_files_are_read_when_the_server_is_built_and_never_again(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    real = Path.read_bytes

    def watched(file: Path) -> bytes:
        read.append(file)
        return real(file)

    monkeypatch.setattr(Path, "read_bytes", watched)
    browser = make(locales=("de", "en"))
    assert [file.name for file in read if file.suffix == ".json"] == ["de.json"]
    read.clear()
    assert message(refused(browser)) == GERMAN
    assert read == []


def test_folders_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "it.json").write_text(json.dumps({"UNAUTHORIZED": "Acceda prima"}))
    (tmp_path / "README").write_text("...")
    assert messages_in(tmp_path) == {"it": {"UNAUTHORIZED": "Acceda prima"}}
    (tmp_path / "fr.json").write_text("[]")
    with pytest.raises(ValueError, match=r"fr\.json"):
        messages_in(tmp_path)
    assert files.shipped_messages("en") == {}


# the answer


def test_the_answer_has_the_text_and_the_original_one(make: Any) -> None:
    answer = refused(make())
    assert answer.status == 401
    assert answer.json == {
        "code": "INVALID_EMAIL_OR_PASSWORD",
        "message": GERMAN,
        "originalMessage": ENGLISH,
    }


@pytest.mark.parametrize("locale", SHIPPED)
def test_each_language_that_comes_along(make: Any, locale: str) -> None:
    english = message(refused(make(), "xx"))
    answer = refused(make(), locale)
    assert (message(answer) == english) == (locale == "en")
    assert answer.json.get("originalMessage") == (None if locale == "en" else english)


def test_an_error_keeps_what_else_it_says(make: Any) -> None:
    def refuse(call: Call) -> None:
        raise APIError(418, "TEAPOT", "I am one", {"since": 1998}, headers=(("x-tea", "green"),))

    browser = make(
        auth={"hooks": Hooks(before=refuse)}, translations={"de": {"TEAPOT": "Eine Teekanne"}}
    )
    answer = browser.get("/ok", accept_language="de")
    assert answer.status == 418
    assert answer.header("x-tea") == "green"
    assert answer.json == {
        "message": "Eine Teekanne",
        "code": "TEAPOT",
        "since": 1998,
        "originalMessage": "I am one",
    }


def test_an_error_without_a_message(make: Any) -> None:
    def refuse(call: Call) -> None:
        raise APIError(418, "TEAPOT")

    browser = make(auth={"hooks": Hooks(before=refuse)}, translations={"de": {"TEAPOT": "Tee"}})
    answer = browser.get("/ok", accept_language="de")
    assert answer.json == {"message": "Tee", "code": "TEAPOT"}


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/sign-in/email", {"email": 5}, "VALIDATION_ERROR"),
        ("/sign-up/email", {"username": "a"}, "USERNAME_TOO_SHORT"),
        ("/update-user", {"name": "Eve"}, "UNAUTHORIZED"),
    ],
)
def test_whatever_refuses_is_translated(make: Any, path: str, body: Any, code: str) -> None:
    new = {"name": "Ada", "email": "ada@example.com", "password": "password1234"}
    given = {**new, **body} if "sign-up" in path else body
    answer = make(Username()).post(path, given, accept_language="de")
    assert answer.code == code
    assert message(answer) == messages_in(FOLDER)["de"][code]
    assert answer.json["originalMessage"]


def test_what_refuses_before_any_endpoint_is_translated(make: Any) -> None:
    browser = make()
    browser.sign_up()
    evil = refused(browser, origin="https://evil.example")
    assert (evil.code, "Website" in message(evil)) == ("INVALID_ORIGIN", True)
    text = browser.send(
        "POST",
        "/sign-in/email",
        data=b"{",
        headers={"content-type": "application/json", "accept-language": "de"},
    )
    assert message(text) == "Die Anfrage ist nicht lesbar"


def test_what_has_no_code_and_no_text_stays(make: Any) -> None:
    browser = make(translations={"de": {}})
    answer = browser.post("/change-email", {"newEmail": "x@example.com"}, accept_language="de")
    assert answer.code == "UNAUTHORIZED"
    assert browser.get("/ok", accept_language="de").json == {"ok": True}
    assert browser.get("/nothing", accept_language="de").response.body == b""
    browser.sign_up()
    same = browser.post("/update-session", {}, accept_language="de")
    assert same.json == {"message": "No fields to update"}


# which language


@pytest.mark.parametrize("case", VECTORS["cases"])
def test_the_header(make_auth: MakeAuth, case: dict[str, str]) -> None:
    texts = {locale: {"INVALID_EMAIL_OR_PASSWORD": locale} for locale in VECTORS["available"]}
    browser = Browser(make_auth(plugins=[I18n(locales=(), translations=texts)]))
    assert message(refused(browser, case["acceptLanguage"])) == case["locale"]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("pt-BR, pt;q=0.9", ["pt-BR", "pt", "pt"]),
        ("zh-Hant-TW", ["zh-Hant-TW", "zh"]),
        ("de;q=0, fr;q=0.1", ["fr"]),
        ("de;q=nan,fr;q=inf,es;q=-1,ja;q=1e400", ["de", "fr", "ja"]),
        (",,;q=1, ;", []),
        ("a," * 5000, ["a"] * 100),
    ],
)
def test_what_a_header_asks_for(header: str, found: list[str]) -> None:
    assert list(accepted_languages(header)) == found


def test_a_dialect_of_its_own(make: Any) -> None:
    browser = make(translations={"de-AT": {"INVALID_EMAIL_OR_PASSWORD": "Leider nein"}})
    assert message(refused(browser, "de-AT,de")) == "Leider nein"
    assert message(refused(browser, "de-CH")) == GERMAN


def test_the_cookie(make: Any) -> None:
    browser = make(detection=("cookie", "header"), locale_cookie="lang")
    for value, text in (("de", GERMAN), ("DE", ENGLISH), ("xx", ENGLISH)):
        browser.jar["lang"] = value
        assert message(refused(browser, "en")) == text


def test_the_session(make: Any) -> None:
    browser = make(detection=("session",))
    browser.sign_up(locale="de")
    answer = browser.post("/change-password", {"currentPassword": "x", "newPassword": "y" * 8})
    assert message(answer) == messages_in(FOLDER)["de"]["INVALID_PASSWORD"]
    assert message(refused(browser)) == ENGLISH


@pytest.mark.parametrize("place", ["sync", "async", "fails", "refuses", "odd"])
def test_a_function(make: Any, place: str) -> None:
    async def later(call: Call) -> str:
        return "de"

    def refuse(call: Call) -> str:
        raise APIError(400, "X")

    own = {
        "sync": lambda call: "de",
        "async": later,
        "fails": lambda call: 1 / 0,
        "refuses": refuse,
        "odd": lambda call: ["de"],
    }[place]
    answer = refused(make(detection=("callback",), get_locale=own), "fr")
    assert answer.status == 401
    assert message(answer) == (GERMAN if "sync" in place else ENGLISH)


def test_who_reads_none_of_them(make: Any) -> None:
    assert message(refused(make(default_locale="de"), "it")) == GERMAN
    assert message(refused(make(default_locale="it"), "sv")) == ENGLISH
    assert message(refused(make(default_locale="it", locales=("de",)), "fr")) == ENGLISH


def test_own_texts_are_laid_over_ours(make: Any) -> None:
    own = {"de": {"INVALID_EMAIL_OR_PASSWORD": "Nein."}, "en": {"INVALID_EMAIL": "No."}}
    browser = make(translations=own)
    assert message(refused(browser, "de")) == "Nein."
    english = refused(browser, "en")
    assert english.json == {"message": ENGLISH, "code": "INVALID_EMAIL_OR_PASSWORD"}


# from Python


def test_from_python_errors_are_translated_too(make_auth: MakeAuth) -> None:
    auth: Auth[Any] = make_auth(plugins=[I18n()])
    given = SignInEmail(email="nobody@example.com", password="password1234")
    with pytest.raises(APIError) as refusal:
        auth.blocking.api.sign_in_email(given, headers={"accept-language": "de"})
    assert refusal.value.message == GERMAN
    assert refusal.value.extra == {"originalMessage": ENGLISH}
    with pytest.raises(APIError) as plain:
        auth.blocking.api.verify_password(VerifyPassword(password="x"))
    assert plain.value.message == "Sign in first"
    response = auth.blocking.api.sign_in_email(
        given, headers={"accept-language": "de"}, as_response=True
    )
    assert decode(response.body)["message"] == GERMAN


# options


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"locales": "de"}, "I18n.locales"),
        ({"locales": ("it",)}, "I18n.locales"),
        ({"translations": []}, "I18n.translations"),
        ({"translations": {"it": "text"}}, "I18n.translations"),
        ({"translations": {"it": {"UNAUTHORIZED": 5}}}, "I18n.translations"),
        ({"detection": "header"}, "I18n.detection"),
        ({"detection": ("headers",)}, "I18n.detection"),
        ({"detection": ("callback",)}, "I18n.get_locale"),
        ({"get_locale": lambda call: "de"}, "I18n.get_locale"),
        ({"detection": ("callback",), "get_locale": "de"}, "I18n.get_locale"),
        ({"locale_cookie": "a b"}, "I18n.locale_cookie"),
    ],
)
def test_options_that_do_not_fit(options: Any, names: str) -> None:
    with pytest.raises(ConfigurationError, match=names):
        I18n(**options)


@dataclass(frozen=True, kw_only=True)
class Speechless(Plugin):
    """Rewords errors, and fails."""

    id: ClassVar[str] = "speechless"
    told: object

    async def reword(self, call: Call, error: APIError) -> APIError:
        if isinstance(self.told, Exception):
            raise self.told
        return cast("APIError", self.told)


@pytest.mark.parametrize("told", [RuntimeError("no"), APIError(200), None, "fine"])
def test_a_refusal_stands_whatever_becomes_of_its_words(
    make_auth: MakeAuth, kind: str, told: object
) -> None:
    browser = Browser(make_auth(plugins=[Speechless(told=told), I18n()]), kind)
    answer = refused(browser)
    assert (answer.status, message(answer)) == (401, GERMAN)
    assert browser.post("/sign-in/email", {"email": 3}).status == 400


def test_without_the_plugin_nothing_is_loaded(make_auth: MakeAuth) -> None:
    auth = make_auth()
    assert auth.config.rewording == ()
    assert [type(one) for one in make_auth(plugins=[I18n()]).config.rewording] == [i18n.I18n]
