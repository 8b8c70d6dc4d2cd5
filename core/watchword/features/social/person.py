"""Who a provider says somebody is, as far as that may be believed (security A4 to A7)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from watchword.call import Call
from watchword.features.identifiers import normal_email
from watchword.oauth.client import Client
from watchword.oauth.failures import OAuthFailed
from watchword.oauth.profile import LONGEST_TEXT, Identity
from watchword.oauth.provider import Provider
from watchword.oauth.tokens import Profile, Tokens
from watchword.observability.logs import CallbackFailed
from watchword.pipeline.additional_fields import additional, checked_value
from watchword.pipeline.validation import is_email, is_placeholder
from watchword.records import User
from watchword.runtime.outgoing import OutgoingFailed

from .wire import PostedUser

FAILURES = (OAuthFailed, OutgoingFailed, CallbackFailed)
"""What a provider, or the application's function in its place, may end with. Their texts hold no
secrets."""

_log = logging.getLogger("watchword")
_LONGEST_NAME = 255  # as much as keyed columns hold everywhere
_LONGEST_IMAGE = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an account at a provider."""

    provider_id: str
    subject: str
    name: str
    email: str | None
    """In its normal spelling; None if there is none, or it is no address as at sign-up."""
    vouched: bool
    """Whether the provider has made sure that the address is the person's."""
    image: str | None
    fields: Mapping[str, object] = field(repr=False)

    def profile(self, call: Call) -> dict[str, object]:
        """Name, image, and those additional fields of a user that may be given from outside.

        Raises VALIDATION_ERROR for a value that its field does not take.
        """
        return {**self.additional(call), "name": self.name, "image": self.image}

    def additional(self, call: Call) -> dict[str, object]:
        """Those additional fields alone. Raises VALIDATION_ERROR."""
        return {
            one.name: checked_value(one, self.fields[one.name])
            for one in additional(call, User)
            if one.column.input and one.name in self.fields
        }

    def news(self, call: Call) -> dict[str, object]:
        """Of the profile, what replaces that of a user who is there. Who tells no name, as Apple
        does but once, has no say in it."""
        told = self.profile(call)
        return {name: value for name, value in told.items() if name != "name" or value}

    def values(self, call: Call) -> dict[str, object]:
        """All that makes a user."""
        return {**self.profile(call), "email": self.email, "email_verified": self.vouched}


async def ask_who(provider: Provider, client: Client, tokens: Tokens) -> Person | None:
    """The person behind tokens; None if the provider does not say. Raises `Overloaded`."""
    try:
        info = await provider.user_info(client, tokens)
    except FAILURES as error:
        tell_failure(provider, error)
        return None
    return None if info is None else person_of(provider.id, info.identity)


def person_of(provider_id: str, identity: Identity) -> Person | None:
    """The person whom an account is about; None if its subject names nobody."""
    subject = identity.subject
    if subject is None:
        return None
    name, image = _text(identity.name, LONGEST_TEXT), _text(identity.image, _LONGEST_IMAGE)
    email = normal_email(_text(identity.email, 255) or "")
    return Person(
        provider_id=provider_id,
        subject=subject,
        name=(name or "")[:_LONGEST_NAME],
        email=email if is_email(email) and not _is_of_another(email, subject) else None,
        vouched=identity.vouches,
        image=image,
        fields=identity.fields,
    )


def _is_of_another(email: str, subject: str) -> bool:
    """Whether an address is the placeholder of somebody else, which any provider might repeat."""
    return is_placeholder(email) and email.partition("@")[0] != normal_email(subject)


def posted_user_of(text: str | None) -> Profile:
    """What Apple's form says of its user; nothing if it cannot be read."""
    try:
        found = msgspec.json.decode(text or "null", type=PostedUser | None)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        found = None
    return {} if found is None else posted_user(found)


def posted_user(told: PostedUser) -> Profile:
    """What a browser told of the person, for providers that look at it."""
    return {"name": {"firstName": told.name.first_name, "lastName": told.name.last_name}}


def tell_failure(provider: Provider, error: Exception) -> None:
    """Note why a provider was of no use."""
    _log.warning("sign-in with %s failed: %s", provider.id, error)


def _text(value: object, most: int) -> str | None:
    # An application's own function may have given anything.
    if not isinstance(value, str) or "\0" in value:
        return None
    return value if len(value) <= most else None
