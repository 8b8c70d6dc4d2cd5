"""Last login method: a cookie that the sign-in page reads, to show how somebody came in last time.

It says `email`, `google`, `magic-link` and the like, to any script of the page, and is a hint and
nothing more: whoever has the browser may write it. The user's row can hold it as well (spec: plugin
last-login-method).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import msgspec

from watchword.call import Call
from watchword.configuration.durations import LONGEST_COOKIE, Duration, seconds
from watchword.configuration.option_checks import check_callback, check_cookie_name, check_flag
from watchword.cookies import SESSION_TOKEN
from watchword.database.hooks import ModelHooks, Values
from watchword.database.records import Column, Record
from watchword.discreet import Discreet
from watchword.http.cookies import CookieAttributes
from watchword.observability.logs import callback_failed
from watchword.plugin_base import Plugin, after
from watchword.records import Session, User

ResolveMethod = Callable[[Call], str | Awaitable[str | None] | None]
StoreCookie = Callable[[Call, str], bool | Awaitable[bool]]

_log = logging.getLogger("watchword")

_LONGEST = 255
"""Characters of a method: what a keyed column of MySQL holds."""
_METHODS = {
    "/sign-in/email": "email",
    "/sign-up/email": "email",
    "/sign-in/email-otp": "email-otp",
    "/one-tap/callback": "google",
}
_PARTS = (("siwe", "siwe"), ("/passkey/verify-authentication", "passkey"))


class LastMethod(Discreet, msgspec.Struct):
    """What it adds to users, with `store_in_database`."""

    last_login_method: Annotated[str | None, Column(input=False)] = None


@dataclass(frozen=True, kw_only=True)
class LastLoginMethod(Plugin):
    """Options of the hint."""

    id: ClassVar[str] = "last-login-method"
    extends: ClassVar[Mapping[type[Record], type[msgspec.Struct]]] = {User: LastMethod}

    cookie_name: str = "better-auth.last_used_login_method"
    """The whole name: neither `cookie_prefix` nor `__Secure-` is put in front."""
    max_age: Duration = 2_592_000
    """How long browsers keep it (30 days)."""
    custom_resolve_method: ResolveMethod | None = None
    """Gets the call, and names the method; None: as usual."""
    before_store_cookie: StoreCookie | None = None
    """Gets the call and the method. The cookie is set if it says True: after consent, say."""
    store_in_database: bool = False
    """Also keep it in the user's column `lastLoginMethod`."""

    def __post_init__(self) -> None:
        check_cookie_name("LastLoginMethod.cookie_name", self.cookie_name)
        seconds("LastLoginMethod.max_age", self.max_age, least=1, most=LONGEST_COOKIE)
        check_callback("LastLoginMethod.custom_resolve_method", self.custom_resolve_method)
        check_callback("LastLoginMethod.before_store_cookie", self.before_store_cookie)
        check_flag("LastLoginMethod.store_in_database", self.store_in_database)

    def added_fields(self) -> Mapping[type[Record], type[msgspec.Struct]]:
        """The column, if it is wanted."""
        return self.extends if self.store_in_database else {}

    def database_hooks(self) -> Mapping[str, ModelHooks]:
        """Where users and sessions are made, the method is noted."""
        if not self.store_in_database:
            return {}
        return {
            "user": ModelHooks(create_before=self._of_new_user),
            "session": ModelHooks(create_after=self._of_session),
        }

    @after(sets_cookies=True)
    async def remember(self, call: Call) -> None:
        """Set the cookie where the session's is set, or cleared until a second factor is shown."""
        session = call.cookie_names.spec(SESSION_TOKEN)
        if call.cookies.set_so_far(session.name) is None:
            return
        method = await self._method(call)
        if method is None or not await self._may_store(call, method):
            return
        hint = CookieAttributes(max_age=seconds("max_age", self.max_age), http_only=False)
        call.cookies.set(self.cookie_name, method, session.attributes.merged(hint))

    async def _method(self, call: Call) -> str | None:
        own = None
        if self.custom_resolve_method is not None:
            try:
                own = await call.run(self.custom_resolve_method, call)
            except Exception as error:
                # Nobody is kept out for want of a hint.
                callback_failed(self.custom_resolve_method, error)
        method = (_usual_method(call) if own is None else str(own)) or ""
        # What a database would refuse, with the user, is no hint either.
        return method if 0 < len(method) <= _LONGEST and method.isprintable() else None

    async def _may_store(self, call: Call, method: str) -> bool:
        if self.before_store_cookie is None:
            return True
        try:
            return bool(await call.run(self.before_store_cookie, call, method))
        except Exception as error:
            callback_failed(self.before_store_cookie, error)
            return False

    async def _of_new_user(self, values: Values, call: object) -> Values | None:
        method = await self._method(call) if isinstance(call, Call) else None
        return None if method is None else {"last_login_method": method}

    async def _of_session(self, made: Record, call: object) -> None:
        if not isinstance(call, Call) or not isinstance(made, Session):
            return
        method = await self._method(call)
        if method is None:
            return
        try:
            await call.db.update(User, {"last_login_method": method}, id=made.user_id)
        except Exception:
            _log.warning("the last login method could not be noted")


def _usual_method(call: Call) -> str | None:
    path = "" if call.endpoint is None else call.endpoint.path
    if path.startswith("/callback/"):
        return call.params.get("id")
    if path.startswith("/magic-link/verify"):
        return "magic-link"
    return _METHODS.get(path) or next((name for part, name in _PARTS if part in path), None)
