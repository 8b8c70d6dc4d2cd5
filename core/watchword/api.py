"""`auth.api` and `auth.blocking.api`: every endpoint as a typed function.

    found = await auth.api.get_session(headers=request.headers)
    found = auth.blocking.api.get_session(headers=request.headers)

A call goes through validation and hooks. With `request=` it acts on behalf of a browser, and goes
through disabled paths, rate limits and checks of origin and URLs as well; without, the server acts
by itself. Input is the endpoint's input struct; errors are `APIError`. With `return_headers=True`
the result comes with the response's headers (so that a server-side sign-in can set cookies), with
`as_response=True` it is the whole `Response`.

What functions there are stands with the features and plugins themselves. Endpoints of third-party
plugins are called with `auth.api.call(MyPlugin.endpoint)(...)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from .endpoint import Endpoint
from .server_api import EndpointCall, Invoke, M, ServerAPI, U

if TYPE_CHECKING:
    from watchword.features import FeatureAPI
    from watchword.plugins import PluginAPI

    class Listed(FeatureAPI[M, U], PluginAPI[M, U]): ...
else:
    Listed = ServerAPI

In = TypeVar("In")
Out = TypeVar("Out")


class Api(Listed[M, U]):
    """All endpoints of an `Auth`: the core's, and those of the plugins that are installed."""

    def __init__(self, endpoints: Mapping[str, Endpoint[Any, Any]], invoke: Invoke) -> None:
        self._endpoints = endpoints
        for name, endpoint in endpoints.items():
            setattr(self, name, EndpointCall[Any, Any, Any](endpoint, invoke))

    def call(self, endpoint: Endpoint[In, Out]) -> EndpointCall[M, In, Out]:
        """An endpoint as a function, typed by its declaration: `api.call(MyPlugin.ping)(...)`.

        Raises `LookupError` if its plugin is not installed.
        """
        if self._endpoints.get(endpoint.name) is not endpoint:
            raise LookupError(f"{endpoint.name} is not installed; add its plugin to Auth(plugins=)")
        return getattr(self, endpoint.name)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> EndpointCall:
            # Not yet there while an instance is copied or unpickled.
            there = sorted(vars(self).get("_endpoints", ()))
            near = import_module("difflib").get_close_matches(name, there, n=3)
            hint = f"The nearest are {', '.join(near)}" if near else f"There are {', '.join(there)}"
            raise AttributeError(
                f"there is no endpoint {name!r}; is its plugin in Auth(plugins=[...])? {hint}",
                name=name,
                obj=self,
            )
