"""Links that ask first: a page with one button, for who opens a mailed link.

Mail scanners, previews and virus checkers open every link in a mail, like a person would. Where a
feature is told to `confirm`, the GET of its link uses nothing up: it answers a page whose one form
holds what the link carries, and the POST of that form, to the same path, redeems (RFC 9110, 9.2.1:
a GET is safe).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar, Literal, TypeAlias, cast

import msgspec
from msgspec.structs import replace

from watchword.call import Call
from watchword.discreet import Discreet
from watchword.endpoint import Endpoint
from watchword.errors import ErrorCode, ErrorCodes
from watchword.http.headers import Headers
from watchword.http.response import Response
from watchword.http.urls import parse_url
from watchword.pipeline.origin_check import URL_FIELDS, check_trusted_url
from watchword.plugin_base import Plugin

Purpose = Literal["sign-in", "verify-email", "change-email", "delete-account"]

_MOST_DESTINATIONS = 50
_LONGEST_ACCEPT = 1000
"""Characters of an `Accept` that are looked at."""
_SOURCE = re.compile(r"[a-z][a-z0-9+.-]*:(//[a-z0-9.*:\[\]-]+)?")
"""A host may have letters that end a directive."""
_PAGES = ("text/html", "text/*", "*/*")


class ConfirmationCodes(ErrorCodes):
    """Errors of links that ask first."""

    CONFIRMATION_REQUIRED = ErrorCode(
        405, "CONFIRMATION_REQUIRED", "This link is redeemed by POST, once somebody said so"
    )


class Question(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What a link asks before it does it: in our words for a purpose, or in those of a plugin."""

    purpose: Purpose | None = None
    email: str = ""
    """The address that it speaks of, if any."""
    title: str = ""
    text: str = ""
    button: str = ""

    def worded(self, texts: Mapping[str, str]) -> tuple[str, str, str]:
        """Title, text and button."""
        if self.purpose is None:
            return self.title, self.text, self.button
        kind = f"CONFIRM_{self.purpose.replace('-', '_').upper()}"
        text = texts[f"{kind}_TEXT"].replace("{email}", self.email)
        return texts[f"{kind}_TITLE"], text, texts[f"{kind}_BUTTON"]


class Confirmation(Discreet, msgspec.Struct, frozen=True):
    """All that is on a page with one button. Its form is posted to the page's own path (`?`)."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("fields",))

    language: str
    title: str
    text: str
    warning: str
    button: str
    fields: tuple[tuple[str, str], ...]
    """The hidden fields: what the link carries."""
    destinations: tuple[str, ...]
    """Where the browser may be sent on to, as sources of a Content-Security-Policy: browsers hold
    redirects behind a form against its `form-action`, too."""


Words: TypeAlias = Callable[[Call, Mapping[str, str]], Awaitable[tuple[str, Mapping[str, str]]]]
"""The reader's language, and these texts (English, by code) in it."""
Draw: TypeAlias = Callable[[Call, Confirmation], Awaitable[Response]]
"""Makes a page."""
Ask: TypeAlias = "Question | Callable[[Any, Call, Any], Question | None]"
"""What a plugin asks, whatever a link holds or of its input; None: nothing, it is redeemed at once.
"""

TEXTS: Mapping[str, str] = {
    "CONFIRM_SIGN_IN_TITLE": "Sign in",
    "CONFIRM_SIGN_IN_TEXT": "Press the button to sign in.",
    "CONFIRM_SIGN_IN_BUTTON": "Sign in",
    "CONFIRM_VERIFY_EMAIL_TITLE": "Confirm your e-mail address",
    "CONFIRM_VERIFY_EMAIL_TEXT": "Press the button to confirm that this address is yours.",
    "CONFIRM_VERIFY_EMAIL_BUTTON": "Confirm the address",
    "CONFIRM_CHANGE_EMAIL_TITLE": "Change your e-mail address",
    "CONFIRM_CHANGE_EMAIL_TEXT": "Press the button to make {email} the address of your account.",
    "CONFIRM_CHANGE_EMAIL_BUTTON": "Change the address",
    "CONFIRM_DELETE_ACCOUNT_TITLE": "Delete your account",
    "CONFIRM_DELETE_ACCOUNT_TEXT": "Press the button to delete your account for good.",
    "CONFIRM_DELETE_ACCOUNT_BUTTON": "Delete the account",
    "CONFIRM_NOT_ASKED_FOR": "If you did not ask for this, close this page.",
}
"""What pages say, in English, by code; plugin I18n has the other languages."""


async def in_english(call: Call, texts: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
    """The texts as they are."""
    return "en", texts


async def bare_page(call: Call, confirmation: Confirmation) -> Response:
    """A page that stands alone."""
    # Most servers never show one.
    draw: Callable[[Confirmation], Response]
    draw = import_module(".confirmation_page", __package__).draw
    return draw(confirmation)


@dataclass(frozen=True, kw_only=True)
class ConfirmationPages(Plugin):
    """Installed in every `Auth`. Plugins that have words or pages of their own replace these."""

    id: ClassVar[str] = "confirmation-pages"
    codes: ClassVar[type[ErrorCodes]] = ConfirmationCodes

    words: Words = field(default=in_english, repr=False)
    draw: Draw = field(default=bare_page, repr=False)

    async def page(self, call: Call, question: Question, given: Mapping[str, object]) -> Response:
        """The page that asks, holding the parameters of its link. Nobody has looked at the token:
        it tells nothing about it. Raises INVALID_CALLBACK_URL."""
        for name, _ in URL_FIELDS:
            await check_trusted_url(call, given.get(name))
        language, texts = await self.words(call, TEXTS)
        title, text, button = question.worded(texts)
        confirmation = Confirmation(
            language=language,
            title=title,
            text=text,
            warning=texts["CONFIRM_NOT_ASKED_FOR"],
            button=button,
            fields=tuple(_fields(given)),
            destinations=_destinations(call, given),
        )
        return await self.draw(call, confirmation)


def asking_first(
    declared: Iterable[Endpoint[Any, Any]],
    link: Endpoint[Any, Any],
    ask: Ask,
    *,
    always: bool = True,
) -> Iterator[Endpoint[Any, Any]]:
    """The endpoints of a plugin, of which `link`, a GET, asks first.

    Its GET is the page then, and what it did is done by POST, under its own name. `always`: there
    is no link about which nothing is asked.
    """
    for own in declared:
        if own.name != link.name:
            yield own
            continue
        asks = replace(own.traits, redeems=not always, only_asks=always)
        yield replace(own, name=f"{own.name}_page", handler=_asking(own, ask), traits=asks)
        posted = replace(own.traits, form=True, check_login_csrf=True)
        yield replace(own, methods=("POST",), source="body", traits=posted)


def _asking(link: Endpoint[Any, Any], ask: Ask) -> Callable[..., Awaitable[object]]:
    async def page(plugin: Plugin, call: Call, query: msgspec.Struct) -> Response:
        """A page with one button, which redeems the link by POST. Raises CONFIRMATION_REQUIRED for
        who wants no page, INVALID_CALLBACK_URL."""
        question = ask if isinstance(ask, Question) else ask(plugin, call, query)
        if question is None:
            return cast("Response", await link.handler(plugin, call, query))
        if not wants_page(call.headers):
            refusal = ConfirmationCodes.CONFIRMATION_REQUIRED()
            refusal.headers = (("allow", "POST"),)
            raise refusal
        given = cast("dict[str, object]", msgspec.to_builtins(query))
        return await call.config.plugin(ConfirmationPages).page(call, question, given)

    return page


def wants_page(headers: Headers) -> bool:
    """Whether somebody navigates, or may do so: a program that asks for data gets no page, which it
    would take for an answer."""
    mode = headers.get("sec-fetch-mode")
    if mode:
        return mode.strip() == "navigate"
    accepted = (headers.get("accept") or "*/*")[:_LONGEST_ACCEPT].lower()
    return any(kind in accepted for kind in _PAGES)


def _fields(given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in given.items():
        for one in cast("list[object]", value) if isinstance(value, list) else [value]:
            if one:
                yield name, one if isinstance(one, str) else "true"


def _destinations(call: Call, given: Mapping[str, object]) -> tuple[str, ...]:
    # The targets of the link, which are trusted, and whatever else is: a page of the server's own
    # may send browsers on to the application's, and a stored target is in no parameter.
    targets = [str(given[name]) for name, _ in URL_FIELDS if given.get(name)]
    patterns = (one for one in call.site.trusted_origins if "?" not in one)
    sources = map(_source, (*targets, *patterns))
    found = dict.fromkeys(one for one in sources if _SOURCE.fullmatch(one))
    return tuple(found)[:_MOST_DESTINATIONS]


def _source(url: str) -> str:
    """A URL, or a pattern of origins, as a source of a Content-Security-Policy; of a path none."""
    parsed = parse_url(url)
    if parsed is None:
        return ""
    return parsed.origin if parsed.is_web else f"{parsed.scheme}:"
