"""Sign in with a provider in a popup (spec: plugin oauth-popup).

The popup begins at the server itself, so that its cookies are set there, whatever site embeds the
page that opened it. A signed cookie says who that was, for the callback, which then answers with a
page that tells the outcome instead of sending the browser on.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, ClassVar, cast

import msgspec

from watchword.call import Call
from watchword.cookies import CookieSpec
from watchword.crypto.signing import sign_cookie_value
from watchword.discreet import Discreet
from watchword.endpoint import get
from watchword.errors import APIError, Redirect
from watchword.features.social.plugin import SocialSignIn
from watchword.features.social.wire import SignInSocial, SocialRedirect
from watchword.http.json import InvalidJSON, decode, encode
from watchword.http.query import QueryTooLong, parse_query
from watchword.http.response import Response
from watchword.http.urls import parse_url
from watchword.oauth.failures import OAuthFailed
from watchword.pipeline.origin_check import OriginCodes, check_trusted_url, is_trusted
from watchword.pipeline.validation import Identifier, TargetURL, read_input
from watchword.plugin_base import Plugin, after
from watchword.server_api import EndpointCall, M, ServerAPI, U

from .page import completion

_LIFE = 600
"""Seconds in which the callback has to come."""
_DESCRIPTIONS = {
    "invalid_callback_url": "The page to go on to is not trusted",
    "invalid_error_callback_url": "The page to show errors on is not trusted",
    "invalid_new_user_callback_url": "The page for new users is not trusted",
    "provider_not_found": "There is no such provider here",
    "popup_sign_in_failed": "Signing in could not begin",
}

_log = logging.getLogger("watchword.oauth_popup")

Listed = Annotated[str, msgspec.Meta(max_length=8192)]


class StartPopup(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """With which provider to sign in, and who is to be told."""

    provider: Identifier
    popup_origin: Identifier
    """The origin of the page that opened the popup."""
    popup_nonce: Identifier = ""
    """By which that page knows the answer to be its own."""
    callback_url: TargetURL = msgspec.field(default="", name="callbackURL")
    error_callback_url: TargetURL = msgspec.field(default="", name="errorCallbackURL")
    new_user_callback_url: TargetURL = msgspec.field(default="", name="newUserCallbackURL")
    scopes: Listed = ""
    """With commas between them."""
    request_sign_up: Identifier = ""
    """`true`: wants an account even where the provider has `disable_implicit_sign_up`."""
    additional_data: Listed = ""
    """A JSON object; what is none is left out."""


class _Marker(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Of the flow that this browser began last: who waits for its outcome."""

    popup_origin: str
    popup_nonce: str = ""


@dataclass(frozen=True, kw_only=True)
class OAuthPopup(Plugin):
    """It has no options."""

    id: ClassVar[str] = "oauth-popup"

    @get("/oauth-popup/start")
    async def oauth_popup_start(self, call: Call, query: StartPopup) -> Response:
        """Send a popup to a provider; answers with a page that says why it cannot.

        Raises INVALID_ORIGIN where the page that opened it is not trusted.
        """
        origin = await _trusted_origin(call, query.popup_origin)
        if origin is None:
            raise OriginCodes.INVALID_ORIGIN()
        try:
            url = await self._begun(call, query)
        except _Failed as failure:
            return _told(origin, query.popup_nonce, failure.code, _DESCRIPTIONS[failure.code])
        marker = _Marker(popup_origin=origin, popup_nonce=query.popup_nonce)
        cookie = _cookie(call)
        call.cookies.set_signed(cookie.name, encode(marker).decode(), cookie.attributes)
        raise Redirect(url)

    async def _begun(self, call: Call, query: StartPopup) -> str:
        """Where the provider is. Raises `_Failed`, and VALIDATION_ERROR."""
        for target, code in (
            (query.callback_url, "invalid_callback_url"),
            (query.error_callback_url, "invalid_error_callback_url"),
            (query.new_user_callback_url, "invalid_new_user_callback_url"),
        ):
            try:
                await check_trusted_url(call, target)
            except APIError:
                raise _Failed(code) from None
        flow = call.config.plugin(SocialSignIn).flow
        if flow is None or flow.provider(query.provider) is None:
            raise _Failed("provider_not_found")
        asked = {
            "provider": query.provider,
            "callbackURL": query.callback_url,
            "errorCallbackURL": query.error_callback_url,
            "newUserCallbackURL": query.new_user_callback_url,
            "scopes": [one for one in query.scopes.split(",") if one],
            "additionalData": _object(query.additional_data),
            "disableRedirect": True,
            **({"requestSignUp": True} if query.request_sign_up == "true" else {}),
        }
        body = read_input(SignInSocial, asked, "query")
        try:
            begun = await flow.sign_in(call, body)
        except (APIError, OAuthFailed):
            raise _Failed("popup_sign_in_failed") from None
        return cast("SocialRedirect", begun).url

    async def _complete(self, call: Call) -> Response | None:
        """Answer a callback of a popup with the page that tells its outcome."""
        answer = call.raised()
        posted = call.request is not None and call.request.method == "POST"
        if not isinstance(answer, Redirect) or posted:
            return None
        marker = _marker(call)
        if marker is None:
            return None
        _forget(call)
        # It was trusted when the popup began; it has to be still.
        origin = await _trusted_origin(call, marker.popup_origin)
        if origin is None:
            return None
        told, session = _parameters(answer.location), call.new_session
        if session is not None and call.cookies.set_so_far(call.cookie_names.session_token):
            self._check_bearer(call)
            token = sign_cookie_value(session.session.token, call.config.secrets.current)
            outcome = {"token": token, "redirectTo": answer.location}
            return completion(origin, marker.popup_nonce, outcome)
        if "error" not in told:
            return None
        return _told(origin, marker.popup_nonce, told["error"], told.get("error_description"))

    async def _forget_popup(self, call: Call) -> None:
        """Another flow begins in this browser: its outcome is no popup's."""
        if _cookie(call).name in call.cookies.incoming:
            _forget(call)

    complete = after("/callback/*")(_complete)
    complete_oauth2 = after("/oauth2/callback/*")(_complete)
    forget_by_sign_in = after("/sign-in/*")(_forget_popup)
    forget_by_link = after("/link-social")(_forget_popup)
    forget_by_oauth2_link = after("/oauth2/link")(_forget_popup)

    def _check_bearer(self, call: Call) -> None:
        if not any(one.id == "bearer" for one in call.config.plugins.values()):
            _warn_of_cookies()


class _Failed(Exception):
    """A popup that does not get to its provider."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@cache
def _warn_of_cookies() -> None:
    _log.warning(
        "popups hand out session tokens, which pages embedded in other sites need: "
        "without the plugin Bearer they are good for nothing"
    )


async def _trusted_origin(call: Call, given: str) -> str | None:
    """The origin in a text, if it is a trusted web site's."""
    url = parse_url(given)
    trusted = url is not None and url.is_web and await is_trusted(call, url.origin)
    return url.origin if url is not None and trusted else None


def _cookie(call: Call) -> CookieSpec:
    return call.cookie_names.spec("oauth_popup", max_age=_LIFE)


def _forget(call: Call) -> None:
    cookie = _cookie(call)
    call.cookies.expire(cookie.name, cookie.attributes)


def _marker(call: Call) -> _Marker | None:
    signed = call.cookies.get_signed(_cookie(call).name)
    try:
        return None if signed is None else msgspec.json.decode(signed, type=_Marker)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _told(origin: str, nonce: str, code: str, description: str | None) -> Response:
    error = {"code": code, **({"description": description} if description else {})}
    return completion(origin, nonce, {"error": error})


def _parameters(location: str) -> Mapping[str, str]:
    query = location.partition("#")[0].partition("?")[2]
    try:
        found = parse_query(query)
    except QueryTooLong:
        return {}
    # Ours stand behind those that the page had before.
    return {name: one if isinstance(one, str) else one[-1] for name, one in found.items()}


def _object(text: str) -> dict[str, object]:
    try:
        found = decode(text.encode("utf-8", "replace"))
    except InvalidJSON:
        return {}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


class OAuthPopupAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    oauth_popup_start: EndpointCall[M, StartPopup, Response]
    """Send a popup to a provider; answers with a page that says why it cannot.

    Raises INVALID_ORIGIN where the page that opened it is not trusted.
    """
