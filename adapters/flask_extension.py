"""The extension of an application: what Flask and Quart, which is built on Flask, have in common.

Where it is mounted and beside whom, and which of its parts the application knows. How requests get
to the core, and answers back, is said by the adapter of each.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from flask.sansio.app import App  # pyright: ignore[reportMissingTypeStubs]
from flask.sansio.blueprints import (  # pyright: ignore[reportMissingTypeStubs]
    Blueprint,
    BlueprintSetupState,
)
from werkzeug.routing import BaseConverter, Rule

from watchword.configuration.core_options import U
from watchword.configuration.option_checks import check_texts
from watchword.errors import APIError, ConfigurationError

from .flask_json import show_records
from .view_guards import Given, Made, ViewGuards

if TYPE_CHECKING:
    from watchword.auth import Auth

Application = TypeVar("Application", bound=App)
Registered = TypeVar("Registered", bound=Blueprint)

NAME = "watchword"
_MOUNTS = "watchword.mounts"


class Rest(BaseConverter):
    """All that stands behind the base path."""

    regex = "(?s:.*)"
    part_isolating = False


@dataclass(frozen=True, slots=True)
class Mount:
    """A server in an application."""

    auth: Auth[Any]
    path: str
    host: str | None


class MountedExtension(ViewGuards[Given, Made], Generic[Application, Registered, Given, Made, U]):
    """Serves `auth` under its base path and answers who is signed in.

    `path` is the base path as the application sees it, where that differs from `auth.base_path`:
    when the application itself is mounted below a prefix. With `host_matching=True` it answers on
    every host, or on `host` alone. A second server in the same application has a `name`, and guards
    and a `user` of its own: `staff.login_required`, `staff.user`.

    Where applications are made by a function, make it before them and call `init_app` there. One
    without an `auth` is told of it there, and may be mounted on several applications.
    """

    application: ClassVar[type[App]]
    blueprint_class: ClassVar[type[Blueprint]]
    rule: ClassVar[type[Rule]]

    def __init__(
        self,
        auth: Auth[U] | None = None,
        app: Application | None = None,
        *,
        path: str | None = None,
        name: str = "",
        host: str | None = None,
    ) -> None:
        self._auth = auth
        self._path = path
        self._name = f"{NAME}_{name}" if name else NAME
        self._host = host
        if app is not None:
            self.init_app(app)

    @property
    def auth(self) -> Auth[U]:
        """The server; of an extension that was made without one, that of the current application.

        Raises `RuntimeError` in an application that it is not mounted on.
        """
        return self._auth or self.served_on(self.current_application())

    def served_on(self, app: App) -> Auth[U]:
        """The server of one application. Raises `RuntimeError` where this is not mounted."""
        mount = _mounts(app).get(self._name)
        if mount is None:
            raise RuntimeError(
                f"this application has no {self._name!r}: call init_app(app, auth) where it is made"
            )
        return mount.auth

    def known_auth(self) -> Auth[Any] | None:
        return self._auth

    def init_app(self, app: Application, auth: Auth[U] | None = None) -> None:
        """Mount on an application: every method, every path, no slash added, removed or merged.

        Raises `ConfigurationError` where another server has the name or the place, or would believe
        the cookies of this one, and where nobody said which server is meant.
        """
        served = self._served(auth)
        mount = Mount(served, self._place(served), self._host)
        self._check(app, mount)
        _mounts(app)[self._name] = mount
        app.extensions[self._name] = self
        app.url_map.converters["watchword_rest"] = Rest
        host = self._host
        if host is None and app.url_map.host_matching:
            host = "<watchword_host>"
        # Flask's add_url_rule insists on a list of methods; a rule without one takes them all.
        for path in (mount.path or "/", f"{mount.path}/<watchword_rest:rest>"):
            rule = self.rule(
                path, endpoint=self._name, host=host, strict_slashes=False, merge_slashes=False
            )
            app.url_map.add(rule)
        app.view_functions[self._name] = self.view
        app.error_handler_spec[None][None].setdefault(APIError, self.answer_error)
        show_records(app)
        self.hook_into(app)

    def blueprint(
        self, name: str = NAME, *, url_prefix: str | None = None, auth: Auth[U] | None = None
    ) -> Registered:
        """A blueprint that mounts the server where it is registered, instead of `init_app`.

        `url_prefix` is what stands behind the prefixes of the blueprints around it: all of it
        together is the base path, or the registration raises `ConfigurationError`. Guards of these
        blueprints do not stand before the server.
        """

        def register(state: BlueprintSetupState) -> None:
            expected, found = self._place(self._served(auth)), state.url_prefix or ""
            if found != expected:
                raise ConfigurationError(
                    "base_path",
                    f"the blueprint is registered at {found or '/'!r}, and the server answers at "
                    f"{expected or '/'!r}",
                    f"Give Auth the base path {found!r}, or the blueprint another url_prefix",
                )
            self.init_app(cast("Application", state.app), auth)

        made = self.blueprint_class(name, __name__, url_prefix=url_prefix)
        made.record(register)
        return cast("Registered", made)

    @abstractmethod
    def view(self, rest: str = "", watchword_host: str = "") -> Any:
        """The view behind every path of the authentication server."""

    @abstractmethod
    def answer_error(self, error: APIError) -> Any:
        """The handler for an `APIError`, unless the application has one of its own."""

    @abstractmethod
    def hook_into(self, app: Application) -> None:
        """Have an application call what has to run around its views."""

    @abstractmethod
    def current_application(self) -> App:
        """That of the current request."""

    def _place(self, auth: Auth[Any]) -> str:
        return auth.base_path if self._path is None else self._path

    def _served(self, given: Auth[U] | None) -> Auth[U]:
        if given is None and self._auth is None:
            raise ConfigurationError(
                "auth",
                "nobody said which server is meant",
                "Give it: Watchword(auth), or init_app(app, auth)",
            )
        if given is not None and self._auth not in (None, given):
            raise ConfigurationError(
                "auth",
                "the extension was made for another server",
                "Make it without one, Watchword(), and call init_app(app, auth)",
            )
        return cast("Auth[U]", given or self._auth)

    def _check(self, app: Application, mount: Mount) -> None:
        kind = self.application.__name__
        if not isinstance(app, self.application):
            raise ConfigurationError(
                "app",
                f"a {type(app).__name__} cannot be served by",
                f"Give the {kind} application, and the prefix in path= and in base_path=",
            )
        known = _mounts(app)
        for other in known.values():
            mount.auth.check_beside(other.auth)
        if self._name in known:
            raise ConfigurationError(
                "name",
                "another Watchword of this application has it",
                "Give the second one a name=, and use its own login_required, user and session",
            )
        if (mount.path, mount.host) in [(other.path, other.host) for other in known.values()]:
            raise ConfigurationError(
                "path",
                f"{mount.path or '/'!r} is taken: another Watchword answers there",
                "Give each Auth a base path of its own, or a host= under host_matching",
            )
        if mount.host is not None and not app.url_map.host_matching:
            raise ConfigurationError(
                "host",
                f"this {kind} application does not look at hosts",
                f"Make it with {kind}(host_matching=True, static_host=...)",
            )


def mounted(app: App) -> MountedExtension[Any, Any, Any, Any, Any] | None:
    """The extension without a name."""
    found = app.extensions.get(NAME)
    if isinstance(found, MountedExtension):
        return cast("MountedExtension[Any, Any, Any, Any, Any]", found)
    return None


def check_guard_all(guards: Sequence[object], except_for: Sequence[str]) -> None:
    """Refuse what would leave views open that somebody means to guard.

    Raises `ConfigurationError`.
    """
    if not guards:
        raise ConfigurationError(
            "guard_all", "no guard was given", "Give one: guard_all(app, login_required)"
        )
    # A text has parts, and each would be the name of an endpoint that stays open.
    check_texts("except_for of guard_all", except_for)


def is_guarded(app: App, endpoint: str | None, except_for: Sequence[str]) -> bool:
    """Whether the guards of a whole blueprint stand before an endpoint: not before the server."""
    if endpoint is None or endpoint in except_for:
        return False
    view = app.view_functions.get(endpoint)
    return not isinstance(getattr(view, "__self__", None), MountedExtension)


def _mounts(app: App) -> dict[str, Mount]:
    return app.extensions.setdefault(_MOUNTS, {})
