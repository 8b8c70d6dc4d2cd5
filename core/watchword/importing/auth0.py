"""Auth0: the NDJSON of a user export, and the NDJSON with password hashes that its support sends.

The two are joined by the id of the user. The file with the hashes is also read alone; it has no
names and no accounts. A JSON array in the form of bulk imports is read too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Protocol, cast

from .file_source import FileSource
from .files import lines, objects, opened
from .imported import ImportedAccount, ImportedUser, Read, SourceOptions
from .providers import account, accounts
from .reading import Fields, fields, flag, items, moment, text

_PREFIX = "auth0|"
_CUSTOM = "oauth2"
"""Social connections that the tenant has added: `oauth2|<connection>|<id>`."""
_ENTERPRISE = {"samlp", "waad", "adfs", "ad", "oidc", "okta", "pingfederate", "custom", "sms"}
"""Their users are named by the tenant, not by the provider."""


class _Lookup(Protocol):
    def fill(self, pairs: Iterator[tuple[str, str]]) -> None: ...

    def get(self, key: str) -> str | None: ...

    def close(self) -> None: ...


class Auth0:
    """See above."""

    total = None

    def __init__(self, options: SourceOptions) -> None:
        self._kept: _Lookup | None = None
        self._file = FileSource(options.location, objects, self._user)
        if options.passwords is not None:
            # The drivers of databases are no business of this floor.
            made = import_module("watchword.storage.sqlite.lookup").SQLiteLookup
            self._kept = cast("Callable[[], _Lookup]", made)()
            with opened(str(options.passwords)) as file:
                self._kept.fill(_pairs(lines(file)))

    def users(self) -> Iterator[Read]:
        return self._file.users()

    def close(self) -> None:
        self._file.close()
        if self._kept is not None:
            self._kept.close()

    def _user(self, place: str, it: Fields) -> ImportedUser:
        own = text(it.get("userid"), it.get("id")) if "passwordhash" not in it else None
        own = own or _hash_owner(it)
        address = _address(it)
        kept = self._kept.get(own) if self._kept is not None and own else None
        names = [text(it.get("givenname")), text(it.get("familyname"))]
        email = text(it.get("email"), address.get("value"))
        return ImportedUser(
            place=place,
            source_id=own,
            email=email,
            name=_name(it, email) or " ".join(filter(None, names)),
            image=text(it.get("picture")),
            verified=flag(it.get("emailverified", address.get("verified"))),
            disabled=flag(it.get("blocked")),
            created_at=moment(it.get("createdat")),
            updated_at=moment(it.get("updatedat")),
            password=kept or _own_hash(it),
            accounts=_accounts(it, own),
            second_factor=bool(it.get("multifactor")),
        )


def _pairs(placed: Iterator[tuple[str, object]]) -> Iterator[tuple[str, str]]:
    for _, found in placed:
        it = fields(found)
        own, stored = _hash_owner(it), text(it.get("passwordhash"))
        if own and stored:
            yield own, stored


def _hash_owner(it: Fields) -> str | None:
    """The id of a user as the file with the hashes writes it."""
    own = text(it.get("altid"), fields(it.get("id")).get("$oid"))
    if own is None or own.startswith(_PREFIX):
        return own
    return _PREFIX + own


def _own_hash(it: Fields) -> str | None:
    custom = fields(fields(it.get("custompasswordhash")).get("hash"))
    return text(it.get("passwordhash"), custom.get("value"))


def _name(it: Fields, email: str | None) -> str | None:
    """Auth0 gives people without a name their address for one."""
    name = text(it.get("name"))
    return None if name == email else name


def _address(it: Fields) -> Fields:
    """The identifier that is an address: some users have it there alone."""
    found = [one for one in items(it.get("identifiers")) if one.get("type") == "email"]
    return found[0] if found else {}


def _accounts(it: Fields, own: str | None) -> tuple[ImportedAccount, ...]:
    identities = items(it.get("identities"))
    if identities:
        return accounts(
            *(
                _account(text(row.get("provider")), _account_id(row))
                for row in identities
                if row.get("issocial", True)
            )
        )
    provider, _, account_id = (own or "").partition("|")
    return accounts(_account(provider, account_id))


def _account_id(row: Fields) -> str | None:
    """With the connection in front where that says more than the provider."""
    own, connection = text(row.get("userid")), text(row.get("connection"))
    if row.get("provider") == _CUSTOM and own and connection and "|" not in own:
        return f"{connection}|{own}"
    return own


def _account(provider: str | None, account_id: str | None) -> ImportedAccount | None:
    if provider == _CUSTOM and account_id:
        provider, _, account_id = account_id.partition("|")
        provider = provider.casefold()
    return None if provider in _ENTERPRISE else account(provider, account_id)
