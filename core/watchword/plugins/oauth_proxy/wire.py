"""What passes between a preview and production, as JSON (spec: plugin oauth-proxy)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal, TypeVar

import msgspec

from watchword.discreet import Discreet
from watchword.features.social.arrival import Seen
from watchword.features.social.person import Person, person_of
from watchword.http.bounds import LONGEST_GROWN_URL
from watchword.http.json import encode
from watchword.oauth.profile import Identity
from watchword.oauth.scopes import MOST, stored_scopes
from watchword.oauth.state import State
from watchword.oauth.tokens import Tokens
from watchword.pipeline.validation import TargetURL

T = TypeVar("T", bound=msgspec.Struct)

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
NotEmpty = Annotated[str, msgspec.Meta(min_length=1)]


class HandedOver(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What production sends a browser back to its preview with."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("profile",))

    callback_url: TargetURL = msgspec.field(name="callbackURL")
    """Only looked at: the browser goes where the profile says."""
    profile: Annotated[str, msgspec.Meta(max_length=LONGEST_GROWN_URL)] = ""
    """Encrypted."""


class StatePackage(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What travels to the provider, and from there to production, as `state`."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("state", "sealed"))

    state: NotEmpty
    """The state's value."""
    sealed: NotEmpty = msgspec.field(name="stateCookie")
    """All of the state, encrypted once more."""
    is_oauth_proxy: Literal[True] = msgspec.field(default=True, name="isOAuthProxy")


class ProxiedUser(Discreet, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who it is, as the provider told production."""

    id: NotEmpty = msgspec.field()
    email: str
    name: str = msgspec.field()
    image: str | None = None
    email_verified: bool = msgspec.field(name="emailVerified")
    fields: dict[str, object] = {}
    """Additional fields, by attribute name. Servers of the reference neither send nor read them."""


class ProxiedAccount(
    Discreet, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"
):
    """The account at the provider, with its tokens."""

    provider_id: NotEmpty = msgspec.field()
    account_id: NotEmpty = msgspec.field()
    access_token: str | None = None
    refresh_token: str | None = None
    id_token: str | None = None
    access_token_expires_at: Moment | None = None
    refresh_token_expires_at: Moment | None = None
    scope: str | None = None


class Payload(Discreet, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that the preview needs to sign somebody in."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("state",))

    user: ProxiedUser = msgspec.field(name="userInfo")
    account: ProxiedAccount = msgspec.field()
    scopes: list[str] | None = None
    state: NotEmpty = msgspec.field()
    callback_url: NotEmpty = msgspec.field(name="callbackURL")
    new_user_url: str | None = msgspec.field(default=None, name="newUserURL")
    error_url: str | None = msgspec.field(default=None, name="errorURL")
    disable_sign_up: bool | None = msgspec.field(default=None, name="disableSignUp")
    timestamp: float = msgspec.field()
    """Unix milliseconds of when it was made."""

    @classmethod
    def of(
        cls,
        seen: Seen,
        email: str,
        fields: dict[str, object],
        state: State,
        callback_url: str,
        timestamp: int,
        *,
        new: bool,
    ) -> Payload:
        """What a flow came to; `new`: whether who is new gets an account."""
        person, tokens = seen.person, seen.tokens
        return cls(
            user=ProxiedUser(
                id=person.subject,
                email=email,
                name=person.name,
                image=person.image,
                email_verified=person.vouched,
                fields=fields,
            ),
            account=ProxiedAccount(
                provider_id=person.provider_id,
                account_id=person.subject,
                access_token=tokens.access_token,
                refresh_token=tokens.refresh_token,
                id_token=tokens.id_token,
                access_token_expires_at=tokens.access_token_expires_at,
                refresh_token_expires_at=tokens.refresh_token_expires_at,
                scope=",".join(tokens.scopes) or None,
            ),
            scopes=list(tokens.scopes),
            state=state.value,
            callback_url=callback_url,
            new_user_url=state.new_user_url,
            error_url=state.error_url,
            disable_sign_up=not new,
            timestamp=timestamp,
        )

    def person(self) -> Person | None:
        """Whom it is about; None if the account names nobody."""
        told = self.user
        identity = Identity(
            id=self.account.account_id,
            name=told.name,
            email=told.email,
            email_verified=told.email_verified,
            image=told.image,
            fields=told.fields,
        )
        return person_of(self.account.provider_id, identity)

    def tokens(self) -> Tokens:
        """What the provider handed out."""
        account = self.account
        scopes = stored_scopes(account.scope) if self.scopes is None else self.scopes
        return Tokens(
            access_token=account.access_token,
            refresh_token=account.refresh_token,
            id_token=account.id_token,
            access_token_expires_at=account.access_token_expires_at,
            refresh_token_expires_at=account.refresh_token_expires_at,
            scopes=tuple(scopes[:MOST]),
        )


def write(value: msgspec.Struct) -> str:
    """A text of these as it is encrypted."""
    return encode(value).decode()


def read(kind: type[T], text: str | None) -> T | None:
    """What was encrypted; None if it is something else."""
    try:
        return None if text is None else msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
