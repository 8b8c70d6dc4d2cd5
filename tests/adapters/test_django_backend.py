"""Rows of Django's own users, for who is signed in at watchword."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import django
import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import AnonymousUser, Permission
from django.contrib.auth.models import User as Person
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from tests.adapters.test_django import Door, person
from tests.adapters.test_rights import ROLES
from tests.support.django_people.models import Member, Post
from tests.support.django_tables import django_tables
from watchword import Auth, testing
from watchword.adapters.django.backends import WatchwordBackend
from watchword.plugins import Admin
from watchword.records import User

BACKEND = "watchword.adapters.django.backends.WatchwordBackend"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Auth[User]]:
    auth = testing.auth(
        database=f"sqlite:///{tmp_path}/app.db",
        base_url="http://testserver",
        plugins=[Admin(roles=ROLES)],
    )
    with django_tables(), override_settings(AUTHENTICATION_BACKENDS=[BACKEND]):
        yield auth
    auth.blocking.close()
    asyncio.run(auth.close())


def write(request: HttpRequest) -> HttpResponse:
    post = Post.objects.create(text="hello", author=request.user)  # pyright: ignore
    return HttpResponse(post.author.email)


async def awrite(request: HttpRequest) -> HttpResponse:
    post = await Post.objects.acreate(text="hello", author=await request.auser())  # pyright: ignore
    return HttpResponse(post.author.email)


def told(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    flags = user.is_active, user.is_staff, user.is_superuser
    return HttpResponse(f"{user.__class__.__name__} {flags} {sorted(user.get_all_permissions())}")


URLS = [path("write", write), path("awrite", awrite), path("told", told)]


def test_foreign_keys_have_what_they_want(server: Auth[User]) -> None:
    door, al = Door(server, URLS), person(server)
    assert door.get("/write", al).content == b"al@example.com"
    assert door.aget("/awrite", al).content == b"al@example.com"
    row = Person.objects.get()
    assert (row.username, row.email, row.first_name) == (al.id, "al@example.com", "Al")
    assert not row.has_usable_password()
    assert Post.objects.filter(author=row).count() == 2


def test_a_row_is_refreshed_and_otherwise_left_alone(server: Auth[User]) -> None:
    door, al = Door(server, URLS), person(server)
    door.get("/told", al)
    Person.objects.update(is_staff=True, last_name="Khwarizmi")
    server.blocking.users.update(al.id, name="A" * 200)
    assert b"(True, True, False)" in door.get("/told", al).content
    row = Person.objects.get()
    assert (row.first_name, row.last_name) == ("A" * 150, "Khwarizmi")


def test_no_beginning_of_an_address_is_taken_for_one(
    server: Auth[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    al = testing.make_user(server, email="boss@shop.example.of.somebody.else")
    field = Person._meta.get_field("email")
    monkeypatch.setattr(field, "max_length", len("boss@shop.example"))
    Door(server, URLS).get("/told", al)
    assert Person.objects.get().email == ""
    monkeypatch.undo()
    Door(server, URLS).get("/told", al)
    assert Person.objects.get().email == "boss@shop.example.of.somebody.else"


def test_who_is_not_active_in_django_is_nobody(server: Auth[User]) -> None:
    door, al = Door(server, URLS), person(server)
    door.get("/told", al)
    Person.objects.update(is_active=False)
    assert door.get("/told", al).content.startswith(b"AnonymousUser")


def test_permissions_are_djangos_and_watchwords(server: Auth[User]) -> None:
    door, al = Door(server, URLS), person(server, role="writer")
    door.get("/told", al)
    Person.objects.get().user_permissions.add(Permission.objects.get(codename="add_post"))
    shown = door.get("/told", al).content
    assert b"'django_people.add_post', 'report.write'" in shown


@pytest.mark.skipif(django.VERSION < (5, 2), reason="Django's users have it since 5.2")
def test_permissions_are_awaited_too(server: Auth[User]) -> None:
    al = person(server, role="writer")
    Door(server, URLS).get("/told", al)
    Person.objects.get().user_permissions.add(Permission.objects.get(codename="add_post"))

    async def asked(request: HttpRequest) -> HttpResponse:
        user: Any = await request.auser()
        return HttpResponse(f"{await user.ahas_perms(['report.write', 'django_people.add_post'])}")

    assert Door(server, [path("", asked)]).aget("/", al).content == b"True"


def test_nobody_signs_in_at_django(server: Auth[User]) -> None:
    Person.objects.create_user("old", password="correct horse")
    assert authenticate(username="old", password="correct horse") is None


def test_a_row_of_somebody_else_is_not_taken_over(server: Auth[User]) -> None:
    al = person(server)
    Person.objects.create_user(al.id, password="of somebody who chose that name")
    with pytest.raises(ImproperlyConfigured, match="watchword_id"):
        Door(server, URLS).get("/told", al)


def test_of_many_first_requests_one_makes_the_row(server: Auth[User]) -> None:
    al = person(server)

    def first(_: int) -> Any:
        try:
            return Backend().user_for(al, HttpRequest(), Nothing()).pk
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(first, range(50)))) == 1
    assert Person.objects.count() == 1


class Nothing:
    """Who asks for no rights."""

    def rights(self) -> Any:
        raise AssertionError

    async def arights(self) -> Any:
        raise AssertionError


class Backend(WatchwordBackend):
    """With what a project may add."""

    def fields_for(self, record: User, visit: Any) -> Mapping[str, object]:
        if isinstance(visit, Nothing):
            return super().fields_for(record, visit)
        boss = "admin" in visit.rights().roles
        more = {"is_staff": boss, "is_superuser": boss, "no_such_field": 1}
        return {**super().fields_for(record, visit), **more}


@override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.Backend"])
def test_roles_may_decide_who_is_staff(server: Auth[User]) -> None:
    door, al = Door(server, URLS), person(server, role="admin")
    assert b"(True, True, True)" in door.get("/told", al).content
    server.blocking.users.set_role(al.id, "user")
    assert b"(True, False, False)" in door.get("/told", al).content
    assert b"(True, False, False)" in door.aget("/told", al).content


@override_settings(AUTH_USER_MODEL="django_people.Member")
def test_a_field_for_the_id_is_taken_if_there_is_one(server: Auth[User]) -> None:
    """As after an import: the rows are old, and are told what their users are called now."""
    door, al = Door(server, URLS), person(server)
    old = Member.objects.create(email="old@example.com", watchword_id=al.id)
    old.set_password("chosen long ago")
    old.save()
    assert b"Member" in door.get("/told", al).content
    assert Member.objects.get().email == "al@example.com"
    assert Member.objects.get().pk == old.pk


@override_settings(AUTH_USER_MODEL="django_people.Addressed")
def test_nobody_is_known_by_an_address(server: Auth[User]) -> None:
    with pytest.raises(ImproperlyConfigured, match="watchword_id"):
        WatchwordBackend().user_for(person(server), HttpRequest(), Nothing())


def test_nobody_stays_anonymous(server: Auth[User]) -> None:
    assert Door(server, URLS).get("/told").content == b"AnonymousUser (False, False, False) []"
    assert AnonymousUser().has_perm("report.read") is False
