"""`auth.api` and `auth.blocking.api`: every endpoint as a typed function.

    found = await auth.api.get_session(headers=request.headers)
    found = auth.blocking.api.get_session(headers=request.headers)

A call goes through validation and hooks. With `request=` it acts on behalf of a browser, and goes
through disabled paths, rate limits and checks of origin and URLs as well; without, the server acts
by itself. Input is the endpoint's input struct; errors are `APIError`. With `return_headers=True`
the result comes with the response's headers (so that a server-side sign-in can set cookies), with
`as_response=True` it is the whole `Response`.

The annotations of `Api` are for people and type checkers; a test holds them to the declarations.
Endpoints of third-party plugins are called with `auth.api.call(MyPlugin.endpoint, ...)`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar, overload

import msgspec

from watchword.http.headers import HeaderSource
from watchword.http.request import Request
from watchword.http.response import Response
from watchword.sessions.checked import Checked

from .discreet import Discreet
from .endpoint import Endpoint

if TYPE_CHECKING:
    from watchword.features.accounts import LinkedAccount, UnlinkAccount
    from watchword.features.change_email import ChangeEmailTo
    from watchword.features.email_password_wire import SignedIn, SignedUp, SignInEmail, SignUpEmail
    from watchword.features.email_verification_wire import (
        EmailVerified,
        SendVerificationEmail,
        VerifyEmail,
    )
    from watchword.features.password_reset import (
        FollowResetLink,
        RequestPasswordReset,
        ResetPassword,
        ResetRequested,
    )
    from watchword.features.passwords import (
        ChangePassword,
        PasswordChanged,
        SetPassword,
        VerifyPassword,
    )
    from watchword.features.sessions import GetSession, RevokeSession, UpdatedSession, UpdateSession
    from watchword.features.status import ErrorQuery, Ok
    from watchword.features.users import DeleteUserNow, Deletion, DeletionToken, UpdateUser
    from watchword.plugins.action_token import (
        ConsumeActionToken,
        SendActionToken,
        VerifyActionToken,
    )
    from watchword.plugins.email_otp import (
        ChangeEmailByOTP,
        CheckOTP,
        EmailOTPVerified,
        OTPFor,
        OTPRead,
        RequestEmailChangeByOTP,
        RequestPasswordResetByOTP,
        ResetPasswordByOTP,
        SignedInByOTP,
        SignInByOTP,
        VerifyEmailByOTP,
    )
    from watchword.plugins.magic_link import SignedInByLink, SignInMagicLink, VerifyMagicLink
    from watchword.plugins.one_time_token import VerifyOneTimeToken
    from watchword.plugins.one_time_token_session import RedeemedSession, VerifyOneTimeTokenSession
    from watchword.plugins.session_handover import GeneratedToken

    from .records import Session, User
    from .results import SessionAndUser, Status, Success

In = TypeVar("In")
Out = TypeVar("Out")
M = TypeVar("M")
if TYPE_CHECKING:
    U = TypeVar("U", bound=User)
else:
    U = TypeVar("U")


class Async:
    """Marks an API whose functions are awaited."""


class Blocking:
    """Marks an API whose functions return at once."""


@dataclass(frozen=True, slots=True)
class WithHeaders(Generic[Out]):
    """A result with the headers of its response."""

    value: Out
    response: Response

    @property
    def cookies(self) -> tuple[str, ...]:
        """The `Set-Cookie` values to copy onto the application's own response."""
        return self.response.cookies


class Arguments(Discreet, msgspec.Struct, frozen=True):
    """What a server-side call hands over."""

    __secrets__: ClassVar[frozenset[str]] = frozenset({"headers", "query", "params", "extra"})

    input: msgspec.Struct | None
    headers: HeaderSource | None
    request: Request | None
    checked: Checked[Any] | None
    query: Mapping[str, str]
    params: Mapping[str, str]
    extra: Mapping[str, object]
    form: Literal["value", "headers", "response"]


Invoke = Callable[[str, Arguments], Any]
"""Runs the named endpoint: a coroutine in an async API, the result in a blocking one."""

_NOTHING: Mapping[str, Any] = {}


class EndpointCall(Generic[M, In, Out]):
    """One endpoint as a function."""

    __slots__ = ("_invoke", "name")

    def __init__(self, name: str, invoke: Invoke) -> None:
        self.name = name
        self._invoke = invoke

    @overload
    def __call__(
        self: EndpointCall[Async, In, Out],
        input: In | None = None,
        *,
        headers: HeaderSource | None = None,
        request: Request | None = None,
        checked: Checked[Any] | None = None,
        query: Mapping[str, str] = ...,
        params: Mapping[str, str] = ...,
        extra: Mapping[str, object] = ...,
    ) -> Coroutine[Any, Any, Out]: ...
    @overload
    def __call__(
        self: EndpointCall[Async, In, Out],
        input: In | None = None,
        *,
        headers: HeaderSource | None = None,
        request: Request | None = None,
        checked: Checked[Any] | None = None,
        query: Mapping[str, str] = ...,
        params: Mapping[str, str] = ...,
        extra: Mapping[str, object] = ...,
        return_headers: Literal[True],
    ) -> Coroutine[Any, Any, WithHeaders[Out]]: ...
    @overload
    def __call__(
        self: EndpointCall[Async, In, Out],
        input: In | None = None,
        *,
        headers: HeaderSource | None = None,
        request: Request | None = None,
        checked: Checked[Any] | None = None,
        query: Mapping[str, str] = ...,
        params: Mapping[str, str] = ...,
        extra: Mapping[str, object] = ...,
        as_response: Literal[True],
    ) -> Coroutine[Any, Any, Response]: ...
    @overload
    def __call__(
        self: EndpointCall[Blocking, In, Out],
        input: In | None = None,
        *,
        headers: HeaderSource | None = None,
        request: Request | None = None,
        checked: Checked[Any] | None = None,
        query: Mapping[str, str] = ...,
        params: Mapping[str, str] = ...,
        extra: Mapping[str, object] = ...,
    ) -> Out: ...
    @overload
    def __call__(
        self: EndpointCall[Blocking, In, Out],
        input: In | None = None,
        *,
        headers: HeaderSource | None = None,
        request: Request | None = None,
        checked: Checked[Any] | None = None,
        query: Mapping[str, str] = ...,
        params: Mapping[str, str] = ...,
        extra: Mapping[str, object] = ...,
        return_headers: Literal[True],
    ) -> WithHeaders[Out]: ...
    @overload
    def __call__(
        self: EndpointCall[Blocking, In, Out],
        input: In | None = None,
        *,
        headers: HeaderSource | None = None,
        request: Request | None = None,
        checked: Checked[Any] | None = None,
        query: Mapping[str, str] = ...,
        params: Mapping[str, str] = ...,
        extra: Mapping[str, object] = ...,
        as_response: Literal[True],
    ) -> Response: ...
    def __call__(
        self,
        input: Any = None,
        *,
        headers: HeaderSource | None = None,
        request: Request | None = None,
        checked: Checked[Any] | None = None,
        query: Mapping[str, str] = _NOTHING,
        params: Mapping[str, str] = _NOTHING,
        extra: Mapping[str, object] = _NOTHING,
        return_headers: bool = False,
        as_response: bool = False,
    ) -> Any:
        """Run the endpoint.

        With `request` it runs on behalf of that request's browser, which must pass all that the
        endpoint asks of a request of its own. Without, it runs on the server's own behalf:
        `headers` (cookies, bearer) say as whom, or `checked` does, the answer of `auth.check`.
        `query` and `params` are query and path parameters, `extra` additional fields of the body
        by wire name. Raises `APIError`, unless the response itself is asked for.
        """
        arguments = Arguments(
            input,
            headers,
            request,
            checked,
            query,
            params,
            extra,
            "response" if as_response else "headers" if return_headers else "value",
        )
        return self._invoke(self.name, arguments)


class Api(Generic[M, U]):
    """All endpoints of an `Auth`: the core's, and those of the plugins that are installed."""

    ok: EndpointCall[M, None, Ok]
    error: EndpointCall[M, ErrorQuery, Response]

    sign_up_email: EndpointCall[M, SignUpEmail, SignedUp[U]]
    sign_in_email: EndpointCall[M, SignInEmail, SignedIn[U]]

    get_session: EndpointCall[M, GetSession, SessionAndUser[U] | None]
    update_session: EndpointCall[M, UpdateSession, UpdatedSession]
    sign_out: EndpointCall[M, None, Success]
    list_sessions: EndpointCall[M, None, list[Session]]
    revoke_session: EndpointCall[M, RevokeSession, Status]
    revoke_sessions: EndpointCall[M, None, Status]
    revoke_other_sessions: EndpointCall[M, None, Status]

    send_verification_email: EndpointCall[M, SendVerificationEmail, Status]
    verify_email: EndpointCall[M, VerifyEmail, EmailVerified[U]]
    change_email: EndpointCall[M, ChangeEmailTo, Status]

    request_password_reset: EndpointCall[M, RequestPasswordReset, ResetRequested]
    request_password_reset_callback: EndpointCall[M, FollowResetLink, None]
    reset_password: EndpointCall[M, ResetPassword, Status]
    change_password: EndpointCall[M, ChangePassword, PasswordChanged[U]]
    verify_password: EndpointCall[M, VerifyPassword, Status]
    set_password: EndpointCall[M, SetPassword, Status]

    update_user: EndpointCall[M, UpdateUser, Status]
    delete_user: EndpointCall[M, DeleteUserNow, Deletion]
    delete_user_callback: EndpointCall[M, DeletionToken, Deletion]
    list_user_accounts: EndpointCall[M, None, list[LinkedAccount]]
    unlink_account: EndpointCall[M, UnlinkAccount, Status]

    # email-otp
    send_verification_otp: EndpointCall[M, OTPFor, Success]
    create_verification_otp: EndpointCall[M, OTPFor, str]
    get_verification_otp: EndpointCall[M, OTPFor, OTPRead]
    check_verification_otp: EndpointCall[M, CheckOTP, Success]
    verify_email_otp: EndpointCall[M, VerifyEmailByOTP, EmailOTPVerified[U]]
    sign_in_email_otp: EndpointCall[M, SignInByOTP, SignedInByOTP[U]]
    request_password_reset_email_otp: EndpointCall[M, RequestPasswordResetByOTP, Success]
    forget_password_email_otp: EndpointCall[M, RequestPasswordResetByOTP, Success]
    reset_password_email_otp: EndpointCall[M, ResetPasswordByOTP, Success]
    request_email_change_email_otp: EndpointCall[M, RequestEmailChangeByOTP, Success]
    change_email_email_otp: EndpointCall[M, ChangeEmailByOTP, Success]

    # magic-link
    sign_in_magic_link: EndpointCall[M, SignInMagicLink, Status]
    magic_link_verify: EndpointCall[M, VerifyMagicLink, SignedInByLink[U]]

    # one-time-token
    generate_one_time_token: EndpointCall[M, None, GeneratedToken]
    verify_one_time_token: EndpointCall[M, VerifyOneTimeToken, SessionAndUser[U]]
    generate_one_time_token_session: EndpointCall[M, None, GeneratedToken]
    verify_one_time_token_session: EndpointCall[M, VerifyOneTimeTokenSession, RedeemedSession[U]]

    # action-token
    send_action_token: EndpointCall[M, SendActionToken, Status]
    verify_action_token: EndpointCall[M, VerifyActionToken, Status]
    consume_action_token: EndpointCall[M, ConsumeActionToken, Status]

    def __init__(self, names: Mapping[str, Endpoint[Any, Any]], invoke: Invoke) -> None:
        self._endpoints = names
        for name in names:
            setattr(self, name, EndpointCall[Any, Any, Any](name, invoke))

    def call(self, endpoint: Endpoint[In, Out]) -> EndpointCall[M, In, Out]:
        """An endpoint as a function, typed by its declaration: `api.call(MyPlugin.ping)(...)`.

        Raises `LookupError` if its plugin is not installed.
        """
        if self._endpoints.get(endpoint.name) is not endpoint:
            raise LookupError(f"{endpoint.name} is not installed; add its plugin to Auth(plugins=)")
        return getattr(self, endpoint.name)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> EndpointCall:
            raise AttributeError(
                f"there is no endpoint {name!r}; is its plugin in Auth(plugins=[...])? "
                f"Installed: {', '.join(sorted(self._endpoints))}"
            )
