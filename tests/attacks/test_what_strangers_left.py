"""M7: whoever registers somebody else's address keeps no way in once its owner takes the account.

A factor is no way in. It goes where the address is verified as well; with a mailed password alone
it stays, or a mailbox would take every factor off where addresses are never verified.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.support.browser import Browser
from tests.support.plugins import every_plugin
from watchword import Account, Auth, EmailAndPassword, PasswordReset
from watchword.plugin import Call, Plugin, Success, post
from watchword.plugins.passkey import StoredPasskey
from watchword.plugins.siwe import WalletAddress
from watchword.plugins.two_factor import SecondFactor
from watchword.records import User

ADA = "ada@example.com"
PASSWORD, MAILED = "correct horse battery", "tr0ubador and three more"
WAYS_IN = {"passkey", "walletAddress", "apikey", "session", "phoneNumber", "linked"}


class Planting(Plugin):
    """What a stranger may come to have, without the ceremonies."""

    id: ClassVar[str] = "planting"

    @post("/plant", requires="session")
    async def plant(self, call: Call) -> Success:
        """Leave one of each."""
        owner: dict[str, Any] = {"user_id": call.session.user.id}
        await call.db.create(Account, provider_id="github", account_id="1", **owner)
        await call.db.create(
            StoredPasskey,
            public_key="k",
            credential_id="c",
            counter=0,
            device_type="singleDevice",
            backed_up=False,
            **owner,
        )
        await call.db.create(WalletAddress, address="0x1", chain_id=1, is_primary=True, **owner)
        await call.db.create(SecondFactor, secret="s", backup_codes="b", **owner)
        changes = {
            "two_factor_enabled": True,
            "phone_number": "+491701234567",
            "phone_number_verified": True,
        }
        await call.db.update(User, changes, id=call.session.user.id)
        return Success()


def left(file: Path) -> set[str]:
    """What is still there."""
    with sqlite3.connect(file) as database:

        def any_of(what: str) -> bool:
            return bool(database.execute(f"select count(*) from {what}").fetchone()[0])

        found = {
            name
            for name in ("passkey", "walletAddress", "apikey", "session", "twoFactor")
            if any_of(name)
        }
        found |= {"phoneNumber"} if any_of("user where phoneNumber is not null") else set[str]()
        found |= {"linked"} if any_of("account where providerId = 'github'") else set[str]()
    database.close()
    return found


class Place:
    def __init__(self, make_auth: MakeAuth, tmp_path: Path) -> None:
        self.mails: list[Any] = []
        self.file = tmp_path / "test.db"
        self.auth: Auth[Any] = make_auth(
            plugins=[*every_plugin(self.send), Planting()],
            email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
            password_reset=PasswordReset(send_reset_password=self.send),
        )
        self.stranger = Browser(self.auth)
        body = {"email": ADA, "password": PASSWORD, "name": "Eve"}
        assert self.stranger.post("/sign-up/email", body).status == 200
        assert self.stranger.post("/api-key/create", {}).status == 200
        assert self.stranger.post("/plant", {}).status == 200

    def send(self, mail: Any, request: object) -> None:
        self.mails.append(mail)

    def mailed(self) -> Any:
        self.auth.blocking.runtime.drain()
        return self.mails[-1]


def by_link(place: Place, owner: Browser) -> None:
    owner.post("/request-password-reset", {"email": ADA, "redirectTo": "/reset"})
    token = urlsplit(place.mailed().url).path.rsplit("/", 1)[-1]
    body = {"newPassword": MAILED, "token": token}
    assert owner.post("/reset-password", body).status == 200


def by_code(place: Place, owner: Browser) -> None:
    owner.post("/email-otp/request-password-reset", {"email": ADA})
    body = {"email": ADA, "otp": place.mailed().otp, "password": MAILED}
    assert owner.post("/email-otp/reset-password", body).status == 200


@pytest.mark.parametrize(("reset", "stays"), [(by_link, {"twoFactor"}), (by_code, set[str]())])
def test_m7_a_mailed_password_leaves_a_stranger_no_way_in(
    make_auth: MakeAuth,
    tmp_path: Path,
    reset: Callable[[Place, Browser], None],
    stays: set[str],
) -> None:
    place = Place(make_auth, tmp_path)
    assert left(place.file) == WAYS_IN | {"twoFactor"}
    reset(place, Browser(place.auth))
    assert left(place.file) == stays
    signed_in = Browser(place.auth).post("/sign-in/email", {"email": ADA, "password": MAILED})
    assert signed_in.status == 200
    assert ("twoFactorRedirect" in signed_in.json) == bool(stays)
    refused = Browser(place.auth).post("/sign-in/email", {"email": ADA, "password": PASSWORD})
    assert refused.status == 401


@pytest.mark.parametrize("reset", [by_link, by_code])
def test_a_mailed_password_takes_nothing_from_who_has_proven_the_address(
    make_auth: MakeAuth, tmp_path: Path, reset: Callable[[Place, Browser], None]
) -> None:
    place = Place(make_auth, tmp_path)
    with sqlite3.connect(place.file) as database:
        database.execute("update user set emailVerified = 1")
    database.close()
    reset(place, Browser(place.auth))
    assert left(place.file) == WAYS_IN | {"twoFactor"}
