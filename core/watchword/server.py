"""What `Auth` and `BlockingAuth` hold in common: everything that is not of one of the two worlds.

Internal. Whatever runs here is handed the runtime that it runs in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from watchword.configuration.configuration import Configuration
from watchword.database.contract import Engine, Storage
from watchword.database.own_store import Run, open_secondary
from watchword.database.secondary import KeyValueStore, SecondaryEngine, SecondaryStorage
from watchword.pipeline.pipeline import Pipeline
from watchword.pipeline.server_calls import ServerCalls

if TYPE_CHECKING:
    from watchword.observability.wrapping import Tracing


class Server:
    """Requests, checks and server-side calls of one configuration, and the doors to its stores."""

    def __init__(
        self,
        config: Configuration,
        pipeline: Pipeline,
        storage: Storage,
        secondary: SecondaryStorage | KeyValueStore | None,
        tracing: Tracing | None,
    ) -> None:
        self.config = config
        self.storage = storage
        self.endpoints = {name: route.endpoint for name, route in pipeline.routes.items()}
        calls = ServerCalls(config, pipeline)
        self.handle = pipeline.handle
        """Answer an HTTP request: request, runtime."""
        self.check = calls.check
        """Who is behind a request: runtime, headers, request, renew."""
        self.invoke = calls.run if tracing is None else tracing.calls(calls.run)
        """Run an endpoint as a server-side call: runtime, name, arguments."""
        self._secondary = secondary
        self._tracing = tracing

    def open_engine(self, *, blocking: bool) -> Engine:
        """A storage engine for one of the two worlds."""
        schema = self.config.tables.schema
        storage = self.storage
        engine = storage.blocking(schema) if blocking else storage.asynchronous(schema)
        if self._tracing is None:
            return engine
        return self._tracing.engine(engine, getattr(storage, "system", "other_sql"))

    def open_secondary(self, run: Run, *, blocking: bool) -> SecondaryEngine | None:
        """The secondary storage's engine for one of the two worlds, if there is one."""
        if self._secondary is None:
            return None
        return open_secondary(self._secondary, run, blocking=blocking)
