"""Guards of Django's views under `ATOMIC_REQUESTS`: what they spend is spent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View

from tests.support.django_project import database, project, sqlite_settings
from watchword import Auth, testing
from watchword.adapters.django import login_required
from watchword.adapters.django.api_keys import api_key_required
from watchword.database.contract import WouldNotLast
from watchword.plugins import ApiKey
from watchword.plugins.api_key import CreateApiKey
from watchword.records import User
from watchword.storage.django import DjangoStorage


@pytest.fixture
def alias(tmp_path: Path) -> Iterator[str]:
    with database({**sqlite_settings(tmp_path / "app.db"), "ATOMIC_REQUESTS": True}) as made:
        yield made


@pytest.fixture
def auth(alias: str) -> Iterator[Auth[User]]:
    made = testing.auth(
        database=DjangoStorage(alias), base_url="http://testserver", plugins=[ApiKey()]
    )
    yield made
    made.blocking.close()


class Missing:
    """A view that stores something, and then finds nothing to show."""

    def __init__(self, auth: Auth[User], alias: str) -> None:
        self.auth, self.alias = auth, alias
        self.called = 0
        self.in_block: list[bool] = []

    def view(self, request: HttpRequest, **_: Any) -> HttpResponse:
        self.called += 1
        self.in_block.append(connections[self.alias].in_atomic_block)
        testing.make_user(self.auth, email=f"{self.called}@example.com")
        raise Http404


def key_of(auth: Auth[User], uses: int) -> str:
    owner = testing.make_user(auth, email="owner@example.com")
    return auth.blocking.api.create_api_key(CreateApiKey(user_id=owner.id, remaining=uses)).key


def statuses(auth: Auth[User], view: Any, key: str, times: int) -> list[int]:
    with project(auth, [path("", view)]):
        asked = [Client().get("/", headers={"x-api-key": key}) for _ in range(times)]
    return [answer.status_code for answer in asked]


def test_uses_of_a_key_count_and_the_view_is_undone(auth: Auth[User], alias: str) -> None:
    missing = Missing(auth, alias)
    view = api_key_required()(missing.view)
    assert statuses(auth, view, key_of(auth, 2), 3) == [404, 404, 429]
    assert missing.in_block == [True, True]
    assert auth.blocking.users.count() == 1


def test_one_guard_before_another_one_stays_outside_too(auth: Auth[User], alias: str) -> None:
    missing = Missing(auth, alias)
    outer = api_key_required()(api_key_required()(missing.view))
    assert statuses(auth, outer, key_of(auth, 4), 3) == [404, 404, 429]
    assert missing.in_block == [True, True]


def test_a_whole_class_is_guarded_as_well(auth: Auth[User], alias: str) -> None:
    missing = Missing(auth, alias)

    @method_decorator(api_key_required(), name="dispatch")
    class Files(View):
        def get(self, request: HttpRequest) -> HttpResponse:
            return missing.view(request)

    assert statuses(auth, Files.as_view(), key_of(auth, 2), 3) == [404, 404, 429]
    assert missing.in_block == [True, True]


@pytest.mark.parametrize("outermost", [True, False])
def test_a_view_that_wants_no_transaction_has_none(
    auth: Auth[User], alias: str, outermost: bool
) -> None:
    missing = Missing(auth, alias)
    guard, alone = api_key_required(), transaction.non_atomic_requests(using=alias)

    def plain(request: HttpRequest) -> HttpResponse:
        return missing.view(request)

    view = alone(guard(plain)) if outermost else guard(alone(plain))
    assert statuses(auth, view, key_of(auth, 2), 1) == [404]
    assert missing.in_block == [False]
    assert auth.blocking.users.count() == 2


def test_a_guard_inside_the_transaction_refuses_to_count(auth: Auth[User]) -> None:
    class Files(View):
        @api_key_required()
        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse()

    with pytest.raises(WouldNotLast, match="uses of a key"):
        statuses(auth, Files.as_view(), key_of(auth, 2), 1)


def test_a_guard_that_spends_nothing_may_stand_there(auth: Auth[User]) -> None:
    class Me(View):
        @login_required
        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse(f"{request.user}")

    with project(auth, [path("", Me.as_view())]):
        client = Client()
        testing.sign_in(auth, client, testing.make_user(auth, email="al@example.com"))
        assert client.get("/").content == b"al@example.com"
