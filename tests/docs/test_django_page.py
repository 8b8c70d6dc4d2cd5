"""Projects of Django, made as README.md and docs/adapters/django.md say, do what these say."""

from __future__ import annotations

import pytest

from tests.support.django_pages import Project, project_of
from tests.support.services import ROOT

PAGE = ROOT / "docs" / "adapters" / "django.md"
SIGN_UP = """
import json
from django.test import Client

def sent(path, **fields):
    return client.post(path, json.dumps(fields), content_type="application/json")

client = Client(headers={"origin": "http://localhost:8000"})
assert client.get("/me").status_code == 401
ada = {"email": "ada@example.com", "password": "correct horse", "name": "Ada"}
assert sent("/api/auth/sign-up/email", **ada).status_code == 200
print(client.get("/me").json())
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return project_of(PAGE, tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """That of the README."""
    return project_of(ROOT / "README.md", tmp_path_factory.mktemp("short"), begun="shop")


@pytest.fixture(params=["shop", "short"])
def project(request: pytest.FixtureRequest) -> Project:
    return request.getfixturevalue(request.param)


def test_it_is_put_together_right(project: Project) -> None:
    assert "no issues" in project.manage("check", "--fail-level", "WARNING")


def test_it_serves_whom_it_knows(project: Project) -> None:
    assert "watchword: table user" in project.manage("migrate")
    settings = project.folder / "shop" / "settings.py"
    if "testserver" not in settings.read_text():
        with settings.open("a") as end:
            end.write('ALLOWED_HOSTS = ["testserver", "localhost"]\n')
    said = project.manage("shell", "-c", SIGN_UP)
    assert "{'email': 'ada@example.com'}" in said


def test_its_own_tests_pass(shop: Project) -> None:
    said = shop.manage("test")
    assert "OK" in said
    assert "Ran 4 tests" in said
