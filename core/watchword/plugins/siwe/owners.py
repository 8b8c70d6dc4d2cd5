"""Whose a wallet is: finding its user, or making one.

A key is the same on all chains, and so is its user. A contract is its owner's on its own chain
alone: on another one somebody else may have made one at the same address. Of several first
sign-ins at once one makes the user, and the others find it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from watchword.call import Call
from watchword.database.contract import UniqueViolation
from watchword.features.addresses import user_of_address
from watchword.features.identifiers import normal_email
from watchword.features.provisioning import check_new_user, create_checked_user
from watchword.records import Account, User
from watchword.verifications.leases import Lease, lease, persevere

from .records import WalletAddress
from .wire import ENSName, SIWECodes

PROVIDER = "siwe"
_LEASE, _PATIENCE = 30.0, 10.0  # seconds
_LONGEST_NAME, _LONGEST_PICTURE = 255, 65_535

NameSource = Callable[[str], Awaitable[ENSName]]


async def owner_of_wallet(
    call: Call,
    address: str,
    chain_id: int,
    email: str | None,
    domain: str,
    named: NameSource,
    *,
    by_key: bool,
) -> User:
    """The user of a wallet that was just proven, made if it has none.

    `by_key` says that its key signed, which is one on all chains. `email` is what the user says,
    and taken where nobody has it; `domain` that of addresses that are made up. Raises `APIError`
    where the application refuses the user, and `Overloaded`.
    """
    user = await _user_of(call, address, chain_id)
    if user is not None:
        return user
    # Others are asked before the lease begins.
    elsewhere = await _user_of(call, address) if by_key else None
    known = ENSName() if elsewhere is not None else await named(address)

    async def settled() -> User:
        # Those who waited for somebody else need no lease of their own.
        found = await _user_of(call, address, chain_id)
        if found is not None:
            return found
        async with lease(call, f"{PROVIDER}:{address}", _LEASE) as held:
            found = await _user_of(call, address, chain_id)
            if found is not None:
                return found
            found = await _user_of(call, address) if by_key else None
            if found is not None:
                async with call.db.transaction():
                    await _attach(call, held, found, address, chain_id, is_primary=False)
                return found
            return await _new_user(call, held, address, chain_id, email, domain, known)

    return await persevere(call, settled, _PATIENCE)


async def is_owner(call: Call, user: User, address: str) -> bool:
    """Whether a wallet is still the user's."""
    return await call.db.find_one(WalletAddress, user_id=user.id, address=address) is not None


async def _user_of(call: Call, address: str, chain_id: int | None = None) -> User | None:
    if chain_id is None:
        wallet = await call.db.find_one(WalletAddress, address=address)
    else:
        wallet = await call.db.find_one(WalletAddress, address=address, chain_id=chain_id)
    return None if wallet is None else await call.db.find_one(User, id=wallet.user_id)


async def _new_user(
    call: Call,
    held: Lease,
    address: str,
    chain_id: int,
    email: str | None,
    domain: str,
    known: ENSName,
) -> User:
    name, picture = _text(known.name)[:_LONGEST_NAME] or address, _text(known.avatar)
    if len(picture) > _LONGEST_PICTURE:
        picture = ""
    # Somebody may have registered the address that is made up.
    made_up = (f"{address}@{domain}", f"{address}.{call.random(12)}@{domain}")
    for one in made_up if email is None else (email, *made_up):
        values = {"name": name, "email": normal_email(one), "image": picture}
        if await user_of_address(call, normal_email(one)) is not None:
            continue
        await check_new_user(call, PROVIDER, None, **values)
        try:
            async with call.db.transaction():
                user = await create_checked_user(call, **values)
                if user is None:
                    break
                await _attach(call, held, user, address, chain_id, is_primary=True)
                return user
        except UniqueViolation:
            continue
    raise SIWECodes.NOT_SIGNED_IN(extra={"status": 401})


def _text(told: object) -> str:
    """What the name service told, if it can be stored: its owners write there what they like."""
    if not isinstance(told, str) or "\0" in told:
        return ""
    return told.encode(errors="ignore").decode()


async def _attach(
    call: Call, held: Lease, user: User, address: str, chain_id: int, *, is_primary: bool
) -> None:
    wallet = {"user_id": user.id, "address": address, "chain_id": chain_id}
    await call.db.create(WalletAddress, **wallet, is_primary=is_primary)
    account = {"provider_id": PROVIDER, "account_id": f"{address}:{chain_id}"}
    await call.db.create(Account, user_id=user.id, **account)
    await held.settle()
