"""A real application in a few dozen lines: Flask, SQLite, watchword, and three static files."""

from __future__ import annotations

import secrets
from pathlib import Path

from flask import Flask, Response, send_from_directory

from watchword import Advanced, Auth, DeleteUser, EmailAndPassword, IPAddressOptions, Request, User
from watchword.adapters.flask import Watchword, current_user, login_required
from watchword.plugins import ActionToken, EmailOTP, MagicLink, OneTimeToken
from watchword.plugins.action_token import ActionTokenMail
from watchword.plugins.email_otp import CodeMail
from watchword.plugins.magic_link import MagicLinkMail

from .identity import CLIENT, DemoID, demo_id
from .mailbox import Mailbox, SentMail

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'"
)


def create_app(origin: str, data: Path) -> Flask:
    """The application. `origin` is where browsers find it, `data` the folder for its files."""
    mailbox = Mailbox()

    def mail_confirmation(mail: ActionTokenMail, request: Request | None) -> None:
        text = "Somebody, hopefully you, is about to do something that cannot be undone."
        confirm = SentMail(to=mail.user.email, subject="Confirm it", text=text, code=mail.token)
        mailbox.put(confirm)

    def mail_link(mail: MagicLinkMail, request: Request | None) -> None:
        text = "Open this link to sign in. It is good once, for five minutes."
        mailbox.put(SentMail(to=mail.email, subject="Your link", text=text, link=mail.url))

    def mail_code(mail: CodeMail, request: Request | None) -> None:
        text = "Type this code to sign in. It is good once, for five minutes."
        mailbox.put(SentMail(to=mail.email, subject="Your code", text=text, code=mail.otp))

    client_secret = secrets.token_urlsafe(32)  # between two parts of one process
    auth: Auth[User] = Auth(
        app_name="watchword demo",
        database=f"sqlite:///{data / 'demo.db'}",
        base_url=origin,
        secret=_secret(data / "secret"),
        email_and_password=EmailAndPassword(enabled=True),
        social_providers=[DemoID(client_id=CLIENT, client_secret=client_secret, origin=origin)],
        delete_user=DeleteUser(enabled=True),
        plugins=[
            OneTimeToken(store_token="hashed"),
            MagicLink(send_magic_link=mail_link, store_token="hashed"),
            EmailOTP(send_verification_otp=mail_code, store_otp="hashed"),
            ActionToken(
                send_token=mail_confirmation,
                types={"account-delete"},
                protect={"/delete-user": "account-delete"},
                require_verified_email=False,  # this page verifies none
            ),
        ],
        advanced=Advanced(ip_address=IPAddressOptions(headers=())),
    )
    auth.blocking.migrate()
    app = Flask("demo", static_folder=None)
    Watchword(auth, app)
    app.register_blueprint(demo_id(f"{origin}/api/auth/callback/demo-id", client_secret))

    @app.get("/")
    def page() -> Response:
        return send_from_directory(STATIC, "index.html")

    @app.get("/<any('style.css', 'demo.js'):name>")
    def file(name: str) -> Response:
        return send_from_directory(STATIC, name)

    @app.get("/mailbox")
    def mails() -> str:
        return mailbox.page()

    @app.get("/greeting")
    @login_required
    def greeting() -> dict[str, str]:
        return {"greeting": f"Hello, {current_user.name}!"}

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response

    return app


def _secret(file: Path) -> str:
    """A secret of this demonstration's own, made at its first start."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32))
    return file.read_text()
