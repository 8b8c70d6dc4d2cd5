"""Checks of Django's framework: is the project put together right, and is it fit for production?

`manage.py check` looks at the first, `--deploy` at what `watchword doctor` looks at, and
`--database` at the database. A check is silenced by the option that it is about:
`SILENCED_SYSTEM_CHECKS = ["watchword.rate_limit.storage"]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, get_script_prefix
from django.utils.module_loading import import_string

from watchword.cli.database_checks import check_databases as findings_of_databases
from watchword.cli.failures import scrubbed
from watchword.cli.finding import Finding
from watchword.cli.mail_findings import check_transport
from watchword.cli.option_findings import check_options
from watchword.cli.range_checks import check_ranges
from watchword.cli.site_checks import check_site
from watchword.errors import ConfigurationError

from .configured import auth_of_settings
from .mounting import ServerPattern
from .users import mapping_backend

if TYPE_CHECKING:
    from watchword.auth import Auth

TAG = "watchword"

_MIDDLEWARE = "watchword.adapters.django.middleware.WatchwordMiddleware"
_OF_DJANGO = "django.contrib.auth.middleware.AuthenticationMiddleware"
_KINDS = {"error": Error, "warning": Warning, "info": Info}


def check_project(app_configs: object, **_: Any) -> list[CheckMessage]:
    """Setting, middleware and URLs."""
    try:
        auth = auth_of_settings()
    except (ImproperlyConfigured, ConfigurationError) as error:
        return [Error(str(error), id="watchword.E001")]
    return [*_middleware(), *_urls(auth), *_backend(), *_transactions(auth)]


def check_deployment(app_configs: object, **_: Any) -> list[CheckMessage]:
    """What `watchword doctor` finds in the configuration."""
    auth = _auth()
    if auth is None:
        return []
    config = auth.config
    checks = (check_options, check_ranges, check_site, check_transport)
    return list(_told(one for check in checks for one in check(config)))


def check_databases(
    app_configs: object, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Whether database and secondary storage can be reached, and have the tables.

    Never more than warnings: `manage.py migrate`, which would stop at others, may be what mends it.
    """
    auth = _auth() if databases else None
    if auth is None or getattr(auth.storage, "migrates_with", None) in (databases or ()):
        return []
    return [
        Warning(one.msg, hint=one.hint, id=one.id) for one in _told(findings_of_databases(auth))
    ]


def _auth() -> Auth[Any] | None:
    """The server; None where `check_project` says what is wrong with it."""
    try:
        return auth_of_settings()
    except (ImproperlyConfigured, ConfigurationError):
        return None


def _told(findings: Iterable[Finding]) -> Iterator[CheckMessage]:
    for one in findings:
        option = one.about.partition("[")[0]
        text = f"{one.about}: {scrubbed(one.what)}."
        yield _KINDS[one.severity](text, hint=one.remedy or None, id=f"watchword.{option}")


def _middleware() -> Iterator[CheckMessage]:
    ours, theirs = _place_of(_MIDDLEWARE, behind=None), None
    if ours is None:
        yield Warning(
            "The middleware is missing: there is no request.watchword, and guards fail.",
            hint=f"Add {_MIDDLEWARE!r} to MIDDLEWARE, in the place of AuthenticationMiddleware.",
            id="watchword.W001",
        )
        return
    theirs = _place_of(_OF_DJANGO, behind=ours)
    if theirs is not None:
        yield Error(
            "Django's AuthenticationMiddleware stands behind watchword's and overrules it: "
            "request.user is not who is signed in at watchword.",
            hint="Take it out of MIDDLEWARE, or put it in front.",
            id="watchword.E002",
        )


def _place_of(path: str, *, behind: int | None) -> int | None:
    """The place of a middleware, or of a class that is made from it."""
    start = 0 if behind is None else behind + 1
    given: list[str] = list(settings.MIDDLEWARE)
    for place, one in list(enumerate(given))[start:]:
        if one == path:
            return place
        if path == _MIDDLEWARE:
            wanted, found = import_string(path), import_string(one)
            if isinstance(found, type) and issubclass(found, wanted):
                return place
    return None


def _backend() -> Iterator[CheckMessage]:
    backend = mapping_backend() if apps.is_installed("django.contrib.auth") else None
    try:
        if backend is not None:
            backend.check_link()
    except ImproperlyConfigured as error:
        yield Error(str(error), id="watchword.E004")


def _transactions(auth: Auth[Any]) -> Iterator[CheckMessage]:
    alias: str | None = getattr(auth.storage, "takes_part_in", None)
    if alias is not None and connections[alias].settings_dict.get("ATOMIC_REQUESTS"):
        yield Warning(
            f"ATOMIC_REQUESTS of the database {alias!r} puts views into transactions, in "
            "which nothing that counts guesses would last: forms that they submit are refused.",
            hint="Use DjangoStorage(own=True), or mark views that submit forms with "
            "transaction.non_atomic_requests and silence this.",
            id="watchword.W003",
        )


def _urls(auth: Auth[Any]) -> Iterator[CheckMessage]:
    prefix = get_script_prefix().rstrip("/")
    path = f"{auth.base_path.removeprefix(prefix)}/ok"
    resolver = get_resolver()
    try:
        served = getattr(resolver.resolve(path).func, "served_by", None)
    except Resolver404:
        served = None
    if served is None:
        yield Warning(
            f"No URL of the project leads to the server at {auth.base_path}.",
            hint='Add path("", include("watchword.adapters.django.urls")) to urlpatterns, without '
            "a prefix: the base path is that of Auth.",
            id="watchword.W002",
        )
    mounted = {id(one.auth): one.auth for one in _patterns(resolver.url_patterns)}
    servers = list(mounted.values())
    for number, one in enumerate(servers):
        for other in servers[:number]:
            try:
                one.check_beside(other)
            except ConfigurationError as error:
                yield Error(str(error), id="watchword.E003")


def _patterns(found: Iterable[URLPattern | URLResolver]) -> Iterator[ServerPattern]:
    for one in found:
        if isinstance(one, ServerPattern):
            yield one
        elif isinstance(one, URLResolver):
            yield from _patterns(one.url_patterns)
