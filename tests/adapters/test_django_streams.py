"""Streams of events in Django end with the session that opened them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, StreamingHttpResponse
from django.test import AsyncClient, Client
from django.urls import path

from tests.support.django_project import auth_of_a_test, project
from watchword import Auth, testing
from watchword.records import User


@pytest.fixture
def auth(tmp_path: Path) -> Iterator[Auth[User]]:
    with auth_of_a_test(tmp_path) as made:
        yield made


def test_a_stream_of_a_sync_view_ends_with_the_session(auth: Auth[User]) -> None:
    ada = testing.make_user(auth)

    def news() -> Iterator[str]:
        yield "one "
        auth.blocking.users.revoke_sessions(ada.id)
        yield "two"

    def stream(request: Any) -> StreamingHttpResponse:
        live = request.watchword.live_session(every=0)
        assert live.user.id == ada.id
        return StreamingHttpResponse(live.through(news()))

    with project(auth, [path("events", stream)]):
        client = Client()
        assert client.get("/events").json()["code"] == "UNAUTHORIZED"
        testing.sign_in(auth, client, ada)
        answer: Any = client.get("/events")
        assert answer.getvalue() == b"one "
        assert client.get("/events").status_code == 401


async def test_a_stream_of_an_async_view_ends_with_the_session(auth: Auth[User]) -> None:
    ada = testing.make_user(auth)

    async def news() -> AsyncIterator[str]:
        yield "one "
        await auth.users.revoke_sessions(ada.id)
        yield "two"

    async def stream(request: Any) -> StreamingHttpResponse:
        live = await request.watchword.alive_session(every=0)
        assert live.user.id == ada.id
        return StreamingHttpResponse(live.through(news()))

    async def ask() -> None:
        client = AsyncClient()
        refused: Any = await client.get("/events")
        assert refused.json()["code"] == "UNAUTHORIZED"
        await testing.async_sign_in(auth, client, ada)
        answer: Any = await client.get("/events")
        assert [part async for part in answer.streaming_content] == [b"one "]
        assert (await client.get("/events")).status_code == 401

    with project(auth, [path("events", stream)]):
        await ask()


async def test_on_an_event_loop_it_must_be_awaited(auth: Auth[User]) -> None:
    async def stream(request: HttpRequest) -> Any:
        request.watchword.live_session()  # pyright: ignore

    async def ask() -> None:
        await AsyncClient().get("/events")

    with project(auth, [path("events", stream)]), pytest.raises(Exception, match="event loop"):
        await ask()
