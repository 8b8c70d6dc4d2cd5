"""fastapi-users on SQLAlchemy: the tables `user` and `oauth_account`."""

from __future__ import annotations

from collections.abc import Iterator

from .imported import ImportedUser, SourceOptions
from .providers import account, accounts
from .reading import Fields, flag, moment, text
from .tables import Family, Related, TableSource

_ACCOUNTS = "accounts"


class FastAPIUsers:
    """See above."""

    def __init__(self, options: SourceOptions) -> None:
        users = [options.users_table] if options.users_table else ["user", "users"]
        own = options.accounts_table
        tables = [own] if own else ["oauth_account", "oauth_accounts"]
        self._tables = TableSource(
            options.location,
            users=users,
            related={_ACCOUNTS: Related(tables, ["user_id"])},
            needed=("id", "email", "hashed_password"),
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
    own = text(it["id"])
    names = [text(it.get("firstname")), text(it.get("lastname"))]
    return ImportedUser(
        place=f"id {own}",
        source_id=own,
        email=text(it["email"]),
        name=text(it.get("name"), it.get("fullname")) or " ".join(filter(None, names)),
        verified=flag(it.get("isverified")),
        disabled=not flag(it.get("isactive", True)),
        created_at=moment(it.get("createdat")),
        updated_at=moment(it.get("updatedat")),
        password=text(it["hashedpassword"]),
        accounts=accounts(
            *(account(row.get("oauthname"), _account_id(row)) for row in family.related[_ACCOUNTS])
        ),
    )


def _account_id(row: Fields) -> str | None:
    """Reddit's people are there by a name that could be somebody else's id."""
    return None if row.get("oauthname") == "reddit" else text(row.get("accountid"))
