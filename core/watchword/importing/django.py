"""Django: `auth_user`, and the tables of django-allauth if they are there.

Without allauth nobody has verified an address.
"""

from __future__ import annotations

from collections.abc import Iterator

from watchword.features.identifiers import same_email

from .imported import ImportedUser, SourceOptions
from .providers import account, accounts
from .reading import Fields, decoded, flag, moment, text
from .tables import Family, Related, TableSource

_ACCOUNTS, _ADDRESSES = "accounts", "addresses"
_UNUSABLE = "!"
"""What Django writes in front of passwords that nobody has."""


class Django:
    """See above."""

    def __init__(self, options: SourceOptions) -> None:
        users = [options.users_table] if options.users_table else ["auth_user", "users_user"]
        own = options.accounts_table
        self._tables = TableSource(
            options.location,
            users=users,
            related={
                _ACCOUNTS: Related([own or "socialaccount_socialaccount"], ["user_id"]),
                _ADDRESSES: Related(["account_emailaddress"], ["user_id"]),
            },
            needed=("id", "email", "password"),
        )

    @property
    def total(self) -> int:
        return self._tables.total

    def users(self) -> Iterator[ImportedUser]:
        return map(_user, self._tables.families())

    def close(self) -> None:
        self._tables.close()


def _user(family: Family) -> ImportedUser:
    it = family.user
    own, email, password = text(it["id"]), text(it["email"]), text(it["password"])
    names = [text(it.get("firstname")), text(it.get("lastname"))]
    return ImportedUser(
        place=f"id {own}",
        source_id=own,
        email=email,
        name=" ".join(filter(None, names)) or text(it.get("name"), it.get("username")) or "",
        verified=email is not None and _is_verified(family, email),
        disabled=not flag(it.get("isactive", True)),
        created_at=moment(it.get("datejoined")),
        password=None if password and password.startswith(_UNUSABLE) else password,
        accounts=accounts(
            *(account(row.get("provider"), _account_id(row)) for row in family.related[_ACCOUNTS])
        ),
    )


def _account_id(row: Fields) -> str | None:
    """What the provider calls the person; allauth's `uid` is more than that, or a name that
    changes, for some."""
    uid, told = text(row.get("uid")) or "", decoded(row.get("extradata"))
    match row.get("provider"):
        case "slack":  # <team>_<user>
            return uid.rpartition("_")[2]
        case "notion":  # user-<id>_workspace-<id>
            return uid.removeprefix("user-").partition("_workspace-")[0]
        case "reddit":
            return text(told.get("id"))
        case "weixin":
            return text(told.get("unionid"), uid)
        case _:
            return uid


def _is_verified(family: Family, email: str) -> bool:
    """Whether this very address was: a user of allauth may have others."""
    return any(
        flag(row.get("verified")) and same_email(text(row.get("email")) or "", email)
        for row in family.related[_ADDRESSES]
    )
