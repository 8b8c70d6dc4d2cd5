"""This server and the reference give the same answers to the same requests.

Statuses, codes, bodies, cookies and the headers of `masking.HEADERS` are compared; the exceptions
stand in `accepted.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.differential import (
    accounts,
    admin,
    anonymous,
    api_key,
    bearer,
    cached,
    device_authorization,
    devices,
    email_otp,
    generic_oauth,
    jwt,
    limits,
    magic_link,
    one_time_tokens,
    organization,
    organization_roles,
    organization_teams,
    passkey,
    phone_number,
    requests,
    secondary,
    secure,
    sessions,
    sign_up_and_in,
    social,
    social_accounts,
    social_options,
    social_tokens,
    strict,
    two_factor,
    username,
)
from tests.differential.accepted import ACCEPTED, OTHER_PLUGINS, UNSET
from tests.differential.masking import NOTHING, differences
from tests.differential.recording import Recorder
from tests.support.reference import REFERENCE, fake_provider, reference_server
from tests.support.services import conformance_server, require_node

Script = Callable[[Recorder], None]

SCRIPTS: list[tuple[str, Script]] = [
    *(("core", script) for script in sign_up_and_in.SCRIPTS),
    *(("core", script) for script in sessions.SCRIPTS),
    *(("core", script) for script in requests.SCRIPTS),
    *(("core", script) for script in accounts.SCRIPTS),
    *(("core-strict", script) for script in strict.SCRIPTS),
    *(
        (profile, script)
        for profile in ("core-cache-compact", "core-cache-jwt", "core-cache-jwe")
        for script in cached.SCRIPTS
    ),
    *(("core-secure", script) for script in secure.SCRIPTS),
    *(
        ("core-secondary", script)
        for script in (*secondary.SCRIPTS, *sessions.SCRIPTS, *accounts.SCRIPTS)
    ),
    *(("ratelimit", script) for script in limits.SCRIPTS),
    *(("plugins", script) for script in one_time_tokens.SCRIPTS),
    *(("plugins", script) for script in email_otp.SCRIPTS),
    *(("plugins", script) for script in magic_link.SCRIPTS),
    ("ratelimit", magic_link.link_limits),
    *(("plugins", script) for script in bearer.SCRIPTS),
    *(("plugins", script) for script in jwt.SCRIPTS),
    *(("social", script) for script in social.SCRIPTS),
    *(("social", script) for script in social_accounts.SCRIPTS),
    *(("social", script) for script in social_tokens.SCRIPTS),
    *(("social", script) for script in generic_oauth.SCRIPTS),
    *(
        (profile, script)
        for profile, scripts in social_options.SCRIPTS.items()
        for script in scripts
    ),
    *(("plugins", script) for script in two_factor.SCRIPTS),
    *(("plugins", script) for script in username.SCRIPTS),
    *(("plugins", script) for script in passkey.SCRIPTS),
    *(("plugins", script) for script in phone_number.SCRIPTS),
    *(("plugins", script) for script in anonymous.SCRIPTS),
    *(("social", script) for script in anonymous.SOCIAL_SCRIPTS),
    *(("plugins", script) for script in devices.SCRIPTS),
    *(("plugins", script) for script in admin.SCRIPTS),
    *(("plugins", script) for script in device_authorization.SCRIPTS),
    *(("plugins", script) for script in organization.SCRIPTS),
    *(("plugins", script) for script in organization_teams.SCRIPTS),
    *(("plugins", script) for script in organization_roles.SCRIPTS),
    *(("plugins", script) for script in api_key.SCRIPTS),
]
TRANSPORT: tuple[Script, ...] = (*requests.SCRIPTS, sign_up_and_in.forms)
"""Scripts that look at paths, headers and bodies: these go through both kinds of server."""
HOLDING: tuple[Script, ...] = (*anonymous.SCRIPTS, *devices.SCRIPTS)
"""Scripts that look at the cookies of several sessions as well."""
ABSENT = {"plugins": OTHER_PLUGINS, "core-secondary": UNSET}


class Servers:
    """Servers of both kinds, started when first asked for; each script is sent once to each."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._provider = ""
        self._origins: dict[tuple[str, str], str] = {}
        self._recorded: dict[tuple[str, str, str], Recorder] = {}

    def record(self, kind: str, profile: str, script: Script) -> Recorder:
        """What a server answers to a script. `kind` is `reference` or an adapter of ours."""
        key = (kind, profile, script.__qualname__ + script.__module__)
        if key not in self._recorded:
            provider = self._fake_provider() if profile.startswith("social") else ""
            self._recorded[key] = Recorder(self._origin(kind, profile, provider), provider)
            script(self._recorded[key])
        return self._recorded[key]

    def _fake_provider(self) -> str:
        """One plays the providers of all servers."""
        if not self._provider:
            self._provider = self._stack.enter_context(fake_provider())
        return self._provider

    def _origin(self, kind: str, profile: str, provider: str) -> str:
        if (kind, profile) not in self._origins:
            db = str(self._folder / f"{kind}-{profile}.db")
            more = ("--provider", provider) if provider else ()
            started = (
                reference_server(profile, db, *more)
                if kind == "reference"
                else conformance_server(profile, kind, db, *more)
            )
            self._origins[kind, profile] = self._stack.enter_context(started)
        return self._origins[kind, profile]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    require_node(REFERENCE)
    with ExitStack() as stack:
        yield Servers(tmp_path_factory.mktemp("differential"), stack)


@pytest.mark.parametrize(
    ("adapter", "profile", "script"),
    [
        *(("asgi", profile, script) for profile, script in SCRIPTS),
        *(("wsgi", "core", script) for script in TRANSPORT),
        *(("wsgi", "social", script) for script in (social.posted_callbacks, social.coming_back)),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_same_answers(servers: Servers, adapter: str, profile: str, script: Script) -> None:
    theirs = servers.record("reference", profile, script)
    ours = servers.record(adapter, profile, script)
    assert [one.name for one in ours.exchanges] == [one.name for one in theirs.exchanges]
    absent = ABSENT.get(profile, NOTHING)
    if script in HOLDING:
        absent = replace(absent, both=())
    found = {
        mine.name: differences(mine, ours.origin, other, theirs.origin, absent)
        for mine, other in zip(ours.exchanges, theirs.exchanges, strict=True)
    }
    accepted = {
        name: entry.aspects
        for (owner, name), entry in ACCEPTED.items()
        if owner == script.__name__ and entry.profile in (None, profile)
    }
    assert {name: aspects for name, aspects in found.items() if aspects} == accepted


def test_every_accepted_difference_belongs_to_a_script() -> None:
    assert {owner for owner, _ in ACCEPTED} <= {script.__name__ for _, script in SCRIPTS}
