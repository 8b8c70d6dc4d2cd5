"""What goes over the wire: snake_case, as OAuth has it, but for what pages send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import msgspec

from watchword.discreet import Discreet
from watchword.errors import APIError, ErrorCode, ErrorCodes
from watchword.pipeline.validation import Code, Identifier, Words

GRANT = "urn:ietf:params:oauth:grant-type:device_code"

_Grant: TypeAlias = Literal["urn:ietf:params:oauth:grant-type:device_code"]


@dataclass(frozen=True, slots=True)
class ProtocolError(ErrorCode):
    """An error in the form of OAuth: `{"error", "error_description"}` (RFC 6749, 5.2)."""

    error: str = "invalid_request"

    @property
    def told_by(self) -> str:
        """The word of OAuth."""
        return self.error

    def __call__(
        self,
        message: str | None = None,
        *,
        status: int | None = None,
        extra: object = None,
        field: object = None,
    ) -> APIError:
        """The exception, with another description or status if given."""
        described = {"error": self.error, "error_description": message or self.message}
        made = APIError(status or self.status, None, None, described)
        made.guess = self.guess
        made.field = (self.field,) if isinstance(self.field, str) else self.field
        return made


class DeviceCodes(ErrorCodes):
    """Errors of signing devices in; `error` and `error_description` on the wire."""

    INVALID_REQUEST = ProtocolError(400, None, "Something in this is not valid")
    INVALID_CLIENT = ProtocolError(
        400, None, "This application is not known here", error="invalid_client"
    )
    INVALID_DEVICE_CODE = ProtocolError(
        400, None, "The device code is not valid", guess=True, error="invalid_grant"
    )
    SLOW_DOWN = ProtocolError(400, None, "The device asks too often", error="slow_down")
    EXPIRED_TOKEN = ProtocolError(
        400, None, "The code has expired", error="expired_token", field="userCode"
    )
    AUTHORIZATION_PENDING = ProtocolError(
        400, None, "Nobody has let the device in yet", error="authorization_pending"
    )
    ACCESS_DENIED = ProtocolError(400, None, "The device was not let in", error="access_denied")
    CODES_ARE_TAKEN = ProtocolError(500, None, "No code was free; try again", error="server_error")
    UNKNOWN_USER_CODE = ProtocolError(
        400, None, "There is no such code", guess=True, field="userCode"
    )
    NOT_LOOKED_UP = ProtocolError(400, None, "Look the code up first, signed in as you are now")
    ALREADY_DECIDED = ProtocolError(400, None, "This was decided already")
    SIGN_IN_FIRST = ProtocolError(401, None, "Sign in first", error="unauthorized")
    NOT_YOURS = ProtocolError(
        403, None, "Somebody else looked this code up first", error="access_denied"
    )


class AskForDeviceCode(Discreet, msgspec.Struct, frozen=True):
    """Which application asks, and for what. Empty texts count as none."""

    client_id: Annotated[Identifier, msgspec.Meta(min_length=1)]
    user_id: Identifier = ""
    """Who alone may let the device in, where the application knows."""
    scope: Words = ""


class DeviceCode(Discreet, msgspec.Struct, frozen=True):
    """What a device shows, and polls with (RFC 8628, 3.2). Times are in seconds."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class RedeemDeviceCode(Discreet, msgspec.Struct, frozen=True):
    """A poll (RFC 8628, 3.4)."""

    grant_type: _Grant
    device_code: Code
    client_id: Identifier


class DeviceToken(Discreet, msgspec.Struct, frozen=True):
    """The session of the device: its token, and the seconds that it lives (RFC 6749, 5.1)."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


class WhichUserCode(Discreet, msgspec.Struct, frozen=True):
    """What somebody typed."""

    user_code: Code


class FoundUserCode(Discreet, msgspec.Struct, frozen=True, omit_defaults=True):
    """How it stands about a code. What asks, and for what, is told to who claimed it."""

    user_code: str
    status: str
    client_id: str | msgspec.UnsetType | None = msgspec.UNSET
    scope: str | msgspec.UnsetType | None = msgspec.UNSET


class DecideUserCode(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """The code of the device to let in, or not."""

    user_code: Code
