"""The ways in that a user has: a password, and accounts with identity providers."""

from __future__ import annotations

import msgspec

from watchword.discreet import Discreet
from watchword.features.accounts import LinkedAccount
from watchword.http.response import Response

from .account_page import AccountPage
from .installed import Installed
from .visit import Visit


class ShownAccount(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One of them."""

    id: str
    provider: str
    """What people call it."""
    since: str


class LinkedAccounts(AccountPage):
    """Linking another one, and giving one up."""

    path = "account/linked"
    template = "account-linked.html"

    def is_offered(self, installed: Installed) -> bool:
        return bool(installed.providers)

    async def values(self, visit: Visit) -> dict[str, object]:
        listed: list[LinkedAccount] = await self.found(visit, "list_user_accounts")
        names = {one.id: one.name for one in visit.installed.providers}
        names["credential"] = visit.text("field.password")
        accounts = [
            ShownAccount(
                id=one.id,
                provider=names.get(one.provider_id, one.provider_id),
                since=one.created_at.date().isoformat(),
            )
            for one in listed
        ]
        linked = {one.provider_id for one in listed}
        others = [one for one in visit.installed.providers if one.id not in linked]
        return {"accounts": accounts, "others": others}

    async def act(self, visit: Visit) -> Response:
        if visit.form.get("do") == "link":
            back = visit.target(self.path)
            done = await visit.submit(
                "link_social_account",
                {
                    "provider": visit.form.get("provider", ""),
                    "callbackURL": visit.target(self.path, notice="account_linked"),
                    "errorCallbackURL": back,
                },
            )
            if done.ok and done.url:
                return await visit.leave_for(done.url)
            return await self.refused(visit, done)
        if visit.form.get("do") != "unlink":
            return await self.show(visit)
        done = await visit.submit("unlink_account", {"accountId": visit.form.get("account", "")})
        if not done.ok:
            return await self.refused(visit, done)
        return visit.go(self.path, notice="account_unlinked")
