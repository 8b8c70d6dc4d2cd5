"""What goes over the wire: inputs, results and error codes.

The options are the JSON of WebAuthn Level 3, 5.4 and 5.5, which browsers read with
`PublicKeyCredential.parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Generic, Literal, TypeAlias, TypeVar

import msgspec

from watchword.discreet import Discreet
from watchword.errors import ErrorCode, ErrorCodes
from watchword.pipeline.validation import Identifier, PersonName, Token
from watchword.records import Session, User

from .records import StoredPasskey

U = TypeVar("U", bound=User)

Attachment: TypeAlias = Literal["platform", "cross-platform"]
"""Part of the device that the browser runs on, or something that is brought along."""
Wish: TypeAlias = Literal["discouraged", "preferred", "required"]

TIMEOUT = 60_000
"""Milliseconds that browsers let people take; a hint."""


class PasskeyCodes(ErrorCodes):
    """Errors of passkeys."""

    CHALLENGE_NOT_FOUND = ErrorCode(
        400, "CHALLENGE_NOT_FOUND", "This took too long, or was begun elsewhere; begin again"
    )
    YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY = ErrorCode(
        401, "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY", "This passkey is somebody else's"
    )
    FAILED_TO_VERIFY_REGISTRATION = ErrorCode(
        400, "FAILED_TO_VERIFY_REGISTRATION", "The passkey was not accepted"
    )
    PREVIOUSLY_REGISTERED = ErrorCode(
        400, "PREVIOUSLY_REGISTERED", "This passkey is registered already"
    )
    TOO_MANY_PASSKEYS = ErrorCode(
        400, "TOO_MANY_PASSKEYS", "There are too many passkeys; delete one first"
    )
    PASSKEY_NOT_FOUND = ErrorCode(404, "PASSKEY_NOT_FOUND", "There is no such passkey")
    AUTHENTICATION_FAILED = ErrorCode(
        400, "AUTHENTICATION_FAILED", "Signing in with the passkey did not work", guess=True
    )
    ORIGIN_MISSING = ErrorCode(400, None, "The request does not say where it comes from")
    RESOLVE_USER_REQUIRED = ErrorCode(
        400, "RESOLVE_USER_REQUIRED", "Sign in first: nobody else gets a passkey here"
    )
    RESOLVED_USER_INVALID = ErrorCode(
        400, "RESOLVED_USER_INVALID", "It is not known for whom the passkey is"
    )
    USER_NOT_FOUND = ErrorCode(
        400, "USER_NOT_FOUND", "The user for whom the passkey was does not exist"
    )
    UNABLE_TO_CREATE_SESSION = ErrorCode(
        500, "UNABLE_TO_CREATE_SESSION", "Signing in did not work; try again"
    )
    FAILED_TO_UPDATE_PASSKEY = ErrorCode(
        500, "FAILED_TO_UPDATE_PASSKEY", "The passkey was not renamed; try again"
    )


class NewPasskeyQuery(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What kind of passkey to make. `name` is what the authenticator calls the account; `context`
    is for `PasskeyRegistration.resolve_user`."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("context",))

    authenticator_attachment: Attachment | None = None
    name: PersonName = ""
    context: Token | None = None


class VerifyPasskeyRegistration(
    Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"
):
    """What the browser got from the authenticator, and what to call the passkey."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("response",))

    response: object
    name: PersonName = ""
    create_session: bool = False


class VerifyPasskeyAuthentication(Discreet, msgspec.Struct, frozen=True):
    """What the browser got from the authenticator."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("response",))

    response: dict[str, object]


class WhichPasskey(Discreet, msgspec.Struct, frozen=True):
    """The passkey with this id; not the credential's."""

    id: Identifier


class RenamePasskey(WhichPasskey, frozen=True):
    """The passkey with this id, and what it is called from now on."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class RelyingParty(Discreet, msgspec.Struct, frozen=True):
    """Whom the passkey is for: this service."""

    name: str
    id: str


class Account(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """What the authenticator shows. `id` tells nobody anything: it is new each time."""

    id: str
    name: str
    display_name: str


class Algorithm(Discreet, msgspec.Struct, frozen=True):
    """A kind of key (RFC 9053)."""

    alg: int
    type: str = "public-key"


class Descriptor(Discreet, msgspec.Struct, frozen=True):
    """A passkey that is known."""

    id: str
    transports: list[str] | msgspec.UnsetType = msgspec.UNSET
    type: str = "public-key"


class Selection(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the authenticator must be able to do."""

    resident_key: Wish
    user_verification: Wish
    require_resident_key: bool
    authenticator_attachment: Attachment | msgspec.UnsetType = msgspec.UNSET


class CreationOptions(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """For `navigator.credentials.create`."""

    challenge: str
    rp: RelyingParty
    user: Account
    pub_key_cred_params: list[Algorithm]
    timeout: int = TIMEOUT
    attestation: str = "none"
    exclude_credentials: list[Descriptor]
    authenticator_selection: Selection
    extensions: Mapping[str, object]
    hints: list[str] = []


class RequestOptions(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """For `navigator.credentials.get`. Who is not signed in learns nothing of anybody's passkeys:
    the authenticator offers what it has."""

    rp_id: str
    challenge: str
    allow_credentials: list[Descriptor] | msgspec.UnsetType = msgspec.UNSET
    timeout: int = TIMEOUT
    user_verification: Wish
    extensions: Mapping[str, object] | msgspec.UnsetType = msgspec.UNSET


class RegisteredPasskey(StoredPasskey, Generic[U], kw_only=True):
    """The new passkey; with `createSession` also who is signed in now."""

    session: Session | msgspec.UnsetType = msgspec.UNSET
    user: U | msgspec.UnsetType = msgspec.UNSET


class RenamedPasskey(Discreet, msgspec.Struct, frozen=True):
    """The passkey under its new name."""

    passkey: StoredPasskey
