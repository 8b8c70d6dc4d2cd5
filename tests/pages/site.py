"""A site with plugin Pages and one page of its own, served to real browsers."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import quote
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from tests.core.conftest import FAST
from tests.plugins.pages_visitor import Mailbox
from tests.support.browser import SECRET
from tests.support.services import free_port
from watchword import Auth, EmailAndPassword, EmailVerification, PasswordReset
from watchword.adapters.wsgi import WatchwordMiddleware, checked_of
from watchword.plugins import (
    Anonymous,
    EmailOTP,
    MagicLink,
    Pages,
    Passkey,
    PhoneNumber,
    TwoFactor,
    Username,
)
from watchword.plugins.two_factor import OTPOptions
from watchword.providers import Discord, GitHub, Google

HTML = ("Content-Type", "text/html; charset=utf-8")
FRAMES = "<!doctype html><iframe src='{pages}/sign-in'></iframe><iframe src='/inner'></iframe>"
INBOX = "<!doctype html><html lang=en><title>Inbox</title><h1>Inbox of {who}</h1></html>"


class Site:
    """Where it is, and what it mailed."""

    def __init__(self, folder: Path, *, trusts_other: bool = False, **pages: Any) -> None:
        self.port = free_port()
        self.origin = f"http://localhost:{self.port}"
        self.pages = f"{self.origin}/api/auth/pages"
        self.mails = Mailbox()
        self.trusted = [self.other_origin] if trusts_other else []
        self.auth = everything(folder, self.origin, self.mails, self.trusted, **pages)

    @property
    def other_origin(self) -> str:
        """The same server under another name, which makes it another site."""
        return f"http://127.0.0.1:{self.port}"

    def application(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """A page for who is signed in, and one with frames."""
        if environ["PATH_INFO"] in ("/frames", "/inner"):
            start("200 OK", [HTML])
            inner = environ["PATH_INFO"] == "/inner"
            return [b"inner" if inner else FRAMES.format(pages=self.pages).encode()]
        if environ["PATH_INFO"] == "/away":
            start("303 See Other", [("Location", f"{self.other_origin}/inner")])
            return [b""]
        session = checked_of(self.auth, environ).session
        if session is None:
            back = quote(environ["PATH_INFO"], safe="")
            start("303 See Other", [("Location", f"{self.pages}/sign-in?next={back}")])
            return [b""]
        start("200 OK", [HTML])
        return [INBOX.format(who=session.user.email).encode()]


def everything(
    folder: Path, origin: str, mails: Mailbox, trusted: Sequence[str], **pages: Any
) -> Auth[Any]:
    """A server with all that pages know of."""
    given: dict[str, Any] = {"client_id": "client", "client_secret": "secret"}
    auth: Auth[Any] = Auth(
        app_name="Acme",
        database=f"sqlite:///{folder}/site.db",
        secret=SECRET,
        base_url=origin,
        trusted_origins=trusted,
        environ={},
        email_and_password=EmailAndPassword(
            enabled=True, require_email_verification=True, argon2_cost=FAST
        ),
        email_verification=EmailVerification(send_verification_email=mails, answer_after=0),
        password_reset=PasswordReset(send_reset_password=mails),
        social_providers=[Google(**given), GitHub(**given), Discord(**given)],
        plugins=[
            Pages(**pages),
            Anonymous(),
            EmailOTP(send_verification_otp=mails),
            MagicLink(send_magic_link=mails),
            Passkey(),
            PhoneNumber(send_otp=mails, send_password_reset_otp=mails),
            TwoFactor(otp=OTPOptions(send_otp=mails)),
            Username(),
        ],
    )
    auth.blocking.migrate()
    return auth


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Tests say themselves what happened."""


@contextmanager
def served(site: Site) -> Generator[Site, None, None]:
    """The site while it is served."""
    application = WatchwordMiddleware(site.application, site.auth)
    server = make_server(
        "localhost", site.port, application, server_class=_Server, handler_class=_Quiet
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
        site.auth.blocking.close()
