"""Giving the account up: with the password, a link that is mailed, or a sign-in that is recent."""

from __future__ import annotations

from watchword.features.users import DeleteUser
from watchword.http.response import Response

from .account_page import AccountPage
from .installed import Installed
from .page import Page
from .visit import Visit


class DeleteAccount(AccountPage):
    """One button, and what it needs."""

    path = "account/delete"
    template = "account-delete.html"

    def is_offered(self, installed: Installed) -> bool:
        return _options(installed).enabled

    async def values(self, visit: Visit) -> dict[str, object]:
        by_mail = _options(visit.installed).send_delete_account_verification is not None
        return {
            "by_mail": by_mail,
            "asks_password": not by_mail and await self.has_password(visit),
        }

    async def act(self, visit: Visit) -> Response:
        values = await self.values(visit)
        password = visit.form.get("password", "")
        if values["asks_password"] and not password:
            # Without one a recent sign-in would do, and nobody was asked for that here.
            return await visit.wrong({"password": "form.missing"}, await self.shown(visit))
        data = {"password": password, "callbackURL": visit.target(AccountDeleted.path)}
        done = await visit.submit("delete_user", data)
        if not done.ok:
            return await self.refused(visit, done)
        if values["by_mail"]:
            return visit.go(self.path, notice="deletion_asked")
        return visit.go(AccountDeleted.path)


class AccountDeleted(Page):
    """Where it ends."""

    path = "account-deleted"
    template = "account-deleted.html"

    def is_offered(self, installed: Installed) -> bool:
        return _options(installed).enabled


def _options(installed: Installed) -> DeleteUser:
    return installed.plugin(DeleteUser.id)
