"""What the endpoints of keys say and hear: bodies, queries, answers, codes."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, cast

import msgspec
from msgspec import UNSET, UnsetType

from watchword.discreet import Discreet
from watchword.errors import ErrorCode, ErrorCodes
from watchword.http.json import InvalidJSON, decode
from watchword.pipeline.validation import Identifier
from watchword.records import User
from watchword.results import SessionAndUser

from .records import MOST_NUMBER, StoredApiKey

_log = logging.getLogger("watchword")

LONGEST_KEY = 1024
"""Characters of a key that is looked at."""
LONGEST_LIFE = 3_155_760_000
"""Seconds (a hundred years)."""

Rights: TypeAlias = Annotated[
    dict[Identifier, Annotated[list[Identifier], msgspec.Meta(max_length=100)]],
    msgspec.Meta(max_length=100),
]
"""Resources, with the actions on each."""
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MOST_NUMBER)]
Several: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=MOST_NUMBER)]
Milliseconds: TypeAlias = Several
Life: TypeAlias = Annotated[float, msgspec.Meta(ge=1, le=LONGEST_LIFE)]
"""Seconds."""
Prefix: TypeAlias = Annotated[str, msgspec.Meta(max_length=255, pattern=r"\A[A-Za-z0-9_-]+\Z")]
OwnerId: TypeAlias = Identifier | int
"""The id of a user or an organization; numbers where the database counts them."""
SERVER_ONLY = (
    "refill_amount",
    "refill_interval",
    "rate_limit_time_window",
    "rate_limit_max",
    "rate_limit_enabled",
    "permissions",
)
"""Fields that only the server itself sets, besides `remaining`."""


class ApiKeyCodes(ErrorCodes):
    """Errors about keys."""

    INVALID_METADATA_TYPE = ErrorCode(
        400, "INVALID_METADATA_TYPE", "Metadata are values with names"
    )
    METADATA_DISABLED = ErrorCode(400, "METADATA_DISABLED", "Keys have no metadata here")
    METADATA_TOO_LARGE = ErrorCode(400, "METADATA_TOO_LARGE", "This is too much metadata")
    REFILL_AMOUNT_AND_INTERVAL_REQUIRED = ErrorCode(
        400, "REFILL_AMOUNT_AND_INTERVAL_REQUIRED", "An amount to refill needs an interval"
    )
    REFILL_INTERVAL_AND_AMOUNT_REQUIRED = ErrorCode(
        400, "REFILL_INTERVAL_AND_AMOUNT_REQUIRED", "An interval of refills needs an amount"
    )
    USER_BANNED = ErrorCode(401, "USER_BANNED", "This account is locked")
    UNAUTHORIZED_SESSION = ErrorCode(401, "UNAUTHORIZED_SESSION", "Sign in first")
    KEY_NOT_FOUND = ErrorCode(404, "KEY_NOT_FOUND", "There is no such key")
    KEY_DISABLED = ErrorCode(401, "KEY_DISABLED", "This key is switched off")
    KEY_EXPIRED = ErrorCode(401, "KEY_EXPIRED", "This key is too old")
    USAGE_EXCEEDED = ErrorCode(429, "USAGE_EXCEEDED", "This key has no uses left")
    RATE_LIMITED = ErrorCode(429, "RATE_LIMITED", "This key was used too often, try again later")
    EXPIRES_IN_IS_TOO_SMALL = ErrorCode(
        400, "EXPIRES_IN_IS_TOO_SMALL", "Keys live longer than this here", field="expiresIn"
    )
    EXPIRES_IN_IS_TOO_LARGE = ErrorCode(
        400, "EXPIRES_IN_IS_TOO_LARGE", "Keys do not live as long as this here", field="expiresIn"
    )
    KEY_DISABLED_EXPIRATION = ErrorCode(
        400, "KEY_DISABLED_EXPIRATION", "How long keys live is not chosen here"
    )
    INVALID_PREFIX_LENGTH = ErrorCode(
        400, "INVALID_PREFIX_LENGTH", "The prefix is too short or too long", field="prefix"
    )
    INVALID_NAME_LENGTH = ErrorCode(
        400, "INVALID_NAME_LENGTH", "The name is too short or too long", field="name"
    )
    NAME_REQUIRED = ErrorCode(400, "NAME_REQUIRED", "Keys have names here", field="name")
    NO_VALUES_TO_UPDATE = ErrorCode(400, "NO_VALUES_TO_UPDATE", "There is nothing to change")
    SERVER_ONLY_PROPERTY = ErrorCode(
        400, "SERVER_ONLY_PROPERTY", "Something in this is set by the server alone"
    )
    INVALID_API_KEY = ErrorCode(401, "INVALID_API_KEY", "This key is not valid", guess=True)
    INVALID_REFERENCE_ID_FROM_API_KEY = ErrorCode(
        401, "INVALID_REFERENCE_ID_FROM_API_KEY", "Nobody has this key any more"
    )
    INVALID_API_KEY_GETTER_RETURN_TYPE = ErrorCode(
        400, "INVALID_API_KEY_GETTER_RETURN_TYPE", "The key that was found is no text"
    )
    NO_DEFAULT_API_KEY_CONFIGURATION_FOUND = ErrorCode(
        400, "NO_DEFAULT_API_KEY_CONFIGURATION_FOUND", "Say which configuration is meant"
    )
    ORGANIZATION_ID_REQUIRED = ErrorCode(
        400, "ORGANIZATION_ID_REQUIRED", "Say which organization is to have the key"
    )
    USER_NOT_MEMBER_OF_ORGANIZATION = ErrorCode(
        403, "USER_NOT_MEMBER_OF_ORGANIZATION", "You are not in this organization"
    )
    INSUFFICIENT_API_KEY_PERMISSIONS = ErrorCode(
        403, "INSUFFICIENT_API_KEY_PERMISSIONS", "This is not allowed"
    )
    FAILED_TO_CREATE_API_KEY = ErrorCode(
        422, "FAILED_TO_CREATE_API_KEY", "A hook of the database refused this"
    )
    FAILED_TO_UPDATE_API_KEY = ErrorCode(
        422, "FAILED_TO_UPDATE_API_KEY", "A hook of the database refused this"
    )


class GivenRights(Discreet, msgspec.Struct, frozen=True):
    """What a function of the application says that a key allows."""

    permissions: Rights


class CreateApiKey(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A new key. What `SERVER_ONLY` names, `remaining` and `user_id` are the server's to say."""

    config_id: Identifier | None = None
    name: Identifier | UnsetType = UNSET
    expires_in: Life | None = None
    """Seconds; None: as the configuration says."""
    prefix: Prefix | UnsetType = UNSET
    remaining: Count | None = None
    """Uses that it has; None: any number."""
    metadata: Any = UNSET
    refill_amount: Several | UnsetType = UNSET
    refill_interval: Milliseconds | UnsetType = UNSET
    rate_limit_time_window: Milliseconds | UnsetType = UNSET
    rate_limit_max: Count | UnsetType = UNSET
    rate_limit_enabled: bool | UnsetType = UNSET
    permissions: Rights | UnsetType = UNSET
    user_id: OwnerId | UnsetType = UNSET
    organization_id: OwnerId | UnsetType = UNSET


class UpdateApiKey(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What to change of a key. What `SERVER_ONLY` names, and `remaining`, are the server's."""

    __secrets__: ClassVar[frozenset[str]] = frozenset()

    key_id: OwnerId
    config_id: Identifier | None = None
    user_id: OwnerId | UnsetType = UNSET
    name: Identifier | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    expires_in: Life | UnsetType | None = UNSET
    """Seconds from now; None: it has no end."""
    metadata: Any = UNSET
    remaining: Several | UnsetType = UNSET
    refill_amount: Several | UnsetType = UNSET
    refill_interval: Milliseconds | UnsetType = UNSET
    rate_limit_time_window: Milliseconds | UnsetType = UNSET
    rate_limit_max: Count | UnsetType = UNSET
    rate_limit_enabled: bool | UnsetType = UNSET
    permissions: Rights | UnsetType | None = UNSET


class WhichApiKey(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which key to show."""

    id: Identifier
    config_id: Identifier | None = None


class DeleteApiKey(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which key to delete."""

    key_id: OwnerId
    config_id: Identifier | None = None


class ListApiKeys(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which keys to list, and how many."""

    config_id: Identifier | None = None
    organization_id: Identifier | None = None
    limit: Identifier | int = ""
    """Keys at once, up to a hundred."""
    offset: Identifier | int = ""
    sort_by: Identifier = ""
    sort_direction: Literal["asc", "desc"] = "asc"


class VerifyApiKey(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A key that somebody showed, and what it has to allow."""

    key: Annotated[str, msgspec.Meta(max_length=1_048_576)]
    config_id: Identifier | None = None
    """None: keys of all configurations are good."""
    permissions: Rights | None = None


class RequireApiKey(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a route asks of the key that comes with a request."""

    permissions: Rights | None = None
    config_id: Identifier | None = None
    or_session: bool = False
    """Whether who is signed in needs no key."""


class KeyInfo(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A key as its owner sees it: all but what it is used with."""

    id: str
    config_id: str
    name: str | None
    start: str | None
    reference_id: str
    prefix: str | None
    refill_interval: int | None
    refill_amount: int | None
    last_refill_at: datetime | None
    enabled: bool | None
    rate_limit_enabled: bool | None
    rate_limit_time_window: int | None
    rate_limit_max: int | None
    request_count: int | None
    remaining: int | None
    last_request: datetime | None
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime
    permissions: dict[str, list[str]] | None
    metadata: Any


class NewKey(KeyInfo, frozen=True, kw_only=True, rename="camel"):
    """A key that was just made, and, this once, what it is used with."""

    key: str


class KeyList(Discreet, msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Keys, and how many there are in all; `limit` and `offset` as they were asked for."""

    api_keys: list[KeyInfo]
    total: int
    limit: int | None = None
    offset: int | None = None


class KeyRefusal(Discreet, msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a key is not good."""

    __secrets__: ClassVar[frozenset[str]] = frozenset()

    message: str
    code: str
    details: dict[str, int] | None = None
    """For RATE_LIMITED `tryAgainIn`: milliseconds."""


class Verified(Discreet, msgspec.Struct, frozen=True):
    """Whether a key is good, and the key as it is after this use."""

    valid: bool
    error: KeyRefusal | None
    key: KeyInfo | None


class Swept(Discreet, msgspec.Struct, frozen=True):
    """Done."""

    success: bool = True
    error: None = None


class Admitted(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """Who was let in by a key or a session. With a key, `key` says what it allows."""

    key: KeyInfo | None
    user: User | None
    """None for the key of an organization."""
    session: SessionAndUser[User] | None = None
    """Of who came with a session and no key."""


def info_of(row: StoredApiKey) -> KeyInfo:
    """A stored key as its owner sees it."""
    return KeyInfo(**_shown(row))


def new_key(row: StoredApiKey, key: str) -> NewKey:
    """The same with what it is used with."""
    return NewKey(**_shown(row), key=key)


def rights_of(row: StoredApiKey) -> dict[str, list[str]] | None:
    """What a key allows; None: nothing."""
    found = _parsed(row.permissions)
    try:
        return None if found is None else msgspec.convert(found, dict[str, list[str]])
    except msgspec.ValidationError:
        _log.warning("a key has permissions that cannot be read: it allows nothing")
        return None


def _shown(row: StoredApiKey) -> dict[str, Any]:
    names = KeyInfo.__struct_fields__
    made = {name: getattr(row, name) for name in names}
    return {**made, "permissions": rights_of(row), "metadata": _metadata(row.metadata)}


def _metadata(text: str | None) -> object:
    # Older servers of the reference stored the text of a text.
    found = _parsed(text)
    return _parsed(found) if isinstance(found, str) else found


def _parsed(text: str | None) -> object:
    if text is None:
        return None
    try:
        return cast("object", decode(text.encode("utf-8", "replace")))
    except InvalidJSON:
        return None
