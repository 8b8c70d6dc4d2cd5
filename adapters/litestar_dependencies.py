"""What Litestar handlers may ask for by name: session and user of a server."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, cast, get_args, get_origin

import msgspec
from litestar.handlers import BaseRouteHandler
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import Scope

from watchword.records import User
from watchword.results import SessionAndUser

from .asgi_session import lookup_for

if TYPE_CHECKING:
    from watchword.auth import Auth, Checked

    from . import asgi as plain


def dependencies_on(auth: Auth[Any], prefix: str) -> Mapping[str, Callable[..., Any]]:
    """The dependencies that ask `auth`, by name."""

    async def checked(scope: Scope) -> Checked[Any]:
        return await lookup_for(auth, cast("plain.Scope", scope)).checked()

    async def optional_session(scope: Scope) -> SessionAndUser[Any] | None:
        return (await checked(scope)).session

    async def optional_user(scope: Scope) -> User | None:
        found = await optional_session(scope)
        return None if found is None else found.user

    async def session(scope: Scope) -> SessionAndUser[Any]:
        return (await checked(scope)).required()

    async def user(scope: Scope) -> User:
        return (await session(scope)).user

    made = (session, user, optional_session, optional_user)
    return {f"{prefix}{function.__name__}": function for function in made}


def handlers_of(route: BaseRoute) -> Iterator[BaseRouteHandler]:
    """The handlers behind a route of any kind."""
    if isinstance(route, HTTPRoute):
        yield from route.route_handlers
    else:
        yield cast("Any", route).route_handler


def take_as_given(
    handler: BaseRouteHandler, providers: Collection[Callable[..., Any]], user_type: type[User]
) -> None:
    """Have a handler, and dependencies of its own, take users that `providers` give as they are.

    Litestar holds what it injects against the annotation, and to msgspec a `Member` is no `User`,
    of which it is a subclass. Who asks for a class that the users here are not is still refused.
    """
    known = handler.resolve_dependencies()
    names = {name for name, one in known.items() if one.dependency in providers}
    asking: list[Any] = [one for one in known.values() if one.dependency not in providers]
    for asked in (handler, *asking):
        parameters = asked.parsed_fn_signature.parameters
        trusted = [
            name
            for name in names & parameters.keys()
            if _is_one_of(user_type, parameters[name].annotation)
        ]
        if trusted:
            model = _without_checks(asked.signature_model, trusted)
            # A handler has the model as a property, which keeps it here.
            setattr(asked, "_signature_model" if asked is handler else "signature_model", model)


def _is_one_of(user_type: type[User], hint: object) -> bool:
    is_union = isinstance(hint, UnionType) or get_origin(hint) is Union
    arms = [arm for arm in (get_args(hint) if is_union else (hint,)) if arm is not NoneType]
    return all(isinstance(arm, type) and issubclass(user_type, arm) for arm in arms)


def _without_checks(model: type[msgspec.Struct], names: Iterable[str]) -> type[msgspec.Struct]:
    found = {info.name: info for info in msgspec.structs.fields(model)}
    fields = [(name, Any, found[name].default) for name in names]
    return msgspec.defstruct(
        model.__name__, fields, bases=(model,), module=model.__module__, kw_only=True
    )
