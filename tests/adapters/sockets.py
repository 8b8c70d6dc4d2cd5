"""A web socket before an ASGI application: it sends what a page, or a program, would send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.adapters.drivers import ASGIClient, Call, Pairs, asgi_scope
from watchword.adapters.asgi import Message

Between = Callable[[], object]
"""What happens between two messages: a session is revoked, say."""


@dataclass
class Heard:
    """What came back on a web socket."""

    messages: list[Message] = field(default_factory=list[Message])

    def of(self, kind: str) -> list[Message]:
        return [one for one in self.messages if one["type"] == kind]

    @property
    def accepted(self) -> bool:
        return bool(self.of("websocket.accept"))

    @property
    def texts(self) -> list[str]:
        return [one["text"] for one in self.of("websocket.send")]

    @property
    def cookies(self) -> list[str]:
        [accepted] = self.of("websocket.accept")
        return [
            value.decode() for name, value in accepted.get("headers", ()) if name == b"set-cookie"
        ]

    @property
    def closed(self) -> tuple[int, str] | None:
        """Code and reason with which the server closed."""
        found = self.of("websocket.close")
        return (found[-1]["code"], found[-1].get("reason") or "") if found else None

    @property
    def denial(self) -> tuple[int, str] | None:
        """Status and code of an answer instead of the web socket."""
        found = self.of("websocket.http.response.start")
        if not found:
            return None
        body = b"".join(one.get("body", b"") for one in self.of("websocket.http.response.body"))
        return found[0]["status"], json.loads(body)["code"] if body else ""


def talk(
    client: ASGIClient,
    path: str,
    headers: Pairs = (),
    say: Sequence[str | Between] = (),
    *,
    denials: bool = True,
) -> Heard:
    """Open one, say something, and leave. `denials`: whether the server can answer a refusal."""
    heard = Heard()
    rest: list[Message | Between] = [{"type": "websocket.connect"}]
    rest += [
        {"type": "websocket.receive", "text": one} if isinstance(one, str) else one for one in say
    ]
    rest.append({"type": "websocket.disconnect", "code": 1000})

    known = -1
    answered = asyncio.Event()

    async def receive() -> Message:
        nonlocal known
        # Some read ahead; whoever is at the other end waits for an answer before the next word.
        while known == len(heard.messages) or not rest:
            answered.clear()
            await answered.wait()
        while callable(found := rest.pop(0)):
            found()
        known = len(heard.messages)
        return found

    async def send(message: Message) -> None:
        heard.messages.append(message)
        answered.set()

    scope = {
        **asgi_scope(Call("GET", path, headers)),
        **{"type": "websocket", "scheme": "ws", "subprotocols": []},
        "extensions": {"websocket.http.response": {}} if denials else {},
    }
    del scope["method"]

    async def serve() -> None:
        await client.serve(scope, receive, send)

    client.run(serve())
    return heard
