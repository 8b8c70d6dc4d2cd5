"""What the profile `plugins` says about administrators (PROFILES.md, sections 4, 6 and 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from watchword.features.access_control import AccessControl
from watchword.plugins import Admin
from watchword.plugins.admin import ADMIN_PERMISSIONS, ADMIN_STATEMENTS, AdminStatements


class Statements(AdminStatements, total=False):
    report: Sequence[Literal["read", "write"]]


CONTROL = AccessControl[Statements]({**ADMIN_STATEMENTS, "report": ["read", "write"]})


def administrators() -> Admin:
    """The plugin with the roles of section 7."""
    roles = {
        "admin": CONTROL.role({**ADMIN_PERMISSIONS, "report": ["read", "write"]}),
        "user": CONTROL.role({"user": [], "session": [], "report": []}),
        "support": CONTROL.role({"user": ["list", "get"], "session": ["list"], "report": ["read"]}),
    }
    return Admin(roles=roles, banned_user_message="You are banned")


def role_by_address(values: Mapping[str, object], _: object) -> Mapping[str, object]:
    """The hook of the profile: addresses say who is somebody."""
    email = str(values.get("email"))
    for start, role in (("root.", "admin"), ("support.", "support")):
        if email.startswith(start):
            return {"role": role}
    return {}
