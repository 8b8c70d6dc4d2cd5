"""A first password, given on a page: there is no endpoint for browsers, but all that holds for it.

`/set-password` is the server's own; the page is its only door from outside.
"""

from __future__ import annotations

import httpx2

from tests.core.conftest import MakeAuth
from tests.plugins.account_site import AccountSite
from tests.plugins.pages_visitor import ADA, PASSWORD, PagesVisitor
from tests.plugins.test_have_i_been_pwned import sha1
from watchword import Advanced, APIError, Hooks, Outgoing
from watchword.plugin import Call
from watchword.plugins import HaveIBeenPwned

LEAKED = "leaked-password-1"


def without_password(site: AccountSite) -> PagesVisitor:
    """Somebody who came by a provider, and has just signed in."""
    ada = site.auth.blocking.users.create(email=ADA, name="Ada")
    visitor = site.visitor()
    visitor.keep(site.auth.blocking.users.create_session(ada.id).cookies)
    return visitor


def test_a_first_password_that_is_known_from_leaks_is_refused(make_auth: MakeAuth) -> None:
    digest = sha1(LEAKED)
    answer = f"{digest[5:]}:7\r\n".encode()
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, content=answer))
    advanced = Advanced(outgoing=Outgoing(transport=transport))
    site = AccountSite(make_auth, more=(HaveIBeenPwned(),), advanced=advanced)
    visitor = without_password(site)
    refused = visitor.send_form("account/password", {"newPassword": LEAKED})
    assert refused.status == 400
    assert "known from a leak" in refused.error("newPassword")
    assert visitor.send_form("account/password", {"newPassword": PASSWORD}).status == 303


def test_hooks_of_the_endpoint_run_for_a_first_password(make_auth: MakeAuth) -> None:
    def refuse(call: Call) -> None:
        if call.endpoint is not None and call.endpoint.path == "/set-password":
            raise APIError(403, "NOT_HERE", "Not here")

    site = AccountSite(make_auth, hooks=Hooks(before=refuse))
    visitor = without_password(site)
    refused = visitor.send_form("account/password", {"newPassword": PASSWORD})
    assert (refused.status, refused.alert) == (403, "Not here")
    assert site.visitor().sign_in(ADA, password=PASSWORD).status == 401


def test_the_password_is_asked_for_whoever_may_not_list_accounts(make_auth: MakeAuth) -> None:
    site = AccountSite(make_auth, disabled_paths=["/list-accounts"])
    visitor = site.signed_up()
    assert visitor.see("account/delete").field("password")
    assert visitor.send_form("account/delete", {}).status == 422
    assert visitor.session()["user"]["email"] == ADA
    assert visitor.see("account/password").field("currentPassword")
