"""A real application in forty lines: Flask, SQLite, watchword, and three static files."""

from __future__ import annotations

import secrets
from pathlib import Path

from flask import Flask, Response, send_from_directory

from watchword import Auth, EmailAndPassword, IPAddressOptions, User
from watchword.adapters.flask import Watchword, current_user, login_required
from watchword.options import Advanced
from watchword.plugins import OneTimeToken

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'"
)


def create_app(origin: str, data: Path) -> Flask:
    """The application. `origin` is where browsers find it, `data` the folder for its files."""
    auth: Auth[User] = Auth(
        app_name="watchword demo",
        database=f"sqlite:///{data / 'demo.db'}",
        base_url=origin,
        secret=_secret(data / "secret"),
        email_and_password=EmailAndPassword(enabled=True),
        plugins=[OneTimeToken(store_token="hashed")],
        advanced=Advanced(ip_address=IPAddressOptions(headers=(), use_peer=True)),
    )
    auth.blocking.migrate()
    app = Flask("demo", static_folder=None)
    Watchword(auth, app)

    @app.get("/")
    def page() -> Response:
        return send_from_directory(STATIC, "index.html")

    @app.get("/<any('style.css', 'demo.js'):name>")
    def file(name: str) -> Response:
        return send_from_directory(STATIC, name)

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
