"""How endpoints are declared: core features and plugins alike.

    class OneTimeToken(Plugin):
        @post("/one-time-token/verify")
        async def verify_one_time_token(self, call: Call, body: VerifyToken) -> Verified: ...

The input is a `msgspec.Struct` (camelCase on the wire), read from the body of a POST or the query
of a GET; the result is encoded as JSON. The name of the method is the name in `auth.api`.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Coroutine
from types import UnionType
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, overload

import msgspec

from watchword.http.bounds import LONGEST_VALUE

from .discreet import Discreet

if TYPE_CHECKING:
    from .call import Call

In = TypeVar("In")
Out = TypeVar("Out")
P = TypeVar("P")

Requirement = Literal["nothing", "session", "sensitive", "fresh"]
"""`session`: a valid session (the cookie cache may vouch for it). `sensitive`: re-read from the
store. `fresh`: sensitive, and created less than `session.fresh_age` ago."""

JSON_TYPES = ("application/json",)
FORM_TYPES = ("application/x-www-form-urlencoded", "application/json")


class Traits(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What an endpoint asks for and how it answers, beside its path and input."""

    requires: Requirement = "nothing"
    form: bool = False
    """Form-encoded bodies are read too."""
    strict_form: bool = False
    """A field of a form that comes again is a list, and so refused (RFC 6749, 3.2), not read as
    its last value."""
    page: bool = False
    """Its answers are pages themselves, whatever a form says of where it leads (`callbackURL`): no
    part of the API that documents describe."""
    check_login_csrf: bool = False
    """Refuse cross-site requests even without a cookie (Origin and Fetch Metadata)."""
    trusted_urls: tuple[str, ...] = ()
    """Names of query or body fields that must be trusted URLs, checked before the handler."""
    redeems: bool = False
    """A GET that uses up what a link carries, mailed or a provider's redirect: browsers and mail
    programs that look at it before a person does are turned away (503) and nothing happens."""
    only_asks: bool = False
    """A page that asks whether its path's POST is to be done. It is counted apart from that: who
    looks at a page often takes no attempt from anybody."""
    longest_value: int = LONGEST_VALUE
    """Characters of one value of its query; `LONGEST_GROWN_URL` at most."""
    server_only: bool = False
    """Never routed; reachable through `auth.api` only."""
    promises_mail: bool = False
    """Answered 503 before anything is done or promised while mails pile up. Known and unknown
    addresses alike: so neither the answer nor its time tells them apart."""


class Endpoint(Discreet, msgspec.Struct, Generic[In, Out], frozen=True, kw_only=True):
    """A declared endpoint. `auth.api.call(endpoint, input)` runs it from Python."""

    name: str
    path: str
    methods: tuple[str, ...]
    handler: Callable[..., Coroutine[Any, Any, Out]]
    traits: Traits
    input: type[msgspec.Struct] | None = None
    source: Literal["body", "query"] = "body"

    @property
    def media_types(self) -> tuple[str, ...]:
        """Content types of bodies that are read."""
        return FORM_TYPES if self.traits.form else JSON_TYPES


class Declare(Protocol):
    """Turns a method `(self, call)` or `(self, call, input)` of a plugin into an `Endpoint`."""

    @overload
    def __call__(
        self, handler: Callable[[P, Call], Coroutine[Any, Any, Out]]
    ) -> Endpoint[None, Out]: ...
    @overload
    def __call__(
        self, handler: Callable[[P, Call, In], Coroutine[Any, Any, Out]]
    ) -> Endpoint[In, Out]: ...


def endpoint(
    methods: tuple[str, ...],
    path: str,
    *,
    source: Literal["body", "query"],
    traits: Traits,
    name: str | None = None,
) -> Declare:
    """Declare an endpoint for several methods; `get` and `post` are the usual shorthands."""

    def declare(handler: Callable[..., Coroutine[Any, Any, Any]]) -> Endpoint[Any, Any]:
        return Endpoint(
            name=name or handler.__name__,
            path=path,
            methods=methods,
            handler=handler,
            traits=traits,
            input=_input_type(handler),
            source=source,
        )

    return typing.cast("Declare", declare)


def get(
    path: str,
    *,
    requires: Requirement = "nothing",
    trusted_urls: tuple[str, ...] = (),
    redeems: bool = False,
    page: bool = False,
    server_only: bool = False,
) -> Declare:
    """Declare a GET endpoint; its input is read from the query."""
    traits = Traits(
        requires=requires,
        page=page,
        trusted_urls=trusted_urls,
        redeems=redeems,
        server_only=server_only,
    )
    return endpoint(("GET",), path, source="query", traits=traits)


def post(
    path: str,
    *,
    name: str | None = None,
    requires: Requirement = "nothing",
    form: bool = False,
    strict_form: bool = False,
    page: bool = False,
    check_login_csrf: bool = False,
    trusted_urls: tuple[str, ...] = (),
    server_only: bool = False,
    promises_mail: bool = False,
) -> Declare:
    """Declare a POST endpoint; its input is read from the body.

    `name` is its name in `auth.api`, where the method cannot have that name itself.
    """
    traits = Traits(
        requires=requires,
        form=form,
        strict_form=strict_form,
        page=page,
        check_login_csrf=check_login_csrf,
        trusted_urls=trusted_urls,
        server_only=server_only,
        promises_mail=promises_mail,
    )
    return endpoint(("POST",), path, source="body", traits=traits, name=name)


def results_of(function: Callable[..., object]) -> list[object]:
    """What an endpoint or a hook says that it returns, as a list of types."""

    def only() -> None: ...

    # Only this annotation is resolved: the others may name types that exist for checkers alone.
    only.__annotations__ = {"return": inspect.signature(function).return_annotation}
    home = vars(inspect.getmodule(function))
    hint = typing.get_type_hints(only, globalns=home, include_extras=True)["return"]
    if typing.get_origin(hint) in (typing.Union, UnionType):
        return list(typing.get_args(hint))
    return [typing.cast("object", hint)]


def _input_type(handler: Callable[..., object]) -> type[msgspec.Struct] | None:
    parameters = list(inspect.signature(handler).parameters.values())
    if len(parameters) < 3:
        return None

    def only() -> None: ...

    # Only this annotation is resolved: the others may name types that exist for checkers alone.
    only.__annotations__ = {"input": parameters[2].annotation}
    found = typing.get_type_hints(only, globalns=vars(inspect.getmodule(handler)))["input"]
    if not (isinstance(found, type) and issubclass(found, msgspec.Struct)):
        raise TypeError(f"{handler.__qualname__}: the input must be a msgspec.Struct")
    msgspec.json.Decoder(found)  # raises for a field that no value could be held against
    return found
