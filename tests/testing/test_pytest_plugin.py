"""The fixtures in projects of others: found by themselves, free where nobody uses them."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from tests.support.services import ROOT
from tests.testing.pasted import run_pytest

PLUGIN = ROOT / "core" / "pytest_watchword.py"


def test_a_run_that_does_not_use_it_loads_nothing_of_watchword(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import sys\n\n\ndef test_loaded(request):\n"
        "    assert request.config.pluginmanager.has_plugin('watchword')\n"
        "    loaded = {name.split('.')[0] for name in sys.modules}\n"
        "    assert loaded & {'watchword', 'msgspec', 'flask', 'starlette'} == set()\n"
    )
    assert "1 passed" in run_pytest(tmp_path)


def test_it_needs_nothing_but_pytest() -> None:
    tree = ast.parse(PLUGIN.read_text())
    ran = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ran
    }
    assert {name.split(".")[0] for name in names} - sys.stdlib_module_names == {"pytest"}


def test_without_a_fixture_auth_one_is_told_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_it(auth_clock):\n    assert auth_clock\n")
    printed = run_pytest(tmp_path, fails=True)
    assert "define a fixture `auth`" in printed
    assert "Traceback" not in printed


def test_fixtures_of_ones_own_come_first_and_the_plugin_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import pytest\n\n\n@pytest.fixture\ndef outbox():\n    return ['mine']\n"
    )
    (tmp_path / "test_own.py").write_text("def test_it(outbox):\n    assert outbox == ['mine']\n")
    assert "1 passed" in run_pytest(tmp_path)
    assert "1 passed" in run_pytest(tmp_path, "-p", "no:watchword")


def test_every_fixture_leaves_the_server_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        """\
import pytest
from watchword import EmailVerification, testing


def send(mail, request):
    raise AssertionError


@pytest.fixture(scope="module")
def auth():
    made = testing.auth(email_verification=EmailVerification(send_verification_email=send))
    yield made
    made.blocking.close()


def state(auth):
    sender = auth.config.plugin(EmailVerification).send_verification_email
    return auth.config.options.clock, auth.config.passwords, sender


@pytest.fixture(scope="module")
def before(auth):
    return state(auth)


def test_changed(before, auth, auth_clock, outbox, cheap_passwords):
    assert [one is not other for one, other in zip(state(auth), before)] == [True] * 3


def test_as_it_was(before, auth):
    assert state(auth) == before


async def test_with_await(auth, async_make_user):
    assert (await async_make_user(name="Ada")).name == "Ada"
    await auth.close()
"""
    )
    assert "3 passed" in run_pytest(tmp_path, "-o", "asyncio_mode=auto")
