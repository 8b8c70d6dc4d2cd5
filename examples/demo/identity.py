"""Demo ID: an identity provider inside the demonstration, and the description of it.

Everybody may be anybody there: it shows the way of a sign-in, and asks for no proof. What it does
is OAuth 2.0 with PKCE and OpenID Connect's user info, so the whole of it runs without a network.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from hmac import compare_digest
from threading import Lock
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, jsonify, redirect, render_template_string, request
from werkzeug import Response as Sent

from watchword.oauth.description import Description
from watchword.oauth.pkce import code_challenge
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider

PLACE = "/demo-id"
CLIENT = "demo"
_CODES_LIVE = 60  # seconds
_MOST = 1000
_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>Demo ID</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/static/style.css">
</head>
<body>
  <header>
    <p class="mark" aria-hidden="true">D</p>
    <div>
      <h1>Demo ID</h1>
      <p>Not a real provider: it is part of this demo, and believes whatever you say.</p>
    </div>
  </header>
  <main>
    <form class="card" method="post">
      <h2>Who do you want to be?</h2>
      <p>The demo will learn name and address, and that the address is verified.</p>
      {% for id, person in people.items() %}
      <p><button name="person" value="{{ id }}">
        {{ person.name }} &lt;{{ person.email }}&gt;
      </button></p>
      {% endfor %}
      <p><button name="person" value="">Nobody: go back</button></p>
    </form>
  </main>
</body>
</html>
"""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with a Demo ID."""

    name: str
    email: str


PEOPLE = {
    "1": Person(name="Ada Lovelace", email="ada@example.com"),
    "2": Person(name="Katherine Johnson", email="katherine@example.com"),
    "3": Person(name="Hedy Lamarr", email="hedy@example.com"),
}
"""By the id that accounts keep."""


@dataclass(frozen=True, kw_only=True, repr=False)
class DemoID(Provider):
    """What the demonstration knows of Demo ID."""

    origin: str
    """Where browsers and the demonstration find it."""

    def describe(self) -> Description:
        return Description(
            id="demo-id",
            name="Demo ID",
            authorization_url=f"{self.origin}{PLACE}/authorize",
            token_url=f"{self.origin}{PLACE}/token",
            scopes=("openid", "profile", "email"),
            user_info_url=f"{self.origin}{PLACE}/userinfo",
            fields=Fields(id="sub", email_verified="email_verified"),
            refreshes=False,
            needs_secret=True,
        )


class _Given:
    """Codes or tokens that were given out, each good once and for a minute."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[str, tuple[float, tuple[str, ...]]] = {}

    def put(self, *what: str) -> str:
        made = secrets.token_urlsafe(24)
        with self._lock:
            while len(self._kept) >= _MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[made] = (time.monotonic() + _CODES_LIVE, what)
        return made

    def take(self, made: str) -> tuple[str, ...] | None:
        with self._lock:
            end, what = self._kept.pop(made, (0.0, ()))
        return what if time.monotonic() < end else None


def demo_id(callback_url: str, client_secret: str) -> Blueprint:
    """The provider's pages and endpoints, for one client with one callback URL."""
    pages, codes, tokens = Blueprint("demo_id", __name__, url_prefix=PLACE), _Given(), _Given()

    @pages.get("/authorize")
    def choose() -> str:
        _check_client(callback_url)
        return render_template_string(_PAGE, people=PEOPLE)

    @pages.post("/authorize")
    def chosen() -> Sent:
        _check_client(callback_url)
        person, state = request.form.get("person", ""), request.args.get("state", "")
        answer = {"error": "access_denied"}
        if person in PEOPLE:
            answer = {"code": codes.put(person, request.args.get("code_challenge", ""))}
        return redirect(f"{callback_url}?{urlencode({**answer, 'state': state})}", 303)

    @pages.post("/token")
    def token() -> tuple[Response, int]:
        form = request.form
        known = compare_digest(form.get("client_secret", "").encode(), client_secret.encode())
        found = codes.take(form.get("code", ""))
        if not known or found is None or found[1] != code_challenge(form.get("code_verifier", "")):
            return jsonify(error="invalid_grant"), 400
        return jsonify(access_token=tokens.put(found[0]), token_type="Bearer", expires_in=60), 200

    @pages.get("/userinfo")
    def user_info() -> tuple[Response, int]:
        found = tokens.take(request.headers.get("authorization", "").removeprefix("Bearer "))
        if found is None:
            return jsonify(error="invalid_token"), 401
        person = PEOPLE[found[0]]
        told = {"sub": found[0], "name": person.name, "email": person.email}
        return jsonify({**told, "email_verified": True}), 200

    return pages


def _check_client(callback_url: str) -> None:
    """Browsers are sent back to the demonstration and nowhere else."""
    asked = request.args
    if (asked.get("client_id"), asked.get("redirect_uri")) != (CLIENT, callback_url):
        abort(400)
