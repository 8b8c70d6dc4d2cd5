"""Having a passkey made, and signing in with one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from watchword.call import Call
from watchword.configuration.option_checks import check_cookie_name, check_texts, check_type
from watchword.crypto.random_strings import LOWER_ALPHANUMERIC
from watchword.crypto.signing import base64url
from watchword.database.contract import Sort
from watchword.database.table import lt
from watchword.endpoint import Endpoint, get, post
from watchword.errors import ErrorCode
from watchword.features.promises import Void, begin_session
from watchword.pipeline.origin_check import is_trusted
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import current_session, set_session_cookies

from .ceremony import (
    ALGORITHMS,
    Asked,
    Authenticated,
    NotVerified,
    Registered,
    require_webauthn,
    verified_authentication,
    verified_registration,
)
from .challenge import Challenge, Subject, give_challenge, new_challenge, take_challenge
from .options import (
    AuthenticatorSelection,
    Extensions,
    NewCredential,
    PasskeyAuthentication,
    PasskeyOwner,
    PasskeyRegistration,
    PasskeyUser,
    UsedCredential,
    check_origin,
    check_rp_id,
)
from .owning import OwnPasskeys, known_passkeys
from .records import StoredPasskey
from .registering import claimed, registration_promise, store, user_to_register, who_registers
from .wire import (
    Account,
    Algorithm,
    Attachment,
    CreationOptions,
    NewPasskeyQuery,
    PasskeyCodes,
    RegisteredPasskey,
    RelyingParty,
    RequestOptions,
    Selection,
    VerifyPasskeyAuthentication,
    VerifyPasskeyRegistration,
)

_OLDEST = Sort("createdAt")


@dataclass(frozen=True, kw_only=True)
class Passkey(OwnPasskeys):
    """Options of passkeys."""

    rp_id: str | None = None
    """The domain that passkeys are for: they work there and below it, and nowhere else. None: the
    host of `base_url`. It cannot be changed later: all passkeys would be lost."""
    rp_name: str | None = None
    """What browsers and authenticators call this service. None: `app_name`."""
    origin: str | Sequence[str] | None = None
    """Where passkeys may be used, exactly as browsers say it; apps have origins as well. None: any
    trusted origin, where the request comes from."""
    authenticator_selection: AuthenticatorSelection = field(default_factory=AuthenticatorSelection)
    registration: PasskeyRegistration = field(default_factory=PasskeyRegistration)
    authentication: PasskeyAuthentication = field(default_factory=PasskeyAuthentication)
    challenge_cookie: str = "better-auth-passkey"
    """Name of the challenge's cookie; `cookie_prefix` is put in front."""

    def __post_init__(self) -> None:
        require_webauthn()
        check_rp_id("Passkey.rp_id", self.rp_id)
        if self.origin is not None and not isinstance(self.origin, str):
            check_texts("Passkey.origin", self.origin)
        for origin in self._origins:
            check_origin("Passkey.origin", origin)
        check_cookie_name("Passkey.challenge_cookie", self.challenge_cookie)
        selection = "Passkey.authenticator_selection"
        check_type(selection, self.authenticator_selection, AuthenticatorSelection)
        check_type("Passkey.registration", self.registration, PasskeyRegistration)
        check_type("Passkey.authentication", self.authentication, PasskeyAuthentication)

    def endpoints(self) -> Iterator[Endpoint[Any, Any]]:
        """Its endpoints; some ask for no session where the options say so."""
        for own in super().endpoints():
            if own.traits.requires == "fresh" and not self.registration.require_session:
                yield replace(own, traits=replace(own.traits, requires="nothing"))
            else:
                yield own

    @get("/passkey/generate-register-options", requires="fresh")
    async def generate_passkey_registration_options(
        self, call: Call, query: NewPasskeyQuery
    ) -> CreationOptions:
        """Begin to make a passkey. Raises RESOLVE_USER_REQUIRED, RESOLVED_USER_INVALID."""
        user = await user_to_register(call, self.registration, query.context)
        known = await known_passkeys(call, user.id)
        extensions = await _extensions(call, self.registration.extensions)
        challenge = Challenge(
            type="registration",
            expected_challenge=new_challenge(call),
            user_data=Subject(user.id, user.name, user.display_name or msgspec.UNSET),
            context=query.context,
        )
        alone = not self.registration.require_session
        promise = await registration_promise(call, user.id) if alone else None
        await give_challenge(call, self.challenge_cookie, challenge, promise)
        return CreationOptions(
            challenge=challenge.expected_challenge,
            rp=RelyingParty(self.rp_name or call.config.options.app_name, self._rp_id(call)),
            user=Account(
                id=base64url(call.random(32, LOWER_ALPHANUMERIC).encode()),
                name=query.name or user.name,
                display_name=user.display_name or user.name,
            ),
            pub_key_cred_params=[Algorithm(number) for number in ALGORITHMS],
            exclude_credentials=known,
            authenticator_selection=self._selection(query.authenticator_attachment),
            extensions={**(extensions or {}), "credProps": True},
        )

    @post("/passkey/verify-registration", requires="fresh")
    async def verify_passkey_registration(
        self, call: Call, body: VerifyPasskeyRegistration
    ) -> RegisteredPasskey[User]:
        """Store the passkey that was made; with `create_session` sign in as well.

        Raises CHALLENGE_NOT_FOUND, FAILED_TO_VERIFY_REGISTRATION, PREVIOUSLY_REGISTERED,
        TOO_MANY_PASSKEYS, YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY, RESOLVED_USER_INVALID,
        USER_NOT_FOUND, UNABLE_TO_CREATE_SESSION.
        """
        asking = await who_registers(call)
        origins = await self._expected_origins(call, PasskeyCodes.FAILED_TO_VERIFY_REGISTRATION)
        taken = await take_challenge(call, self.challenge_cookie, "registration")
        begun = taken.challenge.user_data
        if asking is not None and asking.user.id != begun.id:
            raise PasskeyCodes.YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY()
        try:
            new = verified_registration(body.response, self._asked(call, taken.expected, origins))
        except NotVerified:
            raise PasskeyCodes.FAILED_TO_VERIFY_REGISTRATION() from None
        context = taken.challenge.context or None
        owner = await self._owner(call, new, begun, context)
        if asking is not None and owner.user_id != asking.user.id:
            raise PasskeyCodes.YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY()
        if not owner.user_id:
            raise PasskeyCodes.RESOLVED_USER_INVALID()
        name = body.name.strip() or (owner.name or "").strip() or None
        async with claimed(call, new.credential_id) as held:
            made, signed_in = await store(
                call, new, owner.user_id, name, taken, held, begin_session=body.create_session
            )
        fields = {one: getattr(made, one) for one in made.__struct_fields__}
        if signed_in is None:
            return RegisteredPasskey(**fields)
        set_session_cookies(call, signed_in.session, signed_in.user)
        return RegisteredPasskey(**fields, session=signed_in.session, user=signed_in.user)

    @get("/passkey/generate-authenticate-options")
    async def generate_passkey_authentication_options(self, call: Call) -> RequestOptions:
        """Begin to sign in, or to prove oneself again. Nobody learns who has passkeys."""
        found = await current_session(call)
        known = [] if found is None else await known_passkeys(call, found.user.id)
        extensions = await _extensions(call, self.authentication.extensions)
        challenge = Challenge(
            type="authentication",
            expected_challenge=new_challenge(call),
            user_data=Subject("" if found is None else found.user.id),
        )
        await give_challenge(call, self.challenge_cookie, challenge)
        return RequestOptions(
            rp_id=self._rp_id(call),
            challenge=challenge.expected_challenge,
            allow_credentials=known or msgspec.UNSET,
            user_verification=self.authenticator_selection.user_verification,
            extensions=msgspec.UNSET if extensions is None else extensions,
        )

    @post("/passkey/verify-authentication")
    async def verify_passkey_authentication(
        self, call: Call, body: VerifyPasskeyAuthentication
    ) -> SessionAndUser[User]:
        """Sign in with a passkey.

        Raises CHALLENGE_NOT_FOUND, PASSKEY_NOT_FOUND (401), AUTHENTICATION_FAILED (401 for a wrong
        signature, else 400), UNABLE_TO_CREATE_SESSION.
        """
        origins = await self._expected_origins(call, PasskeyCodes.ORIGIN_MISSING)
        taken = await take_challenge(call, self.challenge_cookie, "authentication")
        passkey, user = await _named(call, body.response.get("id"))
        call.subject = user.id
        try:
            asked = self._asked(call, taken.expected, origins)
            seen = verified_authentication(body.response, passkey, asked)
        except NotVerified as error:
            raise PasskeyCodes.AUTHENTICATION_FAILED(status=401 if error.forged else 400) from None
        if self.authentication.after_verification is not None:
            used = UsedCredential(
                user_id=user.id,
                credential_id=passkey.credential_id,
                user_verified=seen.user_verified,
            )
            await call.run(self.authentication.after_verification, used, call)
        call.multi_factor = seen.user_verified
        return await _signed_in(call, user, passkey, seen)

    @property
    def _origins(self) -> list[str]:
        given = self.origin
        return [] if given is None else [given] if isinstance(given, str) else list(given)

    def _rp_id(self, call: Call) -> str:
        return self.rp_id or call.site.host

    def _selection(self, attachment: Attachment | None) -> Selection:
        wanted = self.authenticator_selection
        return Selection(
            resident_key=wanted.resident_key,
            user_verification=wanted.user_verification,
            require_resident_key=wanted.resident_key == "required",
            authenticator_attachment=(
                attachment or wanted.authenticator_attachment or msgspec.UNSET
            ),
        )

    def _asked(self, call: Call, challenge: str, origins: list[str]) -> Asked:
        must = self.authenticator_selection.user_verification == "required"
        return Asked(challenge, self._rp_id(call), origins, must)

    async def _expected_origins(self, call: Call, missing: ErrorCode) -> list[str]:
        if self.origin is not None:
            return self._origins
        origin = call.headers.get("origin")
        if not origin or not await is_trusted(call, origin):
            raise missing()
        return [origin]

    async def _owner(
        self, call: Call, new: Registered, begun: Subject, context: str | None
    ) -> PasskeyOwner:
        asked = self.registration.after_verification
        given: object = None
        if asked is not None:
            shown = NewCredential(
                user=PasskeyUser(
                    id=begun.id,
                    name=begun.name or begun.id,
                    display_name=begun.display_name or None,
                ),
                context=context,
                credential_id=new.credential_id,
                device_type=new.device_type,
                backed_up=new.backed_up,
                user_verified=new.user_verified,
                aaguid=new.aaguid,
            )
            given = await call.run_with_secret(asked, shown, call)
        if not isinstance(given, PasskeyOwner):
            return PasskeyOwner(user_id=begun.id)
        return PasskeyOwner(user_id=given.user_id or begun.id, name=given.name)


async def _extensions(call: Call, given: Extensions | None) -> Mapping[str, object] | None:
    found = await call.run(given, call) if callable(given) else given
    return cast("Mapping[str, object]", found) if isinstance(found, Mapping) else None


async def _named(call: Call, credential_id: object) -> tuple[StoredPasskey, User]:
    """The passkey that a browser names, and whose it is. Raises PASSKEY_NOT_FOUND."""
    if not isinstance(credential_id, str):
        raise PasskeyCodes.PASSKEY_NOT_FOUND(status=401)
    # Of several with one id, which only the reference makes, it is the first one's.
    found = await call.db.find_one(StoredPasskey, sort=_OLDEST, credential_id=credential_id)
    user = None if found is None else await call.db.find_one(User, id=found.user_id)
    if found is None or user is None:
        raise PasskeyCodes.PASSKEY_NOT_FOUND(status=401)
    return found, user


async def _signed_in(
    call: Call, user: User, passkey: StoredPasskey, seen: Authenticated
) -> SessionAndUser[User]:
    async def used(there: User) -> bool:
        # The same key, not deleted since, and not used meanwhile by whoever has a copy of it.
        before = lt(seen.counter) if seen.counter else 0
        same = {"id": passkey.id, "user_id": there.id, "public_key": passkey.public_key}
        counted = {"counter": seen.counter}
        return bool(await call.db.update(StoredPasskey, counted, **same, counter=before))

    try:
        session = await begin_session(call, user, used)
    except Void:
        raise PasskeyCodes.AUTHENTICATION_FAILED() from None
    if session is None:
        raise PasskeyCodes.UNABLE_TO_CREATE_SESSION()
    set_session_cookies(call, session, user)
    return SessionAndUser(session=session, user=user)


class PasskeyAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    generate_passkey_registration_options: EndpointCall[M, NewPasskeyQuery | None, CreationOptions]
    """Begin to make a passkey. Raises RESOLVE_USER_REQUIRED, RESOLVED_USER_INVALID."""
    verify_passkey_registration: EndpointCall[M, VerifyPasskeyRegistration, RegisteredPasskey[U]]
    """Store the passkey that was made; with `create_session` sign in as well.

    Raises CHALLENGE_NOT_FOUND, FAILED_TO_VERIFY_REGISTRATION, PREVIOUSLY_REGISTERED,
    TOO_MANY_PASSKEYS, YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY, RESOLVED_USER_INVALID,
    USER_NOT_FOUND, UNABLE_TO_CREATE_SESSION.
    """
    generate_passkey_authentication_options: EndpointCall[M, None, RequestOptions]
    """Begin to sign in, or to prove oneself again. Nobody learns who has passkeys."""
    verify_passkey_authentication: EndpointCall[M, VerifyPasskeyAuthentication, SessionAndUser[U]]
    """Sign in with a passkey.

    Raises CHALLENGE_NOT_FOUND, PASSKEY_NOT_FOUND (401), AUTHENTICATION_FAILED (401 for a wrong
    signature, else 400), UNABLE_TO_CREATE_SESSION.
    """
