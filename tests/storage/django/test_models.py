"""Models of Django over watchword's tables: read as they are, referred to, made by migrations."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from types import ModuleType
from typing import Annotated, Any, Literal

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.auth.models import User as Person
from django.core.management import call_command
from django.db import connections
from django.db.models import Max
from django.test import RequestFactory, override_settings

from tests.support.django_project import database, project
from watchword import Auth, Column, Names, SignUpEmail, testing
from watchword.adapters.django.admin import WatchwordAdmin
from watchword.plugins import Admin, ApiKey, Organization, TwoFactor
from watchword.records import User
from watchword.storage.django import DjangoStorage, models_source
from watchword.testing.clocks import Clock

NOW = datetime(2026, 3, 4, 5, 6, 7, 89000, UTC)


class Member(User, kw_only=True):
    lang: str = "en"
    tags: list[str] | None = None
    seen_at: datetime | None = None
    class_: Annotated[str | None, Column(name="class")] = None


def server(alias: str, **options: Any) -> Auth[Any]:
    given = {"plugins": [Admin(), Organization(), TwoFactor(), ApiKey()], **options}
    return Auth(
        database=DjangoStorage(alias),
        user_type=Member,
        secret="a-secret-for-tests-0123456789-ABCDEFGHIJ",
        base_url="http://localhost",
        environ={},
        clock=Clock(NOW),
        **given,
    )


class App:
    """An application of Django's that is written for a test."""

    def __init__(self, folder: Path, text: str) -> None:
        self.label = f"shop_{token_hex(4)}"
        (folder / self.label / "migrations").mkdir(parents=True)
        (folder / self.label / "migrations" / "__init__.py").write_text("")
        (folder / self.label / "__init__.py").write_text("")
        (folder / self.label / "models.py").write_text(text)

    @property
    def models(self) -> ModuleType:
        return importlib.import_module(f"{self.label}.models")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(tmp_path)
    made: list[tuple[App, Any]] = []

    def install(text: str) -> App:
        app = App(tmp_path, text)
        changed = override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, app.label])
        changed.enable()
        made.append((app, changed))
        return app

    yield install
    for app, changed in reversed(made):
        changed.disable()
        apps.all_models.pop(app.label, None)
        for name in [name for name in sys.modules if name.partition(".")[0] == app.label]:
            del sys.modules[name]
    apps.clear_cache()


def sign_up(auth: Auth[Any], name: str) -> Any:
    given = SignUpEmail(name=name, email=f"{name}@example.com", password="correct horse")
    more = {"lang": "de", "tags": ["a", "b"], "seenAt": NOW}
    return auth.blocking.api.sign_up_email(given, extra=more)


POSTS = """

class Post(models.Model):
    author = models.ForeignKey(User, models.CASCADE, related_name="posts")
    text = models.TextField()
"""


def test_rows_are_read_as_watchword_has_written_them(alias: str, installed: Any) -> None:
    auth = server(alias, **PASSWORDS)
    auth.blocking.migrate()
    ada = sign_up(auth, "ada").user
    sign_up(auth, "bob")
    models = installed(models_source(auth.config.tables)).models
    users, sessions = models.User.objects.using(alias), models.Session.objects.using(alias)
    found = users.get(email="ada@example.com")
    assert (found.pk, found.name, found.email_verified, found.lang) == (ada.id, "ada", False, "de")
    assert (found.created_at, found.seen_at, found.tags) == (NOW, NOW, ["a", "b"])
    assert (found.class_value, found.banned) == (None, False)
    assert users.filter(created_at__gte=NOW).count() == 2
    assert users.filter(created_at__lt=NOW).count() == 0
    assert users.filter(created_at__range=(NOW - timedelta(1), NOW)).count() == 2
    assert users.aggregate(last=Max("created_at")) == {"last": NOW}
    assert list(users.order_by("-name").values_list("created_at", flat=True)) == [NOW, NOW]
    assert [one.user for one in sessions.select_related("user").filter(user=found)] == [found]
    assert sessions.filter(user__name="bob", expires_at__gt=NOW).count() == 1
    assert users.filter(session__expires_at__gt=NOW).distinct().count() == 2
    auth.blocking.close()


def test_rows_are_written_as_watchword_reads_them(alias: str, installed: Any) -> None:
    auth = server(alias, **PASSWORDS)
    auth.blocking.migrate()
    models = installed(models_source(auth.config.tables)).models
    moment = NOW + timedelta(microseconds=7)
    models.User.objects.using(alias).create(
        id="u1",
        name="Eve",
        email="eve@example.com",
        created_at=moment,
        updated_at=moment,
        lang="fr",
        tags=["x"],
        email_verified=True,
        role="user",
    )
    found = auth.blocking.users.get("u1")
    assert found is not None
    assert (found.name, found.email_verified, found.tags) == ("Eve", True, ["x"])
    assert found.created_at == NOW
    models.User.objects.using(alias).get(email_verified=True).delete(using=alias)
    assert auth.blocking.users.count() == 0
    auth.blocking.close()


@override_settings(USE_TZ=False, TIME_ZONE="Asia/Tokyo")
def test_moments_are_those_of_the_project_without_use_tz(alias: str, installed: Any) -> None:
    auth = server(alias, **PASSWORDS)
    auth.blocking.migrate()
    sign_up(auth, "ada")
    users = installed(models_source(auth.config.tables)).models.User.objects.using(alias)
    local = (NOW + timedelta(hours=9)).replace(tzinfo=None)
    assert users.get().created_at == local
    assert users.filter(created_at=local).count() == 1
    auth.blocking.close()


def test_an_application_may_refer_to_them(alias: str, installed: Any) -> None:
    """Its migration makes a foreign key to a table that must be there before."""
    auth = server(alias, **PASSWORDS)
    app = installed(models_source(auth.config.tables) + POSTS)
    with project(auth):
        call_command("makemigrations", app.label, verbosity=0)
        call_command("migrate", database=alias, verbosity=0)
    ada = sign_up(auth, "ada").user
    user = app.models.User.objects.using(alias).get(pk=ada.id)
    app.models.Post.objects.using(alias).create(author=user, text="hello")
    assert user.posts.count() == 1
    connections[alias].check_constraints()
    auth.blocking.close()


def test_migrations_of_the_project_make_the_same_tables(alias: str, installed: Any) -> None:
    auth = server(alias, **PASSWORDS)
    app = installed(models_source(auth.config.tables, managed=True))
    with project(auth), override_settings(WATCHWORD=None):
        call_command("makemigrations", app.label, verbosity=0)
        call_command("migrate", app.label, database=alias, verbosity=0)
        call_command("makemigrations", app.label, check=True, verbosity=0)
    assert auth.blocking.migrate() == []
    ada = sign_up(auth, "ada").user
    # What is deleted past Django takes along what refers to it.
    auth.blocking.users.delete(ada.id)
    assert app.models.Session.objects.using(alias).count() == 0
    with project(auth), override_settings(WATCHWORD=None):
        call_command("migrate", app.label, "zero", database=alias, verbosity=0)
    assert "user" not in connections[alias].introspection.table_names()
    auth.blocking.close()


def test_tables_that_are_there_already_are_taken_over(alias: str, installed: Any) -> None:
    auth = server(alias, **PASSWORDS)
    auth.blocking.migrate()
    app = installed(models_source(auth.config.tables, managed=True))
    with project(auth):
        call_command("makemigrations", app.label, verbosity=0)
        call_command("migrate", app.label, database=alias, fake_initial=True, verbosity=0)
    sign_up(auth, "ada")
    assert app.models.User.objects.using(alias).count() == 1
    auth.blocking.close()


@pytest.mark.parametrize("ids", ["uuid", "serial"])
def test_ids_that_the_database_makes(
    alias: str, installed: Any, ids: Literal["uuid", "serial"]
) -> None:
    from watchword import Advanced

    auth = server(alias, advanced=Advanced(generate_id=ids), **PASSWORDS)
    auth.blocking.migrate()
    ada = sign_up(auth, "ada").user
    models = installed(models_source(auth.config.tables)).models
    found = models.User.objects.using(alias).get(pk=ada.id)
    assert str(found.pk) == ada.id
    assert models.Session.objects.using(alias).get(user=found).user_id == found.pk
    auth.blocking.close()


def test_other_names_and_schemas() -> None:
    auth: Auth[Any] = Auth(
        database="sqlite://",
        secret="x" * 40,
        names=Names(snake_case=True, plural=True),
        environ={},
    )
    text = models_source(auth.config.tables)
    assert "db_table = 'users'" in text
    assert "email_verified = Flag(default=False)" in text
    postgres = "postgresql://x@localhost/x"
    inside: Auth[Any] = Auth(
        database=postgres, secret="x" * 40, names=Names(tables={"user": "inside.users"}), environ={}
    )
    assert """db_table = '"inside"."users"'""" in models_source(inside.config.tables)


PASSWORDS: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords that take no time."""
    from watchword import EmailAndPassword
    from watchword.crypto.passwords import Argon2Cost

    cost = Argon2Cost(memory=64, passes=1, lanes=1)
    PASSWORDS["email_and_password"] = EmailAndPassword(enabled=True, argon2_cost=cost)


class TestAdmin:
    @pytest.fixture
    def shop(self, tmp_path: Path, installed: Any) -> Iterator[tuple[str, Any]]:
        """A database with a user, and its models."""
        given = {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "app.db"}
        with database(given) as alias:
            auth = server(alias, **PASSWORDS)
            auth.blocking.migrate()
            sign_up(auth, "ada")
            yield alias, installed(models_source(auth.config.tables)).models
            auth.blocking.close()

    def test_it_shows_no_secrets_and_changes_nothing(self, shop: tuple[str, Any]) -> None:
        _, models = shop
        site = AdminSite()
        request = RequestFactory().get("/")
        request.user = Person(username="root", is_staff=True, is_superuser=True)
        for model in (models.User, models.Session, models.Account):
            site.register(model, WatchwordAdmin)
            shown = site._registry[model]
            fields = shown.get_fields(request)
            assert set(fields) == set(shown.get_readonly_fields(request))
            assert not {"token", "password", "access_token", "id_token"} & set(fields)
            assert {"id"} < set(fields)
            assert not shown.has_add_permission(request)
            assert not shown.has_change_permission(request)
            assert not shown.has_delete_permission(request)
            assert shown.has_view_permission(request)
        users = site._registry[models.User]
        assert users.get_search_fields(request) == ["email", "name"]
        assert len(users.get_list_display(request)) == 6

    def test_nobody_finds_secrets_out_by_filtering(self, shop: tuple[str, Any]) -> None:
        alias, models = shop

        class InDatabase(WatchwordAdmin):
            def get_queryset(self, request: Any) -> Any:
                return super().get_queryset(request).using(alias)

        for model, asked, allowed in (
            (models.Session, "token__startswith", False),
            (models.Session, "token", False),
            (models.Session, "user__exact", True),
            (models.Account, "password__regex", False),
            (models.Account, "provider_id__exact", True),
            (models.User, "account__password__startswith", False),
            (models.User, "session__token__startswith", False),
            (models.TwoFactor, "secret__contains", False),
        ):
            shown = InDatabase(model, AdminSite())
            request = RequestFactory().get("/", {asked: "a"})
            request.user = Person(username="root", is_staff=True, is_superuser=True)
            refused = nullcontext() if allowed else pytest.raises(DisallowedModelAdminLookup)
            with refused:
                shown.get_changelist_instance(request)


def test_testing_is_for_tests() -> None:
    assert testing.Clock is Clock
