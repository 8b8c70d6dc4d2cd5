"""The types that answers are read as."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest

from tests.python_client.test_calling import FOUND, SESSION, USER
from watchword import Column, Session, SessionAndUser, User, plugins
from watchword.client.catalog import NO_VALUES, Catalog
from watchword.client.shapes import Shapes
from watchword.endpoint import results_of
from watchword.plugin_base import Plugin, endpoints_of
from watchword.plugins import Admin, Organization


class Guarded(User):
    pin: Annotated[str, Column(returned=False)]
    lang: str = "en"


@pytest.mark.parametrize("name", plugins.__all__)
def test_every_result_of_our_plugins_can_be_read(name: str) -> None:
    plugin: type[Plugin] = getattr(plugins, name)
    shapes = Shapes((Guarded,), (plugin,))
    for endpoint in endpoints_of(plugin):
        for kind in results_of(endpoint.handler):
            if kind not in NO_VALUES:
                msgspec.json.Decoder(shapes.of(kind))
        assert Catalog((plugin,)).find(endpoint.name).endpoint is endpoint


def test_records_are_the_applications_wherever_they_stand() -> None:
    shapes = Shapes((Guarded,), (Admin, Organization))
    kind = shapes.of(list[SessionAndUser[User]] | None)
    session = {**SESSION, "activeOrganizationId": "o", "impersonatedBy": None}
    raw = [{"user": {**USER, "lang": "de", "role": "admin"}, "session": session}]
    (found,) = msgspec.convert(raw, kind)
    assert isinstance(found, SessionAndUser)
    assert isinstance(found.user, Guarded)
    assert isinstance(found.session, Session)
    more: Any = found
    assert (more.user.lang, more.user.role) == ("de", "admin")
    assert (more.session.active_organization_id, more.session.impersonated_by) == ("o", None)
    assert shapes.of(kind) == kind


def test_a_field_that_no_server_shows_may_be_missing() -> None:
    kind = Shapes((Guarded,), ()).of(SessionAndUser[User])
    found = msgspec.convert(FOUND, kind)
    assert "pin" not in dict(found.user)
    with pytest.raises(AttributeError, match="hidden"):
        assert found.user.pin


def test_without_anything_of_an_application_types_are_as_they_are() -> None:
    assert Shapes((), ()).of(SessionAndUser[User]) == SessionAndUser[User]
    assert Shapes((), ()).of(Session) is Session
