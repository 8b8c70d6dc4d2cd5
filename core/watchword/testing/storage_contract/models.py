"""The schema that the storage tests use: core-like tables, and one with every type."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from watchword.database.contract import Row
from watchword.database.schema import Field, FieldType, Model, Reference, Schema

STRING, DATE = FieldType.STRING, FieldType.DATE
NOW = datetime(2026, 3, 4, 5, 6, 7, 89000, UTC)

USER = Model(
    name="user",
    fields=(
        Field(name="name", type=STRING, sortable=True),
        Field(name="email", type=STRING, unique=True, sortable=True),
        Field(name="emailVerified", type=FieldType.BOOLEAN),
        Field(name="image", type=STRING, required=False),
        Field(name="createdAt", type=DATE, default_now=True),
    ),
)
SESSION = Model(
    name="session",
    fields=(
        Field(name="expiresAt", type=DATE),
        Field(name="token", type=STRING, unique=True),
        Field(name="userId", type=STRING, index=True, references=Reference("user")),
    ),
)
ACCOUNT = Model(
    name="account",
    fields=(
        Field(name="accountId", type=STRING),
        Field(name="providerId", type=STRING),
        Field(name="userId", type=STRING, index=True, references=Reference("user")),
    ),
)
THING = Model(
    name="thing",
    table="the things",
    fields=(
        Field(name="text", type=STRING, required=False),
        Field(name="other", type=STRING, required=False, column="order"),
        Field(name="flag", type=FieldType.BOOLEAN, required=False),
        Field(name="number", type=FieldType.NUMBER, required=False),
        Field(name="big", type=FieldType.BIGINT, required=False),
        Field(name="moment", type=DATE, required=False),
        Field(name="json", type=FieldType.JSON, required=False),
        Field(name="texts", type=FieldType.STRING_LIST, required=False),
        Field(name="numbers", type=FieldType.NUMBER_LIST, required=False),
        Field(name="key", type=STRING, required=False, unique=True),
    ),
)
SCHEMA = Schema({model.name: model for model in (USER, SESSION, ACCOUNT, THING)})


def user(name: str) -> Row:
    """A user whose id is `u-<name>`."""
    return {
        "id": f"u-{name}",
        "name": name,
        "email": f"{name}@example.com",
        "emailVerified": False,
        "image": None,
        "createdAt": NOW,
    }


def session(name: str, owner: str) -> Row:
    """A session whose token is its name."""
    return {
        "id": f"s-{name}",
        "expiresAt": NOW + timedelta(days=7),
        "token": name,
        "userId": f"u-{owner}",
    }
