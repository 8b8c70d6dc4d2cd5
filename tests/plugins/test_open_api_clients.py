"""Generators of clients take the document, whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.conftest import MakeAuth
from tests.support.plugins import every_plugin
from tests.support.services import ROOT, require_node

CLIENT = ROOT / "tests" / "client"


@pytest.fixture
def document(make_auth: MakeAuth, tmp_path: Path) -> Path:
    auth = make_auth(plugins=every_plugin())
    path = tmp_path / "auth.json"
    path.write_text(json.dumps(auth.blocking.api.generate_open_api_schema()), "utf-8")
    return path


def test_a_python_client_is_generated_and_can_be_imported(document: Path, tmp_path: Path) -> None:
    made, config = tmp_path / "auth_client", tmp_path / "config.json"
    config.write_text('{"post_hooks": []}', "utf-8")  # no formatting
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    command += ["--fail-on-warning", "--path", str(document), "--output-path", str(made)]
    command += ["--config", str(config)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    program = (
        "from auth_client.api.default import sign_in_email, get_session\n"
        "from auth_client.models import SignInEmail\n"
        "body = SignInEmail(email='ada@example.com', password='x')\n"
        "assert body.to_dict()['email'] == 'ada@example.com'\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)


def test_types_for_javascript_are_generated(document: Path, tmp_path: Path) -> None:
    program = CLIENT / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    made = tmp_path / "auth.d.ts"
    command = [require_node(CLIENT), str(program), str(document), "-o", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    types = made.read_text("utf-8")
    assert '"/sign-in/email"' in types
    assert "SignedIn: {" in types
