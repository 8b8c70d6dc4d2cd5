"""One request for a page: what came along, and the ways to answer it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from watchword.call import Call
from watchword.errors import APIError
from watchword.http.response import Response
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.sessions.sessions import current_session
from watchword.submitted import NO_PARAMS, Submitted

from .destinations import leaves_site, with_query
from .headers import page_headers
from .icons import icon_paths
from .installed import Installed
from .setting import Setting
from .texts import Words

_CARRIED = {"do", "next", "token", "methods"}
"""Fields that nobody sees."""
_SECRET = {"password", "newPassword", "currentPassword", "code", "otp", "token"}
"""Fields that are never shown again, whoever hands them over."""
LONGEST_SHOWN = 1000
"""Characters of what was typed that are shown again."""


class Visit:
    """What a page is given, and answers with."""

    def __init__(
        self,
        call: Call,
        setting: Setting,
        words: Words,
        *,
        path: str,
        template: str,
        script: str,
        next_url: str,
    ) -> None:
        self.call = call
        self.setting = setting
        self.words = words
        """What to say, in the visitor's language."""
        self.path = path
        """That of the page, below the prefix."""
        self.template = template
        self.script = script
        self.next = next_url
        """Where to go on to afterwards; safe, or empty."""
        self.destinations: Sequence[str] = ()
        """Where forms of the page may lead beside what is trusted, as a policy names it."""
        self.form: Mapping[str, str] = {
            name: value for name, value in call.fields.items() if isinstance(value, str)
        }
        """The fields of a form that was sent."""

    @property
    def installed(self) -> Installed:
        """What this server offers."""
        return self.setting.installed

    @property
    def here(self) -> str:
        """The address of the page, without a query."""
        return f"{self.setting.base(self.call)}/{self.path}"

    def offers(self, path: str) -> bool:
        """Whether there is such a page on this server."""
        return path in self.setting.offers

    def query(self, name: str) -> str:
        """A parameter of the URL; empty where there is none, or several."""
        value = self.call.query.get(name)
        return value if isinstance(value, str) else ""

    async def session(self) -> SessionAndUser[User] | None:
        """Who is signed in."""
        try:
            return await current_session(self.call)
        except APIError:
            return None

    async def submit(
        self, name: str, data: Mapping[str, object], params: Mapping[str, str] = NO_PARAMS
    ) -> Submitted[Any]:
        """Run an endpoint as if this browser had called it: `Call.submit`."""
        return await self.call.submit(name, data, params=params)

    def text(self, key: str, **values: object) -> str:
        """A text in the visitor's language."""
        return self.words.text(key, site=self.setting.name, **values)

    # answers

    async def show(
        self,
        shown: Mapping[str, object] | None = None,
        *,
        template: str = "",
        status: int = 200,
        errors: Mapping[str, str] | None = None,
        given: Mapping[str, str] | None = None,
    ) -> Response:
        """The page, or another template, with `shown` as further values for it.

        `errors` are messages by the name of a field; under the empty name what belongs to none.
        `given` is what the fields hold.
        """
        setting, notice = self.setting, f"notice.{self.query('notice')}"
        script = setting.renderer.script(self.script)
        context: dict[str, Any] = {
            "site": setting,
            "look": setting.look,
            "installed": setting.installed,
            "offers": self.offers,
            "here": self.here,
            "locale": self.words.locale,
            "t": self.text,
            "link": self.link,
            "next": self.next,
            "errors": errors or {},
            "given": _showable(given or {}),
            "notice": self.text(notice) if notice in self.words else "",
            "script": script,
            "icons": icon_paths(),
            "base": self.call.site.base_path,
            **(shown or {}),
        }
        body = setting.renderer.render(template or self.template, context)
        headers = page_headers(self.call, setting.look, script, self.destinations)
        return Response(status, headers, body.encode())

    async def refuse(
        self,
        submitted: Submitted[Any],
        shown: Mapping[str, object] | None = None,
        *,
        template: str = "",
        given: Mapping[str, str] | None = None,
        renamed: Mapping[str, str] | None = None,
    ) -> Response:
        """The page again, with what an endpoint said against what was typed.

        `renamed` has the page's names of fields by those of the endpoint. What is wrong with a
        field that the form did not have, or that another template has not, is said on top. `given`
        is what was typed, where the endpoint's own names do not say it.
        """
        errors: dict[str, str] = {}
        for name, text in submitted.errors.items():
            name = (renamed or {}).get(name, name)
            there = not template and name in self.form and name not in _CARRIED
            at = name if there else ""
            errors.setdefault(at, self.words.of_error(submitted.code, text))
        if submitted.retry_after and "" in errors:
            wait = self.text("form.wait", seconds=submitted.retry_after)
            errors[""] = f"{errors['']} {wait}"
        known = submitted.given if given is None else given
        answer = await self.show(
            shown, template=template, status=submitted.status, errors=errors, given=known
        )
        if submitted.retry_after:
            return answer.with_headers(("retry-after", str(submitted.retry_after)))
        return answer

    async def wrong(
        self,
        errors: Mapping[str, str],
        shown: Mapping[str, object] | None = None,
        *,
        given: Mapping[str, str] | None = None,
    ) -> Response:
        """The page again, with texts (their keys) against fields: what no endpoint need say."""
        said = {name: self.text(key) for name, key in errors.items()}
        return await self.show(shown, status=422, errors=said, given=given)

    def back(self, keeps: Sequence[str] = ()) -> str:
        """The address of this page, with the parameters that it keeps: to come back to."""
        kept = {name: self.query(name) or self.form.get(name) for name in keeps}
        return self._bounded(self.here, kept)

    def _bounded(self, url: str, parameters: Mapping[str, str | None]) -> str:
        whole = with_query(url, {**parameters, "next": self.next})
        is_taken = len(whole) <= self.call.config.options.advanced.longest_url
        return whole if is_taken else with_query(url, parameters)

    def link(self, path: str, **parameters: str | None) -> str:
        """The address of another page, which is told where to go on to."""
        base = self.setting.base(self.call)
        return with_query(f"{base}/{path}", {"next": self.next, **parameters})

    def target(self, path: str, **parameters: str | None) -> str:
        """`link` for an endpoint that is to lead there. Where to go on to is left out where that
        makes it longer than endpoints take: a long address is no reason to let nobody in."""
        return self._bounded(f"{self.setting.base(self.call)}/{path}", parameters)

    def go(self, path: str, **parameters: str | None) -> Response:
        """To another page, by a GET (303). `notice=` is the code of something to say there."""
        return _see_other(self.link(path, **parameters))

    async def leave(self, default: str = "") -> Response:
        """To where the visitor was going, else to `default`, or to `Pages.after_sign_in`."""
        return await self.leave_for(self.next or default or self.setting.after_sign_in)

    async def leave_for(self, target: str) -> Response:
        """To a target that is trusted.

        Another site is not redirected to: browsers hold each redirect behind a form against
        `form-action`, and whom a provider sends them to next is not known. A page goes there.
        """
        location = with_query(target, {})
        if leaves_site(self.call, location):
            return await self.show({"target": location}, template="leaving.html")
        return _see_other(location)


def _showable(given: Mapping[str, str]) -> dict[str, str]:
    return {name: text[:LONGEST_SHOWN] for name, text in given.items() if name not in _SECRET}


def _see_other(location: str) -> Response:
    return Response(303, (("location", location),))
