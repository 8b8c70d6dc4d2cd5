"""What applications on a device have in common: no origin, and no cookie jar of a browser.

Their requests name the application in a header, where browsers say from which page they come. Who
signs in does so in the system's browser, which opens the application again at the end: the cookies
travel in that deep link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qsl

from watchword.call import Call
from watchword.configuration.safe_ranges import Safe
from watchword.errors import Redirect
from watchword.features.redirects import with_parameter
from watchword.pipeline.origin_check import is_trusted
from watchword.plugin_base import Plugin, after, on_request
from watchword.sessions.sessions import finish_call

from .deep_links import is_deep_link, names_application

_OF_BROWSERS = ("origin", "referer", "sec-fetch-site")
"""What browsers say of the page that a request comes from."""
_COOKIE = "cookie"


class _HandedOver(Redirect):
    """A deep link that has the cookies."""


@dataclass(frozen=True, kw_only=True)
class NativeApplication(Plugin):
    """Base of the plugins for one kind of client each."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "link_by_any_browser": Safe(
            "a link is enough to have somebody's account linked to another one's user",
            exactly=False,
        ),
    }
    origin_header: ClassVar[str] = ""
    """In which its requests name the application, as an origin with a scheme of its own."""

    disable_origin_override: bool = False
    """The header counts for nothing; requests that carry cookies then need a real `Origin`."""

    link_by_any_browser: bool = False
    """Let the authorization proxy pass flows that link an account where addresses may differ, or
    the user's is not verified. Whoever is lured into such a flow links an account of his own to
    somebody else's user."""

    @on_request()
    async def take_origin(self, call: Call) -> None:
        """Take the header for the `Origin` that requests of applications lack.

        It is held against the trusted origins as any other. A request of a browser says by itself
        where it comes from, and web sites have no business here.
        """
        headers = call.headers
        origin = headers.get(self.origin_header)
        if not origin or self.disable_origin_override or not names_application(origin):
            return
        if not any(headers.get(name) for name in _OF_BROWSERS):
            call.replace_headers(headers.replacing("origin", origin))

    async def _hand_over(self, call: Call) -> Redirect | None:
        """Put the cookies into a deep link: the browser that opens it is not who signed in."""
        going = call.returned
        if not isinstance(going, Redirect) or isinstance(going, _HandedOver):
            return None
        target = going.location
        if not is_deep_link(target) or not await is_trusted(call, target):
            return None
        await finish_call(call)
        given = ", ".join(_taken_cookies(call))
        # Nor may whoever chose the target say which cookies the application gets.
        if not given and not _has_cookie(target):
            return None
        return _HandedOver(with_parameter(target, _COOKIE, given))

    after_callback = after("/callback/*", place="last")(_hand_over)
    after_generic_callback = after("/oauth2/callback/*", place="last")(_hand_over)
    after_magic_link = after("/magic-link/verify*", place="last")(_hand_over)
    after_verification = after("/verify-email*", place="last")(_hand_over)


def _taken_cookies(call: Call) -> list[str]:
    """What the application gets. A session that was made for it is no business of the browser's,
    which other people's links may have led here."""
    made, name = call.new_session, call.cookie_names.session_token
    if made is None or call.cookies.get_signed(name) == made.session.token:
        return list(call.cookies.lines())
    return call.cookies.keep_from_browser()


def _has_cookie(target: str) -> bool:
    query = target.partition("#")[0].partition("?")[2]
    return any(name == _COOKIE for name, _ in parse_qsl(query, keep_blank_values=True))
