"""Auth.js (NextAuth): the tables `users` and `accounts` of its SQL adapters, Prisma and Drizzle.

A column for passwords is not Auth.js's own; where an application added one under a usual name, it
is read.
"""

from __future__ import annotations

from collections.abc import Iterator

from watchword.oauth.tokens import LONGEST_TOKEN, unverified_claims

from .imported import ImportedUser, SourceOptions
from .providers import account, accounts
from .reading import Fields, flag, moment, text
from .tables import Family, Related, TableSource

_ACCOUNTS = "accounts"
_MICROSOFT = {"azure-ad", "microsoft-entra-id"}


class AuthJS:
    """See above."""

    def __init__(self, options: SourceOptions) -> None:
        users = [options.users_table] if options.users_table else ["users", "User", "user"]
        own = options.accounts_table
        tables = [own] if own else ["accounts", "Account", "account"]
        self._tables = TableSource(
            options.location, users=users, related={_ACCOUNTS: Related(tables, ["user_id"])}
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
    return ImportedUser(
        place=f"id {own}",
        source_id=own,
        email=text(it.get("email")),
        name=text(it.get("name")) or "",
        image=text(it.get("image")),
        verified=flag(it.get("emailverified")),
        created_at=moment(it.get("createdat")),
        updated_at=moment(it.get("updatedat")),
        password=text(it.get("password"), it.get("passwordhash"), it.get("hashedpassword")),
        accounts=accounts(
            *(account(row.get("provider"), _account_id(row)) for row in family.related[_ACCOUNTS])
        ),
    )


def _account_id(row: Fields) -> str | None:
    """Of a Microsoft account the id token that is kept beside it knows the id that is good in every
    application (`oid`); Auth.js has one of its own registration there."""
    claims = None
    if row.get("provider") in _MICROSOFT:
        claims = unverified_claims(text(row.get("idtoken"), most=LONGEST_TOKEN))
    return text((claims or {}).get("oid"), row.get("provideraccountid"))
