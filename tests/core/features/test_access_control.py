"""Access control: which actions on which resources a role allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypedDict

import pytest

from tests.support.vectors import vectors
from watchword import ConfigurationError
from watchword.features.access_control import (
    AccessControl,
    Reason,
    Role,
    any_authorizes,
    authorize,
    rights_of,
    role_names,
)

VECTORS = vectors("accessControl", "vectors-plugins-2.json")


class Statements(TypedDict, total=False):
    project: Sequence[Literal["create", "update", "delete"]]
    ui: Sequence[Literal["view", "edit"]]


CONTROL = AccessControl[Statements]({"project": ["create", "update", "delete"], "ui": ["view"]})
WRITER = CONTROL.role({"project": ["create", "update"]})
VIEWER = CONTROL.role({"ui": ["view"]})
ROLES = {"writer": WRITER, "viewer": VIEWER}


@pytest.mark.parametrize("case", VECTORS["cases"])
def test_requests(case: dict[str, Any]) -> None:
    verdict = Role(VECTORS["role"]).authorize(case["request"], case["connector"])
    assert bool(verdict) == verdict.success == case["success"]
    assert verdict.reason == (None if case["success"] else Reason(case["reason"]))


@pytest.mark.parametrize("case", VECTORS["throwing"])
def test_what_is_no_request(case: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        authorize(VECTORS["role"], {"project": case["value"]})


def test_a_text_is_no_list_of_actions() -> None:
    with pytest.raises(TypeError):
        authorize({"project": ["create"]}, {"project": "create"})
    assert not authorize({"project": ["create"]}, {"project": {"actions": "create"}})


def test_the_refused_resource_is_named() -> None:
    assert WRITER.authorize({"ui": ["view"]}).resource == "ui"
    assert WRITER.authorize({"project": ["create", "update"]}).resource is None


def test_roles_are_never_merged() -> None:
    both = {"project": ["create"], "ui": ["view"]}
    assert not any_authorizes(ROLES, ["writer", "viewer"], both)
    assert any_authorizes(ROLES, ["viewer", "writer"], {"ui": ["view"]})
    assert not any_authorizes(ROLES, ["nobody", " viewer", "Viewer"], {"ui": ["view"]})


def test_rights() -> None:
    assert rights_of(ROLES, ["viewer", "nobody"]) == {("ui", "view")}
    assert rights_of(ROLES, ["viewer", "writer"]) == VIEWER.rights | WRITER.rights


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("admin", ("admin",)),
        ("user, admin", ("user", "admin")),
        (["user,admin", " admin\n"], ("user", "admin")),
        (",, ", ()),
        ("", ()),
        (None, ()),
        ([], ()),
    ],
)
def test_one_reading_of_roles(given: Any, names: tuple[str, ...]) -> None:
    assert role_names(given) == names


@pytest.mark.parametrize(
    "permissions", [{"audit": ["read"]}, {"project": ["fly"]}, {"project": "create"}, ["project"]]
)
def test_a_role_of_what_does_not_exist_is_refused(permissions: Any) -> None:
    with pytest.raises(ConfigurationError, match="permissions of a role"):
        CONTROL.role(permissions)


@pytest.mark.parametrize("permissions", [{"project": "create"}, {"project": None}, ["project"]])
def test_nor_is_one_of_texts_made_by_hand(permissions: Any) -> None:
    with pytest.raises(ConfigurationError, match="permissions of a role"):
        Role[Any](permissions)
