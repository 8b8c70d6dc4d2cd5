"""What the endpoints about a linked account's tokens say and hear (spec: social, section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from watchword.discreet import Discreet
from watchword.errors import ErrorCode, ErrorCodes
from watchword.pipeline.validation import Identifier


class AccountTokenCodes(ErrorCodes):
    """Errors of tokens of linked accounts."""

    USER_ID_OR_SESSION_REQUIRED = ErrorCode(
        400, "USER_ID_OR_SESSION_REQUIRED", "Say whose account it is"
    )
    PROVIDER_NOT_SUPPORTED = ErrorCode(
        400, "PROVIDER_NOT_SUPPORTED", "There is no such provider here"
    )
    PROVIDER_NOT_CONFIGURED = ErrorCode(
        400, "PROVIDER_NOT_CONFIGURED", "There is no such provider here"
    )
    FAILED_TO_GET_ACCESS_TOKEN = ErrorCode(
        400, "FAILED_TO_GET_ACCESS_TOKEN", "There is no valid access token"
    )
    TOKEN_REFRESH_NOT_SUPPORTED = ErrorCode(
        400, "TOKEN_REFRESH_NOT_SUPPORTED", "This provider does not renew tokens"
    )
    REFRESH_TOKEN_NOT_FOUND = ErrorCode(400, "REFRESH_TOKEN_NOT_FOUND", "There is no refresh token")
    FAILED_TO_REFRESH_ACCESS_TOKEN = ErrorCode(
        400, "FAILED_TO_REFRESH_ACCESS_TOKEN", "The provider gave no new access token"
    )
    ACCESS_TOKEN_NOT_FOUND = ErrorCode(400, "ACCESS_TOKEN_NOT_FOUND", "There is no access token")
    FAILED_TO_GET_USER_INFO = ErrorCode(
        401, "FAILED_TO_GET_USER_INFO", "The provider did not say who this is"
    )


class OfAccount(
    Discreet,
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
):
    """Which account: by its id in the listing, or that of the browser's account cookie. `user_id`
    says whose, where nobody is signed in and the server acts by itself."""

    account_id: Identifier | msgspec.UnsetType = msgspec.UNSET
    use_account_cookie: bool | msgspec.UnsetType = msgspec.UNSET
    """True, instead of an id."""
    user_id: Identifier | msgspec.UnsetType = msgspec.UNSET


class AccessToken(
    Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True
):
    """A token for the provider's API. Never log it."""

    __secrets__: ClassVar[frozenset[str]] = frozenset({"access_token", "id_token"})

    access_token: str
    access_token_expires_at: datetime | None = None
    scopes: list[str]
    id_token: str | None = None


class RefreshedTokens(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All tokens of an account. Never log them."""

    __secrets__: ClassVar[frozenset[str]] = frozenset({"access_token", "refresh_token", "id_token"})

    access_token: str
    refresh_token: str | None
    access_token_expires_at: datetime | None
    refresh_token_expires_at: datetime | None
    scope: str | None
    id_token: str | None
    provider_id: str
    account_id: str


class AccountAtProvider(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Which account was asked about."""

    id: str
    provider_id: str
    account_id: str


class AccountInfo(Discreet, msgspec.Struct, frozen=True):
    """What the provider says of the person now: as a user, and as it came."""

    user: Mapping[str, object]
    data: Mapping[str, object]
    account: AccountAtProvider
