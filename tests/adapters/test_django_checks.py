"""`manage.py check`: is the project put together right, and fit for production?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks
from django.test import override_settings

from tests.support.browser import SECRET
from tests.support.django_project import MIDDLEWARE, database, project, sqlite_settings
from watchword import Auth, CookieCache, EmailAndPassword, SessionOptions, testing
from watchword.adapters.django import watchword_urls
from watchword.adapters.django.checks import TAG
from watchword.mail import Console, Mailer
from watchword.records import User
from watchword.storage.django import DjangoStorage

OF_DJANGO = "django.contrib.auth.middleware.AuthenticationMiddleware"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Auth[User]]:
    auth = testing.auth(database=f"sqlite:///{tmp_path}/app.db", base_url="http://localhost:8000")
    yield auth
    auth.blocking.close()


def found(**more: Any) -> dict[str, CheckMessage]:
    return {one.id or "": one for one in run_checks(tags=[TAG], **more)}


def test_a_project_that_is_put_together_right(server: Auth[User]) -> None:
    with project(server):
        assert found() == {}


def test_the_setting(server: Auth[User]) -> None:
    with override_settings(WATCHWORD="no.where"):
        assert "cannot be imported" in found()["watchword.E001"].msg
        assert found(include_deployment_checks=True).keys() == {"watchword.E001"}
        assert found(databases=["default"]).keys() == {"watchword.E001"}


def test_the_middleware(server: Auth[User]) -> None:
    with project(server, MIDDLEWARE=[]):
        assert "MIDDLEWARE" in (found()["watchword.W001"].hint or "")
    with project(server, MIDDLEWARE=[MIDDLEWARE, OF_DJANGO]):
        assert "overrules" in found()["watchword.E002"].msg
    with project(server, MIDDLEWARE=[OF_DJANGO, MIDDLEWARE]):
        assert found() == {}


def test_the_urls(server: Auth[User]) -> None:
    with project(server, ROOT_URLCONF="tests.support.django_urls"):
        assert "leads to the server at /api/auth" in found()["watchword.W002"].msg
        assert "include" in (found()["watchword.W002"].hint or "")


def test_several_servers(tmp_path: Path) -> None:
    cache = SessionOptions(cookie_cache=CookieCache())

    def server(base_path: str) -> Auth[Any]:
        url = f"sqlite:///{tmp_path}{base_path}.db"
        return testing.auth(database=url, base_path=base_path, session=cache)

    shop, staff, other = server("/a"), server("/b"), server("/c")

    def urls() -> list[Any]:
        # Each alone with that of the settings has been looked at, these two have not.
        return [*watchword_urls(staff), *watchword_urls(other)]

    plain = testing.auth(
        database=None, base_path="/d", secret="another-secret-0123456789-abcdefghi"
    )
    with project(plain, urls):
        assert "one secret" in found()["watchword.E003"].msg
    for auth in (shop, staff, other):
        auth.blocking.close()


def test_rows_that_cannot_be_known_again(server: Auth[User]) -> None:
    backend = "watchword.adapters.django.backends.WatchwordBackend"
    with project(server, AUTHENTICATION_BACKENDS=[backend]):
        assert found() == {}
        with override_settings(AUTH_USER_MODEL="django_people.Addressed"):
            assert "watchword_id" in found()["watchword.E004"].msg


def test_transactions_around_views(tmp_path: Path) -> None:
    atomic = {**sqlite_settings(tmp_path / "atomic.db"), "ATOMIC_REQUESTS": True}
    with database(atomic) as alias:
        for own in (False, True):
            auth = testing.auth(
                database=DjangoStorage(alias, own=own), base_url="http://localhost:8000"
            )
            with project(auth):
                assert ("watchword.W003" in found()) is not own
            auth.blocking.close()


def test_how_mails_are_sent_is_for_deployment(tmp_path: Path) -> None:
    auth = Auth(
        database=f"sqlite:///{tmp_path}/app.db",
        secret=SECRET,
        mail=Mailer(Console(), sender="no-reply@example.com"),
        environ={},
    )
    with project(auth):
        assert "watchword.mail.transport" in found(include_deployment_checks=True)
    auth.blocking.close()


def test_doctors_findings_are_for_deployment(server: Auth[User]) -> None:
    with project(server):
        told = found(include_deployment_checks=True)
    assert told["watchword.base_url"].is_serious()
    assert "https" in told["watchword.base_url"].msg
    assert told["watchword.production"].hint == "Set WATCHWORD_ENV=production"
    assert not told["watchword.secrets"].is_serious()


def test_they_are_silenced_by_their_option(server: Auth[User]) -> None:
    with project(server), override_settings(SILENCED_SYSTEM_CHECKS=["watchword.base_url"]):
        told = found(include_deployment_checks=True)
        assert told["watchword.base_url"].is_silenced()
        assert not told["watchword.production"].is_silenced()


def test_no_finding_shows_a_secret(server: Auth[User], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BETTER_AUTH_SECRET", testing.auth().config.secrets.current)
    with project(server):
        told = run_checks(tags=[TAG], include_deployment_checks=True)
    assert testing.auth().config.secrets.current not in repr(told)


def test_databases_are_looked_at_where_django_is_asked_to(tmp_path: Path) -> None:
    auth: Auth[Any] = Auth(
        database=f"sqlite:///{tmp_path}/app.db",
        secret="x" * 40,
        base_url="http://localhost",
        email_and_password=EmailAndPassword(enabled=True),
        environ={},
    )
    with project(auth):
        assert found(databases=[]) == {}
        told = run_checks(tags=[TAG], databases=["default"])
        assert "lacks the table user" in told[0].msg
        assert not any(one.is_serious(40) for one in told)
    auth.blocking.close()
    with database(sqlite_settings(tmp_path / "other.db")) as alias:
        own: Auth[Any] = Auth(database=DjangoStorage(alias), secret="x" * 40, environ={})
        with project(own):
            assert found(databases=[alias]) == {}
