"""One Tap: sign in, or up, with the ID token that Google hands to a page (spec: plugin one-tap).

Nothing of the token is believed before Google's key has vouched for it (security A3), and it is
good once. Whose account it is follows from the same rules as with a redirect (A5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Generic, cast

import msgspec

from watchword.call import Call
from watchword.crypto.signing import hash_identifier
from watchword.discreet import Discreet
from watchword.endpoint import post
from watchword.errors import APIError, ConfigurationError, ErrorCode, ErrorCodes
from watchword.features.email_password_wire import EmailPasswordCodes
from watchword.features.social.arrival import Seen, let_in
from watchword.features.social.person import FAILURES, ask_who, tell_failure
from watchword.features.social.plugin import SocialSignIn
from watchword.features.social.refusal import Refused
from watchword.features.social.resolution import Terms
from watchword.features.social.wire import GivenToken, SocialCodes
from watchword.oauth.client import Client
from watchword.oauth.description import Description
from watchword.oauth.failures import OAuthFailed
from watchword.oauth.id_tokens import LEEWAY, verified_claims
from watchword.oauth.key_sets import KeySets
from watchword.oauth.profile import Identity
from watchword.oauth.provider import Provider
from watchword.oauth.tokens import Tokens
from watchword.pipeline.validation import TargetURL
from watchword.plugin_base import Plugin, gate
from watchword.providers.google import ID_TOKENS, Google
from watchword.records import User
from watchword.runtime.outgoing_opening import require_http
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.verifications.verifications import is_reserved, reserve_verification

_SCOPES = ("openid", "profile", "email")
_LIFE = (ID_TOKENS.max_age or 0) + 3 * LEEWAY
"""Seconds after which no token that is shown now would be taken any more."""


class OneTapCodes(ErrorCodes):
    """Errors of One Tap."""

    INVALID_ID_TOKEN = ErrorCode(400, None, "The ID token is not valid", guess=True)
    NO_EMAIL = ErrorCode(400, None, "The ID token has no e-mail address")
    NOT_SIGNED_IN = ErrorCode(401, None, "Signing in with this Google account did not work")


class OneTapToken(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What Google gave to the page, and where the page goes on to."""

    id_token: GivenToken
    callback_url: TargetURL = msgspec.field(default="", name="callbackURL")
    """Only looked at: the page goes there by itself, and must not be led elsewhere."""


class OneTapSignedIn(Discreet, msgspec.Struct, Generic[U], frozen=True):
    """Who is signed in now."""

    token: str
    user: U


@dataclass(frozen=True, kw_only=True, repr=False)
class _TokensOfGoogle(Google):
    """Google where nothing but its ID tokens is used: no secret is needed for that."""

    def describe(self) -> Description:
        return replace(super().describe(), needs_secret=False)


@dataclass(frozen=True, kw_only=True)
class OneTap(Plugin):
    """Options of One Tap."""

    id: ClassVar[str] = "one-tap"
    codes: ClassVar[type[ErrorCodes]] = OneTapCodes

    client_id: str | Sequence[str] | None = None
    """For whom tokens have to be made. None: for the client ids of `Google` among the providers."""
    disable_sign_up: bool = False
    """Only who has an account can sign in; `Google(disable_sign_up=True)` says so as well."""
    _keys: KeySets = field(default_factory=KeySets, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        given = self.client_id
        if given is not None and not (given and all(given)):
            raise ConfigurationError(
                "OneTap.client_id", "is empty", "Take it from Google's console, or leave it out"
            )

    def adapt(self, feature: Plugin) -> Plugin:
        """Nothing changes; but there has to be somebody whom tokens are for."""
        if isinstance(feature, SocialSignIn):
            require_http("plugins: one-tap")
            known = feature.flow is not None and feature.flow.provider("google") is not None
            if self.client_id is None and not known:
                raise ConfigurationError(
                    "OneTap.client_id",
                    "is missing, and Google is not among the providers",
                    "Give it, or add Google(...) to social_providers",
                )
        return feature

    @post("/one-tap/callback", check_login_csrf=True)
    async def one_tap_callback(self, call: Call, body: OneTapToken) -> OneTapSignedIn[User]:
        """Sign in, or up, with an ID token of Google. It is good once. Raises INVALID_ID_TOKEN,
        NO_EMAIL, NOT_SIGNED_IN, EMAIL_NOT_VERIFIED."""
        provider = self._provider(call)
        seen = await self._seen(call, provider, body.id_token)
        if seen.person.email is None:
            raise OneTapCodes.NO_EMAIL()
        await _use_up(call, body.id_token)
        terms = Terms(
            may_sign_up=not (self.disable_sign_up or provider.disable_sign_up),
            overrides=provider.override_user_info_on_sign_in,
        )
        try:
            found, session = await let_in(call, seen, terms, body.callback_url)
        except Refused as refusal:
            raise _told(refusal) from None
        return OneTapSignedIn(token=session.token, user=found.user)

    async def _refuse_used(self, call: Call) -> None:
        """What was good once here is good nowhere else. Raises INVALID_TOKEN."""
        given = call.fields.get("idToken")
        token = cast("dict[str, object]", given).get("token") if isinstance(given, dict) else None
        if isinstance(token, str) and await is_reserved(call, _place(token)):
            raise SocialCodes.INVALID_TOKEN()

    not_to_sign_in = gate("/sign-in/social")(_refuse_used)
    not_to_link = gate("/link-social")(_refuse_used)

    def _provider(self, call: Call) -> Provider:
        flow = call.config.plugin(SocialSignIn).flow
        known = None if flow is None else flow.provider("google")
        return known or _TokensOfGoogle(client_id=self.client_id or "")

    async def _seen(self, call: Call, provider: Provider, token: str) -> Seen:
        """Whom a genuine token is about. Raises INVALID_ID_TOKEN."""
        client = Client.of(call, self._keys)
        own = self.client_id
        audience = provider.client_ids if own is None else (own,) if isinstance(own, str) else own
        try:
            claims = await verified_claims(client, token, ID_TOKENS, audience, None)
            if not provider.accepts_claims(claims):
                raise OAuthFailed("ID token: an account of another domain")
        except FAILURES as error:
            tell_failure(provider, error)
            raise OneTapCodes.INVALID_ID_TOKEN() from None
        tokens = Tokens(id_token=token, scopes=_SCOPES)
        person, subject = (
            await ask_who(provider, client, tokens),
            Identity(id=claims["sub"]).subject,
        )
        if person is None or subject is None:
            raise OneTapCodes.INVALID_ID_TOKEN()
        # Whatever the application's own function says of the person, the account is the token's.
        return Seen(provider, replace(person, subject=subject), tokens)


async def _use_up(call: Call, token: str) -> None:
    """Let one caller have a token. Raises INVALID_ID_TOKEN for all others."""
    if not await reserve_verification(call, _place(token), "", call.after(_LIFE)):
        raise OneTapCodes.INVALID_ID_TOKEN()


def _place(token: str) -> str:
    # The signature covers what stands before it, and may itself be spelled in several ways.
    return f"one-tap:{hash_identifier(token.rpartition('.')[0])}"


def _told(refusal: Refused) -> APIError:
    if refusal.code == "email_not_verified":
        return EmailPasswordCodes.EMAIL_NOT_VERIFIED()
    return OneTapCodes.NOT_SIGNED_IN(refusal.code.replace("_", " "))


class OneTapAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    one_tap_callback: EndpointCall[M, OneTapToken, OneTapSignedIn[U]]
    """Sign in, or up, with an ID token of Google. It is good once. Raises INVALID_ID_TOKEN,
    NO_EMAIL, NOT_SIGNED_IN, EMAIL_NOT_VERIFIED.
    """
