"""Mailed links and failed redirects that name no page of the application's lead to these pages."""

from __future__ import annotations

import re
from dataclasses import dataclass

from msgspec.structs import replace

from watchword.call import Call, Change
from watchword.errors import Redirect
from watchword.features.password_reset import PasswordReset
from watchword.http.query import append_query
from watchword.plugin_base import Plugin, after, before
from watchword.plugins.device_authorization import DeviceAuthorization, DeviceCode

DEFAULT_PREFIX = "/pages"
_CODE = re.compile(r"\w{1,255}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Leading(Plugin):
    """Options of where the pages are, and of what leads to them."""

    prefix: str = DEFAULT_PREFIX
    """What all pages are below, itself below the base path: `/api/auth/pages/sign-in`."""
    take_links: bool = True
    """Links that are mailed for a client which names no page for them (`redirectTo`,
    `callbackURL`) lead to these pages, and so do redirects that fail."""

    @before("/request-password-reset")
    async def lead_to_new_password(self, call: Call) -> Change | None:
        """The link asks for the new password here, unless `PasswordReset.reset_page` is given."""
        has_page = bool(call.config.plugin(PasswordReset).reset_page)
        return None if has_page else self._page_for(call, "redirectTo", "reset-password")

    async def _lead_to_verified(self, call: Call) -> Change | None:
        """The link that verifies an address ends on a page that says so."""
        return self._page_for(call, "callbackURL", "email-verified")

    lead_after_sign_up = before("/sign-up/email")(_lead_to_verified)
    lead_after_another_mail = before("/send-verification-email")(_lead_to_verified)
    lead_after_change = before("/change-email")(_lead_to_verified)

    @after("/device/code")
    async def lead_to_device(self, call: Call) -> DeviceCode | None:
        """Devices show the address of the page here, unless `verification_uri` names another."""
        made, plugin = call.returned, call.config.plugin(DeviceAuthorization)
        names_page = plugin.verification_uri != DeviceAuthorization.verification_uri
        if not self.take_links or names_page or not isinstance(made, DeviceCode):
            return None
        uri = f"{call.site.origin}{self._address(call, 'device')}"
        complete = append_query(uri, {"user_code": made.user_code})
        return replace(made, verification_uri=uri, verification_uri_complete=complete)

    @after("/error")
    async def lead_to_problem(self, call: Call) -> None:
        """What failed is told here, unless `OnAPIError.error_url` says where."""
        failed = call.raised()
        is_refused = failed is not None and not isinstance(failed, Redirect)
        if is_refused or not self.take_links or call.config.options.on_api_error.error_url:
            return
        code = call.query.get("error")
        told = {"error": code} if isinstance(code, str) and _CODE.fullmatch(code) else {}
        raise Redirect(append_query(self._address(call, "error"), told))

    def _page_for(self, call: Call, field: str, page: str) -> Change | None:
        if not self.take_links or not isinstance(call.body, dict):
            return None
        if call.fields.get(field, "") != "":
            return None
        return Change(body={field: self._address(call, page)})

    def _address(self, call: Call, page: str) -> str:
        return f"{call.site.base_path}{self.prefix}/{page}"
