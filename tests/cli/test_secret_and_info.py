"""`watchword secret` and `watchword info`."""

from __future__ import annotations

import json
import platform
import re
from datetime import UTC, datetime

import pytest

from tests.cli.conftest import APP, SECRET, Workplace, refused
from watchword import __version__
from watchword.crypto.secrets_list import parse_secrets_env

DRESSED = APP.replace(
    "auth = Auth(",
    "from watchword import EmailVerification, Plugin\nfrom dataclasses import dataclass\n"
    "from typing import ClassVar\n\n"
    "@dataclass(frozen=True, kw_only=True)\n"
    "class Vendor(Plugin):\n"
    "    id: ClassVar[str] = 'vendor'\n"
    "    client_secret: str = 'hunter22'\n"
    "    api_key: str = 'hunter23'\n"
    "    tokens: dict = None\n"
    "    url: str = 'https://me:hunter24@vendor.example'\n\n"
    "def send(mail): ...\n\n"
    "auth = Auth(\n"
    "    plugins=[Vendor(tokens={'webhook': 'hunter25', 'name': 'x'})],\n"
    "    email_verification=EmailVerification(send_verification_email=send),\n"
    "    secret='a-secret-in-the-source-0123456789-abcdefgh',",
)


class TestSecret:
    def test_it_is_64_hexadecimal_digits_and_new_each_time(self, bare: Workplace) -> None:
        first, second = bare("secret"), bare("secret")
        assert (first.status, first.err) == (0, "")
        found = re.findall(r"^BETTER_AUTH_SECRET=([0-9a-f]{64})$", first.out, re.MULTILINE)
        assert len(found) == 1
        assert found[0] not in second.out

    def test_what_is_printed_is_an_environment_file(self, work: Workplace) -> None:
        work.write(".env", work("secret").out)
        assert work("migrate", "--dry-run").status == 0

    def test_a_rotation_tells_the_planned_way_and_the_one_after_a_leak(
        self, bare: Workplace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BETTER_AUTH_SECRETS", f"7:{SECRET},3:{SECRET[::-1]}")
        ran = bare("secret", "--rotate")
        assert (ran.status, ran.err) == (0, "")
        planned, leaked = re.findall(r"^BETTER_AUTH_SECRETS=(.*)$", ran.out, re.MULTILINE)
        old = SECRET
        for line, ends in ((planned, True), (leaked, False)):
            current, former = parse_secrets_env(line.replace("<the old secret>", old))
            assert (current.version, former.version, former.value) == (8, 7, old)
            assert re.fullmatch("[0-9a-f]{64}", current.value)
            assert (former.accept_until is not None) is ends
            if former.accept_until is not None:
                days = (former.accept_until - datetime.now(UTC)).total_seconds() / 86_400
                assert 7 <= days <= 8, "a session that is used at all is signed anew by then"
        assert SECRET not in ran.text

    def test_a_first_rotation_gives_the_single_secret_a_version(self, bare: Workplace) -> None:
        ran = bare("secret", "--rotate")
        assert len(re.findall(r"^BETTER_AUTH_SECRETS=2:[0-9a-f]{64},1", ran.out, re.MULTILINE)) == 2

    def test_a_variable_that_cannot_be_read_is_complained_about(
        self, bare: Workplace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BETTER_AUTH_SECRETS", "hunter22")
        ran = bare("secret", "--rotate")
        refused(ran, "entry 1 of BETTER_AUTH_SECRETS")
        assert "hunter22" not in ran.text


class TestInfo:
    def test_versions_are_told(self, work: Workplace) -> None:
        ran = work("info", "--json")
        assert ran.status == 0
        told = json.loads(ran.out)
        assert told["watchword"]["version"] == __version__
        assert told["python"]["version"] == platform.python_version()
        assert told["system"]["platform"] == platform.system()
        assert "flask" in told["frameworks"]
        assert "psycopg" in told["databases"]

    def test_options_are_told_without_their_secrets(self, bare: Workplace) -> None:
        bare.write("app.py", DRESSED)
        for ran in (bare("info", "--json"), bare("info")):
            assert ran.status == 0
            for hidden in ("hunter22", "hunter23", "hunter24", "hunter25", "in-the-source", SECRET):
                assert hidden not in ran.text
        config = json.loads(bare("info", "--json").out)["watchword"]["config"]
        assert config["plugins"]["vendor"] == {
            "client_secret": "[REDACTED]",
            "api_key": "[REDACTED]",
            "tokens": {"webhook": "[REDACTED]", "name": "x"},
            "url": "https://[REDACTED]@vendor.example",
        }
        mails = config["plugins"]["email-verification"]
        assert mails["send_verification_email"] == "[Function]"
        assert mails["expires_in"] == 3600
        assert config["base_url"] == "https://app.example.com/api/auth"
        assert (config["database"], config["secret"]) == ("sqlite", "[REDACTED]")
        assert config["plugins"]["email-password"]["min_password_length"] == 8

    def test_without_an_application_it_still_answers(self, bare: Workplace) -> None:
        ran = bare("info", "--json")
        assert ran.status == 0
        told = json.loads(ran.out)["watchword"]
        assert told["config"] is None
        assert "no application was found" in told["error"]

    def test_people_can_read_it(self, work: Workplace) -> None:
        ran = work("info")
        assert f"watchword:\n  version: {__version__}\n" in ran.out
        assert "    base_url: https://app.example.com/api/auth\n" in ran.out
