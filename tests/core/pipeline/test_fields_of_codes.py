"""Error codes that say which field of a form they are about name one that there is."""

from __future__ import annotations

from tests.support.browser import SECRET
from tests.support.plugins import every_plugin
from watchword import Auth
from watchword.endpoint import Endpoint
from watchword.pipeline.form_texts import own_fields


def test_fields_of_codes_are_fields_of_endpoints() -> None:
    auth = Auth(database="sqlite://", secret=SECRET, plugins=every_plugin(), environ={})
    endpoints: list[Endpoint[object, object]] = [*auth.endpoints.values()]
    own = own_fields(auth.config.tables)
    known = {name for one in endpoints for name in own.readings_with(one.input)}
    told = {
        f"{type(plugin).__name__} {code.code}": code.field
        for plugin in auth.config.plugins.values()
        for _, code in plugin.codes.declared()
        if code.field
    }
    assert len(told) > 20
    for name, field in told.items():
        names = (field,) if isinstance(field, str) else field
        assert known.issuperset(names), name


def test_the_code_of_a_wrong_password_is_told_beside_it() -> None:
    auth = Auth(database="sqlite://", secret=SECRET, plugins=every_plugin(), environ={})
    for plugin in auth.config.plugins.values():
        for _, code in plugin.codes.declared():
            if code.code is not None and code.code.endswith("_OR_PASSWORD"):
                assert code.field == "password", code.code
