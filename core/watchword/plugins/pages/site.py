"""The pages of one server: which there are, and which of them answers a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from watchword.call import Call
from watchword.errors import APIError
from watchword.features.confirmation import Confirmation
from watchword.http.response import Response
from watchword.plugins.i18n import I18n, Texts, accepted_languages

from .destinations import safe_next
from .page import Page
from .setting import Setting
from .texts import ENGLISH, Words
from .visit import Visit


class PagesSite:
    """All that are offered, by their paths."""

    def __init__(self, setting: Setting, pages: Mapping[str, Page]) -> None:
        self._setting = setting
        self._pages = pages
        self._i18n = cast("I18n | None", setting.installed.plugin(I18n.id))

    async def answer(self, call: Call, path: str, *, submitted: bool) -> Response:
        """The answer to a request for a page."""
        page = self._pages.get(path)
        visit = await self._visit(call, page or _MISSING)
        if page is None:
            return await visit.show(status=404)
        if page.requires == "session" and await visit.session() is None:
            visit.next = visit.back(page.keeps)
            return visit.go("sign-in", notice="sign_in_first")
        return await (page.submit(visit) if submitted else page.show(visit))

    async def confirm(self, call: Call, asked: Confirmation) -> Response:
        """The page to which a mailed link leads that asks first."""
        visit = await self._visit(call, _CONFIRM)
        visit.destinations = asked.destinations
        return await visit.show({"asked": asked})

    async def translated(self, call: Call, texts: Texts) -> tuple[str, Texts]:
        """Texts (English, by code) as these pages say them, and in which language."""
        words = await self._words(call)
        return words.locale, {code: words.of_error(code, text) for code, text in texts.items()}

    async def refusal(self, call: Call, error: APIError) -> Response:
        """The page for an error with which no page was reached."""
        visit = await self._visit(call, _MISSING if error.status == 404 else _FAILED)
        if error.status == 404:
            return await visit.show(status=404)
        said = visit.words.of_error(error.code or "", error.message or visit.text("error.unknown"))
        answer = await visit.show(status=error.status, errors={"": said})
        return answer.with_headers(*error.headers)

    async def _visit(self, call: Call, page: Page) -> Visit:
        next_url = await safe_next(call, call.fields) or await safe_next(call, call.query)
        return Visit(
            call,
            self._setting,
            await self._words(call),
            path=page.path,
            template=page.template,
            script=page.script(self._setting.installed),
            next_url=next_url,
        )

    async def _words(self, call: Call) -> Words:
        known = self._setting.words
        if self._i18n is not None:
            locale = await self._i18n.locale_of(call, known)
        else:
            wanted = accepted_languages(call.headers.get("accept-language") or "")
            locale = next((one for one in wanted if one in known), ENGLISH)
        return known.get(locale) or known[ENGLISH]


class _Missing(Page):
    path = "missing"
    template = "missing.html"


class _Confirm(Page):
    path = "confirm"
    template = "confirm.html"


class _Failed(Page):
    path = "error"
    template = "problem.html"


_MISSING, _CONFIRM, _FAILED = _Missing(), _Confirm(), _Failed()
