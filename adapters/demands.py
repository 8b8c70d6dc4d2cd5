"""What a route may ask of who is signed in, beyond being signed in.

Each is a function of the server's own (`auth.api`), which asks the store about the session that the
route's look-up found. Adapters say it in their framework's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from watchword.configuration.options import Duration, seconds
from watchword.errors import ConfigurationError
from watchword.sessions.sessions import WITHOUT_RENEWAL

if TYPE_CHECKING:
    from watchword.auth import Auth, Checked


@dataclass(frozen=True, slots=True)
class Demand:
    """One that a route makes: the function that refuses, and what it is told."""

    function: str
    told: Mapping[str, object]
    plugin: str = field(default="", kw_only=True)
    """What installs the function, where it is not the core's."""

    def check(self, auth: Auth[Any]) -> None:
        """Raises `ConfigurationError` for a server that cannot tell."""
        if self.function not in auth.endpoints:
            raise ConfigurationError(
                "plugins", f"no plugin has {self.function!r}", f"Add {self.plugin} to them"
            )

    def call(self, auth: Auth[Any], api: Any, checked: Checked[Any]) -> Any:
        """Ask it, in either world: `api` is one of the two that `auth` has."""
        self.check(auth)
        function = getattr(api, self.function)
        return function(checked=checked, query=WITHOUT_RENEWAL, extra=self.told)


def confirmed_action(type: str) -> Demand:
    """A grant of plugin `ActionToken`, which is burned: ACTION_CONFIRMATION_REQUIRED (403)."""
    return Demand("consume_action_token", {"type": type}, plugin="ActionToken(...)")


def fresh_session(within: Duration | None) -> Demand:
    """A sign-in lately: SESSION_NOT_FRESH (403). None: within `session.fresh_age`.

    Raises `ConfigurationError` for a wrong duration.
    """
    return Demand("require_fresh_session", {"within": _whole(within)})


def second_factor(within: Duration | None) -> Demand:
    """The second factor, given in this session: SECOND_FACTOR_REQUIRED, TWO_FACTOR_NOT_ENABLED
    (403). None: at any time in it.

    Raises `ConfigurationError` for a wrong duration.
    """
    plugin = "TwoFactor(note_in_session=True)"
    return Demand("require_second_factor", {"within": _whole(within)}, plugin=plugin)


def _whole(within: Duration | None) -> int | None:
    return None if within is None else seconds("within", within, least=1)
