"""The application's `Auth`: which one a command works on, and how it is found.

`module:attribute` comes from `--auth` or WATCHWORD_AUTH. Otherwise usual modules of the working
directory (and of `src` in it) are imported, in order, until one has an `Auth`. An attribute may
hold an `Auth`, an object with an `.auth`, a Flask application with the extension, or a function
without arguments that makes one of these.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, TypeAlias, cast

from cyclopts import Parameter

from watchword.auth import Auth
from watchword.errors import ConfigurationError

from .database_checks import probe
from .environment import DEFAULT, read_environment
from .failures import CommandError, one_line, scrubbed

AnyAuth: TypeAlias = "Auth[Any]"

VARIABLE = "WATCHWORD_AUTH"
_MODULES = ("app", "main", "auth", "server", "application", "wsgi", "asgi", "app.auth", "app.main")
_FOLDERS = (".", "src")
_ATTRIBUTES = ("auth", "app", "application")
_FACTORIES = ("create_auth", "make_auth", "get_auth", "create_app", "make_app")
Switch: TypeAlias = Annotated[bool, Parameter(negative="")]
Yes: TypeAlias = Annotated[bool, Parameter(alias="-y", negative="", help="Do not ask.")]
AsJson: TypeAlias = Annotated[
    bool, Parameter(name="--json", alias="-j", negative="", help="Print the result as JSON.")
]

_REMEDY = f"Name it: --auth module:attribute, or {VARIABLE}"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Application:
    """Options of every command that works on an application."""

    auth: Annotated[str | None, Parameter(name="--auth")] = None
    """The application's Auth as module:attribute [env var: WATCHWORD_AUTH]."""
    cwd: Annotated[Path, Parameter(alias="-c", show_default=False)] = Path()
    """The working directory, if it is another one."""
    env_file: Annotated[Path | None, Parameter(show_default=False)] = None
    """Read variables from this file; otherwise from .env, if there is one."""
    no_env_file: Switch = False
    """Read no such file."""
    debug: Switch = False
    """Show tracebacks."""

    def load(self) -> AnyAuth:
        """Go to the working directory, read the variables, import the application.

        Raises `CommandError`.
        """
        try:
            os.chdir(self.cwd)
        except OSError as error:
            raise CommandError(
                f"{self.cwd} is no directory to work in ({one_line(error)})"
            ) from None
        if not self.no_env_file:
            file = self.env_file or Path(DEFAULT)
            if self.env_file is not None or file.is_file():
                read_environment(file)
        # What an application prints while it is imported is no part of a command's result.
        with redirect_stdout(sys.stderr):
            return find(self.auth or os.environ.get(VARIABLE), Path.cwd())

    @contextmanager
    def opened(self, *, database: bool = True) -> Generator[AnyAuth, None, None]:
        """`load`, and give back connections afterwards.

        Raises `CommandError` for an application without a database, if the command works on one.
        """
        auth = self.load()
        if database and not auth.config.has_database:
            raise CommandError("the application has no database", "Give Auth(database=...)")
        try:
            if database:
                probe(auth)
            yield auth
        finally:
            auth.blocking.close()


NO_APPLICATION = Application()
"""The options as they are when none is given."""


def find(target: str | None, folder: Path) -> AnyAuth:
    """The `Auth` that `target` names, or the first one that the folder has."""
    if not target:
        return _searched(folder)
    _importable(folder)
    name, _, path = target.partition(":")
    if not name or name.startswith(".") or "/" in name:
        raise CommandError(f"{target!r} names no module", "Use module:attribute, as in app:auth")
    module = _imported(name, folder)
    if not path:
        found = _first(module)
        if found is None:
            raise CommandError(f"module {name} has no Auth under a usual name", _REMEDY)
        return found
    value: object = module
    for part in path.split("."):
        if not hasattr(value, part):
            raise CommandError(f"{name} has no attribute {path!r}", _REMEDY)
        value = getattr(value, part)
    found = _held(value) or _made(value, target)
    if found is None:
        raise CommandError(f"{target} is no Auth but an object of {type(value).__name__}", _REMEDY)
    return found


def _searched(folder: Path) -> AnyAuth:
    tried: list[str] = []
    failed: CommandError | None = None
    for name, file in _candidates(folder):
        tried.append(os.path.relpath(file, folder))
        try:
            found = _first(_imported(name, folder))
        except CommandError as error:
            # Another module may be the right one; if none is, this is what is wrong.
            failed = failed or error
            continue
        if found is not None:
            return found
    if failed is not None:
        raise failed
    looked = ", ".join(tried) if tried else "none of " + ", ".join(f"{m}.py" for m in _MODULES[:7])
    problem = "no Auth was found" if tried else "no application was found"
    raise CommandError(f"{problem} in {folder} (tried {looked})", _REMEDY)


def _candidates(folder: Path) -> Iterator[tuple[str, Path]]:
    for inside in _FOLDERS:
        base = folder / inside
        for name in _MODULES:
            path = base.joinpath(*name.split("."))
            for file in (path.with_suffix(".py"), path / "__init__.py"):
                if file.is_file():
                    _importable(base)
                    yield name, file
                    break


def _importable(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _imported(name: str, folder: Path) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise CommandError(f"there is no module {name} in {folder}", _REMEDY) from None
        raise _failed(name, error) from error
    except (Exception, SystemExit) as error:
        raise _failed(name, error) from error


def _failed(place: str, error: BaseException) -> CommandError:
    if isinstance(error, ConfigurationError):
        return CommandError(f"{place}: {error}")
    text = scrubbed(one_line(error))
    return CommandError(
        f"{place} failed with {text}", "Run it again with --debug for the traceback"
    )


def _first(module: ModuleType) -> AnyAuth | None:
    for name in _ATTRIBUTES:
        found = _held(getattr(module, name, None))
        if found is not None:
            return found
    for name in _FACTORIES:
        found = _made(getattr(module, name, None), f"{module.__name__}:{name}")
        if found is not None:
            return found
    return None


def _held(value: object) -> AnyAuth | None:
    extensions = getattr(value, "extensions", None)
    extension: object = None
    if isinstance(extensions, Mapping):
        extension = cast("Mapping[object, object]", extensions).get("watchword")
    for one in (value, getattr(value, "auth", None), getattr(extension, "auth", None)):
        if isinstance(one, Auth):
            return cast("AnyAuth", one)
    return None


def _made(value: object, place: str) -> AnyAuth | None:
    if not inspect.isfunction(value):
        return None
    if inspect.iscoroutinefunction(value):
        raise CommandError(f"{place} is a coroutine function", "Name one that is not, or an Auth")
    try:
        inspect.signature(value).bind()
    except TypeError:
        raise CommandError(f"{place} wants arguments", _REMEDY) from None
    try:
        return _held(cast("Callable[[], object]", value)())
    except (Exception, SystemExit) as error:
        raise _failed(f"{place}()", error) from error
