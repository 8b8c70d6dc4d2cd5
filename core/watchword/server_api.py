"""Endpoints as functions: what `auth.api` is made of.

A feature or a plugin lists its functions in a class of its own, beside its endpoints:

    class NotebookAPI(ServerAPI[M, U]):
        add_note: EndpointCall[M, AddNote, Note]
        list_notes: EndpointCall[M, None, list[Note]]

That is for people and type checkers; a test holds it to the declarations. `M` is `Async` or
`Blocking`, `U` the application's class of users. An input that may be left out is `AddNote | None`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypedDict, TypeVar, Unpack, overload

import msgspec

from watchword.http.headers import HeaderSource
from watchword.http.request import Request
from watchword.http.response import Response
from watchword.sessions.checked import Checked

from .discreet import Discreet
from .endpoint import Endpoint
from .records import User
from .submitted import NO_DATA, NO_PARAMS, Submitted

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out")
M = TypeVar("M")
U = TypeVar("U", bound=User)


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
    form: Literal["value", "headers", "response", "submitted"]

    @classmethod
    def of_browser(cls, request: Request, data: msgspec.Struct) -> Arguments:
        """Those of a call that is made as a browser would have made it."""
        return cls(data, None, request, None, _NOTHING, _NOTHING, _NOTHING, "value")


Invoke = Callable[[str, Arguments], Any]
"""Runs the named endpoint: a coroutine in an async API, the result in a blocking one."""

_NOTHING: Mapping[str, Any] = {}


class Asked(TypedDict, total=False):
    """What any function takes beside its input."""

    headers: HeaderSource | None
    request: Request | None
    checked: Checked[Any] | None
    query: Mapping[str, str]
    params: Mapping[str, str]
    extra: Mapping[str, object]


class EndpointCall(Generic[M, In, Out]):
    """One endpoint as a function; its documentation is that of the endpoint."""

    def __init__(self, endpoint: Endpoint[Any, Any], invoke: Invoke) -> None:
        self.name = self.__name__ = endpoint.name
        self._endpoint = endpoint
        self._invoke = invoke
        self.__doc__ = endpoint.handler.__doc__

    def __repr__(self) -> str:
        declared = self._endpoint
        given = "" if declared.input is None else declared.input.__name__
        return f"<{self.name}({given}): {'/'.join(declared.methods)} {declared.path}>"

    @overload
    def __call__(
        self: EndpointCall[Async, None, Out], input: None = None, **asked: Unpack[Asked]
    ) -> Coroutine[Any, Any, Out]: ...
    @overload
    def __call__(
        self: EndpointCall[Async, None, Out],
        input: None = None,
        *,
        return_headers: Literal[True],
        **asked: Unpack[Asked],
    ) -> Coroutine[Any, Any, WithHeaders[Out]]: ...
    @overload
    def __call__(
        self: EndpointCall[Async, None, Out],
        input: None = None,
        *,
        as_response: Literal[True],
        **asked: Unpack[Asked],
    ) -> Coroutine[Any, Any, Response]: ...
    @overload
    def __call__(
        self: EndpointCall[Async, In, Out], input: In, **asked: Unpack[Asked]
    ) -> Coroutine[Any, Any, Out]: ...
    @overload
    def __call__(
        self: EndpointCall[Async, In, Out],
        input: In,
        *,
        return_headers: Literal[True],
        **asked: Unpack[Asked],
    ) -> Coroutine[Any, Any, WithHeaders[Out]]: ...
    @overload
    def __call__(
        self: EndpointCall[Async, In, Out],
        input: In,
        *,
        as_response: Literal[True],
        **asked: Unpack[Asked],
    ) -> Coroutine[Any, Any, Response]: ...
    @overload
    def __call__(
        self: EndpointCall[Blocking, None, Out], input: None = None, **asked: Unpack[Asked]
    ) -> Out: ...
    @overload
    def __call__(
        self: EndpointCall[Blocking, None, Out],
        input: None = None,
        *,
        return_headers: Literal[True],
        **asked: Unpack[Asked],
    ) -> WithHeaders[Out]: ...
    @overload
    def __call__(
        self: EndpointCall[Blocking, None, Out],
        input: None = None,
        *,
        as_response: Literal[True],
        **asked: Unpack[Asked],
    ) -> Response: ...
    @overload
    def __call__(
        self: EndpointCall[Blocking, In, Out], input: In, **asked: Unpack[Asked]
    ) -> Out: ...
    @overload
    def __call__(
        self: EndpointCall[Blocking, In, Out],
        input: In,
        *,
        return_headers: Literal[True],
        **asked: Unpack[Asked],
    ) -> WithHeaders[Out]: ...
    @overload
    def __call__(
        self: EndpointCall[Blocking, In, Out],
        input: In,
        *,
        as_response: Literal[True],
        **asked: Unpack[Asked],
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
            input=input,
            headers=headers,
            request=request,
            checked=checked,
            query=query,
            params=params,
            extra=extra,
            form="response" if as_response else "headers" if return_headers else "value",
        )
        return self._invoke(self.name, arguments)

    @overload
    def submit(
        self: EndpointCall[Async, In, Out],
        request: Request,
        data: Mapping[str, object] | msgspec.Struct = NO_DATA,
        *,
        params: Mapping[str, str] = NO_PARAMS,
    ) -> Coroutine[Any, Any, Submitted[Out]]: ...
    @overload
    def submit(
        self: EndpointCall[Blocking, In, Out],
        request: Request,
        data: Mapping[str, object] | msgspec.Struct = NO_DATA,
        *,
        params: Mapping[str, str] = NO_PARAMS,
    ) -> Submitted[Out]: ...
    def submit(
        self,
        request: Request,
        data: Mapping[str, object] | msgspec.Struct = NO_DATA,
        *,
        params: Mapping[str, str] = NO_PARAMS,
    ) -> Any:
        """`Auth.submit` to this endpoint: its value has the endpoint's type."""
        arguments = Arguments(
            input=data if isinstance(data, msgspec.Struct) else None,
            headers=None,
            request=request,
            checked=None,
            query=_NOTHING,
            params=params,
            extra=data if isinstance(data, Mapping) else _NOTHING,
            form="submitted",
        )
        return self._invoke(self.name, arguments)


class ServerAPI(Generic[M, U]):
    """Base of the classes in which features and plugins list their functions."""
