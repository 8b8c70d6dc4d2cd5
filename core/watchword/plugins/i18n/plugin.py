"""Options of translated errors, and how one is translated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, cast, get_args

from watchword.call import Call
from watchword.configuration.option_checks import (
    check_callback,
    check_choice,
    check_cookie_name,
    check_texts,
)
from watchword.errors import APIError, ConfigurationError
from watchword.features.confirmation import ConfirmationPages
from watchword.observability.logs import callback_failed
from watchword.plugin_base import Plugin

from .detection import Detection, accepted_languages
from .messages_of import SHIPPED, Texts, shipped_messages

_ORIGINAL = "originalMessage"
_NONE: Mapping[str, Texts] = {}


@dataclass(frozen=True, kw_only=True)
class I18n(Plugin):
    """Options of translated errors."""

    id: ClassVar[str] = "i18n"

    locales: Sequence[str] = SHIPPED
    """Those of the languages that come along that there are to be."""
    translations: Mapping[str, Texts] = field(default_factory=lambda: _NONE, repr=False)
    """Texts by locale and code: further languages, further codes, or in the place of ours."""
    default_locale: str = "en"
    """For whoever reads none of the languages. One without texts leaves messages as they are."""
    detection: Sequence[Detection] = ("header",)
    """Where to look for a language, the first that is known counts: `header` (Accept-Language),
    `cookie`, `session` (where the call looked it up anyway), `callback` (`get_locale`)."""
    locale_cookie: str = "locale"
    """The cookie that names a locale; it is not signed."""
    user_locale_field: str = "locale"
    """The attribute of users that does."""
    get_locale: Callable[[Call], str | Awaitable[str | None] | None] | None = field(
        default=None, repr=False
    )
    """Gets the call; a locale, or None. One that fails is logged, and says nothing."""
    _texts: Mapping[str, Texts] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_texts("I18n.locales", self.locales)
        for locale in self.locales:
            check_choice("I18n.locales", locale, SHIPPED)
        _check_translations(self.translations)
        check_texts("I18n.detection", self.detection)
        for place in self.detection:
            check_choice("I18n.detection", place, get_args(Detection))
        check_cookie_name("I18n.locale_cookie", self.locale_cookie)
        check_callback("I18n.get_locale", self.get_locale)
        if ("callback" in self.detection) != (self.get_locale is not None):
            raise ConfigurationError(
                "I18n.get_locale",
                "the function and 'callback' in detection go together",
                "Give both, or neither",
            )
        texts = {locale: shipped_messages(locale) for locale in self.locales}
        for locale, own in self.translations.items():
            texts[locale] = {**texts.get(locale, {}), **own}
        object.__setattr__(self, "_texts", texts)

    async def reword(self, call: Call, error: APIError) -> APIError:
        """The error with its text in the reader's language, and the original one beside it."""
        if error.code is None or _ORIGINAL in error.extra:
            return error
        if type(error) is not APIError and not call.answers_client:
            # Code may tell errors by their class.
            return error
        text = self._texts.get(await self.locale_of(call, self._texts), {}).get(error.code)
        if text is None:
            return error
        said = {} if error.message is None else {_ORIGINAL: error.message}
        beside = {**error.extra, **said}
        told = APIError(error.status, error.code, text, beside, headers=error.headers)
        told.guess = error.guess
        return told

    def adapt(self, feature: Plugin) -> Plugin:
        """Pages with one button speak the reader's language."""
        if isinstance(feature, ConfirmationPages):
            return replace(feature, words=self.words)
        return feature

    async def words(self, call: Call, texts: Texts) -> tuple[str, Texts]:
        """The reader's locale, and texts (English, by code) in it; what it has no text for stays as
        it is. A locale without any is English."""
        locale = await self.locale_of(call, self._texts)
        known = self._texts.get(locale, {})
        found = {code: known.get(code, text) for code, text in texts.items()}
        return locale if known.keys() & texts.keys() else SHIPPED[0], found

    async def locale_of(self, call: Call, known: Container[str]) -> str:
        """The language of who reads it, among those that are known; else `default_locale`."""
        for place in self.detection:
            for locale in await self._found(call, place):
                if locale in known:
                    return locale
        return self.default_locale

    async def _found(self, call: Call, place: Detection) -> Sequence[str]:
        if place == "header":
            return tuple(accepted_languages(call.headers.get("accept-language") or ""))
        if place == "cookie":
            return _one(call.cookies.incoming.get(self.locale_cookie))
        if place == "session":
            known = call.lookup and call.lookup.found
            return _one(known and getattr(known.user, self.user_locale_field, None))
        return _one(await self._asked(call))

    async def _asked(self, call: Call) -> object:
        if self.get_locale is None:
            return None
        try:
            return await call.run(self.get_locale, call)
        except Exception as failure:
            callback_failed(self.get_locale, failure)
            return None


def _one(locale: object) -> tuple[str, ...]:
    return (locale,) if isinstance(locale, str) else ()


def _check_translations(given: object) -> None:
    remedy = "Give texts by locale and code, as in {'it': {'UNAUTHORIZED': 'Acceda prima'}}"
    if not isinstance(given, Mapping):
        raise ConfigurationError("I18n.translations", "they are no mapping", remedy)
    for locale, texts in cast("Mapping[Any, Any]", given).items():
        fits = isinstance(locale, str) and isinstance(texts, Mapping)
        pairs = cast("Mapping[Any, Any]", texts).items() if fits else ()
        if not fits or not all(isinstance(part, str) for pair in pairs for part in pair):
            raise ConfigurationError("I18n.translations", f"{locale!r} does not fit", remedy)
