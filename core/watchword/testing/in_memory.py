"""A server for one test: in memory, migrated, with cheap password hashes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ParamSpec, TypeVar, cast

from watchword.auth import Auth
from watchword.features.email_password import EmailAndPassword
from watchword.records import User

from .hashing import CHEAP
from .rehearsing import refuse_production

P = ParamSpec("P")
U = TypeVar("U", bound=User)

SECRET = "only-for-tests-0123456789-abcdefghijkl"


def _for_tests(build: Callable[P, Auth[U]]) -> Callable[P, Auth[U]]:
    def auth(*args: P.args, **kwargs: P.kwargs) -> Auth[U]:
        """An `Auth` that needs no file, no environment and no time: rows in memory, tables made,
        sign-in with passwords switched on.

        Takes all options of `Auth`; `database=` another one, which is migrated. Raises
        `ConfigurationError` for wrong options, in production and outside of tests.
        """
        refuse_production("testing.auth")
        passwords = cast(
            EmailAndPassword, kwargs.get("email_and_password") or EmailAndPassword(enabled=True)
        )
        given: dict[str, object] = {
            "database": "sqlite://",
            "secret": SECRET,
            "environ": {},
            **kwargs,
            "email_and_password": replace(passwords, password_hash="argon2id", argon2_cost=CHEAP),
        }
        made = cast("Callable[..., Auth[U]]", build)(*args, **given)
        # It may have been told by `production=` or by `environ=`.
        refuse_production("testing.auth", configured=made.config.production)
        made.blocking.migrate()
        return made

    return auth


auth = _for_tests(Auth)
