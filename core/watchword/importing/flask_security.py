"""Flask-Security(-Too): the table `user`.

It hashes no passwords but their HMAC under SECURITY_PASSWORD_SALT, unless the scheme is one of
SECURITY_PASSWORD_SINGLE_HASH. The salt comes from the file of hash parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from watchword.crypto.foreign_keyed import keyed_hash

from .imported import ImportedUser, ImportFailure, SourceOptions
from .parameters import read_parameters
from .reading import flag, moment, text
from .tables import Family, TableSource

_SALT, _SINGLE = "security_password_salt", "security_password_single_hash"


class FlaskSecurity:
    """See above."""

    def __init__(self, options: SourceOptions) -> None:
        users = [options.users_table] if options.users_table else ["user", "users"]
        if options.hash_parameters is None:
            raise ImportFailure(
                "Flask-Security hashes passwords under a salt of the application",
                f"Write {_SALT.upper()}: ... into a file (or {_SINGLE.upper()}: true) and give "
                "--hash-parameters FILE",
            )
        given = read_parameters(options.hash_parameters)
        single = flag(given.get(_SINGLE))
        if not single and not given.get(_SALT):
            raise ImportFailure(f"the hash parameters have no {_SALT.upper()}", "Add it")
        self._key = "" if single else given[_SALT]
        self._tables = TableSource(
            options.location, users=users, related={}, needed=("id", "email", "password")
        )

    @property
    def total(self) -> int:
        return self._tables.total

    def users(self) -> Iterator[ImportedUser]:
        return map(partial(_user, self._key), self._tables.families())

    def close(self) -> None:
        self._tables.close()


def _user(key: str, family: Family) -> ImportedUser:
    it = family.user
    own, password = text(it["id"]), text(it["password"])
    names = [text(it.get("firstname")), text(it.get("lastname"))]
    return ImportedUser(
        place=f"id {own}",
        source_id=own,
        email=text(it["email"]),
        name=text(it.get("name"))
        or " ".join(filter(None, names))
        or text(it.get("username"))
        or "",
        verified=flag(it.get("confirmedat")),
        disabled=not flag(it.get("active", True)),
        created_at=moment(it.get("createdat") or it.get("createdatetime")),
        updated_at=moment(it.get("updatedat") or it.get("updatedatetime")),
        password=None if password is None else keyed_hash(key, password),
        second_factor=text(it.get("tfprimarymethod")) is not None,
    )
