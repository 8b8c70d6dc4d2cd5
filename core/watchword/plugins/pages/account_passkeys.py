"""One's passkeys. Making one is the browser's work: that needs a script, and nothing else does."""

from __future__ import annotations

from watchword.http.response import Response
from watchword.sessions.life import is_fresh

from .account_page import AccountPage
from .installed import Installed
from .visit import Visit


class Passkeys(AccountPage):
    """Seeing, naming, making and deleting them."""

    path = "account/passkeys"
    template = "account-passkeys.html"

    def is_offered(self, installed: Installed) -> bool:
        return installed.plugin("passkey") is not None

    def script(self, installed: Installed) -> str:
        return "new-passkey.js"

    async def values(self, visit: Visit) -> dict[str, object]:
        session = (await self.signed_in(visit)).session
        return {
            "passkeys": await self.found(visit, "list_passkeys"),
            "is_fresh": is_fresh(visit.call, session),
        }

    async def act(self, visit: Visit) -> Response:
        form = visit.form
        match form.get("do"):
            case "again":
                return self.sign_in(visit, "sign_in_again")
            case "rename":
                data = {"id": form.get("passkey", ""), "name": form.get("name", "").strip()}
                done = await visit.submit("update_passkey", data)
                notice = "passkey_renamed"
            case "delete":
                done = await visit.submit("delete_passkey", {"id": form.get("passkey", "")})
                notice = "passkey_removed"
            case _:
                return await self.show(visit)
        if not done.ok:
            # There may be several fields of that name: the message stands on top.
            return await self.refused(visit, done, {"name": ""})
        return visit.go(self.path, notice=notice)
