"""One definition of roles for server and browser: both say the same to each request."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from itertools import combinations, product
from pathlib import Path

import pytest

from tests.support.services import require_node
from watchword import ConfigurationError
from watchword.plugins.admin import ADMIN_PERMISSIONS, ADMIN_STATEMENTS, AccessControl, Role

FOLDER = Path(__file__).parent
REPORT = ("read", "write")
CONTROL = AccessControl[Mapping[str, object]]({**ADMIN_STATEMENTS, "report": REPORT})
ROLES = {
    "admin": CONTROL.role({**ADMIN_PERMISSIONS, "report": ["read", "write"]}),
    "support": CONTROL.role({"user": ("list", "get"), "report": ["read"]}),
    "user": CONTROL.role({"report": []}),
}


def test_a_browser_makes_the_same_roles_of_it() -> None:
    node = require_node(FOLDER)
    actions = [("report", REPORT), ("user", ("get", "set-role", "impersonate-admins"))]
    single = [{name: [one]} for name, all_of_it in actions for one in all_of_it]
    requests = [*single, *({**one, **other} for one, other in combinations(single, 2))]
    asked = [{"role": role, "permissions": one} for role, one in product(ROLES, requests)]
    given = json.dumps({"shared": CONTROL.definition(ROLES), "asked": asked})
    command = [node, str(FOLDER / "access_control.mjs"), given]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=True)
    ours = [ROLES[role].authorize(one).success for role, one in product(ROLES, requests)]
    assert json.loads(done.stdout) == ours
    assert {True, False} <= set(ours)


def test_roles_of_other_statements_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="fly"):
        CONTROL.definition({"pilot": Role({"plane": ["fly"]})})
