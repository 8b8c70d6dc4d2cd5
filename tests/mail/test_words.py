"""What mails say: every mail in every language, and an application's own words over them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from watchword import ConfigurationError, plugins
from watchword.features.notices import Change
from watchword.mail.words import Dictionary, MailWords, Words, words_in
from watchword.plugins.email_otp.codes import _KINDS
from watchword.plugins.i18n import SHIPPED

ENGLISH = Dictionary({}).of("en")


def texts(mail: MailWords) -> list[str]:
    return [mail.subject, *mail.lines, mail.button, *mail.after]


def values(texts: list[str]) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", " ".join(texts)))


@pytest.mark.parametrize("language", SHIPPED)
def test_a_language_has_all_mails_with_the_same_values(language: str) -> None:
    words = Dictionary({}).of(language)
    assert words.mails.keys() == ENGLISH.mails.keys()
    for kind, mail in words.mails.items():
        model = ENGLISH.mails[kind]
        assert values(texts(mail)) == values(texts(model)), kind
        assert all(texts(mail)[:2]), kind
        assert bool(mail.button) == bool(model.button), kind
    for name in words.phrases.__struct_fields__:
        ours, theirs = getattr(ENGLISH.phrases, name), getattr(words.phrases, name)
        assert values([theirs]) == values([ours]), name


@pytest.mark.parametrize("language", [one for one in SHIPPED if one != "en"])
def test_a_language_says_nothing_in_english(language: str) -> None:
    words = Dictionary({}).of(language)
    for kind, mail in words.mails.items():
        same = set(texts(mail)) & set(texts(ENGLISH.mails[kind])) - {""}
        assert not same, (kind, same)


def test_every_kind_of_mail_has_words() -> None:
    told = {f"{change}-changed" for change in get_args(Change)} | set(_KINDS.values())
    assert told <= ENGLISH.mails.keys()
    others = {"verify-email", "reset-password", "change-email", "delete-account", "magic-link"}
    more = {"second-factor-code", "action-code", "invitation", "existing-account", "sign-in-link"}
    assert ENGLISH.mails.keys() == told | others | more
    assert plugins.__all__


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "1 minute"),
        (59, "1 minute"),
        (179.9, "3 minutes"),
        (300, "5 minutes"),
        (3599.7, "1 hour"),
        (5400, "90 minutes"),
        (7200, "2 hours"),
        (86_400, "1 day"),
        (172_799, "2 days"),
        (604_800, "7 days"),
        (-5, "1 minute"),
    ],
)
def test_durations_are_told_in_words(seconds: float, told: str) -> None:
    assert ENGLISH.phrases.life(seconds) == told


def test_durations_in_other_languages() -> None:
    told = [Dictionary({}).of(one).phrases.life(600) for one in SHIPPED]
    assert told == [
        *("10 minutes", "10 Minuten", "10 minutes", "10 minutos", "10 minutos", "10分", "10 分钟")
    ]


def test_own_words_lie_over_ours(tmp_path: Path) -> None:
    (tmp_path / "en.json").write_text('{"mails": {"magic-link": {"subject": "Come in, {name}"}}}')
    (tmp_path / "it.json").write_text('{"phrases": {"hello": "Ciao,"}}')
    found = Dictionary(words_in(tmp_path))
    assert found.of("en").mails["magic-link"].subject == "Come in, {name}"
    assert found.of("en").mails["magic-link"].button == "Sign in"
    assert found.of("de").mails["magic-link"].button == "Anmelden"
    # What the new language lacks is English, with what the application made of that.
    assert "it" in found
    assert found.of("it").phrases.hello == "Ciao,"
    assert found.of("it").mails["magic-link"].subject == "Come in, {name}"
    assert "xx" not in found


def test_own_kinds_of_mails(tmp_path: Path) -> None:
    text = '{"mails": {"welcome": {"subject": "Hi", "lines": ["So {nice}"]}}}'
    (tmp_path / "en.json").write_text(text)
    found = Dictionary(words_in(tmp_path))
    assert found.of("en").mails["welcome"] == MailWords("Hi", ("So {nice}",))
    assert "welcome" in found.kinds
    assert "magic-link" in found.kinds


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "en.json"),
        ("[]", "en.json"),
        ('{"mails": {"magic-link": {"subjekt": "x"}}}', "subjekt"),
        ('{"mails": {"magic-link": {"subject": 5}}}', "subject"),
        ('{"mails": {"welcome": {"subject": "x"}}}', "lines"),
        ('{"mails": {"magic-link": {"lines": ["{password}"]}}}', "magic-link names {password}"),
        ('{"phrases": {"hello": "{secret}"}}', "hello names {secret}"),
        ('{"phrases": {"goodbye": "Bye"}}', "goodbye"),
        ('{"mail": {}}', "mail"),
        ('{"mails": []}', "mails"),
    ],
)
def test_words_that_do_not_fit_are_refused_at_the_start(
    tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "en.json").write_text(text)
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        Dictionary(words_in(tmp_path))


def test_the_files_have_nothing_that_is_not_read() -> None:
    for file in (Path(msgspec.__file__), *_files()):
        if file.suffix == ".json":
            raw: dict[str, Any] = msgspec.json.decode(file.read_bytes())
            assert raw.keys() == set(Words.__struct_fields__)


def _files() -> list[Path]:
    folder = Path(__import__("watchword.mail").mail.__file__).parent / "words"
    found = sorted(folder.glob("*.json"))
    assert {file.stem for file in found} == set(SHIPPED)
    return found
