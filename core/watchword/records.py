"""The core's records: user, session, account and verification (spec: data model, core tables)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from watchword.database.records import Column, Record
from watchword.database.schema import Index


class User(Record, kw_only=True):
    """A person. Subclass it to add fields: `class Member(User): lang: str = "en"`."""

    __model__: ClassVar[str] = "user"
    name: Annotated[str, Column(sortable=True)]
    email: Annotated[str, Column(unique=True, sortable=True)]
    email_verified: Annotated[bool, Column(input=False)] = False
    image: str | None = None
    created_at: Annotated[datetime, Column(now="create", input=False)]
    updated_at: Annotated[datetime, Column(now="write", input=False)]


class Session(Record, kw_only=True):
    """One signed-in browser or device. `token` is what its signed cookie carries."""

    __model__: ClassVar[str] = "session"
    expires_at: datetime
    token: Annotated[str, Column(unique=True)]
    created_at: Annotated[datetime, Column(now="create", input=False)]
    updated_at: Annotated[datetime, Column(now="write", now_in_database=False, input=False)]
    ip_address: str | None = None
    user_agent: str | None = None
    user_id: Annotated[str, Column(references="user.id", index=True)]

    @property
    def authenticated_at(self) -> datetime:
        """When its person was last proven: `created_at`, which renewals leave as it is and which a
        session made from another one inherits."""
        return self.created_at


class Account(Record, kw_only=True):
    """One way to sign in: the `credential` account holds the password hash."""

    __model__: ClassVar[str] = "account"
    __indexes__: ClassVar[tuple[Index, ...]] = (Index(("providerId", "accountId")),)
    account_id: str
    provider_id: str
    user_id: Annotated[str, Column(references="user.id", index=True)]
    access_token: Annotated[str | None, Column(returned=False)] = None
    refresh_token: Annotated[str | None, Column(returned=False)] = None
    id_token: Annotated[str | None, Column(returned=False)] = None
    access_token_expires_at: Annotated[datetime | None, Column(returned=False)] = None
    refresh_token_expires_at: Annotated[datetime | None, Column(returned=False)] = None
    scope: str | None = None
    password: Annotated[str | None, Column(returned=False)] = None
    created_at: Annotated[datetime, Column(now="create", input=False)]
    updated_at: Annotated[datetime, Column(now="write", now_in_database=False, input=False)]


class Verification(Record, kw_only=True):
    """Something that was promised for a while: a token, a code, a state."""

    __model__: ClassVar[str] = "verification"
    __secrets__: ClassVar[frozenset[str]] = frozenset(("identifier", "value"))
    identifier: Annotated[str, Column(index=True)]
    value: str
    expires_at: datetime
    created_at: Annotated[datetime, Column(now="create", input=False)]
    updated_at: Annotated[datetime, Column(now="write", input=False)]


class RateLimitCounter(Record, kw_only=True):
    """A rate-limit window in the database. `last_request` is in Unix milliseconds."""

    __model__: ClassVar[str] = "rateLimit"
    key: Annotated[str, Column(unique=True)]
    count: int
    last_request: Annotated[int, Column(bigint=True, index=True)]
