"""What is to be written for a batch of users, decided against what the database has.

A user whose address is there already stays as it is, so an import that broke off is simply run
again. With `update` such a user may get accounts and become verified, but only where it is known to
be the same person: somebody else may have signed up with the address in between, and waits for its
owner to make the account worth having.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast
from uuid import UUID

from watchword.configuration.auth_options import AuthOptions
from watchword.configuration.configuration import Configuration
from watchword.crypto.foreign_bcrypt import REMEDY, bcrypt_is_missing
from watchword.database.contract import Condition, Engine, Row, Value
from watchword.features.credentials import CREDENTIAL
from watchword.features.identifiers import normal_email
from watchword.pipeline.validation import is_email
from watchword.records import Account, User

from .imported import ImportedAccount, ImportedUser, ImportFailure, Read, Unreadable
from .own_fields import OwnFields, Refused
from .report import Outcome

_UUID = re.compile("[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_KNOWN = {"name", "email", "email_verified", "image", "created_at", "updated_at"}
_AT_ONCE = 5000
"""Values in one condition."""

EXISTS = "the address is there already"
STRANGER = "the address is there already, and nothing shows that it is the same person"
TWICE = "the address was there before in the source"


@dataclass(slots=True)
class Plan:
    """Rows to create, users to change, and what is to be told once that is done."""

    users: list[tuple[Row, list[Row]]] = field(default_factory=list[tuple[Row, list[Row]]])
    """New users, each with its accounts."""
    accounts: list[Row] = field(default_factory=list[Row])
    """Accounts of users that are there."""
    verified: list[str] = field(default_factory=list[str])
    """Ids of users that are there and whose address is verified now."""
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    passwords: int = 0
    """How many of the new users have one."""


@dataclass(frozen=True, slots=True)
class _There:
    """What the database has of a batch."""

    users: Mapping[str, Row]
    """By address."""
    accounts: Mapping[str, list[Row]]
    """By the id of their user, for users that are there."""
    taken: set[ImportedAccount]
    ids: set[str]


class Planner:
    """Plans batches for one configuration. Raises `ImportFailure` where none can be imported."""

    def __init__(self, config: Configuration, *, update: bool, keep_ids: bool) -> None:
        self._passwords = config.passwords
        self._tables = config.tables
        self._user, self._account = config.tables.of(User), config.tables.of(Account)
        self._update, self._keep_ids = update, keep_ids
        more = (one for name, one in self._user.attributes.items() if name not in _KNOWN)
        self.own_fields = OwnFields(more)
        self._placeholders = _placeholders(config)
        if keep_ids and config.tables.schema.ids == "serial":
            raise ImportFailure("the database makes the ids of users", "Leave out --keep-ids")

    async def plan(self, engine: Engine, batch: Sequence[Read], now: datetime) -> Plan:
        """Decide about a batch."""
        self.own_fields.check(batch)
        plan = Plan()
        wanted: dict[str, ImportedUser] = {}
        for read in batch:
            if isinstance(read, ImportedUser) and read.email is None:
                read = replace(read, email=self._placeholder(read))
            refused = self._refusal(read, wanted)
            if refused is not None:
                plan.outcomes.append(refused)
            elif isinstance(read, ImportedUser) and read.email is not None:
                wanted[normal_email(read.email)] = read
        there = await self._there(engine, wanted)
        for email, user in wanted.items():
            known = there.users.get(email)
            if known is not None:
                self._meet(plan, user, email, known, there, now)
            elif self._keep_ids and self._kept(user) in there.ids:
                plan.outcomes.append(Outcome("skipped", user.place, "the id is taken", email))
            else:
                try:
                    self._add(plan, user, email, there, now)
                except Refused as error:
                    plan.outcomes.append(Outcome("skipped", user.place, str(error), email))
        return plan

    def _refusal(self, read: Read, before: Mapping[str, ImportedUser]) -> Outcome | None:
        if isinstance(read, Unreadable):
            return Outcome("skipped", read.place, read.reason)
        reason = ""
        if read.email is None:
            reason = "no e-mail address"
        elif not is_email(read.email):
            reason = "not a valid e-mail address"
        elif normal_email(read.email) in before:
            reason = TWICE
        elif read.disabled:
            reason = "disabled in the source"
        elif self._keep_ids and self._kept(read) is None:
            reason = "no id that can be kept"
        return Outcome("skipped", read.place, reason, read.email) if reason else None

    def _placeholder(self, user: ImportedUser) -> str | None:
        """The address that a sign-in would give to who has none; None where there is no such."""
        for one in user.accounts:
            if one.account_id is not None and one.provider in self._placeholders:
                return f"{one.account_id}@{self._placeholders[one.provider]}"
        return None

    def _kept(self, user: ImportedUser) -> str | None:
        """The id that a user keeps, spelled as the database does; None without one that fits."""
        own = user.source_id
        if own is None or self._tables.schema.ids != "uuid":
            return own
        return str(UUID(own)) if _UUID.fullmatch(own) else None

    async def _there(self, engine: Engine, wanted: Mapping[str, ImportedUser]) -> _There:
        found = await _rows(engine, "user", "email", list(wanted))
        users = {normal_email(str(row["email"])): row for row in found}
        accounts: dict[str, list[Row]] = {}
        if self._update:
            keys = [str(row["id"]) for row in found]
            for row in await _rows(engine, "account", "userId", keys):
                accounts.setdefault(str(row["userId"]), []).append(row)
        new = [one for email, one in wanted.items() if self._update or email not in users]
        own = {account.account_id or "" for one in new for account in one.accounts} - {""}
        taken = {
            ImportedAccount(str(row["providerId"]), str(row["accountId"]))
            for row in await _rows(engine, "account", "accountId", sorted(own))
        }
        ids: set[str] = set()
        if self._keep_ids:
            keys = [own for own in map(self._kept, wanted.values()) if own is not None]
            ids = {str(row["id"]) for row in await _rows(engine, "user", "id", keys)}
        return _There(users, accounts, taken, ids)

    def _add(
        self, plan: Plan, user: ImportedUser, email: str, there: _There, now: datetime
    ) -> None:
        mine = self.own_fields.read(user)
        given = self._kept(user) if self._keep_ids else None
        own = given or self._tables.new_id("user")
        created = user.created_at or now
        values: dict[str, object] = {
            **mine.values,
            "name": user.name,
            "email": email,
            "email_verified": user.verified,
            "image": user.image,
            "created_at": created,
            "updated_at": user.updated_at or created,
        }
        row = self._user.new_row(values, own, now)
        accounts = self._accounts(plan, user, own, there, now)
        password = self._password(plan, user)
        if password is not None:
            accounts.append(self._row(own, CREDENTIAL, own, now, password))
            plan.passwords += 1
        for problem in mine.problems:
            plan.outcomes.append(Outcome("note", user.place, problem, email))
        if user.second_factor:
            plan.outcomes.append(Outcome("note", user.place, "a second factor", email))
        plan.users.append((row, accounts))
        plan.outcomes.append(Outcome("imported", user.place, email=email))

    def _meet(
        self,
        plan: Plan,
        user: ImportedUser,
        email: str,
        known: Row,
        there: _There,
        now: datetime,
    ) -> None:
        if not self._update:
            plan.outcomes.append(Outcome("kept", user.place, EXISTS, email))
            return
        own, is_verified = str(known["id"]), bool(known["emailVerified"])
        same = self._is_same(user, own, there.accounts.get(own, []))
        if not same and not (user.verified and is_verified):
            plan.outcomes.append(Outcome("kept", user.place, STRANGER, email))
            return
        mine = {
            ImportedAccount(str(row["providerId"]), str(row["accountId"]))
            for row in there.accounts.get(own, [])
        }
        new = tuple(one for one in user.accounts if one not in mine)
        rows = self._accounts(plan, user, own, there, now, new)
        verify = same and user.verified and not is_verified
        if verify:
            plan.verified.append(own)
        plan.accounts.extend(rows)
        changed = verify or rows
        reason = "" if changed else EXISTS
        plan.outcomes.append(Outcome("updated" if changed else "kept", user.place, reason, email))

    def _is_same(self, user: ImportedUser, own: str, accounts: Iterable[Row]) -> bool:
        """Whether a user of the source and one of ours are one: by id, hash or account."""
        if self._keep_ids and self._kept(user) == own:
            return True
        return any(
            (row["providerId"] == CREDENTIAL and row["password"] == user.password is not None)
            or ImportedAccount(str(row["providerId"]), str(row["accountId"])) in user.accounts
            for row in accounts
        )

    def _accounts(
        self,
        plan: Plan,
        user: ImportedUser,
        own: str | None,
        there: _There,
        now: datetime,
        wanted: Sequence[ImportedAccount] | None = None,
    ) -> list[Row]:
        made: list[Row] = []
        for one in user.accounts if wanted is None else wanted:
            if one.account_id is None:
                reason = f"an account at {one.provider}: its id there is not known"
                plan.outcomes.append(Outcome("note", user.place, reason, user.email))
                continue
            if one in there.taken:
                reason = "an account that another user has"
                plan.outcomes.append(Outcome("note", user.place, reason, user.email))
                continue
            there.taken.add(one)
            made.append(self._row(own, one.provider, one.account_id, now))
        return made

    def _row(
        self,
        user_id: str | None,
        provider: str,
        account_id: str | None,
        now: datetime,
        password: str | None = None,
    ) -> Row:
        """An account; without the id of its user where the database has yet to make that."""
        values = {
            "user_id": user_id,
            "provider_id": provider,
            "account_id": account_id,
            "password": password,
        }
        return self._account.new_row(values, self._tables.new_id("account"), now)

    def _password(self, plan: Plan, user: ImportedUser) -> str | None:
        stored = user.password
        if stored is None or not stored:
            return None
        if not self._passwords.knows(stored):
            reason = "the password: its hash is of an unknown form"
            if self._passwords.asks_too_much(stored):
                reason = "the password: its hash asks for more work than a sign-in may spend"
            plan.outcomes.append(Outcome("note", user.place, reason, user.email))
            return None
        if bcrypt_is_missing(stored):
            raise ImportFailure(
                "the source has bcrypt hashes, which take a package", f"Run: {REMEDY}"
            )
        return stored


def _placeholders(config: Configuration) -> Mapping[str, str]:
    """The domains of made-up addresses, by the providers of the application that make them up."""
    options = config.options
    providers = options.social_providers if isinstance(options, AuthOptions) else ()
    found = {one.id: one.description.fields for one in providers}
    return {
        name: fields.placeholder
        for name, fields in found.items()
        if fields is not None and fields.placeholder is not None
    }


async def _rows(engine: Engine, model: str, name: str, values: Sequence[str]) -> list[Row]:
    found: list[Row] = []
    for start in range(0, len(values), _AT_ONCE):
        part = cast("list[Value]", list(values[start : start + _AT_ONCE]))
        rows = await engine.find_many(model, [Condition(name, part, "in")], limit=None)
        found.extend(cast("list[Row]", rows))
    return found
