"""Providers on their own: a world that answers for other servers and remembers what was asked."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from watchword import providers
from watchword.oauth.client import Client
from watchword.oauth.key_sets import KeySets
from watchword.oauth.profile import Identity
from watchword.oauth.provider import Provider
from watchword.oauth.tokens import Tokens
from watchword.runtime.outgoing import OutgoingAnswer, OutgoingRequest

T = TypeVar("T")

_NEEDED: dict[str, dict[str, Any]] = {
    "cognito": {"domain": "my.auth.example", "region": "eu-1", "user_pool_id": "pool"},
}

NOW = datetime(2037, 1, 1, tzinfo=UTC)


def json_answer(value: object, status: int = 200) -> OutgoingAnswer:
    """An answer with a JSON body."""
    headers = {"content-type": "application/json"}
    return OutgoingAnswer(status=status, headers=headers, body=json.dumps(value).encode())


@dataclass
class Internet:
    """Answers in the order given; the last one answers for ever."""

    answers: list[OutgoingAnswer] = field(default_factory=lambda: [json_answer({})])
    asked: list[OutgoingRequest] = field(default_factory=list)

    async def send(self, request: OutgoingRequest) -> OutgoingAnswer:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def run(callback: Callable[..., Any], *args: object) -> object:
    result = callback(*args)
    return await result if isinstance(result, Awaitable) else result


async def once(key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return await work()


def client_of(internet: Internet, now: datetime = NOW, keys: KeySets | None = None) -> Client:
    """What a provider gets in a call."""
    return Client(
        http=internet,
        once=once,
        run=run,
        now=now,
        random=lambda: "r" * 32,
        key_sets=keys or KeySets(),
    )


def made(provider_id: str, options: dict[str, Any]) -> Provider:
    """The provider with this id, from options in the reference's spelling."""
    named = {_snake(name): value for name, value in options.items()}
    for name in providers.__all__:
        kind: type[Provider] = getattr(providers, name)
        if kind.__module__.rpartition(".")[2] == provider_id:
            return kind(**named)
    raise LookupError(provider_id)


def provider(provider_id: str, **options: Any) -> Provider:
    """The provider with this id, with what it needs and these options."""
    given = {"client_id": "client-id", "client_secret": "client-secret"}
    return made(provider_id, {**given, **_NEEDED.get(provider_id, {}), **options})


async def person(
    asked: Provider, *answers: object, tokens: Tokens | None = None
) -> tuple[Identity | None, list[OutgoingRequest]]:
    """Whom the provider speaks of when it gets these answers, and what it asked for them."""
    ready = [one if isinstance(one, OutgoingAnswer) else json_answer(one) for one in answers]
    internet = Internet(ready or [json_answer({})])
    info = await asked.user_info(client_of(internet), tokens or Tokens(access_token="AT"))
    return info and info.identity, internet.asked


def query(url: str) -> dict[str, str]:
    """The parameters of a URL, none of which is there twice."""
    found = parse_qs(urlsplit(url).query)
    assert all(len(values) == 1 for values in found.values())
    return {name: values[0] for name, values in found.items()}


def claims_of(**claims: object) -> Tokens:
    """Tokens with an ID token that says this."""
    return Tokens(access_token="AT", id_token=unsigned(claims))


def written_ids() -> list[str]:
    """The ids of all providers that there are, which are the names of their modules."""
    return sorted(
        getattr(providers, name).__module__.rpartition(".")[2] for name in providers.__all__
    )


def unsigned(claims: dict[str, Any]) -> str:
    """An ID token that nobody vouches for."""
    parts = ({"alg": "RS256"}, claims)
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(text.rstrip("=") for text in texts), "c2ln"])


def _snake(name: str) -> str:
    return re.sub(r"([a-z])([A-Z]+)", lambda m: f"{m[1]}_{m[2].lower()}", name).lower()
