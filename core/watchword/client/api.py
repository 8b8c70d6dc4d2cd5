"""`client.api`: the same functions as in `auth.api`, with the same types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from watchword.api import Listed
from watchword.endpoint import Endpoint
from watchword.server_api import EndpointCall, Invoke, M, U

from .catalog import Catalog

In = TypeVar("In")
Out = TypeVar("Out")


class ClientAPI(Listed[M, U]):
    """Every endpoint that the client knows, made with its first use."""

    def __init__(self, catalog: Catalog, invoke: Invoke) -> None:
        self._catalog = catalog
        self._invoke = invoke

    def call(self, endpoint: Endpoint[In, Out]) -> EndpointCall[M, In, Out]:
        """An endpoint as a function, typed by its declaration: `api.call(MyPlugin.ping)(...)`.

        Raises `LookupError` if the client knows no plugin that declares it.
        """
        if self._catalog.find(endpoint.name).endpoint is not endpoint:
            raise LookupError(f"{endpoint.name} is another plugin's; see Client(plugins=)")
        return EndpointCall[M, In, Out](endpoint, self._invoke)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> EndpointCall[Any, Any, Any]:
            if name.startswith("_"):
                raise AttributeError(name)
            try:
                found = self._catalog.find(name).endpoint
            except LookupError as error:
                raise AttributeError(str(error), name=name, obj=self) from None
            made = EndpointCall[Any, Any, Any](found, self._invoke)
            setattr(self, name, made)
            return made
