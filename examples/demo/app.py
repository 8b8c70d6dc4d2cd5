"""A real application in a few dozen lines: Flask, SQLite, watchword, and two static pages."""

from __future__ import annotations

import secrets
from pathlib import Path

import segno
from flask import Flask, Response

from watchword.adapters.flask import Watchword, login_required, roles_required

from .administrator import add_administrator
from .body import sent_text
from .identity import demo_id
from .mailbox import Mailbox
from .notes import Notes, notes_pages
from .server import create_auth

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'"
)
_LONGEST = 500
"""Characters of a QR code."""


def create_app(origin: str, data: Path) -> Flask:
    """The application. `origin` is where browsers find it, `data` the folder for its files."""
    mailbox, notes = Mailbox(origin), Notes(data / "notes.db")
    between = secrets.token_urlsafe(32)  # two parts of one process
    auth = create_auth(origin, data, mailbox=mailbox, notes=notes, provider_secret=between)
    add_administrator(auth, data)
    app = Flask("demo", static_folder=STATIC, static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = 100_000
    Watchword(auth, app)
    app.register_blueprint(notes_pages(notes))
    app.register_blueprint(demo_id(f"{origin}/api/auth/callback/demo-id", between))

    @app.get("/")
    def home() -> Response:
        return app.send_static_file("home.html")

    @app.get("/account")
    @login_required(login_url="/")
    def account() -> Response:
        return app.send_static_file("account.html")

    @app.get("/device")
    def device() -> Response:
        return app.send_static_file("device.html")

    @app.get("/organization")
    @login_required(login_url="/")
    def organization() -> Response:
        return app.send_static_file("organization.html")

    @app.get("/users")
    @roles_required("admin", login_url="/")
    def users() -> Response:
        return app.send_static_file("users.html")

    @app.get("/mailbox")
    def mails() -> str:
        return mailbox.page()

    @app.post("/qr-code")
    @login_required
    def qr_code() -> dict[str, str]:
        # By POST: it is a secret, and what stands in a URL stands in logs.
        code = segno.make_qr(sent_text(_LONGEST))
        return {"image": code.svg_data_uri(scale=4, light="white")}

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response

    return app
