"""Supabase: `auth.users` and `auth.identities`. People with a phone and no address are left out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from .imported import ImportedUser, SourceOptions
from .providers import account, accounts
from .reading import Fields, decoded, fields, flag, moment, text
from .tables import Family, Related, TableSource

_IDENTITIES, _FACTORS = "identities", "factors"


class Supabase:
    """See above."""

    def __init__(self, options: SourceOptions) -> None:
        self._tables = TableSource(
            options.location,
            users=[options.users_table or "auth.users"],
            related={
                _IDENTITIES: Related([options.accounts_table or "auth.identities"], ["user_id"]),
                _FACTORS: Related(["auth.mfa_factors"], ["user_id"]),
            },
            needed=("id", "email", "encrypted_password"),
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
    own, about = text(it["id"]), decoded(it.get("rawusermetadata"))
    banned = moment(it.get("banneduntil"))
    return ImportedUser(
        place=f"id {own}",
        source_id=own,
        email=text(it["email"]),
        name=text(about.get("fullname"), about.get("name"), about.get("displayname")) or "",
        image=text(about.get("avatarurl"), about.get("picture")),
        verified=flag(it.get("emailconfirmedat")),
        disabled=flag(it.get("deletedat")) or (banned is not None and banned > datetime.now(UTC)),
        created_at=moment(it.get("createdat")),
        updated_at=moment(it.get("updatedat")),
        password=text(it["encryptedpassword"]),
        accounts=accounts(
            *(account(row.get("provider"), _account_id(row)) for row in family.related[_IDENTITIES])
        ),
        second_factor=any(row.get("status") == "verified" for row in family.related[_FACTORS]),
    )


def _account_id(row: Fields) -> str | None:
    """Older databases have no `provider_id`; its place was `id`, and the data always had it."""
    told = decoded(row.get("identitydata"))
    # Of Microsoft's ids the one that is good everywhere is among the other claims.
    oid = fields(told.get("customclaims")).get("oid") if row.get("provider") == "azure" else None
    return text(oid, row.get("providerid"), told.get("sub"), row.get("id"))
