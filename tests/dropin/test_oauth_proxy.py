"""A preview of one kind signs in through a production of the other: ours and the reference."""

from __future__ import annotations

import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.conformance.fake_provider import ToFakeProvider
from tests.plugins.proxied import SHARED, Traveller
from tests.support.fake_google import consent
from tests.support.reference import fake_provider
from tests.support.services import ROOT, free_port, require_node, wait_for
from watchword import (
    AccountOptions,
    Advanced,
    Auth,
    EmailAndPassword,
    Outgoing,
    Request,
    Response,
)
from watchword.plugins import OAuthProxy
from watchword.providers import Google

ADA = {
    "sub": "g-1",
    "name": "Ada Lovelace",
    "email": "Ada@Example.com",
    "email_verified": True,
    "picture": "https://pictures.example/ada.png",
}
SIGNED_UP = {"name": "Ada", "email": "ada@example.com", "password": "correct horse"}


@dataclass
class Remote:
    """A server behind a port, to hand requests to."""

    origin: str

    def answer(self, request: Request, body: bytes) -> Response:
        path = f"{request.path}?{request.query}" if request.query else request.path
        given = [pair for pair in request.headers if pair[0] != "host"]
        with httpx2.Client(base_url=self.origin) as client:
            got = client.request(request.method, path, headers=given, content=body)
        headers = tuple((name.lower(), value) for name, value in got.headers.multi_items())
        return Response(got.status_code, headers, got.content)


@dataclass
class Pair:
    """A preview and its production."""

    browser: Traveller
    preview: str
    production: str
    provider: str

    def consented(self, url: str) -> str:
        """Where production sends the browser, once Ada has agreed."""
        back = consent(self.provider, url, ADA)
        assert back.startswith(f"{self.production}/api/auth/callback/google?")
        answer = self.browser.open(back)
        assert (answer.status, answer.cookies) == (302, ()), answer.response
        return answer.header("location") or ""

    def begin(self, path: str = "/sign-in/social", **body: Any) -> str:
        given = {"provider": "google", "callbackURL": "/home", "errorCallbackURL": "/sorry", **body}
        answer = self.browser.post(self.preview, path, given)
        assert answer.status == 200, answer.json
        url: str = answer.json["url"]
        return url


@contextmanager
def pair(ours: str, folder: Path, strategy: Any) -> Generator[Pair, None, None]:
    """`ours` is `production` or `preview`; the reference is the other."""
    mine, theirs = (f"http://localhost:{free_port()}" for _ in range(2))
    preview, production = (mine, theirs) if ours == "preview" else (theirs, mine)
    with fake_provider() as provider, reference(theirs, mine, production, provider, strategy):
        auth = Auth(
            database=f"sqlite:///{folder}/ours.db",
            secret="own-secret-0123456789-abcdefghijKLMNOPQ",
            base_url=mine,
            trusted_origins=[theirs],
            email_and_password=EmailAndPassword(enabled=True),
            account=AccountOptions(store_state_strategy=strategy),
            social_providers=[Google(client_id="google-client", client_secret="google-secret")],
            advanced=Advanced(outgoing=Outgoing(transport=ToFakeProvider(provider))),
            plugins=[OAuthProxy(production_url=production, secret=SHARED)],
            environ={},
        )
        auth.blocking.migrate()
        browser = Traveller({mine: auth, theirs: Remote(theirs)})
        yield Pair(browser, preview, production, provider)
        auth.blocking.close()


@contextmanager
def reference(
    origin: str, trusted: str, production: str, provider: str, strategy: str
) -> Generator[None, None, None]:
    command = [
        require_node(ROOT / "tests" / "reference"),
        str(Path(__file__).parent / "oauth_proxy.mjs"),
    ]
    command += ["--port", str(urlsplit(origin).port), "--trusted", trusted]
    command += ["--secret", "reference-secret-0123456789-abcdefghijK", "--shared", SHARED]
    command += ["--production", production, "--provider", provider, "--strategy", strategy]
    process = subprocess.Popen(command)
    try:
        wait_for(f"{origin}/__health", process)
        yield
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(params=["database", "cookie"])
def strategy(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("ours", ["production", "preview"])
def test_a_preview_signs_in_through_the_other_kind(
    ours: str, strategy: str, tmp_path: Path
) -> None:
    with pair(ours, tmp_path, strategy) as both:
        target = both.consented(both.begin(newUserCallbackURL="/welcome"))
        assert target.startswith(f"{both.preview}/api/auth/callback/google/oauth-proxy?")
        answer = both.browser.open(target)
        assert (answer.status, answer.header("location")) == (302, "/welcome")
        user = both.browser.session(both.preview)["user"]
        assert (user["email"], user["name"], user["emailVerified"], user["image"]) == (
            "ada@example.com",
            "Ada Lovelace",
            True,
            "https://pictures.example/ada.png",
        )
        assert both.browser.session(both.production) is None
        (account,) = both.browser.open(f"{both.preview}/api/auth/list-accounts").json
        assert account["accountId"] == "g-1"
        assert set(account["scopes"]) == {"email", "profile", "openid"}
        again = both.browser.open(target)
        assert (again.header("location") or "").endswith("/sorry?error=state_mismatch")
        returned = both.consented(both.begin(newUserCallbackURL="/welcome"))
        assert both.browser.open(returned).header("location") == "/home"


@pytest.mark.parametrize("ours", ["production", "preview"])
def test_who_is_signed_in_links_through_the_other_kind(ours: str, tmp_path: Path) -> None:
    with pair(ours, tmp_path, "database") as both:
        assert both.browser.post(both.preview, "/sign-up/email", SIGNED_UP).status == 200
        answer = both.browser.open(both.consented(both.begin("/link-social")))
        assert answer.header("location") == "/home"
        linked = both.browser.open(f"{both.preview}/api/auth/list-accounts").json
        assert sorted(one["providerId"] for one in linked) == ["credential", "google"]


@pytest.mark.parametrize("ours", ["production", "preview"])
def test_the_other_kinds_link_rules_hold(ours: str, tmp_path: Path) -> None:
    with pair(ours, tmp_path, "database") as both:
        both.browser.post(both.preview, "/sign-up/email", SIGNED_UP)
        both.browser.jars.clear()
        answer = both.browser.open(both.consented(both.begin()))
        assert (answer.header("location") or "").endswith("/sorry?error=account_not_linked")
        assert both.browser.session(both.preview) is None
