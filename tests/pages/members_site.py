"""A site whose members manage their accounts, and one of them, in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.pages.eyes import Eyes
from tests.pages.site import Site
from tests.plugins.account_site import AccountSite
from tests.support.browser import SECRET
from tests.support.services import free_port
from watchword import Auth
from watchword.plugins import MagicLink
from watchword.plugins.magic_link import MagicLinkMail, SignInMagicLink

ADA, EVE, PASSWORD = "ada@example.com", "eve@example.com", "correct horse battery"


class MembersSite(Site):
    """With all that a signed-in page may be about."""

    def __init__(self, folder: Path, *, without: tuple[str, ...] = (), **options: Any) -> None:
        self.port = free_port()
        self.origin = f"http://localhost:{self.port}"
        self.pages = f"{self.origin}/api/auth/pages"
        given: dict[str, Any] = {
            "app_name": "Acme",
            "database": f"sqlite:///{folder}/site.db",
            "secret": SECRET,
            "base_url": self.origin,
            "environ": {},
            **options,
        }
        self.links: list[MagicLinkMail] = []
        keep = self.links.append
        link = MagicLink(send_magic_link=lambda mail, request: keep(mail), confirm=True)
        made = AccountSite(_auth, without=without, more=(link,), **given)
        self.auth, self.mails = made.auth, made.mailbox

    def has(self, email: str, name: str = "Ada") -> None:
        """Somebody with an account."""
        if self.auth.blocking.users.find(email) is None:
            ada = self.auth.blocking.users.create(email=email, name=name, password=PASSWORD)
            self.auth.blocking.users.verify_email(ada.id)

    def link(self, email: str, target: str = "/done") -> str:
        """A magic link that was just mailed."""
        asked = SignInMagicLink(email=email, callback_url=target)
        self.auth.blocking.api.sign_in_magic_link(asked)
        self.auth.blocking.runtime.drain()
        return self.links[-1].url

    def sign_in(self, browser: Eyes, email: str = ADA, name: str = "Ada") -> None:
        """Be that member."""
        self.has(email, name)
        browser.forget_everything()
        browser.browser.get(f"{self.pages}/sign-in")
        browser.fill(identifier=email, password=PASSWORD)
        browser.send()

    def see(self, browser: Eyes, page: str) -> None:
        browser.browser.get(f"{self.pages}/{page}")


def _auth(**options: Any) -> Auth[Any]:
    auth: Auth[Any] = Auth(**options)
    auth.blocking.migrate()
    return auth
