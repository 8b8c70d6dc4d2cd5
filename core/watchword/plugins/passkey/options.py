"""The options of passkeys, and what the application's functions are told."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from watchword.call import Call
from watchword.configuration.option_checks import check_callback, check_choice, check_flag
from watchword.errors import ConfigurationError
from watchword.http.urls import parse_url

from .records import DeviceType
from .wire import Attachment, Wish

Extensions = Mapping[str, object] | Callable[[Call], object]
"""Inputs of WebAuthn extensions, or a function (`def` or `async def`) that gives them."""

_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyUser:
    """For whom a passkey is made."""

    id: str
    name: str
    display_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCredential:
    """A passkey that was just made, and is about to be stored."""

    user: PasskeyUser
    context: str | None = field(repr=False)
    """What the client said when it began. Anybody may say anything."""
    credential_id: str
    device_type: DeviceType
    backed_up: bool
    user_verified: bool
    """Whether the authenticator asked for a PIN, a finger or a face."""
    aaguid: str
    """The model of the authenticator, where it tells: a UUID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyOwner:
    """What `PasskeyRegistration.after_verification` decides; None leaves it as it is."""

    user_id: str | None = None
    """Somebody else's passkey it is to be. Not where somebody is signed in."""
    name: str | None = None
    """What to call it, if the client gave no name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedCredential:
    """A passkey that was just used, by somebody who is about to be signed in."""

    user_id: str
    credential_id: str
    user_verified: bool
    """Whether the authenticator asked for a PIN, a finger or a face."""


ResolveUser = Callable[[str | None, Call], PasskeyUser | Awaitable[PasskeyUser | None] | None]
AfterRegistration = Callable[
    [NewCredential, Call], PasskeyOwner | Awaitable[PasskeyOwner | None] | None
]


@dataclass(frozen=True, kw_only=True)
class AuthenticatorSelection:
    """What authenticators must be able to do (WebAuthn Level 3, 5.4.4)."""

    resident_key: Wish = "preferred"
    """Whether the authenticator itself remembers the account, so that no name has to be typed."""
    user_verification: Wish = "preferred"
    """Whether it asks for a PIN, a finger or a face. `required` is enforced: at registration, and
    at each sign-in."""
    authenticator_attachment: Attachment | None = None
    """Only what is part of the device, or only what is brought along; None: either."""

    def __post_init__(self) -> None:
        for name in ("resident_key", "user_verification"):
            option = f"AuthenticatorSelection.{name}"
            check_choice(option, getattr(self, name), get_args(Wish))
        option = "AuthenticatorSelection.authenticator_attachment"
        check_choice(option, self.authenticator_attachment, (None, *get_args(Attachment)))


@dataclass(frozen=True, kw_only=True)
class PasskeyRegistration:
    """Who may have a passkey made."""

    require_session: bool = True
    """Somebody who signed in lately (`session.fresh_age`). False: also who `resolve_user` knows."""
    resolve_user: ResolveUser | None = None
    """Gets `context` from the client and the call, and says for whom the passkey is; or None, or
    raises `APIError`. `def` or `async def`. **Whoever it names can be signed in to from then on**:
    `context` has to prove who that is, as a token from a mail does."""
    after_verification: AfterRegistration | None = None
    """Gets a `NewCredential` and the call before anything is stored; may give a `PasskeyOwner`, or
    raise `APIError` to refuse. `def` or `async def`."""
    extensions: Extensions | None = None
    """Inputs of WebAuthn extensions for registering."""

    def __post_init__(self) -> None:
        check_flag("PasskeyRegistration.require_session", self.require_session)
        check_callback("PasskeyRegistration.resolve_user", self.resolve_user)
        check_callback("PasskeyRegistration.after_verification", self.after_verification)
        check_extensions("PasskeyRegistration.extensions", self.extensions)
        if self.require_session and self.resolve_user is not None:
            raise ConfigurationError(
                "PasskeyRegistration.resolve_user",
                "is never asked: only who is signed in gets a passkey",
                "Set require_session=False, or leave it out",
            )


@dataclass(frozen=True, kw_only=True)
class PasskeyAuthentication:
    """What happens when somebody signs in with a passkey."""

    after_verification: Callable[[UsedCredential, Call], object] | None = None
    """Gets a `UsedCredential` and the call before the session is made; may raise `APIError` to
    refuse. `def` or `async def`."""
    extensions: Extensions | None = None
    """Inputs of WebAuthn extensions for signing in."""

    def __post_init__(self) -> None:
        check_callback("PasskeyAuthentication.after_verification", self.after_verification)
        check_extensions("PasskeyAuthentication.extensions", self.extensions)


def check_extensions(option: str, value: object) -> None:
    """The value is a mapping, a function, or None."""
    if not (value is None or callable(value) or isinstance(value, Mapping)):
        raise ConfigurationError(option, "is neither", "Give a dict, or a function that gives one")


def check_rp_id(option: str, rp_id: str | None) -> None:
    """The value is a domain, as browsers want it (WebAuthn Level 3, 5.1.3)."""
    if rp_id is None:
        return
    if not _DOMAIN.fullmatch(rp_id) or len(rp_id) > 253 or _is_address(rp_id):
        remedy = "Give a domain alone, in lower case: 'example.com'"
        raise ConfigurationError(option, f"{rp_id!r} is no domain", remedy)


def check_origin(option: str, origin: str) -> None:
    """The value is an origin in the form in which browsers give it, or one of a native app."""
    url = parse_url(origin)
    if url is not None and url.is_web and url.origin != origin:
        raise ConfigurationError(option, f"{origin!r} matches nothing", f"Write {url.origin!r}")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s/]+|[A-Za-z][A-Za-z0-9+.\-]*://\S+", origin):
        remedy = "Give 'https://example.com', or 'android:apk-key-hash:...'"
        raise ConfigurationError(option, f"{origin!r} is no origin", remedy)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
