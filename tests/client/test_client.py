"""Starts a server of each adapter kind and drives it with the official JavaScript client."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.reference import fake_provider
from tests.support.services import conformance_server, require_node

FOLDER = Path(__file__).parent
SCRIPTS = (
    "main_path.test.mjs",
    "accounts.test.mjs",
    "anonymous.test.mjs",
    "admin.test.mjs",
    "api_key.test.mjs",
    "bearer.test.mjs",
    "device_authorization.test.mjs",
    "email_otp.test.mjs",
    "jwt.test.mjs",
    "magic_link.test.mjs",
    "organization.test.mjs",
    "organization_teams.test.mjs",
    "passkey.test.mjs",
    "phone_number.test.mjs",
    "two_factor.test.mjs",
    "username.test.mjs",
)
GOOGLE_SCRIPTS = ("google_pages.test.mjs",)
SOCIAL_SCRIPTS = ("social.test.mjs", "social_open.test.mjs")
TOKEN_SCRIPTS = ("action_token.test.mjs", "one_time_token_session.test.mjs")
DEVICE_SCRIPTS = ("multi_session.test.mjs", "last_login_method.test.mjs")
SESSION_SCRIPTS = ("custom_session.test.mjs",)
WALLET_SCRIPTS = ("siwe.test.mjs",)
NATIVE_SCRIPTS = ("expo.test.mjs", "capacitor.test.mjs")


@pytest.mark.parametrize("adapter", ["asgi", "wsgi", "flask", "starlette", "litestar"])
def test_the_official_client(adapter: str, tmp_path: Path) -> None:
    run("plugins", SCRIPTS, adapter, tmp_path)


@pytest.mark.parametrize("adapter", ["asgi", "flask"])
def test_the_official_client_with_one_time_tokens(adapter: str, tmp_path: Path) -> None:
    run("one-time-tokens", TOKEN_SCRIPTS, adapter, tmp_path)


def test_the_official_client_and_what_a_browser_remembers(tmp_path: Path) -> None:
    run("devices", DEVICE_SCRIPTS, "asgi", tmp_path)


@pytest.mark.parametrize("adapter", ["asgi", "flask"])
def test_the_official_client_and_sessions_that_are_shaped(adapter: str, tmp_path: Path) -> None:
    run("custom-sessions", SESSION_SCRIPTS, adapter, tmp_path)


@pytest.mark.parametrize("adapter", ["asgi", "wsgi", "flask", "starlette", "litestar"])
def test_the_official_client_with_wallets(adapter: str, tmp_path: Path) -> None:
    run("wallets", WALLET_SCRIPTS, adapter, tmp_path)


@pytest.mark.parametrize(
    ("profile", "adapter"),
    [
        ("native", "asgi"),
        ("native-compact", "flask"),
        ("native-jwt", "asgi"),
        ("native-jwe", "wsgi"),
    ],
)
def test_the_published_clients_of_applications(profile: str, adapter: str, tmp_path: Path) -> None:
    with fake_provider() as provider:
        run(profile, NATIVE_SCRIPTS, adapter, tmp_path, provider)


@pytest.mark.parametrize("adapter", ["asgi", "flask"])
def test_the_official_client_in_pages_with_google(adapter: str, tmp_path: Path) -> None:
    with fake_provider() as provider:
        run("google-pages", GOOGLE_SCRIPTS, adapter, tmp_path, provider)


@pytest.mark.parametrize("adapter", ["asgi", "wsgi", "flask", "starlette", "litestar"])
def test_the_official_client_with_providers(adapter: str, tmp_path: Path) -> None:
    with fake_provider() as provider:
        run("social-open", SOCIAL_SCRIPTS, adapter, tmp_path, provider)


def test_the_official_client_with_flows_in_the_database(tmp_path: Path) -> None:
    with fake_provider() as provider:
        run("social", SOCIAL_SCRIPTS[:1], "wsgi", tmp_path, provider)


def run(
    profile: str, scripts: tuple[str, ...], adapter: str, folder: Path, provider: str = ""
) -> None:
    """Run scripts against a server of a profile."""
    node = require_node(FOLDER)
    more = ("--provider", provider) if provider else ()
    with conformance_server(profile, adapter, str(folder / "client.db"), *more) as origin:
        done = subprocess.run(
            [node, "--test", "--test-reporter=spec", *scripts],
            cwd=FOLDER,
            env={**os.environ, "WATCHWORD_URL": origin, "WATCHWORD_PROVIDER": provider},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
