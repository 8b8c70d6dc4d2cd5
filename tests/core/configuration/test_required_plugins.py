"""A plugin that is built on another one does not start without it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest

from tests.support.browser import SECRET
from watchword import Auth, ConfigurationError, EmailAndPassword, Plugin


@dataclass(frozen=True, kw_only=True)
class Base(Plugin):
    id: ClassVar[str] = "base"
    name: str = "plain"


@dataclass(frozen=True, kw_only=True)
class Better(Base):
    id: ClassVar[str] = "better"


@dataclass(frozen=True, kw_only=True)
class Upon(Plugin):
    id: ClassVar[str] = "upon"
    requires: ClassVar[tuple[type[Plugin], ...]] = (EmailAndPassword, Base)


@dataclass(frozen=True, kw_only=True)
class Renames(Plugin):
    id: ClassVar[str] = "renames"

    def adapt(self, feature: Plugin) -> Plugin:
        return replace(feature, name="adapted") if isinstance(feature, Base) else feature


def made(*plugins: Plugin) -> Auth[Any]:
    return Auth(database="sqlite://", secret=SECRET, environ={}, plugins=plugins)


def test_without_it_both_are_named_and_what_to_do() -> None:
    with pytest.raises(ConfigurationError) as refused:
        made(Upon())
    assert str(refused.value) == (
        "plugins: Upon requires Base, which is not installed. "
        "Add Base(...) beside Upon(...), or leave Upon out"
    )


def test_the_order_does_not_matter() -> None:
    for plugins in ((Base(), Upon()), (Upon(), Base())):
        assert made(*plugins).config.plugin(Base) is plugins[plugins.index(Base())]


def test_a_subclass_will_do_and_is_what_the_other_gets() -> None:
    better = Better()
    assert made(Upon(), better).config.plugin(Base) is better


def test_of_both_each_is_found_by_its_own_class() -> None:
    base, better = Base(), Better()
    config = made(better, base).config
    assert (config.plugin(Base), config.plugin(Better)) == (base, better)


def test_what_is_required_comes_as_others_made_it() -> None:
    assert made(Upon(), Renames(), Base()).config.plugin(Base).name == "adapted"
