"""What sign-in with providers says and hears: bodies, answers, codes (spec: social, section 1)."""

from __future__ import annotations

from typing import Annotated

import msgspec

from watchword.discreet import Discreet
from watchword.errors import ErrorCode, ErrorCodes
from watchword.pipeline.validation import Identifier, PersonName, TargetURL

GivenToken = Annotated[str, msgspec.Meta(max_length=65_536)]
"""A token that a provider made: they hold groups, roles and certificates at times."""
ScopeName = Annotated[str, msgspec.Meta(max_length=255)]
ParameterValue = Annotated[str, msgspec.Meta(max_length=2048)]


class SocialCodes(ErrorCodes):
    """Errors of signing in with providers."""

    PROVIDER_NOT_FOUND = ErrorCode(404, "PROVIDER_NOT_FOUND", "There is no such provider here")
    ID_TOKEN_NOT_SUPPORTED = ErrorCode(
        404, "ID_TOKEN_NOT_SUPPORTED", "This provider's ID tokens are not accepted"
    )
    INVALID_TOKEN = ErrorCode(401, "INVALID_TOKEN", "The token is not valid", guess=True)
    FAILED_TO_GET_USER_INFO = ErrorCode(
        401, "FAILED_TO_GET_USER_INFO", "The provider did not say who this is"
    )
    USER_EMAIL_NOT_FOUND = ErrorCode(
        401, "USER_EMAIL_NOT_FOUND", "The provider gave no e-mail address"
    )
    OAUTH_LINK_ERROR = ErrorCode(
        401, "OAUTH_LINK_ERROR", "Signing in with this account did not work"
    )
    SOCIAL_ACCOUNT_ALREADY_LINKED = ErrorCode(
        409, "SOCIAL_ACCOUNT_ALREADY_LINKED", "Somebody else signs in with this account"
    )
    LINKING_NOT_ALLOWED = ErrorCode(
        401, "LINKING_NOT_ALLOWED", "Account not linked - linking not allowed"
    )
    LINKING_DIFFERENT_EMAILS_NOT_ALLOWED = ErrorCode(
        401,
        "LINKING_DIFFERENT_EMAILS_NOT_ALLOWED",
        "Account not linked - different emails not allowed",
    )
    LINKING_FAILED = ErrorCode(
        417, "LINKING_FAILED", "Account not linked - unable to create account"
    )


class PostedName(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """What somebody is called, as the provider told the browser."""

    first_name: PersonName = ""
    last_name: PersonName = ""


class PostedUser(Discreet, msgspec.Struct, frozen=True):
    """What a provider told the browser beside the token. Nobody vouches for it."""

    name: PostedName = PostedName()
    email: Identifier = ""


class GivenIdToken(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An ID token that an application got by itself."""

    token: GivenToken
    nonce: GivenToken | msgspec.UnsetType = msgspec.UNSET
    access_token: GivenToken = ""
    refresh_token: GivenToken = ""
    expires_at: float | msgspec.UnsetType = msgspec.UNSET
    user: PostedUser = PostedUser()


class ToProvider(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """With which provider, and where to go on. With `id_token` there is no redirect."""

    provider: Identifier
    callback_url: TargetURL = msgspec.field(default="", name="callbackURL")
    error_callback_url: TargetURL = msgspec.field(default="", name="errorCallbackURL")
    disable_redirect: bool = False
    """Only tell the URL; the client goes there by itself."""
    id_token: GivenIdToken | msgspec.UnsetType = msgspec.UNSET
    scopes: Annotated[list[ScopeName], msgspec.Meta(max_length=100)] = []
    """Asked for beside the provider's and the application's."""
    request_sign_up: bool | msgspec.UnsetType = msgspec.UNSET
    """Wants an account even where the provider has `disable_implicit_sign_up`."""
    login_hint: Identifier | msgspec.UnsetType = msgspec.UNSET
    additional_params: Annotated[dict[ScopeName, ParameterValue], msgspec.Meta(max_length=50)] = {}
    """Of the provider's URL; those of the protocol itself are left out."""
    additional_data: dict[str, object] = {}
    """Remembered with the flow."""


class SignInSocial(ToProvider, frozen=True, kw_only=True, rename="camel"):
    """With which provider to sign in."""

    new_user_callback_url: TargetURL = msgspec.field(default="", name="newUserCallbackURL")


class LinkSocial(ToProvider, frozen=True, kw_only=True, rename="camel"):
    """Which provider's account to link."""


class SocialRedirect(Discreet, msgspec.Struct, frozen=True):
    """Where to send the browser."""

    url: str
    redirect: bool


class SocialLinked(Discreet, msgspec.Struct, frozen=True):
    """The account of an ID token is linked."""

    url: str = ""
    status: bool = True
    redirect: bool = False
