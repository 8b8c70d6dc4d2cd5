"""Options and endpoints of signing in with a wallet."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec
from msgspec.structs import replace

from watchword.call import Call
from watchword.configuration.option_checks import check_callback, check_flag
from watchword.database.records import Record
from watchword.endpoint import Endpoint, post
from watchword.errors import APIError, ConfigurationError, ErrorCode, ErrorCodes
from watchword.features.promises import Void, begin_session
from watchword.pipeline.validation import is_email, read_input
from watchword.plugin_base import Plugin
from watchword.records import User
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import set_session_cookies
from watchword.verifications.verifications import (
    create_verification,
    sweep_verifications,
    take_verification,
)

from .message import SIWEMessage, is_domain, is_nonce, normal_domain, read_message
from .owners import is_owner, owner_of_wallet
from .records import WalletAddress
from .wallets import checksummed, has_curve, is_signed_by, require_curve, require_keccak
from .wire import (
    ENSName,
    NoInput,
    SignedInWallet,
    SIWECodes,
    SIWENonce,
    SIWEVerified,
    VerifySIWE,
    VerifySIWEWithEmail,
    WalletProof,
)

_log = logging.getLogger("watchword.siwe")

_NONCE_LIFE = 900
"""Seconds between asking for a nonce and the signed message (15 minutes)."""


@dataclass(frozen=True, kw_only=True)
class SIWE(Plugin):
    """Options of Sign-In with Ethereum."""

    id: ClassVar[str] = "siwe"
    codes: ClassVar[type[ErrorCodes]] = SIWECodes
    records: ClassVar[tuple[type[Record], ...]] = (WalletAddress,)

    domain: str
    """The domain that messages have to name: host, and port where it is not the scheme's own."""
    verify_message: Callable[[WalletProof], bool | Awaitable[bool]] | None = field(
        default=None, repr=False
    )
    """Whether the wallet signed the message. None: by its key (EIP-191), which contracts do not
    have; for those (ERC-1271, ERC-6492) ask a node of the chain."""
    get_nonce: Callable[[], str | Awaitable[str]] | None = field(default=None, repr=False)
    """Makes a nonce: 8 to 250 letters and digits that nobody can guess. None: 32 random ones."""
    anonymous: bool = True
    """New users need say no address. False: they have to, and it is not verified."""
    email_domain_name: str | None = None
    """Domain of the addresses of users who have none, `<wallet>@<domain>`. None: one that does not
    exist."""
    ens_lookup: Callable[[str], ENSName | Awaitable[ENSName | None] | None] | None = field(
        default=None, repr=False
    )
    """Gets the address of a new user's wallet; name and picture, where they are known."""

    def __post_init__(self) -> None:
        require_keccak()
        if not is_domain(normal_domain(self.domain)):
            raise ConfigurationError(
                "SIWE.domain", f"{self.domain!r} is no domain", "Give one as in 'example.com'"
            )
        made_up = self.email_domain_name
        if made_up is not None and not is_email(f"0x@{made_up}"):
            raise ConfigurationError(
                "SIWE.email_domain_name", f"{made_up!r} is no domain", "Give one of your own"
            )
        check_flag("SIWE.anonymous", self.anonymous)
        if self.verify_message is None:
            require_curve()
        for name in ("verify_message", "get_nonce", "ens_lookup"):
            check_callback(f"SIWE.{name}", getattr(self, name))

    def endpoints(self) -> Iterator[Endpoint[Any, Any]]:
        """Its endpoints; whether an address has to be said is an option."""
        for own in super().endpoints():
            asks = own.input is VerifySIWE and not self.anonymous
            yield replace(own, input=VerifySIWEWithEmail) if asks else own

    async def end_ways_in(self, call: Call, user: User) -> None:
        """Whoever claimed somebody else's address came with a wallet, which opens it no more."""
        await call.db.delete(WalletAddress, user_id=user.id)

    async def lets_in(self, call: Call, user: User) -> bool:
        """With a wallet."""
        return await call.db.count(WalletAddress, user_id=user.id) > 0

    @post("/siwe/nonce")
    async def get_siwe_nonce(self, call: Call) -> SIWENonce:
        """A nonce for a message to sign. Raises SIWE_INVALID_NONCE."""
        return await self._issue(call)

    @post("/siwe/get-nonce", name="get_nonce")
    async def issue_under_older_path(self, call: Call) -> SIWENonce:
        """The same under its older path. Raises SIWE_INVALID_NONCE."""
        return await self._issue(call)

    @post("/siwe/verify", check_login_csrf=True)
    async def verify_siwe_message(self, call: Call, body: VerifySIWE) -> SIWEVerified:
        """Sign in, or up, with a message that a wallet signed. Its nonce is used up. Raises
        UNAUTHORIZED_SIWE_MESSAGE_MISMATCH, UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE,
        UNAUTHORIZED_SIWE_MESSAGE_EXPIRED, UNAUTHORIZED_SIWE_MESSAGE_NOT_YET_VALID,
        INVALID_SIGNATURE, NOT_SIGNED_IN, FAILED_TO_CREATE_SESSION."""
        message = read_message(body.message)
        if message is None:
            raise _refused(SIWECodes.UNAUTHORIZED_SIWE_MESSAGE_MISMATCH)
        if await take_verification(call, f"{self.id}:{message.nonce}") is None:
            raise _refused(SIWECodes.UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE)
        address = self._address_in(call, message)
        proof = WalletProof(
            message=body.message,
            signature=body.signature,
            address=address,
            chain_id=message.chain_id,
            fields=message,
            domain=self.domain,
        )
        if not await self._is_genuine(call, proof):
            raise _refused(SIWECodes.INVALID_SIGNATURE)
        email = None if self.anonymous or body.email is msgspec.UNSET else body.email
        domain = self.email_domain_name or "siwe.placeholder.invalid"

        async def named(wallet: str) -> ENSName:
            return await self._look_up(call, wallet)

        by_key = self.verify_message is None or _is_by_key(proof)
        user = await owner_of_wallet(
            call, address, message.chain_id, email, domain, named, by_key=by_key
        )

        async def still_theirs(there: User) -> bool:
            return await is_owner(call, there, address)

        try:
            session = await begin_session(call, user, still_theirs)
        except Void:
            raise _refused(SIWECodes.NOT_SIGNED_IN) from None
        if session is None:
            raise SIWECodes.FAILED_TO_CREATE_SESSION()
        set_session_cookies(call, session, user, remember=True)
        wallet = SignedInWallet(id=user.id, wallet_address=address, chain_id=message.chain_id)
        return SIWEVerified(token=session.token, user=wallet)

    async def _issue(self, call: Call) -> SIWENonce:
        read_input(NoInput, {} if call.body is None else call.body, "body")
        nonce: object = call.random(32)
        if self.get_nonce is not None:
            nonce = await call.run(self.get_nonce)
        if not isinstance(nonce, str) or not is_nonce(nonce):
            raise SIWECodes.SIWE_INVALID_NONCE(extra={"status": 500})
        await sweep_verifications(call)
        await create_verification(call, f"{self.id}:{nonce}", nonce, call.after(_NONCE_LIFE))
        return SIWENonce(nonce=nonce)

    def _address_in(self, call: Call, message: SIWEMessage) -> str:
        """The wallet that signs a message which is meant for this server and this moment."""
        address = checksummed(message.address)
        if address is None or normal_domain(message.domain) != normal_domain(self.domain):
            raise _refused(SIWECodes.UNAUTHORIZED_SIWE_MESSAGE_MISMATCH)
        if message.expiration_time is not None and message.expiration_time <= call.now:
            raise _refused(SIWECodes.UNAUTHORIZED_SIWE_MESSAGE_EXPIRED)
        if message.not_before is not None and message.not_before > call.now:
            raise _refused(SIWECodes.UNAUTHORIZED_SIWE_MESSAGE_NOT_YET_VALID)
        return address

    async def _is_genuine(self, call: Call, proof: WalletProof) -> bool:
        if self.verify_message is None:
            return _is_by_key(proof)
        try:
            return await call.run(self.verify_message, proof) is True
        except APIError:
            raise
        except Exception as error:
            # Its text may quote the message.
            _log.error("SIWE.verify_message failed with %s", type(error).__name__)
            raise _refused(SIWECodes.NOT_SIGNED_IN) from None

    async def _look_up(self, call: Call, address: str) -> ENSName:
        """Name and picture. A name service that is down keeps nobody out."""
        if self.ens_lookup is None:
            return ENSName()
        try:
            found = await call.run(self.ens_lookup, address)
        except Exception as error:
            _log.warning("SIWE.ens_lookup failed with %s", type(error).__name__)
            return ENSName()
        return found if isinstance(found, ENSName) else ENSName()


def _is_by_key(proof: WalletProof) -> bool:
    return has_curve() and is_signed_by(proof.address, proof.message, proof.signature)


def _refused(code: ErrorCode) -> APIError:
    return code(extra={"status": 401})


class SIWEAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    get_siwe_nonce: EndpointCall[M, None, SIWENonce]
    """A nonce for a message to sign. Raises SIWE_INVALID_NONCE."""
    get_nonce: EndpointCall[M, None, SIWENonce]
    """The same under its older path. Raises SIWE_INVALID_NONCE."""
    verify_siwe_message: EndpointCall[M, VerifySIWE, SIWEVerified]
    """Sign in, or up, with a message that a wallet signed. Its nonce is used up. Raises
    UNAUTHORIZED_SIWE_MESSAGE_MISMATCH, UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE,
    UNAUTHORIZED_SIWE_MESSAGE_EXPIRED, UNAUTHORIZED_SIWE_MESSAGE_NOT_YET_VALID,
    INVALID_SIGNATURE, NOT_SIGNED_IN, FAILED_TO_CREATE_SESSION.
    """
